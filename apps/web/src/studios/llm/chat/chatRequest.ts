/** From a conversation and its settings to a request, and from a refusal back to what it is about. */
import type { FieldViolation } from '../../../shared/api/apiError';
import { sentence } from '../../../shared/wording';
import { type ChatSettings, type SettingName, stopStrings } from '../settings';
import type { ChatRequestInit } from '../streamChat';
import { type Conversation, sent } from './conversation';

/** What a message of the request was: the system prompt, or a message of the conversation. */
type Origin = 'system' | number;

export interface ChatOrder {
  readonly request: ChatRequestInit;
  /** By their place in the request. */
  readonly origins: readonly Origin[];
}

/** What is wrong with a request, where a person can mend it. */
export interface Faults {
  readonly settings: Partial<Record<SettingName, string>>;
  /** By the message's id. */
  readonly messages: Readonly<Record<number, string>>;
}

export const NO_FAULTS: Faults = { settings: {}, messages: {} };

/** The request for the conversation's last answer. */
export function orderOf(conversation: Conversation, settings: ChatSettings): ChatOrder {
  const lines: { role: string; content: string; origin: Origin }[] = [];
  if (settings.system.trim()) {
    lines.push({ role: 'system', content: settings.system, origin: 'system' });
  }
  for (const message of sent(conversation)) {
    // Answers without a word: the one that is asked for, and those that failed.
    if (!message.text.trim()) continue;
    const last = lines.at(-1);
    // Many chat templates want the roles in turn; a question whose answer failed breaks that.
    if (last?.role === 'user' && message.role === 'user') {
      last.content += `\n\n${message.text}`;
      last.origin = message.id;
    } else {
      lines.push({ role: message.role, content: message.text, origin: message.id });
    }
  }
  const { temperature, topP, maxTokens, seed } = settings;
  return {
    request: {
      messages: lines.map(({ role, content }) => ({ role, content })),
      stop: stopStrings(settings.stops),
      temperature: temperature ?? undefined,
      topP: topP ?? undefined,
      maxTokens: maxTokens ?? undefined,
      seed: seed ?? undefined,
    },
    origins: lines.map(({ origin }) => origin),
  };
}

/** Where the violations of a refused request belong; what belongs nowhere is left out. */
export function placed(violations: readonly FieldViolation[], order: ChatOrder): Faults {
  const settings: Partial<Record<SettingName, string>> = {};
  const messages: Record<number, string> = {};
  for (const { field, description } of violations) {
    const [, name = '', index] = /^(\w+)(?:\[(\d+)\])?/.exec(field) ?? [];
    const setting = SETTINGS[name];
    if (setting) settings[setting] = sentence(description);
    if (name !== 'messages' || index === undefined) continue;
    const origin = order.origins[Number(index)];
    if (origin === 'system') settings.system = sentence(description);
    else if (origin !== undefined) messages[origin] = sentence(description);
  }
  return { settings, messages };
}

const SETTINGS: Readonly<Record<string, SettingName>> = {
  temperature: 'temperature',
  top_p: 'topP',
  max_tokens: 'maxTokens',
  seed: 'seed',
  stop: 'stops',
};

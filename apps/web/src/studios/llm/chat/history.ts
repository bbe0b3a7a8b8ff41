/** The conversation in this tab's storage, as much of it as there is room for. */
import { isRecord } from '../../../shared/api/json';
import { forget, keep, kept } from '../../../shared/storage/sessionStore';
import { type Conversation, EMPTY } from './conversation';
import { readMessages } from './message';

const KEY = 'atelier.llm.conversation';

export function keptConversation(): Conversation {
  return kept(
    KEY,
    (json) => {
      if (!isRecord(json)) throw new TypeError('no conversation');
      const sentFrom = typeof json.sentFrom === 'number' ? json.sentFrom : 0;
      return { messages: readMessages(json.messages), sentFrom };
    },
    EMPTY,
  );
}

/** Keeps the newest messages that fit; gives how many of the oldest did not. */
export function keepConversation({ messages, sentFrom }: Conversation): number {
  if (messages.length === 0) forget(KEY);
  for (let count = messages.length; count > 0; count = Math.floor(count * 0.75)) {
    if (keep(KEY, { messages: messages.slice(-count), sentFrom })) return messages.length - count;
  }
  if (messages.length > 0) forget(KEY);
  return messages.length;
}

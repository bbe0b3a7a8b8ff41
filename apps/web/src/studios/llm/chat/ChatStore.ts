/**
 * The conversation of this page and the answer that is being written. What comes in pieces is shown
 * once a frame, to those who look at that answer; all others hear only of its beginning and end.
 */
import type { StreamChatResponse } from '../../../gen/atelier/llm/v1/llm_pb';
import { ApiError } from '../../../shared/api/apiError';
import type { ChatSettings, SettingName } from '../settings';
import { streamChat } from '../streamChat';
import { type Faults, NO_FAULTS, orderOf, placed } from './chatRequest';
import type { Conversation } from './conversation';
import * as conversations from './conversation';
import { keepConversation, keptConversation } from './history';
import type { Answer, AnswerFacts } from './message';

export interface ChatSnapshot {
  readonly conversation: Conversation;
  /** What the last request was refused for. */
  readonly faults: Faults;
  /** What was cleared and can be brought back; null if nothing can. */
  readonly cleared: Conversation | null;
  /** How many of the oldest messages a reload will lose, since the storage is full. */
  readonly unkept: number;
}

/** What the answer that is written is doing. */
export type Phase =
  | { readonly name: 'sent' }
  | { readonly name: 'queued'; readonly place: number }
  | { readonly name: 'loading'; readonly model: string }
  | { readonly name: 'writing' };

export interface Draft {
  readonly text: string;
  readonly phase: Phase;
}

/** How an answer ended. */
export type Outcome =
  | { readonly type: 'complete' }
  | { readonly type: 'stopped' }
  | { readonly type: 'failed'; readonly error: unknown };

interface Writing {
  readonly controller: AbortController;
  readonly began: number;
  firstWord: number | null;
  /** What has come, of which the draft may show less. */
  text: string;
  phase: Phase;
  facts: AnswerFacts | null;
}

interface Surroundings {
  readonly stream: typeof streamChat;
  /** Calls back with the next frame. */
  readonly onFrame: (callback: () => void) => void;
  /** Milliseconds that only grow. */
  readonly clock: () => number;
}

const PAGE: Surroundings = {
  stream: streamChat,
  onFrame: (callback) => requestAnimationFrame(callback),
  clock: () => performance.now(),
};

const NO_DRAFT: Draft = { text: '', phase: { name: 'sent' } };

export class ChatStore {
  private readonly page: Surroundings;
  private readonly listeners = new Set<() => void>();
  private readonly draftListeners = new Set<() => void>();
  private snapshot: ChatSnapshot;
  private draft = NO_DRAFT;
  private writing: Writing | null = null;
  private frameComes = false;

  constructor(page: Partial<Surroundings> = {}) {
    this.page = { ...PAGE, ...page };
    const conversation = keptConversation();
    this.snapshot = { conversation, faults: NO_FAULTS, cleared: null, unkept: 0 };
  }

  readonly subscribe = (listener: () => void) => subscribed(this.listeners, listener);
  readonly subscribeDraft = (listener: () => void) => subscribed(this.draftListeners, listener);
  readonly getSnapshot = () => this.snapshot;
  readonly getDraft = () => this.draft;

  /** Asks; resolves when the answer has ended. An answer that is still written is stopped first. */
  send(text: string, settings: ChatSettings): Promise<Outcome> {
    return this.answer(settings, (now) => conversations.asked(now, text));
  }

  /** Asks for another answer in the place of one. */
  regenerate(answerId: number, settings: ChatSettings): Promise<Outcome> {
    return this.answer(settings, (now) => conversations.askedAgain(now, answerId));
  }

  /** Asks something else in a question's place, which the later messages do not outlive. */
  resend(questionId: number, text: string, settings: ChatSettings): Promise<Outcome> {
    return this.answer(settings, (now) => conversations.reworded(now, questionId, text));
  }

  /** Leaves out the older half of what is sent, and asks again. */
  shorten(answerId: number, settings: ChatSettings): Promise<Outcome> {
    return this.answer(settings, (now) =>
      conversations.withoutOlder(conversations.askedAgain(now, answerId)),
    );
  }

  /** Ends the answer that is written, on the GPU too; what there is of it stays. */
  stop(): void {
    const { writing } = this;
    if (writing === null) return;
    this.end(writing, { state: 'stopped' });
    writing.controller.abort();
  }

  /** Empties the conversation, which `restore` brings back until something else is said. */
  clear(): void {
    this.stop();
    const { conversation } = this.snapshot;
    if (conversation.messages.length === 0) return;
    this.change({ conversation: conversations.EMPTY, cleared: conversation, faults: NO_FAULTS });
    this.keep();
  }

  restore(): void {
    const { cleared } = this.snapshot;
    if (cleared === null) return;
    this.change({ conversation: cleared, cleared: null });
    this.keep();
  }

  /** Forgets what some settings were refused for, since they are others now. */
  mended(names: readonly SettingName[]): void {
    const { settings, messages } = this.snapshot.faults;
    const left = Object.entries(settings).filter(([name]) => !names.includes(name as SettingName));
    if (left.length === Object.keys(settings).length) return;
    this.change({ faults: { settings: Object.fromEntries(left), messages } });
  }

  /** Keeps for a reload what there is now, an unfinished answer included. */
  keep(): void {
    const { conversation } = this.snapshot;
    const { writing } = this;
    const whole = writing
      ? conversations.ended(conversation, { text: writing.text, state: 'stopped' })
      : conversation;
    const unkept = keepConversation(whole);
    if (unkept !== this.snapshot.unkept) this.change({ unkept });
  }

  private async answer(
    settings: ChatSettings,
    change: (conversation: Conversation) => Conversation,
  ): Promise<Outcome> {
    this.stop();
    const conversation = change(this.snapshot.conversation);
    const order = orderOf(conversation, settings);
    const writing = this.begin(conversation);
    try {
      for await (const event of this.page.stream(order.request, writing.controller.signal)) {
        if (this.writing !== writing) break;
        this.take(writing, event);
      }
    } catch (error) {
      if (this.writing !== writing) return { type: 'stopped' };
      const faults = error instanceof ApiError ? placed(error.violations, order) : NO_FAULTS;
      this.change({ faults });
      this.end(writing, { state: 'failed', failure: failureOf(error, faults) });
      return { type: 'failed', error };
    }
    if (this.writing !== writing) return { type: 'stopped' };
    this.end(writing, { state: 'complete', facts: writing.facts });
    return { type: 'complete' };
  }

  private begin(conversation: Conversation): Writing {
    const writing: Writing = {
      controller: new AbortController(),
      began: this.page.clock(),
      firstWord: null,
      text: '',
      phase: NO_DRAFT.phase,
      facts: null,
    };
    this.writing = writing;
    this.draft = NO_DRAFT;
    this.change({ conversation, cleared: null, faults: NO_FAULTS });
    this.keep();
    return writing;
  }

  private take(writing: Writing, { event }: StreamChatResponse): void {
    switch (event.case) {
      case 'queued':
        writing.phase = { name: 'queued', place: event.value.position + 1 };
        break;
      case 'loading':
        writing.phase = { name: 'loading', model: event.value.model };
        break;
      case 'text':
        writing.firstWord ??= this.page.clock();
        writing.phase = { name: 'writing' };
        writing.text += event.value;
        break;
      case 'finished':
        writing.facts = {
          finishReason: event.value.finishReason,
          tokens: event.value.usage?.completionTokens ?? 0,
          tokensPerSecond: event.value.usage?.tokensPerSecond ?? 0,
          seed: event.value.seed,
          model: event.value.model,
        };
        return;
    }
    if (this.frameComes) return;
    this.frameComes = true;
    this.page.onFrame(() => {
      this.frameComes = false;
      if (this.writing === null) return;
      this.draft = { text: this.writing.text, phase: this.writing.phase };
      for (const listener of this.draftListeners) listener();
    });
  }

  private end(writing: Writing, end: Partial<Answer>): void {
    this.writing = null;
    const { firstWord, began, text } = writing;
    const firstWordSeconds = firstWord === null ? null : (firstWord - began) / 1000;
    const conversation = conversations.ended(this.snapshot.conversation, {
      text,
      firstWordSeconds,
      ...end,
    });
    this.change({ conversation });
    this.keep();
  }

  private change(change: Partial<ChatSnapshot>): void {
    this.snapshot = { ...this.snapshot, ...change };
    for (const listener of this.listeners) listener();
  }
}

function subscribed(listeners: Set<() => void>, listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function failureOf(error: unknown, faults: Faults): Answer['failure'] {
  const told = error instanceof Error ? error.message : String(error);
  // What is said at a field need not be said twice.
  const isSaid = Object.keys(faults.settings).length > 0;
  const message = isSaid ? 'Not answered: mend what is marked in the settings.' : told;
  if (!(error instanceof ApiError)) {
    return { message, code: '', reason: '', retryAfterSeconds: null };
  }
  const { code, reason, retryAfterSeconds } = error;
  return { message, code, reason, retryAfterSeconds };
}

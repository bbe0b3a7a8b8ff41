/** The messages of a conversation as the page has them, and how they are read from a storage. */
import { isRecord, textOf } from '../../../shared/api/json';

export interface Question {
  readonly role: 'user';
  /** Grows along the conversation, and is its own in it. */
  readonly id: number;
  readonly text: string;
}

export interface Answer {
  readonly role: 'assistant';
  readonly id: number;
  /** Empty while it is written: then the draft has it. */
  readonly text: string;
  readonly state: 'writing' | 'complete' | 'stopped' | 'failed';
  /** Seconds from the question's sending to the first word, as this page saw it. */
  readonly firstWordSeconds: number | null;
  /** What the model told at the end; null for an answer without one. */
  readonly facts: AnswerFacts | null;
  readonly failure: Failure | null;
}

export type Message = Question | Answer;

export interface AnswerFacts {
  /** "stop", or "length" where a limit cut it off. */
  readonly finishReason: string;
  readonly tokens: number;
  /** 0 where there were too few to tell. */
  readonly tokensPerSecond: number;
  readonly seed: number;
  readonly model: string;
}

/** Why there is no whole answer. */
export interface Failure {
  readonly message: string;
  readonly code: string;
  readonly reason: string;
  readonly retryAfterSeconds: number | null;
}

/** Reads messages; what is no message is left out. Throws for what is no list. */
export function readMessages(json: unknown): Message[] {
  if (!Array.isArray(json)) throw new TypeError('no list of messages');
  const messages = json.flatMap((item) => readMessage(item) ?? []);
  return messages.filter(({ id }, index) => index === 0 || id > (messages[index - 1]?.id ?? 0));
}

function readMessage(json: unknown): Message | null {
  if (!isRecord(json) || typeof json.id !== 'number' || typeof json.text !== 'string') return null;
  const { id, text, role } = json;
  if (role === 'user') return { role, id, text };
  if (role !== 'assistant') return null;
  return {
    role,
    id,
    text,
    state: readState(json.state),
    firstWordSeconds: numberOf(json.firstWordSeconds),
    facts: readFacts(json.facts),
    failure: readFailure(json.failure),
  };
}

/** An answer that was being written when the page went is one that was stopped. */
function readState(json: unknown): Answer['state'] {
  return json === 'complete' || json === 'failed' ? json : 'stopped';
}

function readFacts(json: unknown): AnswerFacts | null {
  if (!isRecord(json)) return null;
  return {
    finishReason: textOf(json.finishReason),
    tokens: numberOf(json.tokens) ?? 0,
    tokensPerSecond: numberOf(json.tokensPerSecond) ?? 0,
    seed: numberOf(json.seed) ?? 0,
    model: textOf(json.model),
  };
}

function readFailure(json: unknown): Failure | null {
  if (!isRecord(json)) return null;
  return {
    message: textOf(json.message),
    code: textOf(json.code),
    reason: textOf(json.reason),
    retryAfterSeconds: numberOf(json.retryAfterSeconds),
  };
}

function numberOf(json: unknown): number | null {
  return typeof json === 'number' && Number.isFinite(json) ? json : null;
}

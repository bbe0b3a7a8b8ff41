/** A conversation as a value, and what can be done to it. Knows no stream and no storage. */
import type { Answer, Message } from './message';

export interface Conversation {
  /** The oldest first. */
  readonly messages: readonly Message[];
  /** Messages with a smaller id are no longer sent: the model could not take them. */
  readonly sentFrom: number;
}

export const EMPTY: Conversation = { messages: [], sentFrom: 0 };

/** Adds a question, and the answer that is to be written. */
export function asked(conversation: Conversation, text: string): Conversation {
  const question: Message = { role: 'user', id: nextId(conversation), text };
  return awaited(withMessages(conversation, [...conversation.messages, question]));
}

/** Asks the question before an answer again; what came after it goes. */
export function askedAgain(conversation: Conversation, answerId: number): Conversation {
  return awaited(before(conversation, answerId));
}

/** Puts another text in a question's place; what came after it goes. */
export function reworded(conversation: Conversation, id: number, text: string): Conversation {
  return asked(before(conversation, id), text);
}

/** Ends the answer that is written. */
export function ended(conversation: Conversation, end: Partial<Answer>): Conversation {
  const messages = conversation.messages.map((message) =>
    message.role === 'assistant' && message.state === 'writing' ? { ...message, ...end } : message,
  );
  return withMessages(conversation, messages);
}

/** Leaves out the older half of what is sent, at the most all but the last question. */
export function withoutOlder(conversation: Conversation): Conversation {
  const questions = sent(conversation).filter(({ role }) => role === 'user');
  const first = questions[Math.ceil(questions.length / 2)] ?? questions.at(-1);
  return first ? { ...conversation, sentFrom: first.id } : conversation;
}

/** Whether there is anything older to leave out. */
export function canShrink(conversation: Conversation): boolean {
  return sent(conversation).filter(({ role }) => role === 'user').length > 1;
}

/** The messages that a request carries. */
export function sent({ messages, sentFrom }: Conversation): readonly Message[] {
  return messages.filter(({ id }) => id >= sentFrom);
}

export function isWriting({ messages }: Conversation): boolean {
  const last = messages.at(-1);
  return last?.role === 'assistant' && last.state === 'writing';
}

function awaited(conversation: Conversation): Conversation {
  const answer: Answer = {
    role: 'assistant',
    id: nextId(conversation),
    text: '',
    state: 'writing',
    firstWordSeconds: null,
    facts: null,
    failure: null,
  };
  return withMessages(conversation, [...conversation.messages, answer]);
}

function before(conversation: Conversation, id: number): Conversation {
  const messages = conversation.messages.filter((message) => message.id < id);
  const next = nextId({ ...conversation, messages });
  // Without what was left out, a conversation that begins anew before it can be sent whole.
  const sentFrom = conversation.sentFrom > id ? 0 : Math.min(conversation.sentFrom, next);
  return { messages, sentFrom };
}

function withMessages(conversation: Conversation, messages: readonly Message[]): Conversation {
  return { ...conversation, messages };
}

function nextId({ messages }: Conversation): number {
  return (messages.at(-1)?.id ?? 0) + 1;
}

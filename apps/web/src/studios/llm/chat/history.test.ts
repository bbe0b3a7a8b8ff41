import { afterEach, expect, test, vi } from 'vitest';
import { asked, type Conversation, EMPTY, ended } from './conversation';
import { keepConversation, keptConversation } from './history';

const KEY = 'atelier.llm.conversation';

afterEach(() => sessionStorage.clear());

function talk(questions: number): Conversation {
  let conversation = EMPTY;
  for (let number = 1; number <= questions; number += 1) {
    conversation = ended(asked(conversation, `question ${number}`), {
      text: `answer ${number}`,
      state: 'complete',
    });
  }
  return conversation;
}

/** A storage in which so many characters have room. */
function roomFor(characters: number): void {
  const { setItem } = Storage.prototype;
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(function (this: Storage, key, value) {
    if (value.length > characters) throw new DOMException('full', 'QuotaExceededError');
    setItem.call(this, key, value);
  });
}

test('a conversation comes back as it was', () => {
  const conversation = { ...talk(3), sentFrom: 3 };
  expect(keepConversation(conversation)).toBe(0);
  expect(keptConversation()).toEqual(conversation);
});

test('an answer that was being written comes back stopped', () => {
  keepConversation(asked(EMPTY, 'Hello'));
  expect(keptConversation().messages[1]).toMatchObject({ role: 'assistant', state: 'stopped' });
});

test('where there is no room for all, the newest are kept', () => {
  roomFor(2_000);
  const lost = keepConversation(talk(40));
  expect(lost).toBeGreaterThan(0);
  const { messages } = keptConversation();
  expect(messages).toHaveLength(80 - lost);
  expect(messages.at(-1)?.text).toBe('answer 40');
});

test('where there is no room at all, nothing is kept, and nothing old either', () => {
  keepConversation(talk(1));
  roomFor(0);
  expect(keepConversation(talk(2))).toBe(4);
  expect(keptConversation()).toEqual(EMPTY);
});

test('a storage that is forbidden is like an empty one', () => {
  vi.spyOn(Storage.prototype, 'getItem').mockImplementation(() => {
    throw new DOMException('forbidden', 'SecurityError');
  });
  expect(keptConversation()).toEqual(EMPTY);
});

test.each(['{', '7', 'null', '{"messages": 7}', '[]'])(
  'what is no conversation is none: %s',
  (text) => {
    sessionStorage.setItem(KEY, text);
    expect(keptConversation()).toEqual(EMPTY);
  },
);

test('what is no message is left out', () => {
  const messages = [
    { role: 'user', id: 1, text: 'Hello' },
    { role: 'pirate', id: 2, text: 'Arr' },
    { role: 'assistant', id: 3, text: 7 },
    { role: 'assistant', id: 1, text: 'an id again' },
    null,
    { role: 'assistant', id: 4, text: 'Hi', state: 'complete', facts: { tokens: 'many' } },
  ];
  sessionStorage.setItem(KEY, JSON.stringify({ messages }));
  expect(keptConversation().messages.map(({ text }) => text)).toEqual(['Hello', 'Hi']);
});

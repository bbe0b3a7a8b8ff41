import { expect, test } from 'vitest';
import {
  asked,
  askedAgain,
  type Conversation,
  canShrink,
  EMPTY,
  ended,
  isWriting,
  reworded,
  sent,
  withoutOlder,
} from './conversation';

/** A conversation of so many questions, all answered. */
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

const texts = (conversation: Conversation) => conversation.messages.map(({ text }) => text);

test('a question is followed by an answer that is being written, until it ends', () => {
  const open = asked(EMPTY, 'Hello');
  expect(open.messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
  expect(isWriting(open)).toBe(true);
  expect(isWriting(ended(open, { state: 'stopped' }))).toBe(false);
});

test('asking again keeps the question and replaces the answer', () => {
  const again = askedAgain(talk(2), 4);
  expect(texts(again)).toEqual(['question 1', 'answer 1', 'question 2', '']);
  expect(isWriting(again)).toBe(true);
});

test('another wording takes what came after it away', () => {
  expect(texts(reworded(talk(3), 3, 'else'))).toEqual(['question 1', 'answer 1', 'else', '']);
});

test('ids grow along the conversation, whatever was taken away', () => {
  const ids = asked(reworded(talk(3), 3, 'else'), 'more').messages.map(({ id }) => id);
  expect(ids).toEqual([...ids].sort((a, b) => a - b));
  expect(new Set(ids).size).toBe(ids.length);
});

test('the older half is left out, at most all but the last question', () => {
  let short = withoutOlder(talk(4));
  expect(sent(short)[0]?.text).toBe('question 3');
  short = withoutOlder(short);
  expect(sent(short)[0]?.text).toBe('question 4');
  expect(canShrink(short)).toBe(false);
  expect(sent(withoutOlder(short))[0]?.text).toBe('question 4');
  expect(short.messages).toHaveLength(8);
});

test('what was left out is sent again once the conversation goes on from there', () => {
  const short = withoutOlder(talk(4));
  expect(sent(reworded(short, 3, 'else')).map(({ text }) => text)).toEqual([
    'question 1',
    'answer 1',
    'else',
    '',
  ]);
  expect(sent(reworded(short, 5, 'else')).map(({ text }) => text)).toEqual(['else', '']);
});

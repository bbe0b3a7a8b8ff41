import { expect, test } from 'vitest';
import { MODELS_OWN } from '../settings';
import { orderOf, placed } from './chatRequest';
import { asked, EMPTY, ended } from './conversation';

const answered = ended(asked(EMPTY, 'one'), { text: 'first', state: 'complete' });
const failed = ended(asked(answered, 'two'), { state: 'failed' });
const conversation = asked(failed, 'three');

test('what the person left to the model is left out', () => {
  const { request } = orderOf(asked(EMPTY, 'Hi'), MODELS_OWN);
  expect(request).toMatchObject({ messages: [{ role: 'user', content: 'Hi' }], stop: [] });
  expect(request.temperature).toBeUndefined();
  expect(request.seed).toBeUndefined();
});

test('what was chosen is sent, a zero too', () => {
  const { request } = orderOf(asked(EMPTY, 'Hi'), {
    system: 'Be brief.',
    temperature: 0,
    topP: 0.5,
    maxTokens: 9,
    seed: 0,
    stops: 'END\n\\n\\n',
  });
  expect(request).toEqual({
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ],
    stop: ['END', '\n\n'],
    temperature: 0,
    topP: 0.5,
    maxTokens: 9,
    seed: 0,
  });
});

test('questions without an answer between them are one message', () => {
  expect(orderOf(conversation, MODELS_OWN).request.messages).toEqual([
    { role: 'user', content: 'one' },
    { role: 'assistant', content: 'first' },
    { role: 'user', content: 'two\n\nthree' },
  ]);
});

test('violations are where they can be mended', () => {
  const order = orderOf(conversation, { ...MODELS_OWN, system: 'Be brief.' });
  const faults = placed(
    [
      { field: 'temperature', description: 'too hot' },
      { field: 'stop[1]', description: 'too long' },
      { field: 'messages[0].content', description: 'not brief' },
      { field: 'messages[3].content', description: 'has a NUL' },
      { field: 'messages', description: 'too many' },
      { field: 'nonsense', description: 'unheard of' },
    ],
    order,
  );
  expect(faults.settings).toEqual({
    temperature: 'Too hot.',
    stops: 'Too long.',
    system: 'Not brief.',
  });
  expect(faults.messages).toEqual({ 5: 'Has a NUL.' });
});

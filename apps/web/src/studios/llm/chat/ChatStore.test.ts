import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiError } from '../../../shared/api/apiError';
import { FINISHED, ToyChat } from '../../../testing/toyChat';
import { MODELS_OWN } from '../settings';
import { ChatStore } from './ChatStore';
import type { Answer } from './message';

let model: ToyChat;
let store: ChatStore;

beforeEach(() => {
  model = new ToyChat();
  store = new ChatStore(model.surroundings);
});
afterEach(() => sessionStorage.clear());

const messages = () => store.getSnapshot().conversation.messages;
const answer = () => messages().at(-1) as Answer;
const ask = (text = 'Hello') => store.send(text, MODELS_OWN);

test('an answer grows with the frames, and is whole at its end', async () => {
  const outcome = ask();
  let heard = 0;
  store.subscribeDraft(() => {
    heard += 1;
  });
  model.pass(250);
  await model.text('Good', ' day', ', ');
  expect(store.getDraft().text).toBe('');
  model.frame();
  expect(heard).toBe(1);
  expect(store.getDraft()).toEqual({ text: 'Good day, ', phase: { name: 'writing' } });
  model.pass(100);
  await model.text('you.');
  await model.say(FINISHED, null);
  expect(await outcome).toEqual({ type: 'complete' });
  expect(answer()).toMatchObject({
    text: 'Good day, you.',
    state: 'complete',
    firstWordSeconds: 0.25,
    facts: { tokens: 5, tokensPerSecond: 12.5, seed: 7, finishReason: 'stop', model: 'toy' },
  });
});

test('those who do not look at the answer hear only of its beginning and its end', async () => {
  let heard = 0;
  store.subscribe(() => {
    heard += 1;
  });
  const outcome = ask();
  const begun = heard;
  for (let piece = 0; piece < 100; piece += 1) {
    await model.text(`word ${piece} `);
    model.frame();
  }
  expect(heard).toBe(begun);
  await model.say(FINISHED, null);
  await outcome;
  expect(heard).toBe(begun + 1);
});

test('waiting and loading are told before the first word', async () => {
  void ask();
  await model.say({ case: 'queued', value: { position: 2 } });
  model.frame();
  expect(store.getDraft().phase).toEqual({ name: 'queued', place: 3 });
  await model.say({ case: 'loading', value: { model: 'toy' } });
  model.frame();
  expect(store.getDraft().phase).toEqual({ name: 'loading', model: 'toy' });
});

test('what was said before a stop stays, also what no frame has shown', async () => {
  const outcome = ask();
  await model.text('Half an ans');
  store.stop();
  expect(await outcome).toEqual({ type: 'stopped' });
  expect(model.aborted).toBe(1);
  expect(answer()).toMatchObject({ text: 'Half an ans', state: 'stopped', facts: null });
});

test('a failure keeps what was said and says why', async () => {
  const outcome = ask();
  await model.text('Half');
  const error = new ApiError(500, { status: 'INTERNAL', message: 'the GPU is on fire' }, null);
  await model.say(error);
  expect(await outcome).toEqual({ type: 'failed', error });
  expect(answer()).toMatchObject({
    text: 'Half',
    state: 'failed',
    failure: { code: 'INTERNAL', message: 'the GPU is on fire' },
  });
});

test('a refusal is where it can be mended, until it is', async () => {
  const outcome = ask();
  const violations = [
    { field: 'seed', description: 'cannot hold' },
    { field: 'top_p', description: 'too much' },
    { field: 'messages[0].content', description: 'has a NUL' },
  ];
  const details = [{ '@type': '/google.rpc.BadRequest', field_violations: violations }];
  await model.say(new ApiError(400, { status: 'INVALID_ARGUMENT', details }, null));
  await outcome;
  expect(store.getSnapshot().faults).toEqual({
    settings: { seed: 'Cannot hold.', topP: 'Too much.' },
    messages: { 1: 'Has a NUL.' },
  });
  store.mended(['seed']);
  expect(store.getSnapshot().faults.settings).toEqual({ topP: 'Too much.' });
  void store.regenerate(answer().id, MODELS_OWN);
  expect(store.getSnapshot().faults).toEqual({ settings: {}, messages: {} });
});

test('a new question stops the answer that is written, whose rest goes nowhere', async () => {
  const first = ask('one');
  await model.text('first');
  const second = ask('two');
  expect(await first).toEqual({ type: 'stopped' });
  await model.text('second');
  await model.say(FINISHED, null);
  expect(await second).toEqual({ type: 'complete' });
  expect(messages().map(({ text }) => text)).toEqual(['one', 'first', 'two', 'second']);
});

test('a reload in the middle of an answer finds what was said', async () => {
  void ask();
  await model.text('Half an ans');
  store.keep();
  const reloaded = new ChatStore(model.surroundings).getSnapshot().conversation;
  expect(reloaded.messages[1]).toMatchObject({ text: 'Half an ans', state: 'stopped' });
});

test('a cleared conversation can be brought back until something else is said', async () => {
  const outcome = ask();
  await model.text('Good day.');
  await model.say(FINISHED, null);
  await outcome;
  store.clear();
  expect(messages()).toEqual([]);
  expect(new ChatStore().getSnapshot().conversation.messages).toEqual([]);
  store.restore();
  expect(messages().map(({ text }) => text)).toEqual(['Hello', 'Good day.']);
  store.clear();
  void ask();
  expect(store.getSnapshot().cleared).toBeNull();
});

test('a conversation that is too long is shortened and asked again', async () => {
  for (const text of ['one', 'two', 'three', 'four']) {
    const outcome = ask(text);
    await model.text(`answer to ${text}`);
    await model.say(FINISHED, null);
    await outcome;
  }
  void store.shorten(answer().id, MODELS_OWN);
  await model.text('short');
  expect(model.requests.at(-1)?.messages).toEqual([
    { role: 'user', content: 'three' },
    { role: 'assistant', content: 'answer to three' },
    { role: 'user', content: 'four' },
  ]);
});

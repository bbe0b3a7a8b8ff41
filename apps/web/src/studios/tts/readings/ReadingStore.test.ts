import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type StreamSynthesizeResponse,
  StreamSynthesizeResponseSchema,
} from '../../../gen/atelier/tts/v1/tts_pb';
import { ApiError } from '../../../shared/api/apiError';
import { ToyAudio } from '../../../testing/toyAudio';
import { SoundPlayer } from '../sound/SoundPlayer';
import type { SpeechRequestInit } from '../streamSpeech';
import { ReadingStore } from './ReadingStore';
import { type Reading, USUAL } from './reading';

type Event = MessageInitShape<typeof StreamSynthesizeResponseSchema>['event'];

const RATE = 100;

/** A model that reads what the test tells it to. */
class ToySpeech {
  readonly requests: SpeechRequestInit[] = [];
  aborted = 0;
  private queue: (Event | Error | null)[] = [];
  private wake = () => {};

  say(...events: (Event | Error | null)[]): Promise<void> {
    this.queue.push(...events);
    this.wake();
    // All of it is read once nothing is left to do.
    return new Promise((resolve) => setTimeout(resolve));
  }

  async *stream(
    request: SpeechRequestInit,
    signal: AbortSignal,
  ): AsyncGenerator<StreamSynthesizeResponse, void> {
    this.requests.push(request);
    signal.addEventListener('abort', () => {
      this.aborted += 1;
      this.wake();
    });
    for (;;) {
      signal.throwIfAborted();
      const event = this.queue.shift();
      if (event === null) return;
      if (event instanceof Error) throw event;
      if (event) yield create(StreamSynthesizeResponseSchema, { event });
      else
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
    }
  }
}

const started: Event = {
  case: 'started',
  value: { sampleRate: RATE, channels: 1, voice: 'joe', seed: 77, warnings: ['a sign'] },
};
const sentence = (text: string, startSeconds: number): Event => ({
  case: 'sentence',
  value: { text, startSeconds },
});
const audio = (seconds: number): Event => ({
  case: 'audio',
  value: { data: new Uint8Array(seconds * RATE * 2) },
});

let model: ToySpeech;
let loudspeaker: ToyAudio;
let store: ReadingStore;
let time = 0;

function newStore(mostBytes = 1e6): ReadingStore {
  return new ReadingStore(new SoundPlayer(() => loudspeaker.context), {
    stream: (request, signal) => model.stream(request, signal),
    clock: () => time,
    now: () => new Date(5000),
    mostBytes,
  });
}

beforeEach(() => {
  time = 0;
  model = new ToySpeech();
  loudspeaker = new ToyAudio();
  store = newStore();
});
afterEach(() => sessionStorage.clear());

const readings = () => store.getSnapshot().readings;
const newest = () => readings()[0] as Reading;

/** Reads a text to its end. */
async function read(text: string, seconds = 1): Promise<void> {
  const outcome = store.read(text, USUAL);
  await model.say(started, sentence(text, 0), audio(seconds), null);
  expect(await outcome).toEqual({ type: 'complete' });
}

test('it plays from the first sound on, while the rest is still being made', async () => {
  const outcome = store.read('One. Two.', { ...USUAL, speed: 1.5 });
  expect(store.getSnapshot().phase).toEqual({ name: 'sent' });
  expect(model.requests[0]).toMatchObject({ text: 'One. Two.', speed: 1.5, format: 'pcm' });
  await model.say({ case: 'queued', value: { position: 0 } });
  expect(store.getSnapshot().phase).toEqual({ name: 'queued', place: 1 });
  await model.say({ case: 'loading', value: { model: 'toy' } });
  expect(store.getSnapshot().phase).toEqual({ name: 'loading', model: 'toy' });
  time = 400;
  await model.say(started, sentence('One.', 0), audio(1));
  expect(store.player.getState()).toBe('playing');
  expect(store.getSnapshot().phase).toEqual({ name: 'reading', sentence: 1 });
  expect(newest()).toMatchObject({ state: 'reading', seconds: 1, firstSoundSeconds: 0.4 });
  time = 900;
  await model.say(sentence('Two.', 1), audio(1), null);
  expect(await outcome).toEqual({ type: 'complete' });
  expect(newest()).toMatchObject({
    state: 'complete',
    seconds: 2,
    firstSoundSeconds: 0.4,
    voice: 'joe',
    seed: 77,
    warnings: ['a sign'],
    sentences: [
      { text: 'One.', startSeconds: 0 },
      { text: 'Two.', startSeconds: 1 },
    ],
  });
  expect(store.getSnapshot().phase).toBeNull();
  loudspeaker.pass(10);
  expect(store.player.getState()).toBe('ended');
});

test('a stop ends the work and the sound, and keeps what there is', async () => {
  const outcome = store.read('One. Two.', USUAL);
  await model.say(started, sentence('One.', 0), audio(1));
  store.stop();
  expect(await outcome).toEqual({ type: 'stopped' });
  expect(model.aborted).toBe(1);
  expect(store.player.getState()).toBe('paused');
  expect(newest()).toMatchObject({ state: 'stopped', seconds: 1 });
  store.player.play();
  loudspeaker.pass(10);
  expect(store.player.getState()).toBe('ended');
});

test('what ended without a sound leaves nothing behind', async () => {
  const outcome = store.read('One.', USUAL);
  store.stop();
  expect(await outcome).toEqual({ type: 'stopped' });
  expect(readings()).toEqual([]);
  expect(store.getSnapshot().currentId).toBeNull();
});

test('a refusal is where it can be mended, until it is', async () => {
  const outcome = store.read('One.', USUAL);
  const field_violations = [{ field: 'speed', description: 'too fast' }];
  const details = [{ '@type': '/google.rpc.BadRequest', field_violations }];
  await model.say(new ApiError(400, { status: 'INVALID_ARGUMENT', details }, null));
  expect((await outcome).type).toBe('failed');
  expect(store.getSnapshot()).toMatchObject({ faults: { speed: 'Too fast.' }, error: null });
  store.mended('speed');
  expect(store.getSnapshot().faults).toEqual({});
});

test('a failure in the middle is told, and what was made can be heard', async () => {
  const outcome = store.read('One. Two.', USUAL);
  const error = new ApiError(500, { status: 'INTERNAL', message: 'the voice is hoarse' }, null);
  await model.say(started, sentence('One.', 0), audio(1), error);
  expect(await outcome).toEqual({ type: 'failed', error });
  expect(store.getSnapshot().error).toBe(error);
  expect(newest()).toMatchObject({ state: 'failed', seconds: 1 });
  expect(store.soundOf(newest().id)?.isComplete).toBe(true);
});

test('another text stops the one that is read', async () => {
  const first = store.read('One.', USUAL);
  await model.say(started, sentence('One.', 0), audio(1));
  const second = store.read('Two.', USUAL);
  expect(await first).toEqual({ type: 'stopped' });
  await model.say(started, sentence('Two.', 0), audio(2), null);
  expect(await second).toEqual({ type: 'complete' });
  expect(readings().map(({ text, state }) => [text, state])).toEqual([
    ['Two.', 'complete'],
    ['One.', 'stopped'],
  ]);
});

test('a sound in memory is played again without any work', async () => {
  await read('One.');
  await read('Two.');
  const [, one] = readings();
  await store.play(one?.id ?? 0);
  expect(store.getSnapshot().currentId).toBe(one?.id);
  expect(store.player.getState()).toBe('playing');
  expect(model.requests).toHaveLength(2);
});

test('a sound that is gone is made again with the same voice and seed', async () => {
  await read('One.');
  store = newStore();
  expect(store.soundOf(newest().id)).toBeNull();
  const outcome = store.play(newest().id);
  expect(model.requests.at(-1)).toMatchObject({ text: 'One.', voice: 'joe', seed: 77 });
  await model.say(started, sentence('One.', 0), audio(1), null);
  expect(await outcome).toEqual({ type: 'complete' });
  expect(readings()).toHaveLength(1);
  expect(store.soundOf(newest().id)?.seconds).toBe(1);
});

test('a sound that cannot be made again leaves its reading as it was', async () => {
  await read('One.');
  store = newStore();
  const before = newest();
  const outcome = store.play(before.id);
  await model.say(new ApiError(500, { status: 'INTERNAL' }, null));
  expect((await outcome).type).toBe('failed');
  expect(newest()).toEqual(before);
});

test('the oldest sounds make room, their texts stay', async () => {
  store = newStore(250);
  await read('One.');
  await read('Two.');
  await read('Three.');
  expect(readings().map(({ id, text }) => [text, store.soundOf(id) !== null])).toEqual([
    ['Three.', true],
    ['Two.', true],
    ['One.', false],
  ]);
});

test('what is removed is silent and gone, also after a reload', async () => {
  await read('One.');
  store.remove(newest().id);
  expect(readings()).toEqual([]);
  expect(store.player.current).toBeNull();
  expect(newStore().getSnapshot().readings).toEqual([]);
});

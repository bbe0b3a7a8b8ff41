import { beforeEach, expect, test } from 'vitest';
import { ToyAudio } from '../../../testing/toyAudio';
import { Sound } from './Sound';
import { type PlayerState, SoundPlayer } from './SoundPlayer';

const RATE = 100;

let audio: ToyAudio;
let player: SoundPlayer;
let sound: Sound;

beforeEach(() => {
  audio = new ToyAudio();
  player = new SoundPlayer(() => audio.context);
  sound = new Sound(RATE);
  player.load(sound);
});

/** More sound, in seconds; each sample is its own number, so that none can go astray. */
function grow(seconds: number): void {
  const first = sound.samples;
  const part = new Int16Array(seconds * RATE).map((_, index) => first + index);
  sound.append(new Uint8Array(part.buffer));
}

/** What is on the clock, without a gap, as numbers of samples. */
function onClock(): number[] {
  const numbers: number[] = [];
  let end: number | null = null;
  for (const { at, samples } of audio.scheduled) {
    if (end !== null) expect(at).toBeCloseTo(end, 6);
    end = at + samples.length / RATE;
    numbers.push(...Array.from(samples, (value) => value * 32_768));
  }
  return numbers;
}

test('it waits for the first sound and plays it at once', () => {
  const states: PlayerState[] = [];
  player.subscribe(() => states.push(player.getState()));
  player.play();
  expect(player.getState()).toBe('waiting');
  grow(1);
  expect(player.getState()).toBe('playing');
  expect(onClock()).toHaveLength(RATE);
  audio.pass(0.54);
  expect(player.position).toBeCloseTo(0.5, 6);
  expect(states).toEqual(['waiting', 'playing']);
});

test('parts that come in time follow each other without a gap', () => {
  player.play();
  grow(1);
  grow(0.5);
  audio.pass(0.2);
  grow(2);
  expect(onClock()).toEqual(Array.from({ length: 350 }, (_, index) => index));
  audio.pass(2);
  expect(player.position).toBeCloseTo(2.16, 6);
});

test('a part that comes late is waited for, and nothing of it is lost', () => {
  player.play();
  grow(1);
  audio.pass(5);
  expect(player.getState()).toBe('waiting');
  expect(player.position).toBe(1);
  grow(1);
  expect(player.getState()).toBe('playing');
  expect(onClock()[0]).toBe(100);
  audio.pass(0.54);
  expect(player.position).toBeCloseTo(1.5, 6);
});

test('it ends when all was played and no more comes, and begins again from there', () => {
  player.play();
  grow(1);
  audio.pass(2);
  expect(player.getState()).toBe('waiting');
  sound.complete();
  expect(player.getState()).toBe('ended');
  expect(player.position).toBe(1);
  player.play();
  expect(player.getState()).toBe('playing');
  expect(onClock()[0]).toBe(0);
});

test('a long sound is put on the clock a little ahead only, and then to its end', () => {
  grow(60);
  sound.complete();
  player.play();
  expect(onClock().length).toBeLessThan(20 * RATE);
  audio.pass(30);
  expect(player.getState()).toBe('playing');
  expect(player.position).toBeCloseTo(29.96, 1);
  audio.pass(31);
  expect(player.getState()).toBe('ended');
  expect(player.position).toBe(60);
});

test('it pauses where it is and goes on from there', () => {
  grow(3);
  player.play();
  audio.pass(1.04);
  player.pause();
  expect(player.getState()).toBe('paused');
  expect(audio.scheduled).toEqual([]);
  audio.pass(10);
  expect(player.position).toBeCloseTo(1, 6);
  player.play();
  expect(onClock()[0]).toBe(100);
});

test('it goes to a place, playing or not', () => {
  grow(3);
  player.seek(1);
  let heard = 0;
  player.subscribe(() => {
    heard += 1;
  });
  player.seek(2);
  expect(heard).toBe(1);
  expect(player.getState()).toBe('paused');
  expect(player.position).toBe(2);
  player.play();
  player.seek(0.5);
  expect(player.getState()).toBe('playing');
  expect(onClock()[0]).toBe(50);
  player.seek(99);
  expect(player.position).toBe(3);
});

test('another sound silences the one before', () => {
  grow(3);
  player.play();
  const other = new Sound(RATE);
  player.load(other);
  expect(audio.scheduled).toEqual([]);
  expect(player.getState()).toBe('idle');
  grow(1);
  expect(audio.scheduled).toEqual([]);
});

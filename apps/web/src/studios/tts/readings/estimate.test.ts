import { expect, test } from 'vitest';
import { estimatedSeconds } from './estimate';
import { type Reading, USUAL } from './reading';

const reading = (text: string, seconds: number, more: Partial<Reading> = {}): Reading => ({
  id: 1,
  text,
  choice: USUAL,
  voice: 'joe',
  seed: 1,
  askedAt: 0,
  state: 'complete',
  seconds,
  firstSoundSeconds: null,
  warnings: [],
  sentences: [],
  ...more,
});

test('a text without anything to compare with is read calmly', () => {
  expect(estimatedSeconds(150, USUAL, [])).toBeCloseTo(10);
  expect(estimatedSeconds(150, { ...USUAL, speed: 2 }, [])).toBeCloseTo(5);
  expect(estimatedSeconds(0, USUAL, [])).toBe(0);
});

test('what was read before teaches the pace, at whatever speed it was read', () => {
  const slow = reading('x'.repeat(100), 20);
  expect(estimatedSeconds(50, USUAL, [slow])).toBeCloseTo(10);
  const fast = reading('x'.repeat(100), 10, { choice: { ...USUAL, speed: 2 } });
  expect(estimatedSeconds(50, USUAL, [slow, fast])).toBeCloseTo(10);
});

test('other voices, and what was stopped, teach nothing', () => {
  const readings = [
    reading('x'.repeat(100), 50, { voice: 'ann', choice: { ...USUAL, voice: 'ann' } }),
    reading('x'.repeat(100), 1, { state: 'stopped' }),
  ];
  expect(estimatedSeconds(150, USUAL, readings)).toBeCloseTo(10);
});

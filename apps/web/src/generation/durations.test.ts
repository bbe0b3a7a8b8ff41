import { expect, test } from 'vitest';
import { clockWords, durationWords } from './durations';

test.each([
  [0.04, '0.0 s'],
  [3.21, '3.2 s'],
  [9.97, '10 s'],
  [59.6, '1 min 0 s'],
  [125, '2 min 5 s'],
  [3900, '1 h 5 min'],
])('%d seconds are %s', (seconds, words) => {
  expect(durationWords(seconds)).toBe(words);
});

test.each([
  [-3, '0 s'],
  [0.9, '0 s'],
  [61.9, '1 min 1 s'],
])('a clock shows %d as %s', (seconds, words) => {
  expect(clockWords(seconds)).toBe(words);
});

import { expect, test } from 'vitest';
import { clockTime } from './duration';

test.each([
  [0, '0:00'],
  [7.9, '0:07'],
  [61, '1:01'],
  [750, '12:30'],
  [3723, '1:02:03'],
  [-1, '0:00'],
])('%d seconds are %s', (seconds, text) => {
  expect(clockTime(seconds)).toBe(text);
});

import { expect, test } from 'vitest';
import { parametersWords, sentence } from './wording';

test.each([
  ['must be 7', 'Must be 7.'],
  ['Is it?', 'Is it?'],
  ['Done.', 'Done.'],
])('%s is the sentence %s', (phrase, words) => {
  expect(sentence(phrase)).toBe(words);
});

test.each([
  [0, ''],
  [134_515_008, '135 M parameters'],
  [62_900_000, '62.9 M parameters'],
  [4_020_000_000, '4.02 B parameters'],
  [123e9, '123 B parameters'],
])('%d are %s', (count, words) => {
  expect(parametersWords(count)).toBe(words);
});

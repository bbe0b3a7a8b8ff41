import { expect, test } from 'vitest';
import { withSuggestion } from './prompts';

const KNOWN = ['tree', 'pine tree', 'apple', 'c++'];

test.each([
  ['', 'apple', 'apple'],
  ['  ', 'apple', 'apple'],
  ['a red apple', 'tree', 'a red tree'],
  ['a Pine Tree in snow', 'apple', 'a apple in snow'],
  ['in the woods', 'tree', 'in the woods tree'],
  ['a pineapple', 'tree', 'a pineapple tree'],
  ['in c++', 'tree', 'in tree'],
  ['an apple', '$&', 'an $&'],
])('"%s" with "%s" is "%s"', (prompt, word, result) => {
  expect(withSuggestion(prompt, word, KNOWN)).toBe(result);
});

import { expect, test } from 'vitest';
import { fileName } from './fileName';

const made = new Date(2026, 0, 2, 3, 4, 5);

test.each([
  ['A red apple!', 'a-red-apple'],
  ['  Grüße, Café  ', 'gruße-cafe'],
  ['日本語 の 文', '日本語-の-文'],
  ['../../etc/passwd', 'etc-passwd'],
  ['???', 'untitled'],
])('%s is saved as %s', (words, name) => {
  expect(fileName(words, made, 'png')).toBe(`${name}-20260102-030405.png`);
});

test('long words are cut between two of them', () => {
  const name = fileName('word '.repeat(40), made, 'wav');
  expect(name).toMatch(/^word(-word)+-20260102-030405\.wav$/);
  expect(name.length).toBeLessThan(70);
});

import { expect, test } from 'vitest';
import { BlockCutter, isInterwoven } from './blocks';

const TEXT = `# Title

A paragraph with **bold**
on two lines
#hashtag

- one

  still one
- two

| a | b |
|---|---|
| 1 | 2 |

\`\`\`python
def f():

    return "# no heading"
\`\`\`
> quote

Setext
===
last
`;

test('blocks are the text, wherever it is cut on its way', () => {
  for (const size of [1, 2, 3, 7, 16, 61]) {
    const cutter = new BlockCutter();
    let blocks: readonly string[] = [];
    for (let end = size; end < TEXT.length + size; end += size) {
      blocks = cutter.cut(TEXT.slice(0, end));
      expect(blocks.join('')).toBe(TEXT.slice(0, end));
    }
    expect(blocks).toEqual(new BlockCutter().cut(TEXT));
  }
});

test('code, lists and tables stay whole', () => {
  expect(new BlockCutter().cut(TEXT).map((block) => block.trim().split('\n')[0])).toEqual([
    '# Title',
    'A paragraph with **bold**',
    '- one',
    '| a | b |',
    '```python',
    '> quote',
    'Setext',
    'last',
  ]);
});

test('a block that another one follows never changes again', () => {
  const cutter = new BlockCutter();
  let before: readonly string[] = [];
  for (let end = 1; end <= TEXT.length; end += 1) {
    const now = cutter.cut(TEXT.slice(0, end));
    for (const [index, block] of before.slice(0, -1).entries()) expect(now[index]).toBe(block);
    before = now;
  }
});

test('another text begins anew', () => {
  const cutter = new BlockCutter();
  cutter.cut('one\n\ntwo\n\nthree');
  expect(cutter.cut('uno\n\ndos').join('')).toBe('uno\n\ndos');
});

test('blocks that speak of each other are known', () => {
  expect(isInterwoven('see [it][1]\n\n[1]: https://example.org')).toBe(true);
  expect(isInterwoven('see it[^1]\n\n[^1]: a note')).toBe(true);
  expect(isInterwoven('an array[0]: fine')).toBe(false);
});

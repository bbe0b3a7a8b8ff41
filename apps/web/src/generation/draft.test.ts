import { expect, test } from 'vitest';
import { type Draft, EMPTY_DRAFT, nextSeed, readDraft, withChoice, withNumber } from './draft';

test('a draft survives being kept', () => {
  const draft: Draft = {
    prompt: 'a red apple',
    negativePrompt: 'worms',
    numbers: { steps: 4 },
    choices: { format: 'webp' },
    seed: 7,
    seedHeld: true,
    onLeave: 'drop',
  };
  expect(readDraft(JSON.parse(JSON.stringify(draft)))).toEqual(draft);
});

test.each([null, 7, 'text', [], { numbers: 3, seed: -1, onLeave: 'burn' }, { seed: 2 ** 32 }])(
  'what was corrupted is as good as nothing: %j',
  (json) => {
    expect(readDraft(json)).toEqual(EMPTY_DRAFT);
  },
);

test('what is no number is left out, and the others stay', () => {
  expect(readDraft({ numbers: { steps: 'many', width: 64 } }).numbers).toEqual({ width: 64 });
});

test('a seed is used again only while it is held', () => {
  const held = { ...EMPTY_DRAFT, seed: 7, seedHeld: true };
  expect(nextSeed(held)).toBe(7);
  const drawn = new Set([1, 2, 3].map(() => nextSeed({ ...held, seedHeld: false })));
  expect(drawn.size).toBeGreaterThan(1);
});

test('what goes back to the model leaves the draft', () => {
  const draft = { ...EMPTY_DRAFT, numbers: { steps: 4, width: 64 }, choices: { format: 'webp' } };
  expect(withNumber(draft, 'steps', null)).toEqual({ numbers: { width: 64 } });
  expect(withChoice(draft, 'format', '')).toEqual({ choices: {} });
});

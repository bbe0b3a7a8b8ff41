import { expect, test } from 'vitest';
import { shapes } from './shapes';

const LIMITS = { minSide: 256, maxSide: 2048, sideMultiple: 8 };
const OWN = { width: 1024, height: 1024 };

test('shapes have the area of the model’s own size, in its multiples', () => {
  const all = shapes(OWN, LIMITS);
  expect(all.map(({ width, height }) => [width, height])).toEqual([
    [1024, 1024],
    [1184, 888],
    [1368, 768],
    [888, 1184],
    [768, 1368],
  ]);
});

test('a picture offers its own shape first, within the limits', () => {
  expect(shapes(OWN, LIMITS, { width: 100, height: 900 })[0]).toEqual({
    name: 'As the picture',
    width: 344,
    height: 2048,
  });
});

test('a model with one size has no shapes', () => {
  expect(shapes(OWN, { minSide: 64, maxSide: 64, sideMultiple: 1 })).toEqual([]);
});

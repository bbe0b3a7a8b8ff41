import { expect, test } from 'vitest';
import { complaints, type NumberSpec, sent, settable, sizeOf } from './numbers';

const spec = (field: string, min: number, max: number, step = 1): NumberSpec => ({
  field,
  label: field,
  own: min,
  min,
  max,
  step,
});
const STEPS = spec('steps', 1, 50);
const WIDTH = spec('width', 64, 2048, 8);
const HEIGHT = spec('height', 64, 64);
const FRAMES = spec('numFrames', 5, 257, 4);
const GUIDANCE = spec('guidanceScale', 1, 4, 0.1);
const ALL = [STEPS, WIDTH, HEIGHT, FRAMES, GUIDANCE];

test('what has only one value cannot be set, and is not sent', () => {
  expect(settable(ALL)).not.toContain(HEIGHT);
  expect(sent(ALL, { height: 128, steps: 3, motion: 1 })).toEqual({ steps: 3 });
});

test.each([
  [{ steps: 0 }, 'steps', 'Must be from 1 to 50.'],
  [{ width: 100 }, 'width', 'Must be 96 or 104; in between is nothing.'],
  [{ numFrames: 6 }, 'numFrames', 'Must be 5 or 9; in between is nothing.'],
  [{ guidanceScale: 4.1 }, 'guidanceScale', 'Must be from 1 to 4.'],
])('%j is told at its field', (numbers, field, words) => {
  expect(complaints(ALL, numbers as Record<string, number>)).toEqual({ [field]: words });
});

test.each([
  {},
  { steps: 50, width: 2048, numFrames: 257, guidanceScale: 1.25 },
  // What is not sent need not fit: it was set for another model.
  { height: 7, motionStrength: 9 },
])('%j is all right', (numbers) => {
  expect(complaints(ALL, numbers as Record<string, number>)).toEqual({});
});

test('the size is what was set, otherwise the model’s own', () => {
  expect(sizeOf(ALL, { width: 512 })).toEqual({ width: 512, height: 64 });
  expect(sizeOf([], {})).toBeNull();
});

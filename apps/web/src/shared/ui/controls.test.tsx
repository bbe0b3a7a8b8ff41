import { cleanup, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { afterEach, expect, test } from 'vitest';
import { nearest, Slider } from './controls';

afterEach(cleanup);

test.each([
  [500, { min: 64, max: 2048, step: 8 }, 504],
  [5, { min: 64, max: 2048, step: 8 }, 64],
  [9999, { min: 64, max: 2044, step: 8 }, 2040],
  [0.3000001, { min: 0, max: 1, step: 0.1 }, 0.3],
  [10, { min: 5, max: 257, step: 4 }, 9],
])('the value nearest to %d within %o is %d', (number, limits, value) => {
  expect(nearest(number, limits)).toBe(value);
});

function Width() {
  const [value, setValue] = useState(512);
  return (
    <>
      <Slider label="Width" value={value} onChange={setValue} min={64} max={2048} step={8} />
      <output>{value}</output>
    </>
  );
}

test('a number can be typed digit by digit, and what cannot be had becomes the nearest', async () => {
  render(<Width />);
  const box = screen.getByRole('spinbutton', { name: 'Width' });
  await userEvent.clear(box);
  await userEvent.type(box, '1020');
  expect(box).toHaveValue(1020);
  await userEvent.tab();
  expect(box).toHaveValue(1024);
  expect(screen.getByRole('status')).toHaveTextContent('1024');
});

import { cleanup, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test } from 'vitest';
import { AnswerText } from './AnswerText';

afterEach(cleanup);

function show(text: string) {
  return render(<AnswerText text={text} growing={false} />).container;
}

test('raw HTML is text', () => {
  const shown = show('<img src=x onerror="alert(1)"> <script>alert(2)</script> **bold**');
  expect(shown.querySelector('img, script')).toBeNull();
  expect(shown).toHaveTextContent('<script>alert(2)</script>');
  expect(shown.querySelector('strong')).toHaveTextContent('bold');
});

test.each([
  ['https://example.org/a?b=c', true],
  ['mailto:ada@example.org', true],
  ['javascript:alert(1)', false],
  ['JaVaScRiPt:alert(1)', false],
  ['data:text/html,hi', false],
  ['vbscript:x', false],
  ['/v1/operations', false],
  ['//example.org', false],
])('a link to %s is one: %s', (url, is) => {
  const shown = show(`[here](${url})`);
  const link = shown.querySelector('a');
  expect(shown).toHaveTextContent('here');
  expect(link?.getAttribute('href') ?? null).toBe(is ? url : null);
  if (is) expect(link).toHaveAttribute('rel', 'noopener noreferrer nofollow');
});

test('a picture is a link, so that its server does not learn who reads', () => {
  const shown = show('![a cat](https://example.org/cat.png)');
  expect(shown.querySelector('img')).toBeNull();
  expect(screen.getByRole('link', { name: 'a cat' })).toBeVisible();
});

test('tables, task lists and struck out text are known', () => {
  const shown = show('| a |\n|---|\n| ~~1~~ |\n\n- [x] done\n- [ ] open');
  expect(screen.getByRole('columnheader', { name: 'a' })).toBeVisible();
  expect(shown.querySelector('del')).toHaveTextContent('1');
  expect(screen.getAllByRole('checkbox')[0]).toBeChecked();
  expect(screen.getAllByRole('checkbox')[1]).not.toBeChecked();
});

test('code can be copied as it stands', async () => {
  const user = userEvent.setup();
  show('```python\ndef f():\n    return "<b>"\n```');
  expect(screen.getByText('python')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Copy code' }));
  expect(await navigator.clipboard.readText()).toBe('def f():\n    return "<b>"');
  expect(screen.getByRole('button', { name: 'Copied' })).toBeVisible();
});

test('links that are defined elsewhere in the text are found once it is whole', () => {
  const text = 'See [it][1].\n\nMore.\n\n[1]: https://example.org';
  const { rerender } = render(<AnswerText text={text} growing />);
  expect(screen.queryByRole('link')).toBeNull();
  rerender(<AnswerText text={text} growing={false} />);
  expect(screen.getByRole('link', { name: 'it' })).toHaveAttribute('href', 'https://example.org');
});

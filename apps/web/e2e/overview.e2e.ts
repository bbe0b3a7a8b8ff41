import { expect, test } from 'vitest';
import { open, stackUrl, withBrowser } from './browser';

withBrowser();

/** Submits a picture that takes a while, as a program would. */
async function submitted(prompt: string): Promise<string> {
  const answer = await fetch(stackUrl('/v1/image/generate'), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Prefer: 'respond-async' },
    body: JSON.stringify({ prompt, steps: 50, num_images: 8 }),
  });
  const { name } = (await answer.json()) as { name: string };
  return name.replace('operations/', '');
}

test('the overview shows the queue of all jobs, stops and retries them, and leads to them', async () => {
  const page = await open('/');
  const running = await submitted('a castle and an owl');
  await submitted('a castle and a fox');
  const waiting = page.getByRole('list', { name: 'Running and waiting' }).getByRole('listitem');
  const fox = waiting.filter({ hasText: 'a castle and a fox' });
  await fox.getByText('Queued at place 1').waitFor();
  await waiting
    .filter({ hasText: 'a castle and an owl' })
    .getByText(/Step \d+ of \d+/)
    .waitFor();
  const card = page.getByRole('article', { name: 'Pictures' });
  await card.getByText('1 job waits').waitFor();

  await fox.getByRole('button', { name: 'Cancel' }).click();
  const ended = page.getByRole('list', { name: 'Ended' }).getByRole('listitem').first();
  await ended.getByText('a castle and a fox').waitFor();
  await ended.getByText('Stopped').waitFor();
  await ended.getByRole('button', { name: 'Retry' }).click();
  await fox.getByRole('button', { name: 'Cancel' }).click();
  await fox.waitFor({ state: 'detached' });

  await card.getByRole('link', { name: 'a castle and an owl' }).click();
  await page.getByRole('heading', { level: 1, name: 'Image Studio' }).waitFor();
  expect(new URL(page.url()).searchParams.get('job')).toBe(running);
  const stage = page.getByRole('region', { name: 'The picture' });
  await stage.getByRole('button', { name: 'Cancel' }).click();
  await stage.getByText('It was stopped before it was done.').waitFor();
});

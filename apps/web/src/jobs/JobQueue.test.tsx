import { act, cleanup, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CapabilityHealthProvider } from '../health/CapabilityHealthContext';
import { failure, file, JobsGateway, job, packed } from '../testing/jobsGateway';
import { JobQueue } from './JobQueue';
import { JobsProvider } from './JobsContext';

let gateway: JobsGateway;

beforeEach(() => {
  sessionStorage.clear();
  gateway = new JobsGateway();
  gateway.server.listen({ onUnhandledRequest: 'error' });
});
afterEach(() => {
  cleanup();
  gateway.server.close();
});

function open() {
  render(
    <CapabilityHealthProvider backOffMilliseconds={1}>
      <JobsProvider backOffMilliseconds={1}>
        <JobQueue link={({ id }, title) => <a href={`#${id}`}>{title}</a>} />
      </JobsProvider>
    </CapabilityHealthProvider>,
  );
}

const asking = (prompt: string, more: object = {}) => ({
  request: packed('image', { prompt }),
  ...more,
});
const waiting = () => within(screen.getByRole('list', { name: 'Running and waiting' }));
const ended = () => within(screen.getByRole('list', { name: 'Ended' }));

test('says so where there are no jobs yet', async () => {
  open();
  expect(await screen.findByText('No jobs yet.')).toBeVisible();
});

test('what runs and waits stands in the order of its turns, what ended below', async () => {
  const done = { state: 'succeeded', thumbnail: file('a', 'thumbnail', 'image/webp') };
  gateway.jobs = [
    job('a', 'image', asking('an apple', done)),
    job(
      'b',
      'image',
      asking('a fox', { state: 'running', phase: 'working', step: 1, total_steps: 4 }),
    ),
    job('c', 'image', asking('an owl', { queue_position: 0 })),
  ];
  open();
  await screen.findByText('an owl');
  const words = waiting()
    .getAllByRole('listitem')
    .map((row) => row.textContent);
  expect(words[0]).toContain('a foxPictures · Step 1 of 4');
  expect(words[1]).toContain('an owlPictures · Queued at place 1');
  expect(waiting().getByRole('progressbar')).toHaveAttribute('value', '0.25');
  expect(ended().getByRole('link', { name: 'an apple' })).toHaveAttribute('href', '#a');
});

test('a job moves from one list to the other when it ends, with why', async () => {
  gateway.jobs = [job('a', 'image', asking('an apple', { queue_position: 0 }))];
  open();
  await screen.findByText('an apple');
  act(() => gateway.change('a', failure(13, 'the GPU is on fire')));
  expect(await screen.findByText('the GPU is on fire')).toBeVisible();
  expect(ended().getByText('an apple')).toBeVisible();
  expect(screen.getByText('Nothing runs, and nothing waits.')).toBeVisible();
});

test('any job can be cancelled, and one that ended retried', async () => {
  gateway.jobs = [
    job('a', 'image', asking('an apple', { queue_position: 0 })),
    job('b', 'image', asking('a fox', { state: 'cancelled' })),
  ];
  open();
  await userEvent.click(await screen.findByRole('button', { name: 'Cancel an apple' }));
  await userEvent.click(screen.getByRole('button', { name: 'Retry a fox' }));
  await waitFor(() => expect(gateway.asked).toEqual(['cancel a', 'retry b']));
  expect(await screen.findByRole('button', { name: 'Cancel a fox' })).toBeEnabled();
  act(() => gateway.change('a', { cancelling: true }));
  await waitFor(() =>
    expect(screen.getByRole('button', { name: 'Cancel an apple' })).toBeDisabled(),
  );
});

test('a job that is gone meanwhile is an error that is told', async () => {
  gateway.jobs = [job('a', 'image', asking('an apple', { queue_position: 0 }))];
  open();
  const cancel = await screen.findByRole('button', { name: 'Cancel an apple' });
  gateway.jobs = [];
  await userEvent.click(cancel);
  expect(await screen.findByRole('alert')).toHaveTextContent('there is no such job');
});

test('many jobs are shown by parts', async () => {
  gateway.jobs = Array.from({ length: 12 }, (_, number) =>
    job(`j${number}`, 'image', asking(`picture ${number}`, { state: 'succeeded' })),
  );
  open();
  await screen.findByText('picture 11');
  expect(ended().getAllByRole('listitem')).toHaveLength(10);
  await userEvent.click(screen.getByRole('button', { name: 'Show more (2)' }));
  expect(ended().getAllByRole('listitem')).toHaveLength(12);
});

import { act, cleanup, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse, http } from 'msw';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CapabilityHealthProvider } from '../../health/CapabilityHealthContext';
import { JobsProvider } from '../../jobs/JobsContext';
import { saveBlob } from '../../shared/saveBlob';
import { HealthGateway, Stream } from '../../testing/gateway';
import { ReadingStore } from './readings/ReadingStore';
import { SoundPlayer } from './sound/SoundPlayer';
import { TtsStudio } from './TtsStudio';

vi.mock(import('../../shared/saveBlob'), () => ({ saveBlob: vi.fn() }));

const REQUEST = 'type.googleapis.com/atelier.tts.v1.SynthesizeRequest';

let gateway: HealthGateway;
let jobs: Stream;
let told: { body: unknown; headers: Headers }[];
let refused: boolean;

function job(more: object): object {
  const request = { '@type': REQUEST, text: 'A long story.', format: 'mp3' };
  return { id: 'j1', capability: 'tts', state: 'queued', request, ...more };
}

beforeEach(() => {
  gateway = new HealthGateway();
  jobs = new Stream();
  told = [];
  refused = false;
  gateway.server.use(
    http.get(/\/v1\/jobs:watch/, () => jobs.answer({ jobs: [], caught_up: true })),
    http.get('*/v1/tts/voices', () => HttpResponse.json({ voices: [] })),
    http.get('*/v1/jobs/j1/results/0', () => HttpResponse.text('sound')),
    http.post(/\/v1\/tts\/speech:stream$/, async ({ request }) => {
      told.push({ body: await request.json(), headers: request.headers });
      if (refused) {
        const error = { status: 'RESOURCE_EXHAUSTED', message: 'too many jobs wait' };
        return HttpResponse.json({ error }, { status: 429 });
      }
      const metadata = { '@type': 'type.googleapis.com/atelier.jobs.v1.Job', ...job({}) };
      return HttpResponse.json({ name: 'operations/j1', metadata });
    }),
    http.post(/\/v1\/operations\/j1:cancel$/, () => {
      told.push({ body: 'cancel', headers: new Headers() });
      return HttpResponse.json({});
    }),
  );
  gateway.server.listen({ onUnhandledRequest: 'error' });
});
afterEach(() => {
  cleanup();
  gateway.server.close();
  sessionStorage.clear();
});

async function askForFile(): Promise<void> {
  render(
    <CapabilityHealthProvider>
      <JobsProvider>
        <TtsStudio store={new ReadingStore(new SoundPlayer())} />
      </JobsProvider>
    </CapabilityHealthProvider>,
  );
  await waitFor(() => expect(jobs.opened).toBe(1));
  await userEvent.type(screen.getByRole('textbox', { name: 'Text' }), 'A long story.');
  await userEvent.click(screen.getByRole('button', { name: 'Make a file only' }));
}

test('a file is made by a job, and saved when it is done', async () => {
  await askForFile();
  expect(await screen.findByText(/^Queued at place 1/)).toBeVisible();
  expect(told[0]?.body).toMatchObject({ text: 'A long story.', format: 'wav' });
  expect(told[0]?.headers.get('Prefer')).toBe('respond-async');
  act(() => jobs.send({ jobs: [job({ state: 'running', phase: 'audio' })] }));
  expect(await screen.findByText(/^Reading · MP3/)).toBeVisible();
  const files = [
    {
      name: 'results/0',
      content_type: 'audio/mpeg',
      size_bytes: '2500000',
      url: '/v1/jobs/j1/results/0',
    },
  ];
  const end = { state: 'succeeded', end_time: '2026-01-02T03:04:05Z', result: { files } };
  act(() => jobs.send({ jobs: [job(end)] }));
  expect(await screen.findByText(/^Done · MP3 · 2\.5 MB/)).toBeVisible();
  expect(screen.getByLabelText('A long story.')).toHaveAttribute('src', '/v1/jobs/j1/results/0');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(saveBlob).toHaveBeenCalled());
  expect(vi.mocked(saveBlob).mock.calls[0]?.[1]).toMatch(/^a-long-story-\d{8}-\d{6}\.mp3$/);
});

test('a job that waits can be cancelled, and says why it failed', async () => {
  await askForFile();
  await userEvent.click(await screen.findByRole('button', { name: 'Cancel' }));
  await waitFor(() => expect(told.at(-1)?.body).toBe('cancel'));
  const error = { code: 13, message: 'the voice is hoarse', details: [] };
  act(() => jobs.send({ jobs: [job({ state: 'failed', error })] }));
  expect(await screen.findByText('the voice is hoarse')).toBeVisible();
  expect(screen.getByRole('button', { name: 'Retry' })).toBeVisible();
});

test('a job that is not accepted says so, and keeps the text', async () => {
  refused = true;
  await askForFile();
  expect(await screen.findByRole('alert')).toHaveTextContent('too many jobs wait');
  expect(screen.getByRole('textbox', { name: 'Text' })).toHaveValue('A long story.');
});

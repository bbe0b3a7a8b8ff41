import { act, cleanup, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { capability } from '../../testing/gateway';
import { badField, failure, file, JobsGateway, job, packed } from '../../testing/jobsGateway';
import { openStudio } from '../../testing/studio';
import ImageStudio from '.';

let gateway: JobsGateway;

const SMALL = {
  model: { name: 'emoji-draw-64', state: 'loaded' },
  defaults: { width: 64, height: 64, steps: 8, guidance_scale: 2 },
  limits: {
    min_side: 64,
    max_side: 64,
    side_multiple: 1,
    max_steps: 50,
    max_images: 8,
    min_guidance_scale: 1,
    max_guidance_scale: 4,
  },
  negative_prompt: true,
  subjects: ['apple', 'banana', 'pine tree'],
};
const LARGE = {
  ...SMALL,
  defaults: { width: 1024, height: 1024, steps: 30, guidance_scale: 5, strength: 0.8 },
  limits: { ...SMALL.limits, min_side: 256, max_side: 2048, side_multiple: 8, max_images: 1 },
  negative_prompt: false,
  image_to_image: true,
  subjects: [],
};

beforeEach(() => {
  sessionStorage.clear();
  gateway = new JobsGateway();
  gateway.models = { image: SMALL };
  gateway.server.listen({ onUnhandledRequest: 'error' });
});
afterEach(() => {
  cleanup();
  gateway.server.close();
});

async function open(path = '/image') {
  openStudio(ImageStudio, path);
  await screen.findByText('emoji-draw-64', { selector: '.model-line code' });
  await waitFor(() => expect(gateway.jobsStream.opened).toBe(1));
  await waitFor(() => expect(screen.queryByText('Looking…')).toBeNull());
}

const prompt = () => screen.getByRole('textbox', { name: 'Prompt' });
const draw = () => userEvent.click(screen.getByRole('button', { name: 'Draw' }));
const stage = () => within(screen.getByRole('region', { name: 'The picture' }));
const gallery = () => within(screen.getByRole('region', { name: 'Pictures' }));
const lights = () => screen.getByRole('region', { name: 'lights' });

async function submitted(words = 'a red apple') {
  await userEvent.clear(prompt());
  await userEvent.type(prompt(), words);
  await draw();
  await waitFor(() => expect(stage().getByText('Queued at place 1')).toBeVisible());
  const id = gateway.jobs[0]?.id ?? '';
  const last = gateway.submitted.at(-1);
  if (!last) throw new Error('nothing was submitted');
  return { id, ...last };
}

const made = (id: string, more: object = {}) => ({
  state: 'succeeded',
  phase: '',
  end_time: '2026-01-02T04:00:00Z',
  start_time: '2026-01-02T03:59:58Z',
  thumbnail: file(id, 'thumbnail', 'image/webp'),
  result: {
    files: [file(id, 'results/0', 'image/png')],
    messages: [
      {
        '@type': 'type.googleapis.com/atelier.image.v1.GenerateImageResponse',
        image: { width: 64, height: 64, seed: 7, steps: 8, model: 'emoji-draw-64', ...more },
      },
    ],
  },
});

describe('the form', () => {
  test('offers what the model can, and nothing else', async () => {
    await open();
    expect(screen.getByRole('textbox', { name: 'Leave out' })).toBeVisible();
    expect(screen.getByRole('spinbutton', { name: 'Steps' })).toHaveAttribute('max', '50');
    expect(screen.getByRole('spinbutton', { name: 'Steps' })).toHaveAttribute('placeholder', '8');
    expect(screen.queryByRole('spinbutton', { name: 'Width' })).toBeNull();
    expect(screen.queryByLabelText(/Begin with a picture/)).toBeNull();
  });

  test('grows with a larger model', async () => {
    gateway.models = { image: LARGE };
    await open();
    expect(screen.queryByRole('textbox', { name: 'Leave out' })).toBeNull();
    expect(screen.queryByRole('spinbutton', { name: 'Pictures' })).toBeNull();
    expect(screen.getByLabelText(/Begin with a picture/)).toBeInTheDocument();
    await userEvent.selectOptions(
      screen.getByRole('combobox', { name: 'Shape' }),
      'Wide 16:9 (1368 × 768)',
    );
    await userEvent.type(prompt(), 'a lighthouse');
    await draw();
    await waitFor(() =>
      expect(gateway.submitted[0]?.body).toMatchObject({
        prompt: 'a lighthouse',
        width: 1368,
        height: 768,
        preview_every_steps: 3,
      }),
    );
    expect(gateway.submitted[0]?.body).not.toHaveProperty('steps');
  });

  test('a word of the model’s is taken into the prompt by a click', async () => {
    await open();
    await userEvent.type(prompt(), 'a red apple');
    await userEvent.click(screen.getByRole('button', { name: 'pine tree' }));
    expect(prompt()).toHaveValue('a red pine tree');
  });

  test('an empty prompt is told at its field, which gets the focus; nothing is sent', async () => {
    await open();
    await draw();
    expect(prompt()).toHaveAccessibleDescription('Say what the picture shows.');
    expect(prompt()).toHaveFocus();
    expect(gateway.submitted).toEqual([]);
    await userEvent.type(prompt(), 'a');
    expect(prompt()).toBeValid();
  });

  test('Ctrl+Enter draws', async () => {
    await open();
    await userEvent.type(prompt(), 'a red apple{Control>}{Enter}{/Control}');
    await waitFor(() => expect(gateway.submitted).toHaveLength(1));
  });

  test('survives a reload', async () => {
    await open();
    await userEvent.type(prompt(), 'a red apple');
    await userEvent.type(screen.getByRole('spinbutton', { name: 'Steps' }), '12');
    cleanup();
    openStudio(ImageStudio, '/image');
    expect(await screen.findByDisplayValue('a red apple')).toBeVisible();
    expect(await screen.findByRole('spinbutton', { name: 'Steps' })).toHaveValue(12);
  });
});

describe('the seed', () => {
  const seed = () => screen.getByRole('textbox', { name: 'Seed' });
  const hold = () => screen.getByRole('button', { name: 'Hold the seed' });

  test('is drawn anew each time and shown, until it is held', async () => {
    await open();
    const first = await submitted();
    expect(seed()).toHaveValue(String(first.body.seed));
    const second = await submitted();
    expect(second.body.seed).not.toBe(first.body.seed);
    await userEvent.click(hold());
    expect(hold()).toHaveAttribute('aria-pressed', 'true');
    const third = await submitted();
    expect(third.body.seed).toBe(second.body.seed);
  });

  test('the dice bring one that is held', async () => {
    await open();
    await userEvent.click(screen.getByRole('button', { name: /dice/ }));
    const thrown = (seed() as HTMLInputElement).value;
    expect(String((await submitted()).body.seed)).toBe(thrown);
  });

  test('a number that is typed is held, and one that cannot be is told', async () => {
    await open();
    await userEvent.type(seed(), '42');
    expect(hold()).toHaveAttribute('aria-pressed', 'true');
    await userEvent.type(seed(), '.5');
    expect(seed()).toBeInvalid();
    expect((await submitted()).body.seed).toBe(42);
  });
});

describe('a picture in the making', () => {
  test('is a job, whose phases show until its end, which the light is told', async () => {
    gateway.now = gateway.now.map((known) =>
      known.name === 'image' ? capability('image', 'error') : known,
    );
    await open();
    const { id, headers, body } = await submitted();
    expect(headers.get('Prefer')).toBe('respond-async');
    expect(headers.get('X-Atelier-Presence')).toMatch(/^\w{32}$/);
    expect(headers.get('X-Atelier-On-Leave')).toBe('keep');
    expect(body).toMatchObject({ prompt: 'a red apple', preview_every_steps: 1 });
    const address = screen.getByRole('region', { name: 'address' });
    await waitFor(() => expect(address).toHaveTextContent(`?job=${id}`));

    act(() => gateway.change(id, { state: 'running', phase: 'loading' }));
    expect(
      await stage().findByText('Loading the model', { selector: '.running-phase' }),
    ).toBeVisible();
    act(() =>
      gateway.change(id, {
        phase: 'working',
        step: 3,
        total_steps: 8,
        start_time: new Date().toISOString(),
        estimated_remaining: '20s',
        preview: file(id, 'preview?v=1', 'image/jpeg'),
      }),
    );
    expect(await stage().findByText('Step 3 of 8')).toBeVisible();
    expect(stage().getByText(/elapsed · about (19|20) s left/)).toBeVisible();
    expect(stage().getByRole('progressbar')).toHaveAttribute('value', '0.375');
    expect(stage().getByRole('img', { name: 'How it looks so far' })).toHaveAttribute(
      'src',
      `/v1/jobs/${id}/preview?v=1`,
    );
    expect(lights()).toHaveTextContent('image error');

    act(() => gateway.change(id, made(id, { warnings: ['the model does not know the word "x"'] })));
    expect(await stage().findByRole('img', { name: 'a red apple' })).toHaveAttribute(
      'src',
      `/v1/jobs/${id}/results/0`,
    );
    expect(stage().getByText('the model does not know the word "x"')).toBeVisible();
    expect(stage().getByText('2.0 s')).toBeVisible();
    expect(stage().getByRole('link', { name: 'Send to I2V' })).toHaveAttribute(
      'href',
      `/i2v?picture=${encodeURIComponent(`/v1/jobs/${id}/results/0`)}`,
    );
    await waitFor(() => expect(lights()).toHaveTextContent('image available reported'));
  });

  test('that really fails is told to the light, with its reason on the stage', async () => {
    await open();
    const { id } = await submitted();
    act(() => gateway.change(id, failure(13, 'the GPU fell off the bus')));
    expect(await stage().findByRole('alert')).toHaveTextContent('the GPU fell off the bus');
    await waitFor(() => expect(lights()).toHaveTextContent('image error reported'));
  });

  test('that its caller got wrong is told at the field, and not to the light', async () => {
    await open();
    const { id } = await submitted();
    const details = [badField('guidance_scale', 'must be from 1 to 4, not 9')];
    act(() => gateway.change(id, failure(3, 'guidance_scale must be from 1 to 4', details)));
    const guidance = screen.getByRole('spinbutton', { name: 'Guidance' });
    await waitFor(() =>
      expect(guidance).toHaveAccessibleDescription('Must be from 1 to 4, not 9.'),
    );
    expect(lights()).toHaveTextContent('image available, videogen');
    await userEvent.type(guidance, '3');
    expect(guidance).toBeValid();
  });

  test('can be cancelled, and retried as a job of its own', async () => {
    await open();
    const { id } = await submitted();
    await userEvent.click(stage().getByRole('button', { name: 'Cancel' }));
    await waitFor(() => expect(gateway.asked).toContain(`cancel ${id}`));
    act(() => gateway.change(id, { cancelling: true }));
    expect(await stage().findByText('Stopping', { selector: '.running-phase' })).toBeVisible();
    expect(stage().getByRole('button', { name: 'Cancel' })).toBeDisabled();
    act(() => gateway.change(id, { state: 'cancelled', cancelling: false }));
    await userEvent.click(await stage().findByRole('button', { name: 'Retry' }));
    expect(await stage().findByText('Queued at place 1')).toBeVisible();
    expect(gateway.asked).toContain(`retry ${id}`);
    expect(gateway.jobs[0]).toMatchObject({ retry_of: id });
    expect(lights()).not.toHaveTextContent('reported');
  });

  test('can be left to stop when its person leaves', async () => {
    await open();
    const { id, headers } = await submitted();
    await userEvent.selectOptions(
      stage().getByRole('combobox', { name: 'When I close this page' }),
      'stop the work',
    );
    await waitFor(() => expect(gateway.asked).toContain(`leave ${id} drop`));
    const changed = gateway.jobs.find((known) => known.id === id);
    expect(changed?.presence).toBe(headers.get('X-Atelier-Presence'));
  });

  test('that waits for its worker says so, and the studio lets one try', async () => {
    gateway.now = gateway.now.map((known) =>
      known.name === 'image'
        ? capability('image', 'unavailable', { unavailable_reason: 'connection refused' })
        : known,
    );
    await open();
    expect(screen.getByText(/worker is offline \(connection refused\)/)).toBeVisible();
    const { id } = await submitted();
    act(() => gateway.change(id, { waiting_reason: 'its worker is away' }));
    expect(await stage().findByText('Waiting: its worker is away')).toBeVisible();
  });
});

describe('a submission that is not accepted', () => {
  test('says so at the field that it names', async () => {
    await open();
    const details = [badField('prompt', 'has 5000 characters; at most 4000 are taken')];
    const error = { code: 400, status: 'INVALID_ARGUMENT', message: 'prompt', details };
    gateway.refusal = { body: { error }, status: 400 };
    await userEvent.type(prompt(), 'a');
    await draw();
    await waitFor(() =>
      expect(prompt()).toHaveAccessibleDescription('Has 5000 characters; at most 4000 are taken.'),
    );
    expect(screen.queryByRole('alert')).toBeNull();
  });

  test('can be sent again as the same request, whatever became of the first', async () => {
    await open();
    const error = { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'too many jobs wait' };
    gateway.refusal = { body: { error }, status: 429 };
    await userEvent.type(prompt(), 'a red apple');
    await draw();
    expect(await screen.findByRole('alert')).toHaveTextContent('too many jobs wait');
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    await stage().findByText('Queued at place 1');
    const [first, second] = gateway.submitted;
    expect(second?.body).toEqual(first?.body);
    const key = first?.headers.get('Idempotency-Key');
    expect(key).toMatch(/^\w{32}$/);
    expect(second?.headers.get('Idempotency-Key')).toBe(key);
    expect(screen.queryByRole('alert')).toBeNull();
  });

  test('keeps the inputs while the gateway is away, and finds it again', async () => {
    await open();
    act(() => gateway.lose());
    await userEvent.type(prompt(), 'a red apple');
    await draw();
    expect(await screen.findByRole('alert')).toHaveTextContent('The gateway does not answer.');
    gateway.away = false;
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await stage().findByText('Queued at place 1')).toBeVisible();
    expect(prompt()).toHaveValue('a red apple');
  });
});

describe('the gallery', () => {
  const done = (id: string, words: string) =>
    job(id, 'image', {
      request: packed('image', { prompt: words, steps: 12, seed: 7, format: 'webp' }),
      presence: 'another tab',
      ...made(id),
    });

  test('shows what other tabs have made and make', async () => {
    gateway.jobs = [done('a', 'an owl')];
    await open();
    expect(await gallery().findByRole('link', { name: /^an owl, Done/ })).toBeVisible();
    const other = { request: packed('image', { prompt: 'a fox' }), presence: 'another tab' };
    act(() => gateway.tellJob(job('b', 'image', { ...other, queue_position: 2 })));
    expect(await gallery().findByRole('link', { name: /^a fox, Queued at place 3/ })).toBeVisible();
    expect(stage().getByText(/another tab or program/)).toBeVisible();
    act(() => gateway.tellJob(job('c', 'videogen', other)));
    expect(gallery().getAllByRole('link')).toHaveLength(2);
  });

  test('a reload in the middle finds the running picture', async () => {
    await open();
    const { id } = await submitted();
    cleanup();
    gateway.change(id, { state: 'running', phase: 'working', step: 5, total_steps: 8 });
    openStudio(ImageStudio, `/image?job=${id}`);
    expect(await screen.findByText('Step 5 of 8', { selector: '.running-phase' })).toBeVisible();
  });

  test('jobs that went on while the gateway was away are as they are now', async () => {
    await open();
    const { id } = await submitted();
    act(() => gateway.lose());
    gateway.jobs = gateway.jobs.map((known) => ({ ...known, ...made(id) }));
    gateway.away = false;
    expect(await stage().findByRole('link', { name: /^Download/ })).toBeVisible();
    await waitFor(() => expect(lights()).toHaveTextContent('image available reported'));
  });

  test('all settings, the prompt or the seed of a picture can be used again', async () => {
    gateway.jobs = [done('a', 'an owl')];
    await open();
    await userEvent.click(await stage().findByRole('button', { name: 'Prompt' }));
    expect(prompt()).toHaveValue('an owl');
    expect(screen.getByRole('spinbutton', { name: 'Steps' })).toHaveValue(null);
    await userEvent.click(stage().getByRole('button', { name: 'Seed' }));
    expect(screen.getByRole('textbox', { name: 'Seed' })).toHaveValue('7');
    await userEvent.click(stage().getByRole('button', { name: 'Use all settings' }));
    expect(screen.getByRole('spinbutton', { name: 'Steps' })).toHaveValue(12);
    const { body } = await submitted('an owl');
    expect(body).toMatchObject({ prompt: 'an owl', steps: 12, seed: 7, format: 'webp' });
  });

  test('what is deleted asks first, and goes', async () => {
    HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
      this.open = true;
    };
    HTMLDialogElement.prototype.close ??= function (this: HTMLDialogElement) {
      this.open = false;
    };
    gateway.jobs = [done('a', 'an owl'), done('b', 'a fox')];
    await open('/image?job=a');
    await userEvent.click(await stage().findByRole('button', { name: 'Delete' }));
    const dialog = within(screen.getByRole('dialog', { name: 'Delete this picture?' }));
    await userEvent.click(dialog.getByRole('button', { name: 'Keep it' }));
    expect(gateway.asked).toEqual([]);
    await userEvent.click(stage().getByRole('button', { name: 'Delete' }));
    await userEvent.click(
      within(screen.getByRole('dialog')).getByRole('button', { name: 'Delete' }),
    );
    await waitFor(() => expect(gallery().getAllByRole('link')).toHaveLength(1));
    expect(gateway.asked).toEqual(['delete a']);
    expect(await stage().findByRole('img', { name: 'a fox' })).toBeVisible();
  });

  test('comes by pages, and an old picture by its address', async () => {
    const all = ['a', 'b', 'c', 'd', 'e'].map((id) => done(id, `picture ${id}`));
    gateway.jobs = all;
    gateway.pageSize = 2;
    // The stream tells of the newest only, as the gateway's does of those that have ended.
    const answer = gateway.jobsStream.answer.bind(gateway.jobsStream);
    gateway.jobsStream.answer = () => answer({ jobs: all.slice(-2), caught_up: true });
    await open('/image?job=a');
    expect(await stage().findByRole('img', { name: 'picture a' })).toBeVisible();
    expect(gallery().getAllByRole('link')).toHaveLength(2);
    await userEvent.click(gallery().getByRole('button', { name: 'Show older ones' }));
    await waitFor(() => expect(gallery().getAllByRole('link')).toHaveLength(4));
    await userEvent.click(gallery().getByRole('button', { name: 'Show older ones' }));
    await waitFor(() => expect(gallery().getAllByRole('link')).toHaveLength(5));
    expect(gallery().queryByRole('button', { name: 'Show older ones' })).toBeNull();
  });

  test('an address whose picture is gone says so, and shows the newest', async () => {
    gateway.jobs = [done('a', 'an owl')];
    await open('/image?job=long-gone');
    expect(await stage().findByText(/That picture is gone/)).toBeVisible();
    expect(stage().getByRole('img', { name: 'an owl' })).toBeVisible();
  });
});

/**
 * The states of the Image Studio, the I2V Studio and the overview, to be pictured. What passes too
 * fast to be caught is told to the page by its own fetch; what is done was really made by the stack.
 */
import type { Page } from 'playwright-core';
import { stackUrl } from './browser';

export interface Scene {
  readonly name: string;
  readonly path: string | (() => Promise<string>);
  /** Done with the page before it is loaded. */
  readonly prepare?: (page: Page) => Promise<void>;
  /** Waits until the page shows what the scene is about. */
  readonly ready: (page: Page) => Promise<void>;
}

type Json = Record<string, unknown>;

const PICTURE = 'atelier.image.v1.GenerateImageRequest';
const CLIP = 'atelier.videogen.v1.GenerateVideoRequest';

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

function picture(id: string, prompt: string, more: Json = {}): Json {
  const request = { '@type': `type.googleapis.com/${PICTURE}`, prompt, seed: 1653305269 };
  return { id, capability: 'image', request, ...usual(), ...more };
}

function clip(id: string, prompt: string, more: Json = {}): Json {
  const request = { '@type': `type.googleapis.com/${CLIP}`, prompt, seed: 7, num_frames: 25 };
  return { id, capability: 'videogen', request, ...usual(), ...more };
}

function usual(): Json {
  return {
    create_time: ago(40),
    attempts: 1,
    max_attempts: 3,
    presence: 'another',
    state: 'queued',
  };
}

const file = (id: string, name: string, content_type = 'image/webp') => ({
  name,
  content_type,
  url: `/v1/jobs/${id}/${name}`,
});

const running = (phase: string, more: Json = {}) => ({
  state: 'running',
  phase,
  start_time: ago(31),
  ...more,
});

const made = (id: string) => ({
  state: 'succeeded',
  start_time: ago(500),
  end_time: ago(480),
  create_time: ago(510),
  thumbnail: file(id, 'thumbnail'),
  result: { files: [file(id, 'results/0', 'image/png')], messages: [] },
});

const failed = (code: number, reason: string, message: string) => ({
  state: 'failed',
  start_time: ago(30),
  end_time: ago(12),
  error: {
    code,
    message,
    details: [
      { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'image.atelier' },
    ],
  },
});

const outOfMemory = () =>
  failed(
    8,
    'GPU_OUT_OF_MEMORY',
    'the GPU has not enough memory for 1024 by 1024 pixels; ask for a smaller picture',
  );

const LARGE_MODEL = {
  model: { name: 'stabilityai/stable-diffusion-xl-base-1.0', state: 'loaded', device: 'cuda:0' },
  defaults: { width: 1024, height: 1024, steps: 30, guidance_scale: 5, strength: 0.8 },
  limits: {
    min_side: 256,
    max_side: 2048,
    side_multiple: 8,
    max_steps: 150,
    max_images: 8,
    max_input_pixels: 50_000_000,
    max_guidance_scale: 30,
  },
  schedulers: ['EulerDiscreteScheduler', 'DPMSolverMultistepScheduler', 'UniPCMultistepScheduler'],
  image_to_image: true,
  negative_prompt: true,
};

const LONG =
  'a lighthouse on a cliff above a stormy sea at dusk, long exposure, volumetric light, seen from ' +
  'a small boat far below, with gulls and a thin line of foam';

/** What the page hears instead of the stack, by the beginning of the path. */
type Answers = Readonly<Record<string, Json | 'lost'>>;

function jobs(...all: Json[]): Answers {
  const of = (capability: string) => ({ jobs: all.filter((job) => job.capability === capability) });
  return {
    '/v1/jobs:watch': { jobs: all, caught_up: true },
    '/v1/jobs?capability=image': of('image'),
    '/v1/jobs?capability=videogen': of('videogen'),
  };
}

/** Answers the page's requests; a path that ends in ":watch" is a stream that stays open. */
function pretend(answers: () => Answers): (page: Page) => Promise<void> {
  return async (page) => {
    await page.route(/\/v1\/jobs\/.*\/(preview|thumbnail|results)/, (route) =>
      route.fulfill({ contentType: 'image/svg+xml', body: DRAWING }),
    );
    await page.addInitScript((told) => {
      const real = window.fetch;
      window.fetch = async (input, init) => {
        const { pathname, search } = new URL(String(input), window.location.href);
        const found = Object.entries(told).find(([path]) =>
          `${pathname}${search}`.startsWith(path),
        );
        if (!found) return real(input, init);
        const [path, answer] = found;
        if (answer === 'lost') throw new TypeError('no network');
        const text = JSON.stringify(answer);
        if (!path.endsWith(':watch')) return new Response(text);
        const events = new TextEncoder().encode(`data: ${text}\n\n`);
        return new Response(new ReadableStream({ start: (sink) => sink.enqueue(events) }));
      };
    }, answers());
  };
}

const DRAWING = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="512" height="512">
  <rect width="64" height="64" fill="#f3c77b"/><circle cx="44" cy="20" r="9" fill="#fff3d0"/>
  <path d="M0 46 18 26l12 13 8-9 26 24v10H0Z" fill="#5b7f8c"/><path d="M0 54h64v10H0Z" fill="#2f4f4f"/>
</svg>`;

const says = (text: string | RegExp) => (page: Page) => page.getByText(text).first().waitFor();

/** Really makes something, once; gives its id. */
function really(route: string, body: () => Promise<Json>): () => Promise<string> {
  let id: Promise<string> | undefined;
  const make = async () => {
    const headers = { 'Content-Type': 'application/json', Prefer: 'respond-async' };
    const answer = await fetch(stackUrl(route), {
      method: 'POST',
      headers,
      body: JSON.stringify(await body()),
    });
    const { name } = (await answer.json()) as { name: string };
    await fetch(stackUrl(`/v1/${name}:wait`), { method: 'POST', headers: {}, body: '{}' });
    return name.replace('operations/', '');
  };
  return () => {
    id ??= make();
    return id;
  };
}

const apple = really('/v1/image/generate', async () => ({ prompt: 'a red apple', seed: 7 }));
const several = really('/v1/image/generate', async () => ({
  prompt: 'a purple zeppelin',
  num_images: 4,
  seed: 3,
}));
const flight = really('/v1/videogen/generate', async () => {
  const picture = await fetch(stackUrl(`/v1/jobs/${await apple()}/results/0`));
  const image = Buffer.from(await picture.arrayBuffer()).toString('base64');
  return { image, prompt: 'the apple flies to the moon', seed: 7 };
});

const severalJobs = () => [
  picture('q2', 'a castle in the snow', { queue_position: 1 }),
  clip('q1', 'the rocket rises', { queue_position: 0, waiting_reason: 'its worker is offline' }),
  picture(
    'r1',
    LONG,
    running('working', { step: 12, total_steps: 30, preview: file('r1', 'preview') }),
  ),
  picture('d1', 'a red apple', made('d1')),
  picture('f1', 'a very large picture of a whale', outOfMemory()),
  clip('c1', 'the car drives away', { state: 'cancelled', end_time: ago(90), start_time: ago(99) }),
  picture('d2', 'three lemons', made('d2')),
];

export const PICTURE_SCENES: readonly Scene[] = [
  {
    name: 'image-empty',
    path: '/image',
    prepare: pretend(() => jobs()),
    ready: says('Nothing yet.'),
  },
  {
    name: 'image-wrong',
    path: '/image',
    prepare: pretend(() => jobs()),
    ready: async (page) => {
      await page.getByRole('button', { name: 'Draw' }).click();
      await says('Say what the picture shows.')(page);
    },
  },
  {
    name: 'image-queued',
    path: '/image',
    prepare: pretend(() => jobs(...severalJobs())),
    ready: says('Queued at place 2'),
  },
  {
    name: 'image-loading',
    path: '/image',
    prepare: pretend(() => jobs(picture('r', 'a red apple', running('loading')))),
    ready: says('Loading the model'),
  },
  {
    name: 'image-working',
    path: '/image?job=r1',
    prepare: pretend(() => ({
      '/v1/image/model': LARGE_MODEL,
      ...jobs(
        picture('r1', LONG, {
          ...running('working', { step: 12, total_steps: 30, estimated_remaining: '44s' }),
          preview: file('r1', 'preview'),
        }),
        picture('d1', 'a red apple', made('d1')),
      ),
    })),
    ready: says('Step 12 of 30'),
  },
  {
    name: 'image-failed',
    path: '/image?job=f1',
    prepare: pretend(() => jobs(...severalJobs())),
    ready: says(/GPU_OUT_OF_MEMORY/),
  },
  {
    name: 'image-waits-for-worker',
    path: '/image',
    prepare: pretend(() =>
      jobs(
        picture('w', 'a red apple', {
          waiting_reason: 'its worker is offline: connection refused',
        }),
      ),
    ),
    ready: says(/Waiting: its worker/),
  },
  {
    name: 'image-gateway-lost',
    path: '/image',
    prepare: pretend(() => ({ '/v1/': 'lost' })),
    ready: async (page) => {
      await says(/The gateway does not answer/)(page);
      await page.getByRole('textbox', { name: 'Prompt' }).fill('a red apple');
      await page.getByRole('button', { name: 'Draw' }).click();
      await page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'image-done',
    path: async () => `/image?job=${await apple()}`,
    ready: says('Download'),
  },
  {
    name: 'image-several',
    path: async () => `/image?job=${await several()}`,
    ready: says(/does not know/),
  },
  { name: 'i2v-empty', path: '/i2v', prepare: pretend(() => jobs()), ready: says('Nothing yet.') },
  {
    name: 'i2v-wrong',
    path: '/i2v',
    prepare: pretend(() => jobs(...severalJobs())),
    ready: async (page) => {
      const gif = { name: 'cat.gif', mimeType: 'image/gif', buffer: Buffer.from('GIF89a') };
      await page.getByLabel('Picture', { exact: true }).setInputFiles(gif);
      await says(/This is a GIF/)(page);
    },
  },
  {
    name: 'i2v-working',
    path: '/i2v',
    prepare: pretend(() =>
      jobs(
        clip('r2', 'the rocket rises into the evening sky', {
          ...running('working', { step: 3, total_steps: 25, estimated_remaining: '190s' }),
          preview: file('r2', 'preview'),
          attempts: 2,
        }),
      ),
    ),
    ready: says('Step 3 of 25'),
  },
  {
    name: 'i2v-encoding',
    path: '/i2v',
    prepare: pretend(() => jobs(clip('r3', 'the rocket rises', running('encoding')))),
    ready: says('Encoding'),
  },
  {
    name: 'i2v-stopped',
    path: '/i2v?job=c1',
    prepare: pretend(() => jobs(...severalJobs())),
    ready: says(/stopped before/),
  },
  {
    name: 'i2v-done',
    path: async () => `/i2v?picture=/v1/jobs/${await apple()}/results/0&job=${await flight()}`,
    ready: async (page) => {
      await page.locator('video').waitFor();
      await page.getByAltText(/^Chosen/).waitFor();
    },
  },
  {
    name: 'overview-busy',
    path: '/',
    prepare: pretend(() => jobs(...severalJobs())),
    ready: says('three lemons'),
  },
];

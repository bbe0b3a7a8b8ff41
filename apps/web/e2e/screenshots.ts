/** Pictures of all pages, for eyes: npm run e2e with ATELIER_SHOTS naming a folder. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { test } from 'vitest';
import { open, PATHS, SCHEMES, SIZES, withBrowser } from './browser';
import { PICTURE_SCENES, type Scene } from './pictureScenes';
import { TALK_SCENES } from './talkScenes';

withBrowser();

const WORDS = {
  available: 'Available',
  error: 'Failing',
  unavailable: 'Offline',
  unknown: 'Not known yet',
  lost: 'No news',
} as const;
const STATES = Object.keys(WORDS) as (keyof typeof WORDS)[];

test.each(STATES)('every page while its light says: %s', async (state) => {
  for (const path of PATHS) {
    for (const scheme of SCHEMES) {
      for (const size of SIZES) {
        const page = await open(path, { scheme, size, prepare: (page) => tell(page, state) });
        await page.getByText(WORDS[state]).first().waitFor();
        await page.waitForLoadState('load');
        await page.evaluate(() => document.fonts.ready);
        const name = `${path.slice(1) || 'overview'}-${state}-${size.width}-${scheme}.png`;
        await page.screenshot({
          path: join(process.env.ATELIER_SHOTS ?? '.', name),
          fullPage: true,
        });
        await page.context().close();
      }
    }
  }
});

/** The states of single studios; each studio has a file of them. */
const SCENES: readonly Scene[] = [...PICTURE_SCENES, ...TALK_SCENES];

test.each(SCENES)('the scene $name', async ({ name, path, prepare, ready }) => {
  const where = typeof path === 'string' ? path : await path();
  for (const scheme of SCHEMES) {
    for (const size of SIZES) {
      const page = await open(where, { scheme, size, prepare });
      await ready(page);
      await page.evaluate(() => document.fonts.ready);
      await page.screenshot({
        path: join(process.env.ATELIER_SHOTS ?? '.', `${name}-${size.width}-${scheme}.png`),
        fullPage: true,
      });
      await page.context().close();
    }
  }
});

/** Lets the page hear a state, from a stream that stays open, or breaks off where it is lost. */
async function tell(page: Page, state: string): Promise<void> {
  await page.addInitScript(
    ({ body, open }) => {
      const real = window.fetch;
      window.fetch = (input, init) => {
        if (!String(input).includes('/v1/capabilities')) return real(input, init);
        const stream = new ReadableStream<Uint8Array>({
          start(sink) {
            sink.enqueue(new TextEncoder().encode(body));
            if (!open) sink.close();
          },
        });
        return Promise.resolve(new Response(stream));
      };
    },
    { body: eventOf(state), open: state !== 'lost' },
  );
}

function eventOf(told: string): string {
  const state = told === 'lost' ? 'available' : told;
  const time = new Date(Date.now() - 90_000).toISOString();
  const failure = {
    time,
    code: 'RESOURCE_EXHAUSTED',
    reason: 'GPU_OUT_OF_MEMORY',
    message: 'the GPU has not enough memory for 1024 by 1024 pixels; ask for less',
  };
  const capabilities = ['llm', 'tts', 'image', 'videogen'].map((name) => ({
    name,
    state,
    since: time,
    ...(state === 'error' ? { last_failure: failure, consecutive_failures: 2 } : {}),
    ...(state === 'available' ? { last_success: time, verdicts: { success: 12 } } : {}),
    ...(state === 'unavailable' ? { unavailable_reason: 'connection refused' } : {}),
  }));
  return `data: ${JSON.stringify({ capabilities })}\n\n`;
}

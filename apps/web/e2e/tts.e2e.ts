import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { open, stackUrl, thorough, withBrowser } from './browser';
import { given } from './stack';

withBrowser();

const WAIT = { timeout: 90_000 };
const TEXT = 'Good morning. It is a very fine day. Let us take a long walk along the river.';
const LONG = 'This is one of very many sentences that are read aloud. '.repeat(400);

const field = (page: Page) => page.getByRole('textbox', { name: 'Text' });
const player = (page: Page) => page.getByRole('region', { name: 'Player' });
const history = (page: Page) => page.getByRole('region', { name: 'Read in this session' });
const position = async (page: Page) =>
  Number(await player(page).getByRole('slider', { name: 'Position' }).inputValue());

async function read(page: Page, text: string): Promise<void> {
  await field(page).fill(text);
  await field(page).press('Control+Enter');
}

async function callsRunning(): Promise<number> {
  const answer = await fetch(stackUrl('/v1/capabilities/tts'));
  const { calls_running = 0 } = (await answer.json()) as { calls_running?: number };
  return calls_running;
}

/** How much of the waveform's canvases is painted. */
function painted(page: Page): Promise<number> {
  return player(page).evaluate((element) => {
    const host = element.querySelector('.waveform > div');
    let count = 0;
    for (const canvas of host?.shadowRoot?.querySelectorAll('canvas') ?? []) {
      const { width, height } = canvas;
      const data = canvas.getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
      for (let place = 3; place < data.length; place += 4) if (data[place]) count += 1;
    }
    return count;
  });
}

describe('a reading', () => {
  test('plays, is drawn, can be saved, and turns the light', async () => {
    const page = await open('/tts');
    await read(page, TEXT);
    await player(page).getByRole('button', { name: 'Pause' }).waitFor(WAIT);
    await expect.poll(() => position(page), WAIT).toBeGreaterThan(0.5);
    await expect.poll(() => painted(page), WAIT).toBeGreaterThan(100);
    await player(page).getByRole('button', { name: 'Save WAV' }).waitFor(WAIT);
    await page.getByRole('button', { name: 'TTS Studio: Available' }).waitFor();
    const saving = page.waitForEvent('download');
    await player(page).getByRole('button', { name: 'Save WAV' }).click();
    expect((await saving).suggestedFilename()).toMatch(
      /^good-morning-it-is-.*-joe-\d{8}-\d{6}\.wav$/,
    );
    await player(page).getByRole('button', { name: 'Play', exact: true }).waitFor(WAIT);
    await player(page).getByText('Let us take a long walk along the river.').waitFor();
  });

  thorough('begins to play while the rest is still being made', async () => {
    const page = await open('/tts');
    await read(page, LONG);
    await player(page)
      .getByText(/^sentence \d+ is made/)
      .waitFor(WAIT);
    await expect.poll(() => position(page), WAIT).toBeGreaterThan(0.5);
    expect(await callsRunning()).toBe(1);
    await page.keyboard.press('Escape');
    await player(page)
      .getByText(/^stopped/)
      .waitFor();
    await expect.poll(callsRunning, WAIT).toBe(0);
    await player(page).getByRole('button', { name: 'Play', exact: true }).waitFor();
  });

  thorough('is gone through by keys', async () => {
    const page = await open('/tts');
    await read(page, TEXT);
    await player(page).getByRole('button', { name: 'Save WAV' }).waitFor(WAIT);
    await page.getByRole('button', { name: 'Stop' }).click();
    const slider = player(page).getByRole('slider', { name: 'Position' });
    await slider.focus();
    await page.keyboard.press('Home');
    await expect.poll(() => position(page)).toBe(0);
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => position(page)).toBeCloseTo(0.1, 5);
    await page.keyboard.press('End');
    await player(page).getByText('Let us take a long walk along the river.').waitFor();
  });

  thorough('in another format is made for saving', async () => {
    const page = await open('/tts');
    await page.getByRole('combobox', { name: 'File format' }).selectOption('mp3');
    await read(page, TEXT);
    await player(page).getByRole('button', { name: 'Save MP3' }).waitFor(WAIT);
    const saving = page.waitForEvent('download', WAIT);
    await player(page).getByRole('button', { name: 'Save MP3' }).click();
    expect((await saving).suggestedFilename()).toMatch(/\.mp3$/);
  });

  thorough('is remembered after a reload and made again', async () => {
    const page = await open('/tts');
    await read(page, TEXT);
    await player(page).getByRole('button', { name: 'Save WAV' }).waitFor(WAIT);
    await page.reload();
    expect(await field(page).inputValue()).toBe(TEXT);
    await history(page).getByRole('button', { name: 'Make again' }).click();
    await player(page).getByRole('button', { name: 'Pause' }).waitFor(WAIT);
    await player(page).getByRole('button', { name: 'Save WAV' }).waitFor(WAIT);
    expect(await history(page).getByRole('listitem').count()).toBe(1);
  });

  thorough("tells the person's own mistake at its field, and not by the light", async () => {
    const page = await open('/tts');
    await read(page, '…');
    await page.getByText('Has nothing that can be spoken; add words.').waitFor(WAIT);
    expect(await field(page).getAttribute('aria-invalid')).toBe('true');
    expect(await page.getByRole('button', { name: 'TTS Studio: Failing' }).count()).toBe(0);
  });

  thorough('whose worker is killed says so, keeps the text, and can be tried again', async () => {
    const page = await open('/tts');
    await read(page, LONG);
    await expect.poll(() => position(page), WAIT).toBeGreaterThan(0.5);
    process.kill(Number(given('E2E_TTS_PID')), 'SIGKILL');
    await page.getByRole('alert').waitFor(WAIT);
    await page.getByRole('button', { name: /^TTS Studio: (Offline|Not known yet)$/ }).waitFor(WAIT);
    await player(page)
      .getByText(/^broke off/)
      .waitFor();
    expect(await field(page).inputValue()).toBe(LONG);
    await field(page).fill(TEXT);
    const again = page.getByRole('button', { name: 'Try again' });
    const saved = player(page).getByRole('button', { name: 'Save WAV' });
    // Supervisor restarts it; until it listens, the page is told that nobody is there.
    await expect
      .poll(
        async () => {
          if (await again.isVisible()) await again.click({ timeout: 1_000 }).catch(() => {});
          return page.getByRole('button', { name: 'TTS Studio: Available' }).count();
        },
        { timeout: 90_000, interval: 500 },
      )
      .toBe(1);
    await saved.waitFor(WAIT);
  });
});

test('a file is made by a job, which a reload finds again', async () => {
  const page = await open('/tts');
  await field(page).fill(TEXT);
  await page.getByRole('button', { name: 'Make a file only' }).click();
  const files = page.getByRole('region', { name: 'Files' });
  await files.getByRole('listitem').first().waitFor(WAIT);
  await page.reload();
  await files
    .getByText(/^Done · WAV/)
    .first()
    .waitFor(WAIT);
  const saving = page.waitForEvent('download');
  await files.getByRole('button', { name: 'Save' }).first().click();
  expect((await saving).suggestedFilename()).toMatch(/^good-morning.*\.wav$/);
});

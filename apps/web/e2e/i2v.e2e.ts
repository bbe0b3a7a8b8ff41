import type { Page } from 'playwright-core';
import { afterEach, describe, expect, test } from 'vitest';
import { looks, open, SIZES, seriousFaults, stackUrl, thorough, withBrowser } from './browser';
import { breakModel, given, jobNow, mendModel } from './stack';

withBrowser();

const stage = (page: Page) => page.getByRole('region', { name: 'The clip' });
const light = (page: Page, word: string) =>
  page.getByRole('button', { name: `I2V Studio: ${word}` }).waitFor();
const ending = (page: Page) => stage(page).getByRole('link', { name: /^Download/ });

/** The id of the job on the stage, which stands in the address once it was accepted. */
async function accepted(page: Page, before = ''): Promise<string> {
  const id = () => new URL(page.url()).searchParams.get('job') ?? '';
  await expect.poll(id).not.toBe(before);
  return id();
}

/** A small picture, as a file that somebody has. */
async function pictureFile(page: Page): Promise<Buffer> {
  const url = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width: 120, height: 90 });
    const pen = canvas.getContext('2d');
    if (!pen) throw new Error('no canvas');
    pen.fillStyle = 'white';
    pen.fillRect(0, 0, 120, 90);
    pen.fillStyle = 'crimson';
    pen.arc(60, 45, 30, 0, 7);
    pen.fill();
    return canvas.toDataURL('image/png');
  });
  return Buffer.from(url.split(',')[1] ?? '', 'base64');
}

async function choosePicture(page: Page): Promise<void> {
  const buffer = await pictureFile(page);
  const file = { name: 'ball.png', mimeType: 'image/png', buffer };
  await page.getByLabel('Picture', { exact: true }).setInputFiles(file);
  await page.getByAltText('Chosen: ball.png').waitFor();
}

/** Submits a clip of a picture; more steps than any clip needs keep it running for a while. */
async function film(page: Page, steps?: number): Promise<string> {
  if ((await page.getByAltText(/^Chosen/).count()) === 0) await choosePicture(page);
  await page.getByRole('textbox', { name: 'Prompt' }).fill('the ball moves left');
  if (steps) await page.getByRole('spinbutton', { name: 'Steps' }).fill(String(steps));
  const before = new URL(page.url()).searchParams.get('job') ?? '';
  await page.getByRole('button', { name: 'Film' }).click();
  return accepted(page, before);
}

/** Waits until the stage shows work that has begun and is not done. */
async function isWorking(page: Page): Promise<void> {
  await stage(page)
    .getByText(/^Step \d+ of 50$/)
    .waitFor();
}

async function cancelAll(): Promise<void> {
  const answer = await fetch(stackUrl('/v1/jobs?states=queued&states=running'));
  const { jobs } = (await answer.json()) as { jobs: { id: string }[] };
  for (const { id } of jobs) {
    await fetch(stackUrl(`/v1/operations/${id}:cancel`), { method: 'POST', body: '{}' });
  }
}

describe('the I2V Studio', () => {
  afterEach(cancelAll);

  test('sets a picture of the Image Studio in motion, which plays in a loop', async () => {
    const page = await open('/image');
    await page.getByRole('textbox', { name: 'Prompt' }).fill('a rocket');
    await page.getByRole('button', { name: 'Draw' }).click();
    await page.getByRole('link', { name: 'Send to I2V' }).click();
    await page.getByAltText(/^Chosen/).waitFor();
    await page.getByRole('textbox', { name: 'Prompt' }).fill('the rocket flies up');
    await page.getByRole('button', { name: 'Film' }).click();
    const clip = stage(page).locator('video');
    await clip.waitFor();
    // It has come round once it plays at an earlier time than before.
    await clip.evaluate(
      (video: HTMLVideoElement) =>
        new Promise<void>((resolve) => {
          let before = 0;
          video.addEventListener('timeupdate', () => {
            if (video.currentTime < before) resolve();
            before = video.currentTime;
          });
        }),
    );
    expect(
      await clip.evaluate((video: HTMLVideoElement) => [video.videoWidth, video.paused]),
    ).toEqual([64, false]);
    await light(page, 'Available');
  });

  thorough('refuses what is no picture before it is sent', async () => {
    const page = await open('/i2v');
    const file = { name: 'cat.png', mimeType: 'image/png', buffer: Buffer.from('GIF89a') };
    await page.getByLabel('Picture', { exact: true }).setInputFiles(file);
    await page.getByText(/^This is a GIF/).waitFor();
    await page.getByRole('button', { name: 'Film' }).click();
    await page.getByText(/^This is a GIF/).waitFor();
    expect(new URL(page.url()).search).toBe('');
  });

  thorough('takes a picture that is dropped anywhere, and keeps it across a reload', async () => {
    const page = await open('/i2v');
    const base64 = (await pictureFile(page)).toString('base64');
    await page.evaluate((content) => {
      const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([bytes], 'dropped.png', { type: 'image/png' }));
      for (const type of ['dragover', 'drop']) {
        document.body.dispatchEvent(
          new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }),
        );
      }
    }, base64);
    await page.getByAltText('Chosen: dropped.png').waitFor();
    await page.getByText('120 × 90, cut to the shape of 64 × 64 as shown').waitFor();
    await page.getByRole('textbox', { name: 'Prompt' }).fill('it grows');
    await page.reload();
    await page.getByAltText('Chosen: dropped.png').waitFor();
    expect(await page.getByRole('textbox', { name: 'Prompt' }).inputValue()).toBe('it grows');
  });

  test('finds the running clip after a reload, and in another tab', async () => {
    const page = await open('/i2v');
    await film(page, 50);
    const last = await film(page);
    await stage(page).getByText('Queued at place 1').waitFor();
    await page.reload();
    await stage(page)
      .getByText(/^Queued at place 1$|^Step \d+ of 50$/)
      .waitFor();
    expect(await accepted(page)).toBe(last);
    const other = await open('/i2v');
    await stage(other)
      .getByText(/^Queued at place 1$|^Step \d+ of 50$/)
      .waitFor();
    await stage(other)
      .getByText(/another tab/)
      .waitFor();
  });

  thorough('stops a clip at once, and begins it anew when asked to', async () => {
    const page = await open('/i2v');
    const first = await film(page, 50);
    await isWorking(page);
    await stage(page).getByRole('img', { name: 'How it looks so far' }).waitFor();
    await stage(page).getByRole('button', { name: 'Cancel' }).click();
    await stage(page).getByText('It was stopped before it was done.').waitFor();
    await stage(page).getByRole('button', { name: 'Retry' }).click();
    expect(await accepted(page, first)).not.toBe(first);
    await isWorking(page);
  });

  thorough('stops the work when its person leaves, if that was chosen', async () => {
    const page = await open('/i2v');
    const id = await film(page, 50);
    await isWorking(page);
    const leaving = stage(page).getByRole('combobox', { name: 'When I close this page' });
    await leaving.selectOption('stop the work');
    await expect
      .poll(async () => (await (await fetch(stackUrl(`/v1/jobs/${id}`))).json()).on_leave)
      .toBe('drop');
    await page.context().close();
    await expect.poll(async () => (await jobNow(id)).state, { timeout: 60_000 }).toBe('cancelled');
  });

  thorough('goes on when the gateway is killed in the middle of a clip', async () => {
    const page = await open('/i2v');
    const id = await film(page, 50);
    await isWorking(page);
    process.kill(Number(given('E2E_GATEWAY_PID')), 'SIGKILL');
    await light(page, 'No news');
    await page.getByText('The gateway does not answer. The lights').waitFor();
    // The next gateway takes the job up where the disk says it was, and the page finds both.
    await page.getByText('The gateway does not answer. The lights').waitFor({ state: 'detached' });
    await stage(page).getByText('Begun 2 times').waitFor();
    await ending(page).waitFor();
    expect(await jobNow(id)).toMatchObject({ state: 'succeeded', attempts: 2 });
    await light(page, 'Available');
  });

  test('is red with the reason when its worker fails, and green after the next success', async () => {
    await breakModel('videogen');
    const page = await open('/i2v');
    await film(page);
    await stage(page)
      .getByRole('alert')
      .getByText(/MODEL_LOAD_FAILED/)
      .waitFor();
    await light(page, 'Failing');
    await page.getByText(/The last task failed.*MODEL_LOAD_FAILED/).waitFor();
    mendModel('videogen');
    await stage(page).getByRole('button', { name: 'Retry' }).click();
    await ending(page).waitFor();
    await light(page, 'Available');
  });

  thorough.each(looks([...SIZES, { width: 360, height: 700 }]))(
    'with its results has no serious fault in $scheme at $size.width px',
    async (look) => {
      const page = await open('/i2v', look);
      await stage(page).getByRole('button', { name: 'Use all settings' }).waitFor();
      expect(await seriousFaults(page)).toEqual([]);
      const overflow = () =>
        page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(await overflow()).toBeLessThanOrEqual(0);
    },
  );
});

import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { looks, open, SIZES, seriousFaults, thorough, withBrowser } from './browser';

withBrowser();

const stage = (page: Page) => page.getByRole('region', { name: 'The picture' });
const tiles = (page: Page) => page.getByRole('region', { name: 'Pictures' }).getByRole('link');

async function draw(page: Page, prompt: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Prompt' }).fill(prompt);
  await page.getByRole('button', { name: 'Draw' }).click();
}

/** The picture on the stage, once it is there and its file was read. */
async function drawn(page: Page, prompt: string): Promise<void> {
  const picture = stage(page).getByRole('img', { name: prompt, exact: true });
  await picture.waitFor();
  await expect
    .poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth))
    .toBe(64);
}

describe('the Image Studio', () => {
  test('draws a picture with the seed that it shows, in every tab, and saves it', async () => {
    const page = await open('/image');
    const other = await open('/image');
    await draw(page, 'a yellow banana');
    await drawn(page, 'a yellow banana');
    const seed = await page.getByRole('textbox', { name: 'Seed' }).inputValue();
    await stage(page).getByText(seed, { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Image Studio: Available' }).waitFor();
    await tiles(other)
      .and(other.getByRole('link', { name: /^a yellow banana, Done/ }))
      .first()
      .waitFor();

    const saving = page.waitForEvent('download');
    await stage(page)
      .getByRole('link', { name: /^Download/ })
      .click();
    const saved = await saving;
    expect(saved.suggestedFilename()).toMatch(
      new RegExp(`^a-yellow-banana-seed-${seed}-\\d{8}-\\d{6}\\.png$`),
    );
    const content = readFileSync(await saved.path());
    expect(content.subarray(1, 4).toString()).toBe('PNG');
  });

  thorough('says which words the model does not know', async () => {
    const page = await open('/image');
    await draw(page, 'a zeppelin');
    await stage(page).getByText("the model does not know the word 'zeppelin'").waitFor();
  });

  thorough('takes a whole set of pictures, each with its seed, and deletes it', async () => {
    const page = await open('/image');
    await page.getByRole('spinbutton', { name: 'Pictures' }).fill('3');
    await draw(page, 'three moons');
    await expect.poll(() => stage(page).getByRole('img', { name: 'three moons' }).count()).toBe(3);
    const second = stage(page)
      .getByRole('button', { name: /^Use seed/ })
      .nth(1);
    const seed = (await second.innerText()).replace(/\D/g, '');
    await second.click();
    expect(await page.getByRole('textbox', { name: 'Seed' }).inputValue()).toBe(seed);
    await stage(page).getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(
      await tiles(page)
        .and(page.getByRole('link', { name: /^three moons/ }))
        .count(),
    ).toBe(0);
  });

  thorough('works by the keyboard alone', async () => {
    const page = await open('/image');
    await page.getByText('What this model can draw:').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    const prompt = page.getByRole('textbox', { name: 'Prompt' });
    const focused = (of: typeof prompt) => of.evaluate((one) => one === document.activeElement);
    for (let steps = 0; steps < 20 && !(await focused(prompt)); steps += 1) {
      await page.keyboard.press('Tab');
    }
    expect(await focused(prompt)).toBe(true);
    await page.keyboard.type('a green frog');
    await page.keyboard.press('Control+Enter');
    await drawn(page, 'a green frog');
    const tile = tiles(page).first();
    for (let steps = 0; steps < 200 && !(await focused(tile)); steps += 1) {
      await page.keyboard.press('Tab');
    }
    expect(await focused(tile)).toBe(true);
    await page.keyboard.press('Enter');
    expect(await tile.getAttribute('aria-current')).toBe('true');
  });

  thorough('tells an empty prompt at its field', async () => {
    const page = await open('/image');
    await page.getByRole('button', { name: 'Draw' }).click();
    await page.getByText('Say what the picture shows.').waitFor();
    expect(await seriousFaults(page)).toEqual([]);
  });

  thorough.each(looks([...SIZES, { width: 360, height: 700 }]))(
    'with its results has no serious fault in $scheme at $size.width px',
    async (look) => {
      const page = await open('/image', look);
      await stage(page).getByRole('button', { name: 'Use all settings' }).waitFor();
      expect(await seriousFaults(page)).toEqual([]);
      const overflow = () =>
        page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(await overflow()).toBeLessThanOrEqual(0);
    },
  );
});

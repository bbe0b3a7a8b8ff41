import { describe, expect, test } from 'vitest';
import { looks, open, PATHS, seriousFaults, stackUrl, withBrowser } from './browser';

withBrowser();

describe.each(PATHS)('the page %s', (path) => {
  test.each(looks())('has no serious fault in $scheme at $size.width px', async (look) => {
    const page = await open(path, look);
    expect(await seriousFaults(page)).toEqual([]);
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - window.innerWidth,
    );
    expect(overflow).toBeLessThanOrEqual(0);
  });
});

test('a page gets the focus, and the title its name, when one goes there', async () => {
  const page = await open('/');
  await page.getByRole('link', { name: 'TTS Studio' }).click();
  await expect.poll(() => page.title()).toBe('TTS Studio · Atelier');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
});

test('the studios come with a policy that lets no inline script run', async () => {
  const answer = await fetch(stackUrl('/'));
  expect(answer.headers.get('Content-Security-Policy')).toContain("script-src 'self';");
});

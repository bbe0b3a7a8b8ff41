/** The states that are pictured are also without serious faults, and fit the smallest phone. */
import { expect, test } from 'vitest';
import { open, seriousFaults, withBrowser } from './browser';
import { PICTURE_SCENES } from './pictureScenes';
import { TALK_SCENES } from './talkScenes';

withBrowser();

const LOOKS = [
  { scheme: 'light', size: { width: 360, height: 700 } },
  { scheme: 'dark', size: { width: 1440, height: 900 } },
] as const;

test.each([...PICTURE_SCENES, ...TALK_SCENES])(
  'the scene $name',
  async ({ path, prepare, ready }) => {
    const where = typeof path === 'string' ? path : await path();
    for (const look of LOOKS) {
      const page = await open(where, { ...look, prepare });
      await ready(page);
      expect(await seriousFaults(page)).toEqual([]);
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - window.innerWidth,
      );
      expect(overflow).toBeLessThanOrEqual(0);
      await page.context().close();
    }
  },
);

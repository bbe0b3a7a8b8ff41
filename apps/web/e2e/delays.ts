/** How long after the gateway's event a light shows it. Knows the watch and the sidebar. */
import type { Page } from 'playwright-core';
import { LIGHT_WORDS } from '../src/health/wording';
import { stackUrl } from './browser';

interface Moment {
  readonly word: string;
  readonly at: number;
}

interface Told {
  readonly capabilities?: readonly { name: string; state?: keyof typeof LIGHT_WORDS }[];
}

/** Follows a capability's states beside a page, by a watch of its own. */
export class Delays {
  readonly #told: Moment[] = [];
  readonly #page: Page;
  readonly #leave: AbortController;

  private constructor(page: Page, leave: AbortController) {
    this.#page = page;
    this.#leave = leave;
  }

  static async of(page: Page, studio: string, capability: string): Promise<Delays> {
    await page.evaluate((studio) => {
      const shown: Moment[] = [];
      Object.assign(window, { shown });
      const look = () => {
        const button = document.querySelector(`button[aria-label^="${studio}: "]`);
        const word = button?.getAttribute('aria-label')?.slice(studio.length + 2) ?? '';
        if (word !== shown.at(-1)?.word) shown.push({ word, at: Date.now() });
      };
      look();
      new MutationObserver(look).observe(document.body, {
        attributes: true,
        characterData: true,
        childList: true,
        subtree: true,
      });
    }, studio);
    const leave = new AbortController();
    const answer = await fetch(stackUrl('/v1/capabilities:watch'), { signal: leave.signal });
    if (!answer.body) throw new Error('the watch has no body');
    const delays = new Delays(page, leave);
    delays.#read(capability, answer.body).catch(() => undefined); // it ends by being left
    return delays;
  }

  /** Milliseconds from the event to the light, for each state that came since. */
  async end(): Promise<number[]> {
    this.#leave.abort();
    const shown = await this.#page.evaluate(() => (window as unknown as { shown: Moment[] }).shown);
    // The first is what was there before. What is seen of two states at once is the later one.
    return this.#told.slice(1).flatMap(({ word, at }) => {
      const seen = shown.find((moment) => moment.word === word && moment.at >= at - 1_000);
      return seen ? [seen.at - at] : [];
    });
  }

  async #read(capability: string, stream: ReadableStream<Uint8Array>): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    for await (const piece of stream) {
      const lines = (text + decoder.decode(piece, { stream: true })).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines.filter((line) => line.startsWith('data: '))) {
        const told: Told = JSON.parse(line.slice(6));
        const state = told.capabilities?.find(({ name }) => name === capability)?.state;
        const word = state && LIGHT_WORDS[state];
        if (word && word !== this.#told.at(-1)?.word) this.#told.push({ word, at: Date.now() });
      }
    }
  }
}

import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { open, SIZES, stackUrl, thorough, withBrowser } from './browser';

withBrowser();

const field = (page: Page) => page.getByRole('textbox', { name: 'Message' });
const lastAnswer = (page: Page) => page.locator('.message-assistant').last();

async function say(page: Page, text: string): Promise<void> {
  await field(page).fill(text);
  await field(page).press('Enter');
}

/** Waits until the last answer has some words. */
function begun(page: Page) {
  return expect
    .poll(() => lastAnswer(page).locator('.answer p:not(.answer-phase)').count(), WAIT)
    .toBeGreaterThan(0);
}

const WAIT = { timeout: 90_000 };

async function callsRunning(): Promise<number> {
  const answer = await fetch(stackUrl('/v1/capabilities/llm'));
  const { calls_running = 0 } = (await answer.json()) as { calls_running?: number };
  return calls_running;
}

describe('a chat', () => {
  test('streams, tells what it took, and turns the light', async () => {
    const page = await open('/llm');
    await page.getByRole('spinbutton', { name: 'Max tokens' }).fill('24');
    await say(page, 'What is the capital of France?');
    await begun(page);
    await page.getByRole('button', { name: 'Regenerate' }).waitFor(WAIT);
    await page.getByText(/tokens\/s · first token after .* s · \d+ tokens/).waitFor();
    await page.getByRole('button', { name: 'LLM Studio: Available' }).waitFor();
    await page.getByText('smollm2-135m-instruct').waitFor();
    await page.getByText(/^loaded, cpu/).waitFor();
  });

  test('is stopped by Escape, keeps what was said, and the worker is free again', async () => {
    const page = await open('/llm');
    await say(page, 'Write a long story about a river, with many details.');
    await begun(page);
    await page.keyboard.press('Escape');
    await page.getByText(/^Stopped/).waitFor();
    expect(await lastAnswer(page).locator('.answer').innerText()).not.toBe('');
    await expect.poll(callsRunning, WAIT).toBe(0);
  });

  thorough('is ended by leaving, and found again after it and after a reload', async () => {
    const page = await open('/llm');
    await say(page, 'Write a long story about a mountain, with many details.');
    await begun(page);
    await page.getByRole('link', { name: 'Overview' }).click();
    await expect.poll(callsRunning, WAIT).toBe(0);
    await page.getByRole('link', { name: 'LLM Studio' }).click();
    await page.getByText(/^Stopped/).waitFor();
    const text = await lastAnswer(page).locator('.answer').innerText();
    await page.reload();
    await page.getByText(/^Stopped/).waitFor();
    expect(await lastAnswer(page).locator('.answer').innerText()).toBe(text);
  });

  test('is found again after a reload in the middle of an answer', async () => {
    const page = await open('/llm');
    await say(page, 'Write a long story about a lake, with many details.');
    await begun(page);
    await page.reload();
    await page.getByText(/^Stopped/).waitFor();
    expect(await lastAnswer(page).locator('.answer').innerText()).not.toBe('');
    await expect.poll(callsRunning, WAIT).toBe(0);
  });

  thorough("tells the person's own mistake at its field, and not by the light", async () => {
    const page = await open('/llm');
    const tokens = page.getByRole('spinbutton', { name: 'Max tokens' });
    // More than the conversation leaves, which only the worker knows.
    await tokens.fill('4096');
    await say(page, 'Hello.');
    await page
      .getByText(/Must be at most \d+, which is what the context leaves/)
      .first()
      .waitFor(WAIT);
    await expect.poll(() => tokens.getAttribute('aria-invalid')).toBe('true');
    expect(await page.getByRole('button', { name: 'LLM Studio: Failing' }).count()).toBe(0);
    await tokens.fill('8');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('button', { name: 'Regenerate' }).waitFor(WAIT);
  });
});

interface Told {
  readonly messages: number;
  readonly pieces: number;
  readonly pauseMilliseconds: number;
}

/** A conversation that is there already, and a model that says much. */
async function pretend(page: Page, told: Told): Promise<void> {
  await page.addInitScript(({ messages, pieces, pauseMilliseconds }: Told) => {
    const answer = (id: number) =>
      `Answer **${id}** has a list:\n\n- one\n- two\n\nand code:\n\n\`\`\`python\nprint(${id})\n\`\`\`\n`;
    const old = Array.from({ length: messages }, (_, index) => {
      const id = index + 1;
      if (index % 2 === 0) return { role: 'user', id, text: `Question ${id}?` };
      return { role: 'assistant', id, text: answer(id), state: 'complete' };
    });
    const kept = JSON.stringify({ messages: old, sentFrom: 0 });
    sessionStorage.setItem('atelier.llm.conversation', kept);
    const real = window.fetch;
    window.fetch = (input, init) => {
      if (!String(input).endsWith('/v1/llm/chat:stream')) return real(input, init);
      const encoder = new TextEncoder();
      let number = 0;
      const stream = new ReadableStream<Uint8Array>({
        async pull(sink) {
          if (pauseMilliseconds > 0) {
            await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds));
          }
          if (number >= pieces) {
            sink.enqueue(encoder.encode('event: done\ndata: {}\n\n'));
            return sink.close();
          }
          const text = number % 25 === 24 ? '.\n\n' : `word ${number} `;
          number += 1;
          sink.enqueue(encoder.encode(`event: text\ndata: ${JSON.stringify({ text })}\n\n`));
        },
      });
      return Promise.resolve(new Response(stream));
    };
  }, told);
}

interface Seen {
  /** Changes in messages that were there before. */
  readonly touched: number;
  /** Milliseconds of each task over 50. */
  readonly tasks: readonly number[];
}

/** Lets the model say 1,000 pieces beside old messages, and looks at what that takes. */
async function seenBeside(messages: number): Promise<Seen> {
  const told = { messages, pieces: 1_000, pauseMilliseconds: 4 };
  const page = await open('/llm', { prepare: (page) => pretend(page, told) });
  await expect.poll(() => page.locator('.message').count()).toBe(messages);
  await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
  await say(page, 'One more.');
  // The answer before it has lost its button by then: it is no longer the last one.
  await lastAnswer(page).getByText('word 1 ').waitFor(WAIT);
  await page.evaluate((messages) => {
    const seen = { touched: 0, tasks: [] as number[] };
    Object.assign(window, { seen });
    const old = new Set([...document.querySelectorAll('.message')].slice(0, messages));
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const element = target instanceof Element ? target : target.parentElement;
        const message = element?.closest('.message');
        if (message && old.has(message)) seen.touched += 1;
      }
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) seen.tasks.push(Math.round(duration));
    }).observe({ type: 'longtask' });
  }, messages);
  // Looked for in this answer only: to look through 500 messages takes long itself.
  await lastAnswer(page).getByText('word 998').waitFor(WAIT);
  const seen = await page.evaluate(() => (window as unknown as { seen: Seen }).seen);
  await page.context().close();
  return seen;
}

/** Resolves when a scrolling that glides has come to its end. */
async function rests(element: Element): Promise<void> {
  for (let still = 0, before = Number.NaN; still < 10; ) {
    await new Promise(requestAnimationFrame);
    still = element.scrollTop === before ? still + 1 : 0;
    before = element.scrollTop;
  }
}

describe('a long conversation', () => {
  thorough('takes 1,000 pieces without touching 500 old messages', async () => {
    const words = ({ tasks }: Seen) =>
      `${tasks.length} tasks over 50 ms, the longest ${Math.max(0, ...tasks)} ms`;
    const alone = await seenBeside(0);
    const beside = await seenBeside(500);
    console.log(`1,000 pieces alone: ${words(alone)}; beside 500 messages: ${words(beside)}`);
    expect(beside.touched).toBe(0);
  });

  thorough.each(SIZES)(
    'follows the answer only for who is at its end, at $width px',
    async (size) => {
      const told = { messages: 60, pieces: 400, pauseMilliseconds: 4 };
      const page = await open('/llm', { size, prepare: (page) => pretend(page, told) });
      await expect.poll(() => page.locator('.message').count()).toBe(60);
      const log = page.getByRole('region', { name: 'Conversation' });
      const below = () =>
        log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
      await say(page, 'One more.');
      await page.getByText('word 150').waitFor(WAIT);
      await expect.poll(below, WAIT).toBeLessThan(40);
      await log.hover();
      await page.mouse.wheel(0, -600);
      await page.getByRole('button', { name: 'To the newest' }).waitFor();
      await log.evaluate(rests);
      const place = await log.evaluate((element) => element.scrollTop);
      await page.getByText('word 398').waitFor({ state: 'attached', ...WAIT });
      expect(await log.evaluate((element) => element.scrollTop)).toBeCloseTo(place, 0);
      await page.getByRole('button', { name: 'To the newest' }).click();
      await expect.poll(below, WAIT).toBeLessThan(40);
    },
  );
});

test.each(SIZES)('the settings are reached by keyboard alone at $width px', async (size) => {
  const page = await open('/llm', { size });
  const settings = page.getByRole('button', { name: 'Settings' });
  if (await settings.isVisible()) {
    await settings.focus();
    await page.keyboard.press('Enter');
  }
  const temperature = page.getByRole('spinbutton', { name: 'Temperature' });
  for (let presses = 0; presses < 40; presses += 1) {
    if (await temperature.evaluate((element) => element === document.activeElement)) break;
    await page.keyboard.press('Tab');
  }
  await page.keyboard.type('0.7');
  expect(await temperature.inputValue()).toBe('0.7');
});

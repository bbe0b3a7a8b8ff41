import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { open, stackUrl, thorough, withBrowser } from './browser';
import { Delays } from './delays';
import { breakModel, given, mendModel } from './stack';

withBrowser();

/** The light of a studio in the sidebar, once it has the state. */
function light(page: Page, studio: string, word: string) {
  return page.getByRole('button', { name: `${studio}: ${word}` }).waitFor();
}

async function chat(): Promise<number> {
  const answer = await fetch(stackUrl('/v1/llm/chat'), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'Hi' }], max_tokens: 4 }),
  });
  return answer.status;
}

/** Asks for a picture, and reads the answer to its end. */
async function draw(): Promise<string> {
  const answer = await fetch(stackUrl('/v1/image/generate'), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ prompt: 'a red apple', steps: 1 }),
  });
  return answer.text();
}

/** Prints what is aimed at 100 ms; no time is asserted. */
async function tell(delays: Delays): Promise<void> {
  const milliseconds = await delays.end();
  expect(milliseconds.length).toBeGreaterThan(0);
  console.log(`from the gateway's events to the light: ${milliseconds.join(', ')} ms`);
}

describe('the lights', () => {
  test('a success anywhere is seen by every tab', async () => {
    const pages = [await open('/'), await open('/llm')];
    expect(await chat()).toBe(200);
    for (const page of pages) await light(page, 'LLM Studio', 'Available');
    const card = pages[0]?.getByRole('article', { name: 'Language' });
    await card
      ?.getByText(/^\d+ s ago$|^just now$/)
      .first()
      .waitFor();
  });

  test('the evidence shows on focus', async () => {
    const page = await open('/i2v');
    await light(page, 'LLM Studio', 'Available');
    await page.getByRole('button', { name: /^LLM Studio:/ }).focus();
    const evidence = page.getByRole('tooltip').getByText('Failures in a row');
    await evidence.waitFor();
    const isSeen = (element: Element) => {
      const { left, top } = element.getBoundingClientRect();
      return document.elementFromPoint(left + 1, top + 1) === element;
    };
    expect(await evidence.evaluate(isSeen)).toBe(true);
    await page.keyboard.press('Escape');
    expect(await page.getByRole('tooltip').count()).toBe(0);
  });

  thorough('a real failure is red and says why, and the next success clears it', async () => {
    await breakModel('image');
    const page = await open('/image');
    const delays = await Delays.of(page, 'Image Studio', 'image');
    expect(await draw()).toContain('MODEL_LOAD_FAILED');
    await light(page, 'Image Studio', 'Failing');
    await page.getByText('MODEL_LOAD_FAILED').first().waitFor();
    mendModel('image');
    expect(await draw()).toContain('event: done');
    await light(page, 'Image Studio', 'Available');
    await tell(delays);
  });

  test('a killed worker is no longer available, and is again after a success', async () => {
    const page = await open('/');
    await light(page, 'LLM Studio', 'Available');
    const delays = await Delays.of(page, 'LLM Studio', 'llm');
    process.kill(Number(given('E2E_LLM_PID')), 'SIGKILL');
    await page.getByRole('button', { name: /^LLM Studio: (Offline|Not known yet)$/ }).waitFor();
    // Supervisor restarts it; until it listens, a task is told that nobody is there.
    await expect.poll(chat, { timeout: 60_000, interval: 500 }).toBe(200);
    await light(page, 'LLM Studio', 'Available');
    await tell(delays);
  });
});

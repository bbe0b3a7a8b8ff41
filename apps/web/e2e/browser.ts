/** Debian's Chromium against a running stack, which ATELIER_URL names. Knows no page. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

export const SIZES = [
  { width: 390, height: 844 },
  { width: 1440, height: 900 },
] as const;
export const SCHEMES = ['light', 'dark'] as const;
export const PATHS = ['/', '/llm', '/tts', '/image', '/i2v'] as const;

/** Set for the cases that go with every change; the others have a target of their own. */
const QUICK = Boolean(process.env.E2E_QUICK);

/** A case that a look at the main ways of a studio does not need. */
export const thorough = test.skipIf(QUICK);

export interface PageLook {
  readonly scheme: (typeof SCHEMES)[number];
  readonly size: { readonly width: number; readonly height: number };
}

/** Every scheme at every size; in the quick run each size once, in one scheme or the other. */
export function looks(sizes: readonly PageLook['size'][] = SIZES): PageLook[] {
  const all = sizes.flatMap((size) => SCHEMES.map((scheme) => ({ scheme, size })));
  return QUICK ? all.filter((_, index) => index % 4 === 0 || index % 4 === 3) : all;
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The address of the stack under test. */
export function stackUrl(path = '/'): string {
  const url = process.env.ATELIER_URL;
  if (!url) throw new Error('ATELIER_URL must name a running stack');
  return new URL(path, url).href;
}

let browser: Browser | undefined;
const faults: string[] = [];

/** Starts the browser for a file of tests; a page that logs an error fails its test. */
export function withBrowser(): void {
  beforeAll(async () => {
    const executablePath = process.env.ATELIER_CHROMIUM ?? '/usr/bin/chromium';
    browser = await chromium.launch({ executablePath, args: FLAGS });
  });
  afterEach(async () => {
    for (const context of browser?.contexts() ?? []) await context.close();
    expect(faults.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
  });
}

export interface Look {
  readonly size?: { width: number; height: number };
  readonly scheme?: 'light' | 'dark';
  /** Done with the page before it is loaded. */
  readonly prepare?: (page: Page) => Promise<void>;
}

/** Opens a page in a fresh profile and waits for its heading. */
export async function open(path: string, look: Look = {}): Promise<Page> {
  if (!browser) throw new Error('call withBrowser() first');
  const { size = SIZES[1], scheme = 'light' } = look;
  const context = await browser.newContext({ viewport: size, colorScheme: scheme });
  // A model that is loaded first may take a minute on a small machine.
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(`${path}: ${error.message}`));
  page.on('console', (message) => {
    // A worker that is away answers 503, which the browser logs on its own.
    const own = !message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && own) faults.push(`${path}: ${message.text()}`);
  });
  await look.prepare?.(page);
  await page.goto(stackUrl(path));
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}

/** What axe finds serious or critical, as "rule: element". */
export async function seriousFaults(page: Page): Promise<string[]> {
  // Evaluated by the debugger, which the page's policy does not concern.
  await page.evaluate(AXE);
  return await page.evaluate(async () => {
    interface Node {
      target: unknown[];
      failureSummary?: string;
    }
    interface Violation {
      id: string;
      impact?: string;
      nodes: Node[];
    }
    const { axe } = globalThis as unknown as {
      axe: { run: () => Promise<{ violations: Violation[] }> };
    };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary}`),
      );
  });
}

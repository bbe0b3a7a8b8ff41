import { defineConfig } from 'vitest/config';

// One file after the other: they share one stack. No limit of time is asserted, only hanging ends.
export default defineConfig({
  test: {
    environment: 'node',
    include: [process.env.ATELIER_SHOTS ? 'e2e/screenshots.ts' : 'e2e/**/*.e2e.ts'],
    fileParallelism: false,
    testTimeout: 240_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 120_000 } },
  },
});

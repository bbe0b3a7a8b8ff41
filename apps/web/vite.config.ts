import { availableParallelism } from 'node:os';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// Where the gateway's HTTP face listens; the studios and it then share one origin.
const gateway = process.env.ATELIER_GATEWAY_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  server: {
    host: '127.0.0.1',
    port: 5173,
    strictPort: true,
    proxy: { '/v1': gateway, '/healthz': gateway, '/openapi.json': gateway },
  },
  // The gateway's policy lets no inlined file of another scheme run.
  build: { target: 'es2022', assetsInlineLimit: 0 },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/testing/setup.ts'],
    restoreMocks: true,
    // As many as there are cores; else one is left to whoever watches.
    maxWorkers: availableParallelism(),
    testTimeout: 30_000,
  },
});

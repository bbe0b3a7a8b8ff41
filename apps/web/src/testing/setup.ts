import '@testing-library/jest-dom/vitest';
import { configure } from '@testing-library/react';

// What is waited for is an event; only what never comes ends the waiting, on the slowest machine.
configure({ asyncUtilTimeout: 15_000 });

// jsdom lays nothing out, so nothing in it ever changes its size.
globalThis.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
};

import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { Stream } from '../../testing/gateway';
import { type Connection, follow } from './follow';

const stream = new Stream();
const server = setupServer(http.get('*/news', () => stream.answer({ n: stream.opened })));
let life: AbortController;

beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterAll(() => server.close());
beforeEach(() => {
  stream.opened = 0;
  life = new AbortController();
  vi.spyOn(globalThis, 'fetch');
});
afterEach(() => {
  life.abort();
  look(true);
  server.resetHandlers();
});

function look(visible: boolean): void {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(visible ? 'visible' : 'hidden');
  document.dispatchEvent(new Event('visibilitychange'));
}

/** Whether the newest connection is still wanted. */
function connected(): boolean {
  const signal = vi.mocked(fetch).mock.lastCall?.[1]?.signal;
  return signal !== null && signal !== undefined && !signal.aborted;
}

function followed(more: { mayRest?: () => boolean } = {}): Connection[] {
  const told: Connection[] = [];
  void follow({
    path: '/news',
    signal: life.signal,
    backOffMilliseconds: 1,
    restAfterMilliseconds: 1,
    onEvent: () => {},
    onConnection: (connection) => told.push(connection),
    ...more,
  });
  return told;
}

test('a page that nobody sees gives its connection back, and takes one when it is seen', async () => {
  const told = followed();
  await vi.waitFor(() => expect(told).toEqual(['connecting', 'live']));
  look(false);
  await vi.waitFor(() => expect(connected()).toBe(false));
  // A browser ends the reading of what was aborted; msw leaves that to the test.
  stream.breakOff();
  expect(stream.opened).toBe(1);
  look(true);
  await vi.waitFor(() => expect(stream.opened).toBe(2));
  await vi.waitFor(() => expect(told).toEqual(['connecting', 'live', 'connecting', 'live']));
});

test('a page that must be heard of does not rest', async () => {
  const asked = vi.fn(() => false);
  const told = followed({ mayRest: asked });
  await vi.waitFor(() => expect(told).toContain('live'));
  look(false);
  await vi.waitFor(() => expect(asked.mock.calls.length).toBeGreaterThan(1));
  expect(connected()).toBe(true);
});

test('a page that is looked at again in time does not rest', async () => {
  const asked = vi.fn(() => true);
  const told = followed({ mayRest: asked });
  await vi.waitFor(() => expect(told).toContain('live'));
  look(false);
  look(true);
  stream.breakOff();
  await vi.waitFor(() => expect(stream.opened).toBe(2));
  expect(asked).not.toHaveBeenCalled();
  expect(told).toContain('lost');
});

test('where there is no such stream, nobody asks again', async () => {
  server.use(http.get('*/news', () => HttpResponse.json({}, { status: 404 })));
  const told = followed();
  await vi.waitFor(() => expect(told).toEqual(['connecting', 'absent']));
});

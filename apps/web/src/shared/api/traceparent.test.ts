import { expect, test, vi } from 'vitest';
import { ask } from './request';
import { newTraceparent } from './traceparent';

const FORM = /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/;

test('each trace has ids of its own', () => {
  const made = Array.from({ length: 100 }, newTraceparent);
  for (const header of made) expect(header).toMatch(FORM);
  expect(new Set(made).size).toBe(100);
});

test('ids of nothing but zeros are drawn again', () => {
  const random = vi.spyOn(crypto, 'getRandomValues');
  random.mockImplementationOnce((bytes) => bytes);
  expect(newTraceparent()).not.toContain('0'.repeat(32));
  expect(random).toHaveBeenCalledTimes(3);
});

test('every request begins a trace, unless it goes on with one', async () => {
  const fetched = vi.spyOn(globalThis, 'fetch');
  fetched.mockImplementation(() => Promise.resolve(new Response('{}')));
  await ask('/v1/a');
  await ask('/v1/b', { body: {}, headers: { traceparent: 'mine' } });
  const sent = fetched.mock.calls.map(([, init]) => new Headers(init?.headers).get('traceparent'));
  expect(sent[0]).toMatch(FORM);
  expect(sent[1]).toBe('mine');
});

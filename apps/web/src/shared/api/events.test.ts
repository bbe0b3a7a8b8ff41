import { expect, test } from 'vitest';
import { parsedEvents } from './events';

function bytes(text: string, size: number): ReadableStream<Uint8Array> {
  const all = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(sink) {
      if (at >= all.length) return sink.close();
      sink.enqueue(all.slice(at, at + size));
      at += size;
    },
  });
}

async function read(text: string, size: number) {
  const found = [];
  for await (const event of parsedEvents(bytes(text, size))) found.push(event);
  return found;
}

test.each([1, 2, 3, 7, 1000])('events are whole however the bytes are cut: %i', async (size) => {
  const text =
    ': still here\n\nid: 0\nevent: text\ndata: {"text": "Grüße 🙂"}\n\nid: 1\ndata: {}\n\n';
  expect(await read(text, size)).toEqual([
    { name: 'text', data: '{"text": "Grüße 🙂"}' },
    { name: '', data: '{}' },
  ]);
});

test('an event that was cut off is no event', async () => {
  expect(await read('data: {}\n\ndata: {"half', 5)).toEqual([{ name: '', data: '{}' }]);
});

/**
 * Server-sent events over fetch, which unlike EventSource can send a body and see an error's JSON.
 * A stream of the gateway ends with `done` or `error`; one that just stops was broken off.
 */
import type { JsonValue } from '@bufbuild/protobuf';
import { errorFromBody, GatewayUnreachable } from './apiError';
import { ask, type RequestOptions } from './request';

export interface ServerEvent {
  readonly name: string;
  readonly data: JsonValue;
}

// The gateway gives a sign of life every 15 s; a connection without one is dead.
const SILENCE_MILLISECONDS = 45_000;

/** Yields the events of a stream; throws ApiError, GatewayUnreachable or the signal's AbortError. */
export async function* events(
  path: string,
  options: RequestOptions = {},
): AsyncGenerator<ServerEvent, void> {
  const silence = new AbortController();
  const signal = options.signal
    ? AbortSignal.any([options.signal, silence.signal])
    : silence.signal;
  const answer = await ask(path, { ...options, signal });
  if (answer.body === null) throw new GatewayUnreachable('The stream has no body.');
  try {
    for await (const event of parsedEvents(answer.body, () => silence.abort())) {
      if (event.name === 'done') return;
      const data = JSON.parse(event.data) as JsonValue;
      if (event.name === 'error') throw errorFromBody(data);
      yield { name: event.name, data };
    }
  } catch (error) {
    if (options.signal?.aborted || !isBroken(error)) throw error;
  }
  options.signal?.throwIfAborted();
  throw new GatewayUnreachable('The gateway broke the stream off.');
}

/** Cuts bytes into events, however they are split on their way. */
export async function* parsedEvents(
  body: ReadableStream<Uint8Array>,
  onSilence: () => void = () => {},
): AsyncGenerator<{ name: string; data: string }, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const watchdog = setTimeout(onSilence, SILENCE_MILLISECONDS);
      const { value, done } = await reader.read().finally(() => clearTimeout(watchdog));
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split(/\r?\n\r?\n/);
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = parsedBlock(block);
        if (event !== null) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function parsedBlock(block: string): { name: string; data: string } | null {
  let name = '';
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
    if (field === 'event') name = value;
    if (field === 'data') data.push(value);
  }
  return data.length > 0 ? { name, data: data.join('\n') } : null;
}

function isBroken(error: unknown): boolean {
  return (
    error instanceof TypeError || (error instanceof DOMException && error.name === 'AbortError')
  );
}

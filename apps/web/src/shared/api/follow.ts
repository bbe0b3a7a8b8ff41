/** A stream that is followed for as long as the page lives: comes back by itself after a loss. */
import { ApiError } from './apiError';
import { events, type ServerEvent } from './events';

/** "absent": this gateway has no such stream, so nobody tries again. */
export type Connection = 'connecting' | 'live' | 'lost' | 'absent';

export interface Following {
  /** The path of the stream. */
  readonly path: string;
  readonly onEvent: (event: ServerEvent) => void;
  readonly onConnection: (connection: Connection) => void;
  readonly signal: AbortSignal;
  /** The wait before the first new attempt; it doubles up to 30 times as much. */
  readonly backOffMilliseconds?: number;
  /** Whether the stream may rest while nobody sees the page; it may unless told otherwise. */
  readonly mayRest?: () => boolean;
  /** How long the page is hidden before the stream rests. */
  readonly restAfterMilliseconds?: number;
}

const MOST_DOUBLINGS = 30;

/**
 * Follows until the signal; "live" is told with the first event of each connection.
 *
 * A browser opens six connections to a gateway, all tabs together. So the stream of a tab that
 * nobody sees rests, and begins anew ("connecting") when it is looked at again.
 */
export async function follow(following: Following): Promise<void> {
  const { signal, onConnection, backOffMilliseconds: first = 500 } = following;
  let factor = 1;
  onConnection('connecting');
  while (!signal.aborted) {
    const rest = restOf(following);
    try {
      for await (const event of events(following.path, { signal: rest.signal })) {
        following.onEvent(event);
        onConnection('live');
        factor = 1;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && [404, 501].includes(error.httpStatus)) {
        onConnection('absent');
        return;
      }
    } finally {
      rest.end();
    }
    if (signal.aborted) return;
    if (rest.signal.aborted) {
      await seen(signal);
      if (!signal.aborted) onConnection('connecting');
      continue;
    }
    onConnection('lost');
    await pause(first * factor * (0.75 + Math.random() / 2), signal);
    factor = Math.min(factor * 2, MOST_DOUBLINGS);
  }
}

/** Waits, but not while there is news: the network is back, or the person looks at the page. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener('online', done);
      document.removeEventListener('visibilitychange', look);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const look = () => {
      if (document.visibilityState === 'visible') done();
    };
    const timer = setTimeout(done, milliseconds);
    window.addEventListener('online', done);
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', done);
  });
}

/** A signal that ends a connection when the following ends, or once nobody sees the page. */
function restOf(following: Following): { signal: AbortSignal; end: () => void } {
  const { mayRest = () => true, restAfterMilliseconds = 10_000 } = following;
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = () => {
    clearTimeout(timer);
    if (document.visibilityState === 'visible') return;
    timer = setTimeout(() => (mayRest() ? controller.abort() : wait()), restAfterMilliseconds);
  };
  document.addEventListener('visibilitychange', wait);
  wait();
  return {
    signal: AbortSignal.any([following.signal, controller.signal]),
    end: () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', wait);
    },
  };
}

/** Resolves when the page is looked at, or at the signal. */
function seen(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (document.visibilityState !== 'visible' && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      signal.removeEventListener('abort', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look);
    look();
  });
}

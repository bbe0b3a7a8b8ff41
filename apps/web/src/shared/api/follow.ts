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
}

const MOST_DOUBLINGS = 30;

/** Follows until the signal; "live" is told with the first event of each connection. */
export async function follow(following: Following): Promise<void> {
  const { signal, onConnection, backOffMilliseconds: first = 500 } = following;
  let factor = 1;
  onConnection('connecting');
  while (!signal.aborted) {
    try {
      for await (const event of events(following.path, { signal })) {
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
    }
    if (signal.aborted) return;
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
      document.removeEventListener('visibilitychange', seen);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const seen = () => {
      if (document.visibilityState === 'visible') done();
    };
    const timer = setTimeout(done, milliseconds);
    window.addEventListener('online', done);
    document.addEventListener('visibilitychange', seen);
    signal.addEventListener('abort', done);
  });
}

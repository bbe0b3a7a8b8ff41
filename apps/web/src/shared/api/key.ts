/**
 * The API key, where the gateway asks for one: it is exchanged for a cookie and not kept.
 * Knows no page; whoever shows the question subscribes.
 */
type Listener = (needed: boolean) => void;

const listeners = new Set<Listener>();
let waiting: { promise: Promise<void>; done: () => void } | null = null;

/** Resolves once a key was accepted; all requests that lack one share the question. */
export function keyEntered(): Promise<void> {
  if (waiting === null) {
    let done = () => {};
    const promise = new Promise<void>((resolve) => {
      done = resolve;
    });
    waiting = { promise, done };
    for (const listener of listeners) listener(true);
  }
  return waiting.promise;
}

/** Calls back with whether a key is needed, now and whenever that changes. */
export function onKeyNeeded(listener: Listener): () => void {
  listeners.add(listener);
  listener(waiting !== null);
  return () => listeners.delete(listener);
}

/** Offers a key; tells what is wrong with it, or null if it was accepted. */
export async function offerKey(key: string): Promise<string | null> {
  const headers = { Authorization: `Bearer ${key.trim()}` };
  const answer = await fetch('/v1/session', { method: 'POST', headers }).catch(() => null);
  if (answer === null) return 'The gateway does not answer.';
  if (!answer.ok) return 'The gateway does not know this key.';
  waiting?.done();
  waiting = null;
  for (const listener of listeners) listener(false);
  return null;
}

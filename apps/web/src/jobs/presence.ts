/** This tab's random name, by which the gateway knows whether its person is still there. */

import { textOf } from '../shared/api/json';
import { keep, kept } from '../shared/storage/sessionStore';

const KEY = 'atelier.presence';

/** The name, which is made up with the first job. */
export function presence(): string {
  const known = knownPresence();
  if (known) return known;
  // randomUUID exists in secure contexts only, and a gateway may be called by plain HTTP.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const fresh = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  keep(KEY, fresh);
  return fresh;
}

/** The name, or "" in a tab that has asked for nothing yet. */
export function knownPresence(): string {
  return kept(KEY, textOf, '');
}

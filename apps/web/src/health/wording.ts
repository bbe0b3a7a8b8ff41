/** The words for states and times, the same on every page. */
import type { CapabilityHealth } from './healthState';

export type Light = CapabilityHealth['state'] | 'stale';

export const LIGHT_WORDS: Readonly<Record<Light, string>> = {
  unknown: 'Not known yet',
  available: 'Available',
  error: 'Failing',
  unavailable: 'Offline',
  stale: 'No news',
};

export const CAPABILITY_WORDS: Readonly<Record<string, string>> = {
  llm: 'Language',
  tts: 'Speech',
  image: 'Pictures',
  videogen: 'Clips',
};

export function lightOf(health: CapabilityHealth | undefined): Light {
  if (!health) return 'unknown';
  return health.stale ? 'stale' : health.state;
}

/** "12 s ago", "3 min ago", "yesterday …": how old something is. */
export function ago(time: Date | null, now: Date): string {
  if (time === null) return 'never';
  const seconds = Math.max(0, Math.round((now.getTime() - time.getTime()) / 1000));
  if (seconds < 5) return 'just now';
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h ago`;
  return time.toLocaleDateString(undefined, { day: 'numeric', month: 'short' });
}

/** A failure in one line: its code, its reason if it has one, and what it says. */
export function failureText(failure: { code: string; reason: string; message: string }): string {
  const name = failure.reason ? `${failure.code}, ${failure.reason}` : failure.code;
  return `${name}: ${failure.message}`;
}

/** What a job is to make, or has made, in terms that all studios share. */
import type { JobFile } from '../gen/atelier/jobs/v1/jobs_pb';
import type { Draft } from './draft';
import type { Size } from './shapes';

/** One file that was made. */
export interface Part {
  readonly file: JobFile;
  readonly seed: number | null;
  readonly size: Size | null;
}

export interface Work {
  readonly prompt: string;
  /** The seed that is used; that of the first part. */
  readonly seed: number | null;
  /** The size that was asked for or came out; null if the model's own was left to it. */
  readonly size: Size | null;
  /** The settings by their names, for people. */
  readonly settings: readonly (readonly [string, string])[];
  /** What the worker has to say about it. */
  readonly warnings: readonly string[];
  readonly parts: readonly Part[];
  /** What the form needs to ask for the same again. */
  readonly draft: Partial<Draft>;
  /** The file of the picture that it began with; null if there was none. */
  readonly input: JobFile | null;
}

/** Settings without those that nobody gave. */
export function shown(
  rows: readonly (readonly [string, string | number | undefined])[],
): (readonly [string, string])[] {
  return rows.flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)] as const],
  );
}

/** The entries that have a value. */
export function given<Value>(values: Record<string, Value | undefined>): Record<string, Value> {
  const found: Record<string, Value> = {};
  for (const [name, value] of Object.entries(values)) if (value !== undefined) found[name] = value;
  return found;
}

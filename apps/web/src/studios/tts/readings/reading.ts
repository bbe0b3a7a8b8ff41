/** A text that was read, as the page and its storage have it; its sound is elsewhere. */
import { isRecord, textOf } from '../../../shared/api/json';

/** How a text is to be read. */
export interface Choice {
  /** The id of a voice; empty for the model's own. */
  readonly voice: string;
  /** 1 is the voice's own pace. */
  readonly speed: number;
  /** The format of the file that can be saved. */
  readonly format: string;
}

export const USUAL: Choice = { voice: '', speed: 1, format: 'wav' };

export interface Sentence {
  readonly text: string;
  /** Seconds of sound before it. */
  readonly startSeconds: number;
}

export interface Reading {
  readonly id: number;
  readonly text: string;
  readonly choice: Choice;
  /** The id of the voice that read; empty until reading began. */
  readonly voice: string;
  /** Null until reading began. */
  readonly seed: number | null;
  /** Milliseconds since 1970. */
  readonly askedAt: number;
  readonly state: 'reading' | 'complete' | 'stopped' | 'failed';
  /** Seconds of sound. */
  readonly seconds: number;
  /** Seconds from the question to the first sound, as this page heard it; null before. */
  readonly firstSoundSeconds: number | null;
  readonly warnings: readonly string[];
  readonly sentences: readonly Sentence[];
}

/** Reads kept readings, without what is none; throws for what is no list. */
export function readReadings(json: unknown): Reading[] {
  if (!Array.isArray(json)) throw new TypeError('no list of readings');
  return json.flatMap((item) => readReading(item) ?? []);
}

export function readChoice(json: unknown): Choice {
  if (!isRecord(json)) throw new TypeError('no choice');
  const { speed } = json;
  return {
    voice: textOf(json.voice),
    speed: typeof speed === 'number' && Number.isFinite(speed) ? speed : USUAL.speed,
    format: textOf(json.format) || USUAL.format,
  };
}

/** The length of a text in characters, as the model counts them. */
export function characters(text: string): number {
  let count = 0;
  for (const _character of text) count += 1;
  return count;
}

function readReading(json: unknown): Reading | null {
  if (!isRecord(json) || typeof json.id !== 'number' || typeof json.text !== 'string') return null;
  const { id, text, choice, seed, askedAt, state, seconds, firstSoundSeconds } = json;
  if (!isRecord(choice) || typeof askedAt !== 'number') return null;
  return {
    id,
    text,
    choice: readChoice(choice),
    voice: textOf(json.voice),
    seed: typeof seed === 'number' ? seed : null,
    askedAt,
    state: state === 'complete' || state === 'failed' ? state : 'stopped',
    seconds: typeof seconds === 'number' ? seconds : 0,
    firstSoundSeconds: typeof firstSoundSeconds === 'number' ? firstSoundSeconds : null,
    warnings: Array.isArray(json.warnings) ? json.warnings.map(textOf) : [],
    // They belong to the sound, which is made again where it is wanted.
    sentences: [],
  };
}

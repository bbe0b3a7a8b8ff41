/** What a person has set up to be made, as it stands in the form. Knows no model and no request. */
import type { OnLeave } from '../jobs/submitJob';
import { isRecord, textOf } from '../shared/api/json';

export interface Draft {
  readonly prompt: string;
  readonly negativePrompt: string;
  /** The numbers that are not left to the model, by the request's field. */
  readonly numbers: Readonly<Record<string, number>>;
  /** The names that are not left to the model: the scheduler, the file format. */
  readonly choices: Readonly<Record<string, string>>;
  /** The seed that was used last, or is to be used if it is held; null before the first. */
  readonly seed: number | null;
  /** Whether the next task takes the same seed again. */
  readonly seedHeld: boolean;
  readonly onLeave: OnLeave;
}

export const EMPTY_DRAFT: Draft = {
  prompt: '',
  negativePrompt: '',
  numbers: {},
  choices: {},
  seed: null,
  seedHeld: false,
  onLeave: 'keep',
};

export const SEEDS = 2 ** 32;

/** A seed that nobody has chosen. */
export function drawnSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}

/** The seed of the next task. */
export function nextSeed(draft: Draft): number {
  return draft.seedHeld && draft.seed !== null ? draft.seed : drawnSeed();
}

/** The draft with a number set, or left to the model. */
export function withNumber(draft: Draft, field: string, value: number | null): Partial<Draft> {
  const { [field]: _, ...others } = draft.numbers;
  return { numbers: value === null ? others : { ...others, [field]: value } };
}

/** The draft with a name chosen; an empty one leaves it to the model. */
export function withChoice(draft: Draft, field: string, value: string): Partial<Draft> {
  const { [field]: _, ...others } = draft.choices;
  return { choices: value === '' ? others : { ...others, [field]: value } };
}

/** Reads a kept draft; whatever is not as it should be is left out. */
export function readDraft(json: unknown): Draft {
  const kept = isRecord(json) ? json : {};
  const seed = kept.seed;
  return {
    prompt: textOf(kept.prompt),
    negativePrompt: textOf(kept.negativePrompt),
    numbers: entries(kept.numbers, (value) => Number.isFinite(value)) as Record<string, number>,
    choices: entries(kept.choices, (value) => typeof value === 'string') as Record<string, string>,
    seed: typeof seed === 'number' && isSeed(seed) ? seed : null,
    seedHeld: kept.seedHeld === true,
    onLeave: kept.onLeave === 'drop' ? 'drop' : 'keep',
  };
}

export function isSeed(number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number < SEEDS;
}

function entries(json: unknown, fits: (value: unknown) => boolean): Record<string, unknown> {
  const all = isRecord(json) ? Object.entries(json) : [];
  return Object.fromEntries(all.filter(([, value]) => fits(value)));
}

/** How answers are to be written: what the person chose, and whether a model can take it. */
import type { DescribeModelResponse } from '../../gen/atelier/llm/v1/llm_pb';
import { isRecord, textOf } from '../../shared/api/json';

/** Null leaves a value to the model. */
export interface ChatSettings {
  readonly system: string;
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly maxTokens: number | null;
  readonly seed: number | null;
  /** As it is typed: one stop string a line, with \n for a line break. */
  readonly stops: string;
}

export type SettingName = keyof ChatSettings;

/** What is wrong, by the setting that it is about. */
export type SettingFaults = Partial<Record<SettingName, string>>;

export const MODELS_OWN: ChatSettings = {
  system: '',
  temperature: null,
  topP: null,
  maxTokens: null,
  seed: null,
  stops: '',
};

export const SETTING_NAMES = Object.keys(MODELS_OWN) as SettingName[];

const HIGHEST_SEED = 2 ** 32 - 1;
const MOST_STOPS = 16;
const LONGEST_STOP = 256;

/** Values that the model takes by itself, and limits; null where nobody knows them. */
export interface ChatLimits {
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly maxTokens: number | null;
  readonly contextLength: number | null;
  /** False where a seed is refused. */
  readonly seedHolds: boolean;
}

export function limitsOf(model: DescribeModelResponse | null): ChatLimits {
  // Until the model is loaded, all but the length of answers is told as 0.
  const loaded = model !== null && model.contextLength > 0;
  const defaults = model?.defaults;
  return {
    temperature: loaded ? (defaults?.temperature ?? null) : null,
    topP: loaded ? (defaults?.topP ?? null) : null,
    maxTokens: defaults?.maxTokens || null,
    contextLength: loaded ? model.contextLength : null,
    seedHolds: !loaded || model.reproducible,
  };
}

/** The stop strings of the typed text. */
export function stopStrings(typed: string): string[] {
  return typed
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/\\([nt\\])/g, (_whole, sign: string) => ESCAPES[sign] ?? sign));
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t' };

/** What a request with these settings would be refused for. */
export function faultsOf(settings: ChatSettings, limits: ChatLimits): SettingFaults {
  const { temperature, topP, maxTokens, seed } = settings;
  const stops = stopStrings(settings.stops);
  const longest = limits.contextLength ?? Number.POSITIVE_INFINITY;
  const faults: SettingFaults = {};
  if (temperature !== null && !(temperature >= 0 && temperature <= 2)) {
    faults.temperature = 'From 0 to 2.';
  }
  if (topP !== null && !(topP > 0 && topP <= 1)) faults.topP = 'More than 0 and at most 1.';
  if (maxTokens !== null && !isWhole(maxTokens, 1, longest)) {
    const most = Number.isFinite(longest) ? ` to ${longest}` : '';
    faults.maxTokens = `A whole number from 1${most}.`;
  }
  if (seed !== null && !limits.seedHolds) faults.seed = 'This model cannot repeat an answer.';
  else if (seed !== null && !isWhole(seed, 0, HIGHEST_SEED)) {
    faults.seed = `A whole number from 0 to ${HIGHEST_SEED}.`;
  }
  if (stops.length > MOST_STOPS) faults.stops = `At most ${MOST_STOPS}, not ${stops.length}.`;
  if (stops.some((stop) => [...stop].length > LONGEST_STOP)) {
    faults.stops = `At most ${LONGEST_STOP} characters each.`;
  }
  return faults;
}

/** Reads kept settings; throws for what are none. */
export function readSettings(json: unknown): ChatSettings {
  if (!isRecord(json)) throw new TypeError('no settings');
  const number = (value: unknown) => (typeof value === 'number' ? value : null);
  return {
    system: textOf(json.system),
    temperature: number(json.temperature),
    topP: number(json.topP),
    maxTokens: number(json.maxTokens),
    seed: number(json.seed),
    stops: textOf(json.stops),
  };
}

function isWhole(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high;
}

/** The numbers that a model lets one set: what they may be, and which of them are sent. */
import type { Size } from './shapes';

export interface NumberSpec {
  /** The request's field. */
  readonly field: string;
  readonly label: string;
  /** What the model takes by itself. */
  readonly own: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** What a value means, "1.0 s" for example. */
  readonly hint?: string;
}

type Numbers = Readonly<Record<string, number>>;

/** Those that can be other than they are. */
export function settable(specs: readonly NumberSpec[]): NumberSpec[] {
  return specs.filter(({ min, max }) => max > min);
}

/** The value of a field as it would be used. */
export function valueIn(spec: NumberSpec, numbers: Numbers): number {
  return numbers[spec.field] ?? spec.own;
}

/** The size in which it would come out; null while nobody knows the model. */
export function sizeOf(specs: readonly NumberSpec[], numbers: Numbers): Size | null {
  const [width, height] = ['width', 'height'].map((side) => specs.find((s) => s.field === side));
  if (!width || !height) return null;
  return { width: valueIn(width, numbers), height: valueIn(height, numbers) };
}

/** What to send: the numbers that were set and that this model lets one set. */
export function sent(specs: readonly NumberSpec[], numbers: Numbers): Record<string, number> {
  const fields = settable(specs).map(({ field }) => field);
  return Object.fromEntries(Object.entries(numbers).filter(([field]) => fields.includes(field)));
}

/** What is wrong with the numbers that would be sent, by field. */
export function complaints(specs: readonly NumberSpec[], numbers: Numbers): Record<string, string> {
  const found: Record<string, string> = {};
  for (const spec of settable(specs)) {
    const value = numbers[spec.field];
    const complaint = value === undefined ? null : complaintAbout(value, spec);
    if (complaint) found[spec.field] = complaint;
  }
  return found;
}

function complaintAbout(value: number, { min, max, step }: NumberSpec): string | null {
  if (value < min || value > max) return `Must be from ${min} to ${max}.`;
  if (Number.isInteger(step) && (value - min) % step !== 0) {
    const below = min + Math.floor((value - min) / step) * step;
    const above = below + step;
    return `Must be ${below}${above <= max ? ` or ${above}` : ''}; in between is nothing.`;
  }
  return null;
}

import { useState } from 'react';
import { Button, Select } from '../shared/ui/controls';
import { OptionalNumber } from '../shared/ui/OptionalNumber';
import { type Draft, withChoice, withNumber } from './draft';
import { LEAVE_OPTIONS } from './leave';
import { type NumberSpec, settable, valueIn } from './numbers';
import type { Shape } from './shapes';

export interface ChoiceSpec {
  /** The request's field. */
  readonly field: string;
  readonly label: string;
  /** What the model takes by itself. */
  readonly own: string;
  readonly options: readonly string[];
}

interface Props {
  draft: Draft;
  onChange: (change: Partial<Draft>) => void;
  errors: Readonly<Record<string, string>>;
}

/** The numbers that the model lets one set; what is not set is left to it. */
export function SettingsFields({
  draft,
  onChange,
  errors,
  numbers,
  sizes,
}: Props & { numbers: readonly NumberSpec[]; sizes: readonly Shape[] }) {
  return (
    <>
      {sizes.length > 0 && (
        <ShapeSelect draft={draft} onChange={onChange} numbers={numbers} sizes={sizes} />
      )}
      {settable(numbers).map((spec) => (
        <OptionalNumber
          key={spec.field}
          label={spec.label}
          own={spec.own}
          value={draft.numbers[spec.field] ?? null}
          min={spec.min}
          max={spec.max}
          step={spec.step}
          hint={spec.hint}
          error={errors[spec.field]}
          onChange={(value) => onChange(withNumber(draft, spec.field, value))}
        />
      ))}
    </>
  );
}

/** What is seldom set: names that the model offers, and what becomes of work that is left. */
export function MoreSettings({
  draft,
  onChange,
  errors,
  choices,
}: Props & { choices: readonly ChoiceSpec[] }) {
  const shown = choices.filter(({ options }) => options.length > 1);
  const isSet = Object.keys(draft.numbers).length + Object.keys(draft.choices).length > 0;
  const [open, setOpen] = useState(() => draft.onLeave === 'drop' || differs(draft.choices));
  // What is wrong must be seen.
  const wrong = shown.some(({ field }) => errors[field] !== undefined);
  return (
    <details
      className="more-settings"
      open={open || wrong}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>More settings</summary>
      <div className="more-body">
        {shown.map(({ field, label, own, options }) => (
          <Select
            key={field}
            label={label}
            value={draft.choices[field] ?? ''}
            error={errors[field]}
            options={[
              { value: '', label: own },
              ...options
                .filter((option) => option !== own)
                .map((option) => ({ value: option, label: option })),
            ]}
            onChange={(value) => onChange(withChoice(draft, field, value))}
          />
        ))}
        <Select
          label="When I close this page"
          value={draft.onLeave}
          options={LEAVE_OPTIONS}
          hint="What becomes of work that is not done yet."
          onChange={(value) => onChange({ onLeave: value === 'drop' ? 'drop' : 'keep' })}
        />
        {isSet && (
          <Button onClick={() => onChange({ numbers: {}, choices: {} })}>
            All back to the model's own
          </Button>
        )}
      </div>
    </details>
  );
}

function differs(choices: Draft['choices']): boolean {
  return Object.keys(choices).length > 0;
}

function ShapeSelect({
  draft,
  onChange,
  numbers,
  sizes,
}: Omit<Props, 'errors'> & { numbers: readonly NumberSpec[]; sizes: readonly Shape[] }) {
  const side = (field: string) => {
    const spec = numbers.find((one) => one.field === field);
    return spec ? valueIn(spec, draft.numbers) : 0;
  };
  const [width, height] = [side('width'), side('height')];
  const now = sizes.find((size) => size.width === width && size.height === height);
  return (
    <Select
      label="Shape"
      value={now?.name ?? ''}
      options={[
        ...(now ? [] : [{ value: '', label: `${width} × ${height}` }]),
        ...sizes.map((size) => ({
          value: size.name,
          label: `${size.name} (${size.width} × ${size.height})`,
        })),
      ]}
      onChange={(name) => {
        const chosen = sizes.find((size) => size.name === name);
        if (!chosen) return;
        const { width, height } = chosen;
        onChange({ numbers: { ...draft.numbers, width, height } });
      }}
    />
  );
}

import { Button, Select } from '../shared/ui/controls';
import { OptionalNumber } from '../shared/ui/OptionalNumber';
import { type Draft, withChoice, withNumber } from './draft';
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

/** The settings that the model lets one set; what is not set is left to it. */
export function SettingsFields({
  draft,
  onChange,
  errors,
  numbers,
  sizes,
  choices,
}: {
  draft: Draft;
  onChange: (change: Partial<Draft>) => void;
  errors: Readonly<Record<string, string>>;
  numbers: readonly NumberSpec[];
  sizes: readonly Shape[];
  choices: readonly ChoiceSpec[];
}) {
  const isSet = Object.keys(draft.numbers).length + Object.keys(draft.choices).length > 0;
  return (
    <div className="settings">
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
      {choices
        .filter(({ options }) => options.length > 1)
        .map(({ field, label, own, options }) => (
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
      {isSet && (
        <Button onClick={() => onChange({ numbers: {}, choices: {} })}>
          All back to the model's own
        </Button>
      )}
    </div>
  );
}

function ShapeSelect({
  draft,
  onChange,
  numbers,
  sizes,
}: {
  draft: Draft;
  onChange: (change: Partial<Draft>) => void;
  numbers: readonly NumberSpec[];
  sizes: readonly Shape[];
}) {
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

/** The few controls that all pages share. */
import { type ButtonHTMLAttributes, type ReactNode, useId, useState } from 'react';

type Kind = 'primary' | 'quiet' | 'danger';

export function Button({
  kind = 'quiet',
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { kind?: Kind }) {
  return <button type="button" {...rest} className={`button button-${kind}`} />;
}

/** A button with a sign only; `label` names it. */
export function IconButton({
  label,
  ...rest
}: Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'aria-label'> & { label: string }) {
  return (
    <button type="button" {...rest} className="icon-button" aria-label={label} title={label} />
  );
}

interface FieldProps {
  label: string;
  hint?: string;
  /** What is wrong with the value, as the gateway or the form says. */
  error?: string;
}

/** A label, a control, and what there is to say about it. */
export function Field({
  label,
  hint,
  error,
  children,
}: FieldProps & {
  children: (control: {
    id: string;
    'aria-describedby': string | undefined;
    'aria-invalid': boolean;
  }) => ReactNode;
}) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        'aria-describedby': note ? `${id}-note` : undefined,
        'aria-invalid': error !== undefined,
      })}
      {note && (
        <p id={`${id}-note`} className={error ? 'field-error' : 'field-hint'}>
          {note}
        </p>
      )}
    </div>
  );
}

export function TextArea({
  value,
  onChange,
  rows = 4,
  placeholder,
  ...field
}: FieldProps & {
  value: string;
  onChange: (value: string) => void;
  rows?: number;
  placeholder?: string;
}) {
  return (
    <Field {...field}>
      {(control) => (
        <textarea
          {...control}
          rows={rows}
          value={value}
          placeholder={placeholder}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

export function Select({
  value,
  onChange,
  options,
  ...field
}: FieldProps & {
  value: string;
  onChange: (value: string) => void;
  options: readonly { value: string; label: string }[];
}) {
  return (
    <Field {...field}>
      {(control) => (
        <select {...control} value={value} onChange={(event) => onChange(event.target.value)}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** A number by slider or by keys, within its limits. */
export function Slider({
  value,
  onChange,
  min,
  max,
  step,
  ...field
}: FieldProps & {
  value: number;
  onChange: (value: number) => void;
  min: number;
  max: number;
  step: number;
}) {
  const limits = { min, max, step };
  return (
    <Field {...field}>
      {(control) => (
        <div className="slider">
          <input
            type="range"
            {...limits}
            value={value}
            aria-label={field.label}
            onChange={(event) => onChange(Number(event.target.value))}
          />
          <NumberBox {...limits} value={value} control={control} onChange={onChange} />
        </div>
      )}
    </Field>
  );
}

/** A number that is typed: what is half typed stays until it is left, and then becomes a value. */
function NumberBox({
  value,
  onChange,
  control,
  ...limits
}: {
  value: number;
  onChange: (value: number) => void;
  control: Record<string, unknown>;
  min: number;
  max: number;
  step: number;
}) {
  const [typed, setTyped] = useState<string | null>(null);
  const leave = () => {
    setTyped(null);
    if (typed) onChange(nearest(Number(typed), limits));
  };
  return (
    <input
      type="number"
      {...control}
      {...limits}
      value={typed ?? value}
      onChange={(event) => {
        const text = event.target.value;
        setTyped(text);
        const number = Number(text);
        if (text !== '' && nearest(number, limits) === number) onChange(number);
      }}
      onBlur={leave}
      onKeyDown={(event) => event.key === 'Enter' && leave()}
    />
  );
}

/** The value that can be had and is nearest to a number. */
export function nearest(
  number: number,
  { min, max, step }: { min: number; max: number; step: number },
): number {
  const inStep = min + Math.round((number - min) / step) * step;
  const highest = min + Math.floor((max - min) / step + 1e-9) * step;
  // Without the noise of binary fractions: 0.1 + 0.2 is 0.3 here.
  return Number(Math.min(highest, Math.max(min, inStep)).toFixed(6));
}

/** How far work has come, from 0 to 1; null while nobody knows. */
export function Progress({ value, label }: { value: number | null; label: string }) {
  return <progress aria-label={label} max={1} value={value ?? undefined} />;
}

export function EmptyState({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** The few controls that all pages share. */
import { type ButtonHTMLAttributes, type ReactNode, useId } from 'react';

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
  const change = (text: string) => {
    const number = Number(text);
    if (text !== '' && Number.isFinite(number)) onChange(Math.min(max, Math.max(min, number)));
  };
  const limits = { min, max, step, value };
  return (
    <Field {...field}>
      {(control) => (
        <div className="slider">
          <input
            type="range"
            {...limits}
            aria-label={field.label}
            onChange={(event) => change(event.target.value)}
          />
          <input
            type="number"
            {...control}
            {...limits}
            onChange={(event) => change(event.target.value)}
          />
        </div>
      )}
    </Field>
  );
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

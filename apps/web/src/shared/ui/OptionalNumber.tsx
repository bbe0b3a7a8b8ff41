import { type ReactNode, useState } from 'react';
import { Field } from './controls';

interface Props {
  label: string;
  /** What was chosen; null leaves it to the model. */
  value: number | null;
  onChange: (value: number | null) => void;
  /** What the model takes by itself; null if nobody knows. */
  own: number | null;
  min: number;
  /** Without it there is no slider. */
  max?: number | null;
  step: number;
  hint?: string;
  error?: string;
  /** What stands in the field while nothing is chosen and `own` is not known. */
  otherwise?: string;
  children?: ReactNode;
}

/** A number that may be left to the model. What is out of range stays, for `error` to tell. */
export function OptionalNumber(props: Props) {
  const { label, value, onChange, own, min, max = null, step, hint, error, children } = props;
  const [typed, setTyped] = useState<string | null>(null);
  const placeholder = own === null ? (props.otherwise ?? 'auto') : String(own);
  const type = (text: string) => {
    setTyped(text);
    onChange(text === '' || !Number.isFinite(Number(text)) ? null : Number(text));
  };
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <div className={max === null ? 'optional' : 'optional optional-slider'}>
          {max !== null && (
            <input
              type="range"
              aria-label={`${label}, slider`}
              data-chosen={value !== null}
              min={min}
              max={max}
              step={step}
              value={value ?? own ?? min}
              aria-valuetext={value === null ? `${placeholder}, the model's own` : undefined}
              onChange={(event) => onChange(Number(event.target.value))}
            />
          )}
          <input
            type="number"
            {...control}
            min={min}
            max={max ?? undefined}
            step={step}
            placeholder={placeholder}
            value={typed ?? value ?? ''}
            onChange={(event) => type(event.target.value)}
            onBlur={() => setTyped(null)}
          />
          {children}
          <button
            type="button"
            className="text-button"
            aria-label={`Reset ${label} to the model's own`}
            disabled={value === null}
            onClick={() => {
              setTyped(null);
              onChange(null);
            }}
          >
            Reset
          </button>
        </div>
      )}
    </Field>
  );
}

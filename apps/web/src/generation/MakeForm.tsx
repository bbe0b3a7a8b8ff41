/** The frame of a studio's form: what is filled in, the button, and what went wrong. */
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { ErrorNote } from '../shared/ui/ErrorNote';
import { isSubmit } from '../shared/ui/keys';
import type { Submitting } from './useSubmission';

export function MakeForm({
  verb,
  submitting,
  onSubmit,
  children,
}: {
  /** What the button does, "Draw" for example. */
  verb: string;
  submitting: Submitting;
  /** Submits; false if something in the form is wrong and says so. */
  onSubmit: () => boolean;
  children: ReactNode;
}) {
  const form = useRef<HTMLFormElement>(null);
  const [refusals, setRefusals] = useState(0);
  useEffect(() => {
    const wrong = form.current?.querySelector<HTMLElement>('[aria-invalid="true"]');
    if (refusals > 0) wrong?.focus();
  }, [refusals]);
  const submit = () => {
    if (!submitting.sending && !onSubmit()) setRefusals((count) => count + 1);
  };
  return (
    <form
      ref={form}
      className="make-form"
      noValidate
      aria-label={verb}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onKeyDown={(event) => {
        if (!isSubmit(event)) return;
        event.preventDefault();
        submit();
      }}
    >
      {children}
      <div className="make-actions">
        {submitting.problem !== null && (
          <ErrorNote error={submitting.problem} onRetry={submitting.again ?? undefined} />
        )}
        <button type="submit" className="button button-primary" disabled={submitting.sending}>
          {submitting.sending ? 'Submitting…' : verb}
        </button>
        <span className="make-keys" aria-hidden="true">
          Ctrl + Enter
        </span>
      </div>
    </form>
  );
}

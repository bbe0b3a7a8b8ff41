/** Submits a form's request as a job, and brings back what is wrong with it, to the fields. */
import type { JsonValue } from '@bufbuild/protobuf';
import { useCallback, useMemo, useState } from 'react';
import type { Job } from '../gen/atelier/jobs/v1/jobs_pb';
import { useJob, useJobs } from '../jobs/JobsContext';
import { jobError } from '../jobs/jobError';
import { type Submission, submitJob } from '../jobs/submitJob';
import { ApiError } from '../shared/api/apiError';

export interface Submitting {
  readonly submit: (submission: Pending) => void;
  /** Sends what could not be sent once more: the same request with the same key. */
  readonly again: (() => void) | null;
  readonly sending: boolean;
  /** Why it was not accepted; null if it was, or if `errors` say it all. */
  readonly problem: unknown;
  /** What the gateway or the worker has against the last request, by the form's field. */
  readonly errors: Readonly<Record<string, string>>;
  /** Fields were changed: what was wrong with them is old news. */
  readonly changed: (fields: readonly string[]) => void;
}

export interface Pending {
  readonly body: JsonValue;
  readonly onLeave: Submission['onLeave'];
}

/** `fields` are those that the form shows, by their names in the request's camel case. */
export function useSubmission(
  route: string,
  fields: readonly string[],
  onAccepted: (job: Job) => void,
): Submitting {
  const { take } = useJobs();
  const [unsent, setUnsent] = useState<Submission | null>(null);
  const [sending, setSending] = useState(false);
  const [refusal, setRefusal] = useState<unknown>(null);
  const [lastId, setLastId] = useState('');
  const [old, setOld] = useState<readonly string[]>([]);
  const last = useJob(lastId);

  const send = useCallback(
    async (submission: Submission) => {
      setSending(true);
      setRefusal(null);
      setLastId('');
      setOld([]);
      try {
        const job = await submitJob(submission);
        setUnsent(null);
        take(job);
        setLastId(job.id);
        onAccepted(job);
      } catch (error) {
        setUnsent(submission);
        setRefusal(error);
      } finally {
        setSending(false);
      }
    },
    [take, onAccepted],
  );
  const submit = useCallback(
    (pending: Pending) => void send({ route, idempotencyKey: newKey(), ...pending }),
    [send, route],
  );
  const changed = useCallback(
    (names: readonly string[]) => setOld((before) => [...before, ...names]),
    [],
  );

  const failure = refusal ?? (last ? jobError(last) : null);
  const { errors, allShown } = useMemo(() => placed(failure, fields, old), [failure, fields, old]);
  return {
    submit,
    again: unsent && !sending ? () => void send(unsent) : null,
    sending,
    problem: allShown ? null : refusal,
    errors,
    changed,
  };
}

/** The violations of an error by the form's fields, without those of fields that were changed. */
function placed(failure: unknown, fields: readonly string[], old: readonly string[]) {
  const violations = failure instanceof ApiError ? failure.violations : [];
  const errors: Record<string, string> = {};
  for (const { field, description } of violations) {
    const name = camelCase(field);
    if (fields.includes(name) && !old.includes(name)) errors[name] = sentence(description);
  }
  const allShown =
    violations.length > 0 && violations.every(({ field }) => fields.includes(camelCase(field)));
  return { errors, allShown };
}

function camelCase(field: string): string {
  return field.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

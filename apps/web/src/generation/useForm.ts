/** A studio's form as a whole: its draft, its submission, and what is wrong with either. */
import type { JsonValue } from '@bufbuild/protobuf';
import { useCallback, useState } from 'react';
import type { Job } from '../gen/atelier/jobs/v1/jobs_pb';
import { type Draft, nextSeed } from './draft';
import { useDraft } from './useDraft';
import { type Submitting, useSubmission } from './useSubmission';

export interface Form {
  readonly draft: Draft;
  readonly change: (part: Partial<Draft>) => void;
  readonly submitting: Submitting;
  /** What is wrong, by field: as the form sees it, then as the gateway or the worker does. */
  readonly errors: Readonly<Record<string, string>>;
  /** Forgets what was wrong with fields that are not in the draft. */
  readonly changed: (...fields: string[]) => void;
  /** Submits unless there are complaints; tells whether it did. */
  readonly submit: (
    complaints: Readonly<Record<string, string>>,
    body: (seed: number) => JsonValue | Promise<JsonValue>,
  ) => boolean;
}

const FIELDS = [
  'prompt',
  'negativePrompt',
  'image',
  'seed',
  'width',
  'height',
  'steps',
  'guidanceScale',
  'numImages',
  'strength',
  'scheduler',
  'format',
  'numFrames',
  'framesPerSecond',
  'motionStrength',
];

export function useForm(studio: string, route: string, onAccepted: (job: Job) => void): Form {
  const [draft, setDraft] = useDraft(studio);
  const [complaints, setComplaints] = useState<Readonly<Record<string, string>>>({});
  const submitting = useSubmission(route, FIELDS, onAccepted);
  const { changed: changedSince, submit: send } = submitting;

  const changed = useCallback(
    (...fields: string[]) => {
      changedSince(fields);
      setComplaints((before) => without(before, fields));
    },
    [changedSince],
  );
  const change = useCallback(
    (part: Partial<Draft>) => {
      setDraft(part);
      changed(...changedFields(draft, part));
    },
    [setDraft, changed, draft],
  );
  const submit: Form['submit'] = (found, body) => {
    setComplaints(found);
    if (Object.keys(found).length > 0) return false;
    const seed = nextSeed(draft);
    setDraft({ seed });
    void Promise.resolve(body(seed)).then((json) => send({ body: json, onLeave: draft.onLeave }));
    return true;
  };
  return {
    draft,
    change,
    submitting,
    errors: { ...submitting.errors, ...complaints },
    changed,
    submit,
  };
}

/** The request's fields that a change of the draft touches. */
function changedFields(before: Draft, part: Partial<Draft>): string[] {
  const own = ['prompt', 'negativePrompt', 'seed'].filter((field) => field in part);
  const numbers = part.numbers ? differing(before.numbers, part.numbers) : [];
  const choices = part.choices ? differing(before.choices, part.choices) : [];
  return [...own, ...numbers, ...choices];
}

function differing<Value>(one: Record<string, Value>, other: Record<string, Value>): string[] {
  const fields = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...fields].filter((field) => one[field] !== other[field]);
}

function without(record: Readonly<Record<string, string>>, fields: readonly string[]) {
  const left = Object.entries(record).filter(([field]) => !fields.includes(field));
  return Object.fromEntries(left);
}

import type { JsonValue } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { type Job, JobSchema } from '../gen/atelier/jobs/v1/jobs_pb';
import { OperationSchema } from '../gen/google/longrunning/operations_pb';
import { askFor } from '../shared/api/request';
import { presence } from './presence';

/** What becomes of a job when its person leaves. */
export type OnLeave = 'keep' | 'drop';

export interface Submission {
  /** The task's own route, "/v1/videogen/generate" for example. */
  readonly route: string;
  /** The request as the route takes it; see `encoded` for how a message becomes one. */
  readonly body: JsonValue;
  readonly onLeave?: OnLeave;
  /** A second submission with the same key and body is the first one's job. */
  readonly idempotencyKey?: string;
}

/** Submits a task as a job; answers at once. */
export async function submitJob(submission: Submission): Promise<Job> {
  const { route, body, onLeave = 'keep', idempotencyKey } = submission;
  const headers = {
    Prefer: 'respond-async',
    'X-Atelier-Presence': presence(),
    'X-Atelier-On-Leave': onLeave,
    ...(idempotencyKey ? { 'Idempotency-Key': idempotencyKey } : {}),
  };
  return jobOf(await askFor(OperationSchema, route, { body, headers }));
}

/** The job that an operation speaks of. */
export function jobOf(operation: { metadata?: Parameters<typeof anyUnpack>[0] }): Job {
  const job = operation.metadata && anyUnpack(operation.metadata, JobSchema);
  if (!job) throw new Error('The gateway answered without a job.');
  return job;
}

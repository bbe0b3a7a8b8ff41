/** What can be done with a job that was submitted. */
import { type Job, JobSchema } from '../gen/atelier/jobs/v1/jobs_pb';
import { OperationSchema } from '../gen/google/longrunning/operations_pb';
import { ask, askFor } from '../shared/api/request';
import { presence } from './presence';
import { jobOf, type OnLeave } from './submitJob';

/** Tells it to stop; its state says when it has. */
export async function cancelJob(id: string): Promise<void> {
  await ask(`/v1/operations/${encodeURIComponent(id)}:cancel`, { body: {} });
}

/** Submits an ended job's request again, as a new job. */
export async function retryJob(id: string, onLeave: OnLeave = 'keep'): Promise<Job> {
  const body = { presence: presence(), on_leave: onLeave };
  return jobOf(await askFor(OperationSchema, `/v1/jobs/${encodeURIComponent(id)}:retry`, { body }));
}

/** Removes an ended job with its files. */
export async function deleteJob(id: string): Promise<void> {
  await ask(`/v1/operations/${encodeURIComponent(id)}`, { method: 'DELETE' });
}

/** Changes what becomes of it when its person leaves; this tab's person takes it over. */
export function changeOnLeave(id: string, onLeave: OnLeave): Promise<Job> {
  const body = { on_leave: onLeave, presence: presence() };
  return askFor(JobSchema, `/v1/jobs/${encodeURIComponent(id)}`, { method: 'PATCH', body });
}

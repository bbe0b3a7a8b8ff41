import { type Job, JobSchema } from '../gen/atelier/jobs/v1/jobs_pb';
import { askFor } from '../shared/api/request';

/** One job as it is now; ApiError NOT_FOUND if there is none of that id. */
export function getJob(id: string, signal?: AbortSignal): Promise<Job> {
  return askFor(JobSchema, `/v1/jobs/${encodeURIComponent(id)}`, { signal });
}

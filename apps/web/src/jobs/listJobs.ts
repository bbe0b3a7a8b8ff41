import { type ListJobsResponse, ListJobsResponseSchema } from '../gen/atelier/jobs/v1/jobs_pb';
import { askFor } from '../shared/api/request';

export interface JobsAsked {
  /** Only jobs of this capability. */
  readonly capability: string;
  readonly pageSize: number;
  /** From the page before. */
  readonly pageToken?: string;
  readonly signal?: AbortSignal;
}

/** A page of jobs, the newest first. */
export function listJobs(asked: JobsAsked): Promise<ListJobsResponse> {
  const query = new URLSearchParams({
    capability: asked.capability,
    page_size: String(asked.pageSize),
    ...(asked.pageToken ? { page_token: asked.pageToken } : {}),
  });
  return askFor(ListJobsResponseSchema, `/v1/jobs?${query}`, { signal: asked.signal });
}

/** The jobs that this page knows: a pure machine `(state, event) → state`. */
import type { Job } from '../gen/atelier/jobs/v1/jobs_pb';

export interface JobsState {
  readonly byId: Readonly<Record<string, Job>>;
  /** False until the first look is complete. */
  readonly caughtUp: boolean;
  /** The ids of a look that is under way; what it does not name has gone meanwhile. */
  readonly look: readonly string[] | null;
  /** How many looks are complete: what was read before the last one may be old. */
  readonly looks: number;
  /** The jobs that this page saw go. */
  readonly gone: Readonly<Record<string, true>>;
}

export type JobsEvent =
  | { type: 'news'; jobs: readonly Job[]; deletedIds: readonly string[]; caughtUp: boolean }
  | { type: 'taken'; job: Job }
  | { type: 'deleted'; id: string }
  /** The stream is lost, or begins anew: its next messages are a look. */
  | { type: 'lost' };

export const NO_JOBS: JobsState = { byId: {}, caughtUp: false, look: [], looks: 0, gone: {} };

export function nextJobs(state: JobsState, event: JobsEvent): JobsState {
  switch (event.type) {
    case 'lost':
      return { ...state, look: [] };
    case 'taken':
      // The stream may have told a later state already.
      return { ...withJobs(state, state.byId[event.job.id] ? [] : [event.job]) };
    case 'deleted':
      return without(state, [event.id]);
    case 'news': {
      const next = without(withJobs(state, event.jobs), event.deletedIds);
      if (!event.caughtUp || next.look === null) return next;
      const missing = Object.keys(state.byId).filter((id) => !next.look?.includes(id));
      return { ...left(next, missing), caughtUp: true, look: null, looks: state.looks + 1 };
    }
  }
}

/** Whether a job changes no more. */
export function hasEnded(job: Job): boolean {
  return ['succeeded', 'failed', 'cancelled'].includes(job.state);
}

function withJobs(state: JobsState, jobs: readonly Job[]): JobsState {
  const news = Object.fromEntries(jobs.map((job) => [job.id, job]));
  const look = state.look && [...state.look, ...Object.keys(news)];
  return { ...state, byId: { ...state.byId, ...news }, look };
}

function without(state: JobsState, ids: readonly string[]): JobsState {
  if (ids.length === 0) return state;
  const gone = Object.fromEntries(ids.map((id) => [id, true as const]));
  return { ...left(state, ids), gone: { ...state.gone, ...gone } };
}

/** Without jobs that are too old for the look, or gone. */
function left(state: JobsState, ids: readonly string[]): JobsState {
  const entries = Object.entries(state.byId).filter(([id]) => !ids.includes(id));
  return { ...state, byId: Object.fromEntries(entries) };
}

/** The way of a job from the queue to its end, as the stage shows it. */
import type { Job } from '../gen/atelier/jobs/v1/jobs_pb';

export type Stop = 'waiting' | 'loading' | 'working' | 'finishing';
export const STOPS: readonly Stop[] = ['waiting', 'loading', 'working', 'finishing'];

/** Where an unended job is now. */
export function stopOf(job: Job): Stop {
  if (job.state !== 'running') return 'waiting';
  switch (job.phase) {
    case '':
    case 'starting':
    case 'queued':
      return 'waiting';
    case 'loading':
      return 'loading';
    case 'working':
      return 'working';
    default:
      return 'finishing';
  }
}

/** The queue of all jobs, with what can be done about each. */
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { useState } from 'react';
import type { Job } from '../gen/atelier/jobs/v1/jobs_pb';
import { Button, EmptyState, Progress } from '../shared/ui/controls';
import { ErrorNote } from '../shared/ui/ErrorNote';
import { cancelJob, retryJob } from './changeJob';
import { useJobs } from './JobsContext';
import { hasEnded } from './jobsState';

const SHOWN = 50;

export function JobQueue() {
  const { jobs, caughtUp, connection } = useJobs();
  const [problem, setProblem] = useState<unknown>(null);
  const act = (action: Promise<unknown>) => {
    setProblem(null);
    action.catch(setProblem);
  };
  if (connection === 'absent') {
    return <EmptyState title="This gateway keeps no jobs." />;
  }
  if (!caughtUp) {
    const lost = connection === 'lost';
    return <EmptyState title={lost ? 'The gateway does not answer.' : 'Looking for jobs…'} />;
  }
  if (jobs.length === 0) return <EmptyState title="No jobs yet." />;
  return (
    <>
      {problem !== null && <ErrorNote error={problem} />}
      <ul className="jobs">
        {jobs.slice(0, SHOWN).map((job) => (
          <li key={job.id} className={`job job-${job.state}`}>
            <div>
              <strong>{job.capability}</strong> {phaseOf(job)}
              <span className="job-time">
                {job.createTime && timestampDate(job.createTime).toLocaleTimeString()}
              </span>
            </div>
            {job.state === 'running' && (
              <Progress
                label={`Progress of ${job.capability}`}
                value={job.totalSteps > 0 ? job.step / job.totalSteps : null}
              />
            )}
            {hasEnded(job) ? (
              <Button onClick={() => act(retryJob(job.id))}>Retry</Button>
            ) : (
              <Button disabled={job.cancelling} onClick={() => act(cancelJob(job.id))}>
                Cancel
              </Button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

/** What a job does now, in words. */
export function phaseOf(job: Job): string {
  if (job.cancelling) return 'stopping';
  if (job.state === 'failed') return `failed: ${job.error?.message ?? ''}`;
  if (job.state === 'queued') {
    if (job.waitingReason) return `waits: ${job.waitingReason}`;
    return `queued at place ${(job.queuePosition ?? 0) + 1}`;
  }
  if (job.state !== 'running') return job.state;
  if (job.phase === 'working') return `step ${job.step} of ${job.totalSteps}`;
  return { queued: 'waits for the worker', loading: 'loads the model' }[job.phase] ?? job.phase;
}

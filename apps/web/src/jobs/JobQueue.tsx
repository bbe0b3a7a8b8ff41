/** The queue of all jobs: what runs and waits, what has ended, and what can be done about each. */
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { type ReactNode, useState } from 'react';
import type { Job } from '../gen/atelier/jobs/v1/jobs_pb';
import { ago, CAPABILITY_WORDS } from '../health/wording';
import { Button, EmptyState, Progress } from '../shared/ui/controls';
import { ErrorNote } from '../shared/ui/ErrorNote';
import { useNow } from '../shared/ui/useNow';
import { cancelJob, retryJob } from './changeJob';
import { useJobs } from './JobsContext';
import { jobError } from './jobError';
import { hasEnded } from './jobsState';
import { jobTitle, phaseWords, pictureOf, progressOf } from './wording';
import './jobs.css';

const SHOWN_AT_FIRST = 10;

export function JobQueue({
  link,
}: {
  /** Leads to where a job can be seen, if there is such a page. */
  link?: (job: Job, title: string) => ReactNode;
}) {
  const { jobs, caughtUp, connection, take } = useJobs();
  const [problem, setProblem] = useState<unknown>(null);
  const [shown, setShown] = useState(SHOWN_AT_FIRST);
  const now = useNow();
  if (connection === 'absent') return <EmptyState title="This gateway keeps no jobs." />;
  if (!caughtUp) {
    const lost = connection === 'lost';
    return <EmptyState title={lost ? 'The gateway does not answer.' : 'Looking for jobs…'} />;
  }
  if (jobs.length === 0) {
    return (
      <EmptyState title="No jobs yet.">
        <p>Pictures, clips and long speech become jobs: they outlive the page that asked.</p>
      </EmptyState>
    );
  }
  const act = (action: Promise<unknown>) => {
    setProblem(null);
    action.catch(setProblem);
  };
  // The oldest first, as they get their turn.
  const open = jobs.filter((job) => !hasEnded(job)).reverse();
  const ended = jobs.filter(hasEnded);
  return (
    <>
      {problem !== null && <ErrorNote error={problem} />}
      <h3 className="jobs-heading">Running and waiting</h3>
      {open.length === 0 && <p className="jobs-none">Nothing runs, and nothing waits.</p>}
      <ul className="jobs" aria-label="Running and waiting">
        {open.map((job) => (
          <JobRow key={job.id} job={job} now={now} link={link}>
            <Button
              disabled={job.cancelling}
              aria-label={`Cancel ${nameOf(job)}`}
              onClick={() => act(cancelJob(job.id))}
            >
              Cancel
            </Button>
          </JobRow>
        ))}
      </ul>
      {ended.length > 0 && <h3 className="jobs-heading">Ended</h3>}
      <ul className="jobs" aria-label="Ended">
        {ended.slice(0, shown).map((job) => (
          <JobRow key={job.id} job={job} now={now} link={link}>
            <Button
              aria-label={`Retry ${nameOf(job)}`}
              onClick={() => act(retryJob(job.id).then(take))}
            >
              Retry
            </Button>
          </JobRow>
        ))}
      </ul>
      {ended.length > shown && (
        <Button onClick={() => setShown(shown + 40)}>Show more ({ended.length - shown})</Button>
      )}
    </>
  );
}

function JobRow({
  job,
  now,
  link,
  children,
}: {
  job: Job;
  now: Date;
  link?: (job: Job, title: string) => ReactNode;
  children: ReactNode;
}) {
  const title = nameOf(job);
  const picture = pictureOf(job);
  const error = jobError(job);
  const since = job.endTime ?? job.createTime;
  return (
    <li className={`job job-${job.state}`}>
      <span className="job-picture">
        {picture && <img src={picture.url} alt="" loading="lazy" />}
      </span>
      <div className="job-words">
        <p className="job-title">{link?.(job, title) ?? title}</p>
        <p className="job-facts">
          {CAPABILITY_WORDS[job.capability] ?? job.capability} ·{' '}
          <span className={`job-state job-state-${job.state}`}>{phaseWords(job)}</span>
          {since && ` · ${ago(timestampDate(since), now)}`}
          {job.submitter && ` · by ${job.submitter}`}
          {job.attempts > 1 && ` · begun ${job.attempts} times`}
        </p>
        {error && (
          <p className="job-error">{[error.reason, error.message].filter(Boolean).join(': ')}</p>
        )}
      </div>
      {job.state === 'running' && (
        <Progress label={`Progress of ${title}`} value={progressOf(job)} />
      )}
      {children}
    </li>
  );
}

function nameOf(job: Job): string {
  return jobTitle(job) || 'without words';
}

import { useJobs } from '../../jobs/JobsContext';
import { hasEnded } from '../../jobs/jobsState';
import { jobTitle, phaseWords, progressOf } from '../../jobs/wording';
import { Progress } from '../../shared/ui/controls';
import { studioLink } from './studios';

/** What a capability does now, and how many jobs wait for it; nothing while it rests. */
export function RunningJobs({ capability }: { capability: string }) {
  const open = useJobs({ capability }).jobs.filter((job) => !hasEnded(job));
  const running = open.filter((job) => job.state === 'running');
  const waiting = open.length - running.length;
  if (open.length === 0) return null;
  return (
    <div className="card-running">
      {running.map((job) => {
        const title = jobTitle(job) || 'a job';
        return (
          <div key={job.id}>
            <p>
              {studioLink(job, title)} <span>{phaseWords(job)}</span>
            </p>
            <Progress label={`Progress of ${title}`} value={progressOf(job)} />
          </div>
        );
      })}
      {waiting > 0 && <p>{waiting === 1 ? '1 job waits' : `${waiting} jobs wait`}</p>}
    </div>
  );
}

/** All that was made, is made and waits, as small pictures; one of them is on the stage. */
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { memo } from 'react';
import { Link } from 'react-router';
import type { Job } from '../gen/atelier/jobs/v1/jobs_pb';
import { hasEnded } from '../jobs/jobsState';
import { jobTitle, phaseWords, pictureOf, progressOf } from '../jobs/wording';
import { Button, EmptyState, Progress } from '../shared/ui/controls';
import { ErrorNote } from '../shared/ui/ErrorNote';
import { FailedIcon, StoppedIcon } from './icons';
import type { useGallery } from './useGallery';

export function Gallery({
  gallery,
  selected,
  title,
  empty,
}: {
  gallery: ReturnType<typeof useGallery>;
  selected: string | undefined;
  title: string;
  /** What to say where there is nothing yet. */
  empty: string;
}) {
  const { jobs, caughtUp, connection, problem, loading, more } = gallery;
  return (
    <section className="gallery" aria-label={title}>
      <h2>{title}</h2>
      {!caughtUp && (
        <EmptyState title={connection === 'lost' ? 'The gateway does not answer.' : 'Looking…'} />
      )}
      {caughtUp && jobs.length === 0 && (
        <EmptyState title="Nothing yet.">
          <p>{empty}</p>
        </EmptyState>
      )}
      <ul className="tiles">
        {jobs.map((job) => (
          <Tile key={job.id} job={job} isSelected={job.id === selected} />
        ))}
      </ul>
      {problem !== null && <ErrorNote error={problem} />}
      {more && (
        <Button disabled={loading} onClick={() => void more()}>
          {loading ? 'Looking…' : 'Show older ones'}
        </Button>
      )}
    </section>
  );
}

const Tile = memo(function Tile({ job, isSelected }: { job: Job; isSelected: boolean }) {
  const picture = pictureOf(job);
  const title = jobTitle(job);
  const files = job.result?.files.length ?? 0;
  const made = job.createTime && timestampDate(job.createTime).toLocaleString();
  const words = [title || 'without words', phaseWords(job), files > 1 && `${files} files`, made];
  return (
    <li>
      <Link
        className={`tile tile-${job.state}`}
        to={{ search: `?job=${encodeURIComponent(job.id)}` }}
        replace
        preventScrollReset
        aria-current={isSelected ? 'true' : undefined}
        aria-label={words.filter(Boolean).join(', ')}
        title={title}
      >
        {picture && <img src={picture.url} alt="" loading="lazy" />}
        {job.state === 'failed' && <FailedIcon />}
        {job.state === 'cancelled' && <StoppedIcon />}
        {!hasEnded(job) && (
          <span className="tile-phase">
            {phaseWords(job)}
            {job.state === 'running' && <Progress label="Progress" value={progressOf(job)} />}
          </span>
        )}
        {(job.state === 'failed' || job.state === 'cancelled') && (
          <span className="tile-phase">{phaseWords(job)}</span>
        )}
        {files > 1 && <span className="tile-count">{files}</span>}
      </Link>
    </li>
  );
});

/** A job that has ended: what it made or why it did not, its settings, and what to do with them. */
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { type ReactNode, useState } from 'react';
import type { Job } from '../gen/atelier/jobs/v1/jobs_pb';
import { ago } from '../health/wording';
import { retryJob } from '../jobs/changeJob';
import { useJobs } from '../jobs/JobsContext';
import { jobError } from '../jobs/jobError';
import { secondsTaken } from '../jobs/wording';
import { Button } from '../shared/ui/controls';
import { ErrorNote } from '../shared/ui/ErrorNote';
import { useNow } from '../shared/ui/useNow';
import { DeleteJob } from './DeleteJob';
import { durationWords } from './durations';
import { partName, saveFile } from './save';
import type { Part, Work } from './work';

export interface Recall {
  readonly all: () => void;
  readonly prompt: () => void;
  readonly seed: (seed: number) => void;
}

export interface EndedJobProps {
  readonly job: Job;
  readonly work: Work;
  /** "picture" or "clip". */
  readonly noun: string;
  readonly recall: Recall;
  readonly select: (id: string | null) => void;
  /** Shows a file. */
  readonly show: (part: Part) => ReactNode;
  /** What else can be done with a file. */
  readonly actions?: (part: Part) => ReactNode;
}

export function EndedJob(props: EndedJobProps) {
  const { job, work, noun, recall, select, show, actions } = props;
  const { take } = useJobs();
  const [problem, setProblem] = useState<unknown>(null);
  const act = (action: Promise<unknown>) => {
    setProblem(null);
    action.catch(setProblem);
  };
  const retry = async () => {
    const fresh = await retryJob(job.id, job.onLeave === 'drop' ? 'drop' : 'keep');
    take(fresh);
    select(fresh.id);
  };
  const several = work.parts.length > 1;
  const partActions = (part: Part) => (
    <>
      <Download job={job} work={work} part={part} noun={noun} act={act} />
      {actions?.(part)}
    </>
  );
  const [first] = work.parts;
  return (
    <div className="ended">
      {job.state !== 'succeeded' && <Unmade job={job} />}
      {several && (
        <div className="parts">
          {work.parts.map((part) => (
            <figure key={part.file.name} className="part">
              {show(part)}
              <figcaption className="ended-actions">
                {partActions(part)}
                {part.seed !== null && (
                  <Button onClick={() => recall.seed(part.seed ?? 0)}>Use seed {part.seed}</Button>
                )}
              </figcaption>
            </figure>
          ))}
        </div>
      )}
      {!several && first && show(first)}
      {work.warnings.length > 0 && (
        <ul className="warnings" aria-label="What the model says">
          {work.warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      <div className="ended-actions">
        {!several && first && partActions(first)}
        {job.state !== 'succeeded' && (
          <Button kind="primary" onClick={() => act(retry())}>
            Retry
          </Button>
        )}
        <fieldset className="again" aria-label="Use again">
          <Button onClick={recall.all}>Use all settings</Button>
          <Button onClick={recall.prompt} disabled={work.prompt === ''}>
            Prompt
          </Button>
          {!several && work.seed !== null && (
            <Button onClick={() => recall.seed(work.seed ?? 0)}>Seed</Button>
          )}
        </fieldset>
        <DeleteJob key={job.id} id={job.id} what={`this ${noun}`} onDeleted={() => select(null)} />
      </div>
      {problem !== null && <ErrorNote error={problem} />}
      <Facts job={job} work={work} />
    </div>
  );
}

function Download({
  job,
  work,
  part,
  noun,
  act,
}: {
  job: Job;
  work: Work;
  part: Part;
  noun: string;
  act: (action: Promise<unknown>) => void;
}) {
  const name = partName(job, work.prompt, part);
  return (
    <a
      className="button"
      href={part.file.url}
      download={name}
      aria-label={`Download the ${noun} with seed ${part.seed}`}
      onClick={(event) => {
        event.preventDefault();
        act(saveFile(part.file.url, name));
      }}
    >
      Download
    </a>
  );
}

function Unmade({ job }: { job: Job }) {
  const error = jobError(job);
  return (
    <div className="unmade">
      {job.thumbnail && <img src={job.thumbnail.url} alt="How far it came" />}
      {error ? <ErrorNote error={error} /> : <p>It was stopped before it was done.</p>}
    </div>
  );
}

function Facts({ job, work }: { job: Job; work: Work }) {
  const now = useNow();
  const seconds = secondsTaken(job);
  const facts: (readonly [string, string])[] = [
    ...work.settings,
    ...(seconds === null ? [] : [['Took', durationWords(seconds)] as const]),
    ...(job.endTime ? [['Ended', ago(timestampDate(job.endTime), now)] as const] : []),
    ...(job.attempts > 1 ? [['Begun', `${job.attempts} times`] as const] : []),
    ...(job.submitter ? [['By', job.submitter] as const] : []),
  ];
  return (
    <>
      {work.prompt && <p className="ended-prompt">{work.prompt}</p>}
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

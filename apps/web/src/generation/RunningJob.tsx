/** A job on its way: where it is, how long it takes, how it looks so far, and how to stop it. */
import { durationMs, timestampDate } from '@bufbuild/protobuf/wkt';
import { useId, useMemo, useState } from 'react';
import type { Job } from '../gen/atelier/jobs/v1/jobs_pb';
import { cancelJob, changeOnLeave } from '../jobs/changeJob';
import { knownPresence } from '../jobs/presence';
import type { OnLeave } from '../jobs/submitJob';
import { phaseWords, progressOf } from '../jobs/wording';
import { Button, Progress } from '../shared/ui/controls';
import { ErrorNote } from '../shared/ui/ErrorNote';
import { useNow } from '../shared/ui/useNow';
import { clockWords } from './durations';
import { LEAVE_OPTIONS } from './leave';
import { STOPS, type Stop, stopOf } from './phases';
import type { Work } from './work';

export function RunningJob({
  job,
  work,
  stopWords,
}: {
  job: Job;
  work: Work;
  stopWords: Readonly<Record<Stop, string>>;
}) {
  const [problem, setProblem] = useState<unknown>(null);
  const act = (action: Promise<unknown>) => {
    setProblem(null);
    action.catch(setProblem);
  };
  return (
    <div className="running">
      <Preview job={job} work={work} />
      <div className="running-facts">
        <p className="running-phase">{phaseWords(job)}</p>
        <Stops job={job} words={stopWords} />
        {job.state === 'running' && (
          <Progress label="Progress" value={job.cancelling ? null : progressOf(job)} />
        )}
        <Times job={job} />
        {job.attempts > 1 && (
          <p className="running-note">
            Begun {job.attempts} times: its worker or the gateway was lost meanwhile.
          </p>
        )}
        <p className="running-prompt">{work.prompt}</p>
        <div className="running-actions">
          <Button disabled={job.cancelling} onClick={() => act(cancelJob(job.id))}>
            Cancel
          </Button>
          <LeaveChoice job={job} onChange={(value) => act(changeOnLeave(job.id, value))} />
        </div>
        {job.presence !== knownPresence() && (
          <p className="running-note">It was submitted in another tab or program.</p>
        )}
        {problem !== null && <ErrorNote error={problem} />}
      </div>
    </div>
  );
}

/** The newest preview; before the first, the picture that it begins with, if there is one. */
function Preview({ job, work }: { job: Job; work: Work }) {
  const { size, input } = work;
  return (
    <div
      className={job.preview || input ? 'running-preview' : 'running-preview running-unseen'}
      style={size ? { aspectRatio: `${size.width} / ${size.height}` } : undefined}
    >
      {job.preview && <img src={job.preview.url} alt="How it looks so far" />}
      {!job.preview && input && (
        <img className="running-input" src={input.url} alt="What it begins with" />
      )}
      {!job.preview && !input && <span className="running-blank" aria-hidden="true" />}
    </div>
  );
}

function Stops({ job, words }: { job: Job; words: Readonly<Record<Stop, string>> }) {
  const now = STOPS.indexOf(stopOf(job));
  return (
    <ol className="stops" aria-label="Phases">
      {STOPS.map((stop, index) => (
        <li
          key={stop}
          className={index < now ? 'stop-done' : index === now ? 'stop-now' : undefined}
          aria-current={index === now ? 'step' : undefined}
        >
          {words[stop]}
        </li>
      ))}
    </ol>
  );
}

function Times({ job }: { job: Job }) {
  const now = useNow(1_000).getTime();
  const remaining = useRemaining(job);
  const began = job.state === 'running' ? (job.startTime ?? job.createTime) : job.createTime;
  const elapsed = began ? (now - timestampDate(began).getTime()) / 1000 : 0;
  const left = remaining === null ? null : remaining.seconds - (now - remaining.at) / 1000;
  return (
    <p className="running-times">
      {clockWords(elapsed)} {job.state === 'running' ? 'elapsed' : 'waited'}
      {left !== null && ` · ${left < 1 ? 'nearly done' : `about ${clockWords(left)} left`}`}
    </p>
  );
}

/** The newest estimate, and when it was heard: the clock goes on until the next one. */
function useRemaining(job: Job): { seconds: number; at: number } | null {
  const estimate = job.phase === 'working' ? job.estimatedRemaining : undefined;
  return useMemo(
    () => (estimate ? { seconds: durationMs(estimate) / 1000, at: Date.now() } : null),
    [estimate],
  );
}

function LeaveChoice({ job, onChange }: { job: Job; onChange: (value: OnLeave) => void }) {
  const id = useId();
  return (
    <span className="leave">
      <label htmlFor={id}>When I close this page</label>
      <select
        id={id}
        value={job.onLeave === 'drop' ? 'drop' : 'keep'}
        onChange={(event) => onChange(event.target.value === 'drop' ? 'drop' : 'keep')}
      >
        {LEAVE_OPTIONS.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </span>
  );
}

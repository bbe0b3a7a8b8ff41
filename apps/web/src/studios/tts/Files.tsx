/** The files that are made without being heard: jobs, which outlive this page. */
import { anyUnpack, timestampDate } from '@bufbuild/protobuf/wkt';
import { useState } from 'react';
import type { Job } from '../../gen/atelier/jobs/v1/jobs_pb';
import { SynthesizeRequestSchema } from '../../gen/atelier/tts/v1/tts_pb';
import { DeleteJob } from '../../generation/DeleteJob';
import { ago } from '../../health/wording';
import { cancelJob, retryJob } from '../../jobs/changeJob';
import { useJobs } from '../../jobs/JobsContext';
import { jobError } from '../../jobs/jobError';
import { hasEnded } from '../../jobs/jobsState';
import { jobTitle, phaseWords } from '../../jobs/wording';
import { ask } from '../../shared/api/request';
import { fileName } from '../../shared/fileName';
import { saveBlob } from '../../shared/saveBlob';
import { ErrorNote } from '../../shared/ui/ErrorNote';
import { useNow } from '../../shared/ui/useNow';
import { endingOf, fileWords } from './soundFile';

const MOST_SHOWN = 20;

export function Files() {
  const { jobs, connection, take } = useJobs({ capability: 'tts' });
  const [problem, setProblem] = useState<unknown>(null);
  const now = useNow();
  const act = (action: Promise<unknown>) => {
    setProblem(null);
    action.catch(setProblem);
  };
  if (connection === 'absent' || jobs.length === 0) return null;
  return (
    <section aria-labelledby="files-title">
      <h2 id="files-title">Files</h2>
      {problem !== null && <ErrorNote error={problem} />}
      <ul className="readings">
        {jobs.slice(0, MOST_SHOWN).map((job) => (
          <FileRow key={job.id} job={job} now={now}>
            {hasEnded(job) ? (
              <>
                {job.state === 'succeeded' && (
                  <TextButton onClick={() => act(save(job))}>Save</TextButton>
                )}
                {job.state !== 'succeeded' && (
                  <TextButton onClick={() => act(retryJob(job.id).then(take))}>Retry</TextButton>
                )}
                <DeleteJob id={job.id} what="this file" onDeleted={() => {}} />
              </>
            ) : (
              <TextButton disabled={job.cancelling} onClick={() => act(cancelJob(job.id))}>
                Cancel
              </TextButton>
            )}
          </FileRow>
        ))}
      </ul>
    </section>
  );
}

function FileRow({ job, now, children }: { job: Job; now: Date; children: React.ReactNode }) {
  const file = job.result?.files[0];
  const error = jobError(job);
  const since = job.endTime ?? job.createTime;
  const facts = [
    phaseWords(job),
    formatOf(job).toUpperCase(),
    file && bytesWords(Number(file.sizeBytes)),
    since && ago(timestampDate(since), now),
  ];
  return (
    <li>
      <div>
        <p className="reading-text">{jobTitle(job)}</p>
        <p className="field-hint">{facts.filter(Boolean).join(' · ')}</p>
        {error && (
          <p className="field-error">{[error.reason, error.message].filter(Boolean).join(': ')}</p>
        )}
        {file && !file.contentType.startsWith('audio/pcm') && (
          // biome-ignore lint/a11y/useMediaCaption: its text stands above it
          <audio controls preload="none" src={file.url} aria-label={jobTitle(job).slice(0, 60)} />
        )}
      </div>
      <div className="reading-actions">{children}</div>
    </li>
  );
}

function TextButton(props: React.ButtonHTMLAttributes<HTMLButtonElement>) {
  return <button type="button" {...props} className="text-button" />;
}

async function save(job: Job): Promise<void> {
  const file = job.result?.files[0];
  if (!file) return;
  const made = job.endTime ? timestampDate(job.endTime) : new Date();
  const name = fileName(fileWords(jobTitle(job)), made, endingOf(formatOf(job)));
  saveBlob(await (await ask(file.url)).blob(), name);
}

function formatOf(job: Job): string {
  const request = job.request && anyUnpack(job.request, SynthesizeRequestSchema);
  return request?.format || 'wav';
}

function bytesWords(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The words for jobs, the same on every page. */
import { anyUnpack, timestampDate } from '@bufbuild/protobuf/wkt';
import type { Job, JobFile } from '../gen/atelier/jobs/v1/jobs_pb';
import { isRecord, textOf } from '../shared/api/json';
import { registry } from '../shared/api/request';

const ENDS: Readonly<Record<string, string>> = {
  succeeded: 'Done',
  failed: 'Failed',
  cancelled: 'Stopped',
};

const PHASES: Readonly<Record<string, string>> = {
  '': 'Begins',
  starting: 'Given to the worker',
  queued: "In the worker's queue",
  loading: 'Loading the model',
  encoding: 'Encoding',
  started: 'Reading',
  sentence: 'Reading',
  audio: 'Reading',
};

/** What a job does now, or how it ended, in a few words. */
export function phaseWords(job: Job): string {
  const end = ENDS[job.state];
  if (end) return end;
  if (job.cancelling) return 'Stopping';
  if (job.state === 'queued') {
    if (job.waitingReason) return `Waiting: ${job.waitingReason}`;
    return `Queued at place ${(job.queuePosition ?? 0) + 1}`;
  }
  if (job.phase === 'working') {
    return job.totalSteps > 0 ? `Step ${job.step} of ${job.totalSteps}` : 'Working';
  }
  // Whatever else a worker sends comes after its steps.
  return PHASES[job.phase] ?? 'Saving';
}

/** What was asked for, in its own words: the prompt or the text. */
export function jobTitle(job: Job): string {
  const request: unknown = job.request && anyUnpack(job.request, registry);
  if (!isRecord(request)) return '';
  return textOf(request.prompt) || textOf(request.text);
}

/** How far the steps have come, from 0 to 1; null while that is not known. */
export function progressOf(job: Job): number | null {
  return job.phase === 'working' && job.totalSteps > 0 ? job.step / job.totalSteps : null;
}

/** The smallest picture that there is of a job. */
export function pictureOf(job: Job): JobFile | undefined {
  return job.preview ?? job.thumbnail;
}

/** Seconds that the newest attempt took; null if it has not ended. */
export function secondsTaken(job: Job): number | null {
  if (!job.startTime || !job.endTime) return null;
  return (timestampDate(job.endTime).getTime() - timestampDate(job.startTime).getTime()) / 1000;
}

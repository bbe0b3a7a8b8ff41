/** Saves files of jobs under telling names. */
import { timestampDate } from '@bufbuild/protobuf/wkt';
import type { Job } from '../gen/atelier/jobs/v1/jobs_pb';
import { ask } from '../shared/api/request';
import { fileName } from '../shared/fileName';
import type { Part } from './work';

const ENDINGS: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/webp': 'webp',
  'video/mp4': 'mp4',
  'video/webm': 'webm',
};

/** "a-red-apple-seed-7-20260102-030405.png". */
export function partName(job: Job, prompt: string, part: Part): string {
  const made = job.endTime ? timestampDate(job.endTime) : new Date();
  const ending = ENDINGS[part.file.contentType] ?? 'bin';
  const name = fileName(prompt, made, ending);
  if (part.seed === null) return name;
  // Behind the words, which may be cut, and before the time.
  return name.replace(/(-\d{8}-\d{6}\.\w+)$/, `-seed-${part.seed}$1`);
}

/** Saves a file as `name`; the gateway's own name for it would win over a link's. */
export async function saveFile(url: string, name: string): Promise<void> {
  const file = await (await ask(url)).blob();
  const own = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = own;
  link.download = name;
  link.click();
  // The browser has taken the file by the time that it comes back to its queue of tasks.
  setTimeout(() => URL.revokeObjectURL(own));
}

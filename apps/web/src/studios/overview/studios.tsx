/** Where each capability is used. */
import { Link } from 'react-router';
import type { Job } from '../../gen/atelier/jobs/v1/jobs_pb';

export const STUDIOS: Readonly<Record<string, string>> = {
  llm: '/llm',
  tts: '/tts',
  image: '/image',
  videogen: '/i2v',
};

/** Leads to a job in its studio, or only names it if it has none. */
export function studioLink(job: Job, title: string) {
  const studio = STUDIOS[job.capability];
  return studio ? <Link to={`${studio}?job=${encodeURIComponent(job.id)}`}>{title}</Link> : title;
}

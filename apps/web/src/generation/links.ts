/** How a picture goes from one studio to another: by a link that names a file of a job. */
import type { JobFile } from '../gen/atelier/jobs/v1/jobs_pb';

const PARAMETER = 'picture';
const FILE = /^\/v1\/jobs\/[\w-]+\/(results|inputs)\/\w+$/;

/** Leads to the I2V Studio with this picture in its form. */
export function i2vLink(file: JobFile): string {
  return `/i2v?${new URLSearchParams({ [PARAMETER]: file.url })}`;
}

/** The URL of the picture that a link brought; null if there is none, or if it is no job's file. */
export function broughtPicture(parameters: URLSearchParams): string | null {
  const url = parameters.get(PARAMETER);
  return url !== null && FILE.test(url) ? url : null;
}

/** The parameters once the picture was taken. */
export function withoutPicture(parameters: URLSearchParams): URLSearchParams {
  const left = new URLSearchParams(parameters);
  left.delete(PARAMETER);
  return left;
}

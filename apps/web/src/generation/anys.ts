/** What is packed into a job: its request, and what its worker said. */
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import type { Job } from '../gen/atelier/jobs/v1/jobs_pb';

/** The request of a job; undefined if it is of another type. */
export function requestOf<Desc extends DescMessage>(
  job: Job,
  schema: Desc,
): MessageShape<Desc> | undefined {
  return job.request && anyUnpack(job.request, schema);
}

/** What the worker said beside files and progress, in order. */
export function messagesOf<Desc extends DescMessage>(job: Job, schema: Desc): MessageShape<Desc>[] {
  return (job.result?.messages ?? []).flatMap((message) => anyUnpack(message, schema) ?? []);
}

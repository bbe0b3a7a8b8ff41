/** Why a job failed, as the error that its task would have given its caller. */
import { toJson } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import type { Job } from '../gen/atelier/jobs/v1/jobs_pb';
import { ApiError } from '../shared/api/apiError';
import { registry } from '../shared/api/request';

/** gRPC's status codes by their numbers. */
const CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** The error of a job that failed; null for every other job. */
export function jobError(job: Job): ApiError | null {
  if (job.state !== 'failed' || !job.error) return null;
  const { code, message } = job.error;
  const details = job.error.details.flatMap((detail) => {
    const known = anyUnpack(detail, registry);
    const schema = known && registry.getMessage(known.$typeName);
    if (!known || !schema) return [];
    const json = toJson(schema, known, { registry, useProtoFieldName: true });
    return [{ '@type': detail.typeUrl, ...(json as object) }];
  });
  const status = CODES[code] ?? 'UNKNOWN';
  return new ApiError(0, { status, message, capability: job.capability, details }, null);
}

/**
 * Whether an error that a task of this page met speaks against the capability. The gateway
 * decides; this table only says what it is sure to decide, so that the light need not wait.
 */
import { ApiError } from '../shared/api/apiError';

const FAILURES = new Set(['UNKNOWN', 'INTERNAL', 'DATA_LOSS']);
const FAILURES_BY_REASON = new Set(['GPU_OUT_OF_MEMORY', 'TASK_TIME_LIMIT', 'MODEL_LOAD_FAILED']);
const GATEWAY = 'gateway.atelier';

/** True only for a failure of the capability itself: no caller's mistake, no lost connection. */
export function blames(error: unknown): error is ApiError {
  if (!(error instanceof ApiError) || error.domain === GATEWAY) return false;
  return FAILURES.has(error.code) || FAILURES_BY_REASON.has(error.reason);
}

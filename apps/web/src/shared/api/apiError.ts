/** Failures of requests as the gateway tells them. Knows the JSON of an error, no route. */
import { isRecord, textOf } from './json';

export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

/** A failed request: the gRPC status, and what google.rpc details say of it. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly httpStatus: number;
  /** The gRPC status code's name, "INVALID_ARGUMENT" for example. */
  readonly code: string;
  /** The stable reason of ErrorInfo; empty if there was none. */
  readonly reason: string;
  /** Who failed: "gateway.atelier" for the gateway itself. */
  readonly domain: string;
  readonly capability: string;
  readonly violations: readonly FieldViolation[];
  /** Seconds after which it is worth trying again; null if nobody said so. */
  readonly retryAfterSeconds: number | null;

  constructor(httpStatus: number, error: Record<string, unknown>, retryAfter: string | null) {
    super(textOf(error.message) || `the gateway answered ${httpStatus}`);
    const details = Array.isArray(error.details) ? error.details.filter(isRecord) : [];
    const info = details.find((detail) => typed(detail, 'google.rpc.ErrorInfo'));
    this.httpStatus = httpStatus;
    this.code = textOf(error.status) || 'UNKNOWN';
    this.reason = textOf(info?.reason);
    this.domain = textOf(info?.domain);
    this.capability = textOf(error.capability);
    this.violations = details.filter((d) => typed(d, 'google.rpc.BadRequest')).flatMap(violations);
    this.retryAfterSeconds = seconds(retryAfter) ?? retryDelay(details);
  }
}

/** The gateway did not answer, or broke the connection off: no word about any capability. */
export class GatewayUnreachable extends Error {
  override readonly name = 'GatewayUnreachable';
}

/** Reads the error of an answer that is not OK. */
export async function errorOf(answer: Response): Promise<ApiError> {
  const body: unknown = await answer.json().catch(() => null);
  return errorFromBody(body, answer.status, answer.headers.get('Retry-After'));
}

/** Reads `{"error": {...}}`; whatever else it is becomes an UNKNOWN error. */
export function errorFromBody(
  body: unknown,
  httpStatus = 0,
  retryAfter: string | null = null,
): ApiError {
  const error = isRecord(body) && isRecord(body.error) ? body.error : {};
  const told = httpStatus || (typeof error.code === 'number' ? error.code : 500);
  return new ApiError(told, error, retryAfter);
}

function typed(detail: Record<string, unknown>, type: string): boolean {
  return textOf(detail['@type']).endsWith(type);
}

function violations(detail: Record<string, unknown>): FieldViolation[] {
  const listed = detail.field_violations;
  return (Array.isArray(listed) ? listed.filter(isRecord) : []).map((violation) => ({
    field: textOf(violation.field),
    description: textOf(violation.description),
  }));
}

function retryDelay(details: Record<string, unknown>[]): number | null {
  const retry = details.find((detail) => typed(detail, 'google.rpc.RetryInfo'));
  return seconds(textOf(retry?.retry_delay).replace(/s$/, ''));
}

function seconds(text: string | null): number | null {
  const number = Number(text);
  return text && Number.isFinite(number) ? number : null;
}

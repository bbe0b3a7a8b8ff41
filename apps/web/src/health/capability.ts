/** The evidence about a capability as pages use it, made from the gateway's message. */
import { timestampDate } from '@bufbuild/protobuf/wkt';
import type { Capability as CapabilityMessage } from '../gen/atelier/gateway/v1/gateway_pb';

export type CapabilityState = 'unknown' | 'available' | 'error' | 'unavailable';

export interface CapabilityFailure {
  readonly time: Date | null;
  readonly code: string;
  readonly reason: string;
  readonly message: string;
}

export interface CapabilityEvidence {
  readonly name: string;
  readonly state: CapabilityState;
  readonly since: Date | null;
  readonly lastSuccess: Date | null;
  /** Kept after later successes; null if there was none. */
  readonly lastFailure: CapabilityFailure | null;
  readonly consecutiveFailures: number;
  readonly callsRunning: number;
  readonly unavailableReason: string;
  readonly successes: number;
  readonly failures: number;
  readonly neutral: number;
  readonly lost: number;
}

const STATES: readonly string[] = ['unknown', 'available', 'error', 'unavailable'];

export function evidenceOf(message: CapabilityMessage): CapabilityEvidence {
  const failure = message.lastFailure;
  return {
    name: message.name,
    state: STATES.includes(message.state) ? (message.state as CapabilityState) : 'unknown',
    since: message.since ? timestampDate(message.since) : null,
    lastSuccess: message.lastSuccess ? timestampDate(message.lastSuccess) : null,
    lastFailure: failure
      ? {
          time: failure.time ? timestampDate(failure.time) : null,
          code: failure.code,
          reason: failure.reason,
          message: failure.message,
        }
      : null,
    consecutiveFailures: message.consecutiveFailures,
    callsRunning: message.callsRunning,
    unavailableReason: message.unavailableReason,
    successes: message.verdicts?.success ?? 0,
    failures: message.verdicts?.failure ?? 0,
    neutral: message.verdicts?.neutral ?? 0,
    lost: message.verdicts?.offline ?? 0,
  };
}

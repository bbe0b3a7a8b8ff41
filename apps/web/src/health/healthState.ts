/**
 * What this page knows of the capabilities: a pure machine `(state, event) → state`.
 * The gateway's evidence is the truth; a task's own report covers it until the gateway speaks.
 */
import type { Connection } from '../shared/api/follow';
import type { CapabilityEvidence, CapabilityFailure, CapabilityState } from './capability';

export interface CapabilityHealth extends CapabilityEvidence {
  /** True while the state is this page's own report, which the gateway has yet to confirm. */
  readonly reported: boolean;
  /** True while the gateway cannot be reached: this is what it said last. */
  readonly stale: boolean;
}

/** A state that this page has seen begin. */
export interface Seen {
  readonly state: CapabilityState | 'stale';
  readonly at: Date;
}

interface Report {
  readonly state: 'available' | 'error';
  readonly at: Date;
  readonly failure: CapabilityFailure | null;
  /** How many tasks had ended when it was made, so that the confirmation is known by its count. */
  readonly ended: number;
}

export interface HealthState {
  readonly connection: Connection;
  readonly order: readonly string[];
  readonly evidence: Readonly<Record<string, CapabilityEvidence>>;
  readonly reports: Readonly<Record<string, Report>>;
  readonly history: Readonly<Record<string, readonly Seen[]>>;
}

export type HealthEvent =
  | { type: 'connection'; connection: Connection; now: Date }
  /** `final` evidence was asked for after the reports, which it therefore ends. */
  | { type: 'evidence'; capabilities: readonly CapabilityEvidence[]; final: boolean; now: Date }
  | { type: 'success'; capability: string; now: Date }
  | { type: 'failure'; capability: string; failure: CapabilityFailure; now: Date };

export const NOTHING_KNOWN: HealthState = {
  connection: 'connecting',
  order: [],
  evidence: {},
  reports: {},
  history: {},
};

const MOST_SEEN = 200;

export function nextHealth(state: HealthState, event: HealthEvent): HealthState {
  return witnessed(applied(state, event), event.now);
}

/** The capabilities as they are shown, in the gateway's order. */
export function shownHealth(state: HealthState): Record<string, CapabilityHealth> {
  const stale = isStale(state.connection);
  return Object.fromEntries(
    state.order.flatMap((name) => {
      const evidence = state.evidence[name];
      return evidence ? [[name, { ...covered(evidence, state.reports[name]), stale }]] : [];
    }),
  );
}

export function isStale(connection: Connection): boolean {
  return connection === 'lost' || connection === 'absent';
}

function applied(state: HealthState, event: HealthEvent): HealthState {
  switch (event.type) {
    case 'connection':
      return { ...state, connection: event.connection };
    case 'evidence':
      return event.capabilities.reduce(
        (next, evidence) => withEvidence(next, evidence, event.final),
        state,
      );
    case 'success':
      return withReport(state, event.capability, 'available', null, event.now);
    case 'failure':
      return withReport(state, event.capability, 'error', event.failure, event.now);
  }
}

function withEvidence(
  state: HealthState,
  evidence: CapabilityEvidence,
  final: boolean,
): HealthState {
  const { [evidence.name]: report, ...others } = state.reports;
  const settled = final || !report || endedTasks(evidence) !== report.ended;
  return {
    ...state,
    order: state.order.includes(evidence.name) ? state.order : [...state.order, evidence.name],
    evidence: { ...state.evidence, [evidence.name]: evidence },
    reports: settled ? others : state.reports,
  };
}

function withReport(
  state: HealthState,
  capability: string,
  reported: 'available' | 'error',
  failure: CapabilityFailure | null,
  now: Date,
): HealthState {
  const evidence = state.evidence[capability];
  if (!evidence) return state;
  const report = { state: reported, at: now, failure, ended: endedTasks(evidence) };
  return { ...state, reports: { ...state.reports, [capability]: report } };
}

function endedTasks(evidence: CapabilityEvidence): number {
  return evidence.successes + evidence.failures + evidence.neutral + evidence.lost;
}

function covered(
  evidence: CapabilityEvidence,
  report: Report | undefined,
): CapabilityEvidence & { reported: boolean } {
  if (!report) return { ...evidence, reported: false };
  const since = evidence.state === report.state ? evidence.since : report.at;
  const covering = { ...evidence, state: report.state, since, reported: true };
  if (report.state === 'available') {
    return { ...covering, lastSuccess: report.at, consecutiveFailures: 0 };
  }
  return { ...covering, lastFailure: report.failure };
}

/** Adds to the history what is shown differently than before. */
function witnessed(state: HealthState, at: Date): HealthState {
  const history = { ...state.history };
  for (const [name, health] of Object.entries(shownHealth(state))) {
    const seen = history[name] ?? [];
    const now = health.stale ? 'stale' : health.state;
    if (seen.at(-1)?.state !== now)
      history[name] = [...seen, { state: now, at } as const].slice(-MOST_SEEN);
  }
  return { ...state, history };
}

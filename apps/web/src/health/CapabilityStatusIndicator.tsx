/** The light of a capability, with its evidence on hover and on keyboard focus. */
import { useId } from 'react';
import { Popover } from '../shared/ui/Popover';
import { useNow } from '../shared/ui/useNow';
import type { CapabilityHealth } from './healthState';
import { LightIcon } from './LightIcon';
import { ago, failureText, LIGHT_WORDS, lightOf } from './wording';

export function CapabilityStatusIndicator({
  label,
  health,
}: {
  label: string;
  health: CapabilityHealth | undefined;
}) {
  const light = lightOf(health);
  const id = useId();
  return (
    <Popover
      id={id}
      label={`${label}: ${LIGHT_WORDS[light]}`}
      content={<Details health={health} />}
    >
      <LightIcon light={light} />
      <span className={`light-word light-word-${light}`}>{LIGHT_WORDS[light]}</span>
    </Popover>
  );
}

function Details({ health }: { health: CapabilityHealth | undefined }) {
  return (
    <>
      {health?.stale && <p>The gateway does not answer. This is what it said last:</p>}
      <Evidence health={health} />
    </>
  );
}

/** What is known of a capability, as a list of terms. */
export function Evidence({ health }: { health: CapabilityHealth | undefined }) {
  const now = useNow();
  if (!health) return <p>The gateway has not told yet.</p>;
  const { lastFailure } = health;
  return (
    <dl className="evidence">
      <Term name="State">
        {LIGHT_WORDS[health.state]}
        {health.reported && ' (seen by this page)'}
      </Term>
      <Term name="Since">{ago(health.since, now)}</Term>
      {health.unavailableReason && <Term name="Why">{health.unavailableReason}</Term>}
      <Term name="Last success">{ago(health.lastSuccess, now)}</Term>
      <Term name="Last failure" long={lastFailure !== null}>
        {lastFailure ? `${ago(lastFailure.time, now)}. ${failureText(lastFailure)}` : 'none'}
      </Term>
      <Term name="Failures in a row">{health.consecutiveFailures}</Term>
      <Term name="Running now">{health.callsRunning}</Term>
    </dl>
  );
}

function Term({
  name,
  long = false,
  children,
}: {
  name: string;
  /** Whether the text needs the whole width. */
  long?: boolean;
  children: React.ReactNode;
}) {
  return (
    <div className={long ? 'evidence-long' : undefined}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

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
      content={<Evidence health={health} />}
    >
      <LightIcon light={light} />
      <span className={`light-word light-word-${light}`}>{LIGHT_WORDS[light]}</span>
    </Popover>
  );
}

/** What is known of a capability, as a list of terms. */
export function Evidence({ health }: { health: CapabilityHealth | undefined }) {
  const now = useNow();
  if (!health) return <p>The gateway has not told yet.</p>;
  const { lastFailure } = health;
  return (
    <>
      {health.stale && <p>The gateway does not answer. This is what it said last:</p>}
      <dl className="evidence">
        <Term name="State">
          {LIGHT_WORDS[health.state]}, since {ago(health.since, now)}
          {health.reported && ' (seen by this page)'}
        </Term>
        {health.unavailableReason && <Term name="Why">{health.unavailableReason}</Term>}
        <Term name="Last success">{ago(health.lastSuccess, now)}</Term>
        <Term name="Last failure">
          {lastFailure ? `${ago(lastFailure.time, now)}. ${failureText(lastFailure)}` : 'none'}
        </Term>
        <Term name="Failures in a row">{health.consecutiveFailures}</Term>
        <Term name="Running now">{health.callsRunning}</Term>
      </dl>
    </>
  );
}

function Term({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

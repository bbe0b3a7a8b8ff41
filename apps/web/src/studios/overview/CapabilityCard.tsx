import { Link } from 'react-router';
import { Evidence } from '../../health/CapabilityStatusIndicator';
import type { CapabilityHealth, Seen } from '../../health/healthState';
import { LightIcon } from '../../health/LightIcon';
import { CAPABILITY_WORDS, LIGHT_WORDS, lightOf } from '../../health/wording';
import { ModelFacts } from './ModelFacts';
import { RunningJobs } from './RunningJobs';
import { StateTimeline } from './StateTimeline';
import { STUDIOS } from './studios';

export function CapabilityCard({
  health,
  history,
}: {
  health: CapabilityHealth;
  history: readonly Seen[];
}) {
  const light = lightOf(health);
  const name = CAPABILITY_WORDS[health.name] ?? health.name;
  const studio = STUDIOS[health.name];
  return (
    <article className="card" aria-labelledby={`card-${health.name}`}>
      <header>
        <LightIcon light={light} />
        <h2 id={`card-${health.name}`}>{studio ? <Link to={studio}>{name}</Link> : name}</h2>
        <span className={`light-word light-word-${light}`}>{LIGHT_WORDS[light]}</span>
      </header>
      <StateTimeline history={history} />
      <RunningJobs capability={health.name} />
      <Evidence health={health} />
      <p className="card-counts">
        {health.successes} succeeded, {health.failures + health.lost} failed, {health.neutral} ended
        by their callers
      </p>
      <ModelFacts capability={health.name} />
    </article>
  );
}

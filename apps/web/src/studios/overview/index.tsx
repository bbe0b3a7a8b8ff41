/** All capabilities at a glance: their evidence over time, what runs, the queue of jobs. */
import { useCapabilityHealth } from '../../health/CapabilityHealthContext';
import { isStale } from '../../health/healthState';
import { JobQueue } from '../../jobs/JobQueue';
import { EmptyState } from '../../shared/ui/controls';
import { CapabilityCard } from './CapabilityCard';
import { studioLink } from './studios';
import './overview.css';

export default function Overview() {
  const { health, connection, history } = useCapabilityHealth();
  const capabilities = Object.values(health);
  return (
    <>
      <h1 tabIndex={-1}>Overview</h1>
      {capabilities.length === 0 && (
        <EmptyState
          title={isStale(connection) ? 'The gateway does not answer.' : 'Asking the gateway…'}
        >
          {isStale(connection) && <p>This page tries again by itself.</p>}
        </EmptyState>
      )}
      <div className="cards">
        {capabilities.map((capability) => (
          <CapabilityCard
            key={capability.name}
            health={capability}
            history={history[capability.name] ?? []}
          />
        ))}
      </div>
      <section aria-labelledby="jobs-title">
        <h2 id="jobs-title">Jobs</h2>
        <JobQueue link={studioLink} />
      </section>
      <section aria-labelledby="more-title">
        <h2 id="more-title">For tools</h2>
        <p>
          <a href="/v1/capabilities/status">The health map as JSON</a> ·{' '}
          <a href="/openapi.json">All routes (OpenAPI)</a> · <a href={metricsUrl()}>Metrics</a>{' '}
          (port 9400 unless the settings say otherwise)
        </p>
      </section>
    </>
  );
}

function metricsUrl(): string {
  return `http://${window.location.hostname}:9400/metrics`;
}

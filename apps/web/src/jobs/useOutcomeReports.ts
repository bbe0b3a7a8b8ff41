/** Tells the lights how this tab's jobs end, whichever page is open when they do. */
import { useEffect, useRef } from 'react';
import type { Job } from '../gen/atelier/jobs/v1/jobs_pb';
import { useCapabilityHealth } from '../health/CapabilityHealthContext';
import { jobError } from './jobError';
import { hasEnded } from './jobsState';
import { knownPresence } from './presence';

export function useOutcomeReports(byId: Readonly<Record<string, Job>>): void {
  const { reportSuccess, reportFailure } = useCapabilityHealth();
  // Only of a job that was seen before its end is the end news.
  const unended = useRef(new Set<string>());
  useEffect(() => {
    const own = knownPresence();
    for (const job of Object.values(byId)) {
      if (!own || job.presence !== own) continue;
      if (!hasEnded(job)) {
        unended.current.add(job.id);
      } else if (unended.current.delete(job.id)) {
        const error = jobError(job);
        if (job.state === 'succeeded') reportSuccess(job.capability);
        if (error) reportFailure(job.capability, error);
      }
    }
  }, [byId, reportSuccess, reportFailure]);
}

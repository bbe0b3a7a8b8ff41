/** Which job is on the stage: the one that the address names, otherwise the newest. */
import { useCallback, useEffect, useState } from 'react';
import { useSearchParams } from 'react-router';
import type { Job } from '../gen/atelier/jobs/v1/jobs_pb';
import { getJob } from '../jobs/getJob';
import { ApiError } from '../shared/api/apiError';

const PARAMETER = 'job';

export interface Selection {
  readonly selected: Job | undefined;
  /** The id that the address names. */
  readonly wanted: string | null;
  /** Whether the address names a job that is not there any more. */
  readonly isGone: boolean;
  readonly select: (id: string | null) => void;
}

/** `jobs` are those that are known, the newest first; `complete` once they are. */
export function useSelection(
  capability: string,
  jobs: readonly Job[],
  complete: boolean,
): Selection {
  const [parameters, setParameters] = useSearchParams();
  const wanted = parameters.get(PARAMETER);
  const known = jobs.find(({ id }) => id === wanted);
  const older = useOlderJob(complete && !known ? wanted : null);
  const select = useCallback(
    (id: string | null) =>
      setParameters(
        (before) => {
          before.delete(PARAMETER);
          if (id !== null) before.set(PARAMETER, id);
          return before;
        },
        { replace: true, preventScrollReset: true },
      ),
    [setParameters],
  );
  const found = older.job?.capability === capability ? older.job : undefined;
  const isGone = wanted !== null && older.id === wanted && !found && !known;
  const named = known ?? found;
  return { selected: wanted && !isGone ? named : jobs[0], wanted, isGone, select };
}

/** A job that is too old to be among those that are followed. */
function useOlderJob(id: string | null): { id: string | null; job?: Job } {
  const [answer, setAnswer] = useState<{ id: string | null; job?: Job }>({ id: null });
  useEffect(() => {
    if (id === null) return;
    const controller = new AbortController();
    getJob(id, controller.signal).then(
      (job) => setAnswer({ id, job }),
      (error: unknown) => {
        if (error instanceof ApiError) setAnswer({ id });
      },
    );
    return () => controller.abort();
  }, [id]);
  return answer.id === id && id !== null ? answer : { id: null };
}

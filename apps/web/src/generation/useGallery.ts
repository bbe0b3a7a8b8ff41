/** All that a capability has made and makes: the jobs that are followed, and older ones by pages. */
import { useCallback, useEffect, useMemo, useState } from 'react';
import type { Job } from '../gen/atelier/jobs/v1/jobs_pb';
import { newestFirst, useJobs } from '../jobs/JobsContext';
import { listJobs } from '../jobs/listJobs';

const PAGE = 24;

interface Pages {
  readonly jobs: readonly Job[];
  /** Asks for the next page; empty on the last, null before the first. */
  readonly next: string | null;
}

const NO_PAGES: Pages = { jobs: [], next: null };

export function useGallery(capability: string) {
  const { jobs: followed, caughtUp, looks, gone, connection } = useJobs({ capability });
  const [pages, setPages] = useState<Pages>(NO_PAGES);
  const [problem, setProblem] = useState<unknown>(null);
  const [loading, setLoading] = useState(false);

  // biome-ignore lint/correctness/useExhaustiveDependencies: after each look, what was read is old
  useEffect(() => {
    if (!caughtUp) return;
    const controller = new AbortController();
    const { signal } = controller;
    listJobs({ capability, pageSize: PAGE, signal }).then(
      ({ jobs, nextPageToken }) => setPages({ jobs, next: nextPageToken }),
      (error: unknown) => {
        if (!signal.aborted) setProblem(error);
      },
    );
    return () => controller.abort();
  }, [capability, caughtUp, looks]);

  const more = useCallback(async () => {
    setLoading(true);
    setProblem(null);
    try {
      const page = await listJobs({ capability, pageSize: PAGE, pageToken: pages.next ?? '' });
      setPages((before) => ({ jobs: [...before.jobs, ...page.jobs], next: page.nextPageToken }));
    } catch (error) {
      setProblem(error);
    } finally {
      setLoading(false);
    }
  }, [capability, pages.next]);

  const jobs = useMemo(() => united(followed, pages, gone), [followed, pages, gone]);
  return { jobs, caughtUp, connection, problem, loading, more: pages.next ? more : null };
}

/** Each job once, as it is now, down to the oldest of the pages that were read. */
function united(
  followed: readonly Job[],
  pages: Pages,
  gone: Readonly<Record<string, true>>,
): Job[] {
  const known = new Set(followed.map(({ id }) => id));
  const older = pages.jobs.filter(({ id }) => !known.has(id) && !gone[id]);
  const all = [...followed, ...older].sort(newestFirst);
  const oldest = pages.jobs.at(-1);
  if (!pages.next || !oldest) return all;
  return all.filter((job) => newestFirst(job, oldest) <= 0);
}

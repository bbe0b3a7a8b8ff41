/**
 * All jobs of the gateway, followed by its events. The stream begins with the first page that
 * looks at jobs, and from then on also tells that this tab's person is there.
 */
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
} from 'react';
import { type Job, WatchJobsResponseSchema } from '../gen/atelier/jobs/v1/jobs_pb';
import { type Connection, follow } from '../shared/api/follow';
import { decoded } from '../shared/api/request';
import { hasEnded, type JobsState, NO_JOBS, nextJobs } from './jobsState';
import { knownPresence, presence } from './presence';
import { useOutcomeReports } from './useOutcomeReports';

interface JobsValue extends JobsState {
  readonly connection: Connection;
  readonly begin: () => void;
  /** Takes up a job that was just submitted, before the stream tells of it. */
  readonly take: (job: Job) => void;
  /** Lets a job go that was just deleted, before the stream tells of it. */
  readonly letGo: (id: string) => void;
}

const JobsContext = createContext<JobsValue | null>(null);

export function JobsProvider({
  children,
  backOffMilliseconds,
}: {
  children: ReactNode;
  backOffMilliseconds?: number;
}) {
  const [state, dispatch] = useReducer(nextJobs, NO_JOBS);
  const [connection, setConnection] = useState<Connection>('connecting');
  // A tab that has submitted something is there for it, whichever page it shows.
  const [wanted, setWanted] = useState(() => knownPresence() !== '');
  const mustBeThere = useRef(false);
  useEffect(() => {
    mustBeThere.current = Object.values(state.byId).some(isDroppedWithThisTab);
  }, [state.byId]);
  useOutcomeReports(state.byId);

  useEffect(() => {
    if (!wanted) return;
    const controller = new AbortController();
    void follow({
      path: `/v1/jobs:watch?presence=${presence()}`,
      signal: controller.signal,
      backOffMilliseconds,
      mayRest: () => !mustBeThere.current,
      onEvent: ({ data }) => {
        const { jobs, deletedIds, caughtUp } = decoded(WatchJobsResponseSchema, data);
        dispatch({ type: 'news', jobs, deletedIds, caughtUp });
      },
      onConnection: (next) => {
        setConnection(next);
        if (next === 'lost' || next === 'connecting') dispatch({ type: 'lost' });
      },
    });
    return () => controller.abort();
  }, [wanted, backOffMilliseconds]);

  const actions = useMemo(
    () => ({
      begin: () => setWanted(true),
      take: (job: Job) => dispatch({ type: 'taken', job }),
      letGo: (id: string) => dispatch({ type: 'deleted', id }),
    }),
    [],
  );
  const value = useMemo(
    () => ({
      ...state,
      connection,
      ...actions,
    }),
    [state, connection, actions],
  );
  return <JobsContext value={value}>{children}</JobsContext>;
}

/** The jobs, the newest first; of one capability if asked so. */
export function useJobs({ capability }: { capability?: string } = {}) {
  const value = useContext(JobsContext);
  if (value === null) throw new Error('useJobs needs a JobsProvider');
  const { begin, byId, caughtUp, looks, gone, connection, take, letGo } = value;
  useEffect(begin, [begin]);
  const jobs = useMemo(
    () =>
      Object.values(byId)
        .filter((job) => !capability || job.capability === capability)
        .sort(newestFirst),
    [byId, capability],
  );
  return { jobs, caughtUp, looks, gone, connection, take, letGo };
}

/** One job as it is now; undefined while, or if, there is none of that id. */
export function useJob(id: string): Job | undefined {
  return useJobs().jobs.find((job) => job.id === id);
}

/** Whether this tab must be heard of, or the job is stopped. */
function isDroppedWithThisTab(job: Job): boolean {
  return job.onLeave === 'drop' && job.presence === knownPresence() && !hasEnded(job);
}

/** Sorts jobs by when they were accepted. */
export function newestFirst(one: Job, other: Job): number {
  const [a, b] = [one.createTime, other.createTime];
  const seconds = Number((b?.seconds ?? 0n) - (a?.seconds ?? 0n));
  return seconds || (b?.nanos ?? 0) - (a?.nanos ?? 0);
}

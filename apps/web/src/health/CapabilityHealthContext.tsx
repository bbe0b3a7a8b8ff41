/**
 * The health of all capabilities for the whole page: asks once, then follows the gateway's events.
 * Nothing is polled and nothing expires.
 */
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useReducer,
  useRef,
} from 'react';
import { WatchCapabilitiesResponseSchema } from '../gen/atelier/gateway/v1/gateway_pb';
import { type Connection, follow } from '../shared/api/follow';
import { listCapabilities } from '../shared/api/listCapabilities';
import { decoded } from '../shared/api/request';
import { evidenceOf } from './capability';
import {
  type CapabilityHealth,
  NOTHING_KNOWN,
  nextHealth,
  type Seen,
  shownHealth,
} from './healthState';
import { blames } from './verdict';

export interface CapabilityHealthValue {
  /** By name, in the gateway's order; empty until it has answered for the first time. */
  readonly health: Readonly<Record<string, CapabilityHealth>>;
  /** Whether the gateway can be heard; "lost" and "absent" make every light stale. */
  readonly connection: Connection;
  /** The states that this page has seen, the oldest first. */
  readonly history: Readonly<Record<string, readonly Seen[]>>;
  /** A task of this page succeeded: its light says so at once. */
  readonly reportSuccess: (capability: string) => void;
  /** A task of this page failed; an error that does not speak against the capability is ignored. */
  readonly reportFailure: (capability: string, error: unknown) => void;
}

export const CapabilityHealthContext = createContext<CapabilityHealthValue | null>(null);

const WATCH = '/v1/capabilities:watch';
// If the gateway's event has not come by then, it is asked what is true.
const CONFIRMATION_MILLISECONDS = 2_000;

export function CapabilityHealthProvider({
  children,
  backOffMilliseconds,
}: {
  children: ReactNode;
  backOffMilliseconds?: number;
}) {
  const [state, dispatch] = useReducer(nextHealth, NOTHING_KNOWN);
  const life = useRef(new AbortController());

  const look = useCallback(async (final: boolean) => {
    const { signal } = life.current;
    try {
      const { capabilities } = await listCapabilities(signal);
      if (signal.aborted) return;
      const evidence = capabilities.map(evidenceOf);
      dispatch({ type: 'evidence', capabilities: evidence, final, now: new Date() });
    } catch {
      // The stream, which goes on by itself, says whether the gateway can be reached.
    }
  }, []);

  useEffect(() => {
    const controller = new AbortController();
    life.current = controller;
    void look(false);
    void follow({
      path: WATCH,
      signal: controller.signal,
      backOffMilliseconds,
      onEvent: ({ data }) => {
        const message = decoded(WatchCapabilitiesResponseSchema, data);
        const capabilities = message.capabilities.map(evidenceOf);
        dispatch({ type: 'evidence', capabilities, final: false, now: new Date() });
      },
      onConnection: (connection) => {
        dispatch({ type: 'connection', connection, now: new Date() });
      },
    });
    return () => controller.abort();
  }, [look, backOffMilliseconds]);

  const confirm = useCallback(() => {
    const { signal } = life.current;
    setTimeout(() => {
      if (!signal.aborted) void look(true);
    }, CONFIRMATION_MILLISECONDS);
  }, [look]);

  const reportSuccess = useCallback(
    (capability: string) => {
      dispatch({ type: 'success', capability, now: new Date() });
      confirm();
    },
    [confirm],
  );

  const reportFailure = useCallback(
    (capability: string, error: unknown) => {
      if (!blames(error)) return;
      const now = new Date();
      const { code, reason, message } = error;
      dispatch({ type: 'failure', capability, failure: { time: now, code, reason, message }, now });
      confirm();
    },
    [confirm],
  );

  const value = useMemo(
    () => ({
      health: shownHealth(state),
      connection: state.connection,
      history: state.history,
      reportSuccess,
      reportFailure,
    }),
    [state, reportSuccess, reportFailure],
  );
  return <CapabilityHealthContext value={value}>{children}</CapabilityHealthContext>;
}

/** The capabilities' health, and how a page tells of its own tasks. */
export function useCapabilityHealth(): CapabilityHealthValue {
  const value = useContext(CapabilityHealthContext);
  if (value === null) throw new Error('useCapabilityHealth needs a CapabilityHealthProvider');
  return value;
}

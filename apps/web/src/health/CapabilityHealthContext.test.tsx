import { act, cleanup, render, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiError, GatewayUnreachable } from '../shared/api/apiError';
import { capability, HealthGateway } from '../testing/gateway';
import {
  CapabilityHealthProvider,
  type CapabilityHealthValue,
  useCapabilityHealth,
} from './CapabilityHealthContext';

let gateway: HealthGateway;

beforeEach(() => {
  gateway = new HealthGateway();
  gateway.server.listen({ onUnhandledRequest: 'error' });
});
afterEach(() => {
  cleanup();
  gateway.server.close();
});

function Probe({ label, read }: { label: string; read: (value: CapabilityHealthValue) => void }) {
  const value = useCapabilityHealth();
  read(value);
  const llm = value.health.llm;
  return (
    <section aria-label={label}>
      {llm ? `${llm.state} ${llm.stale ? 'stale' : 'fresh'}` : 'none'}
    </section>
  );
}

/** A tab: its own provider, whose value the test reads. */
function openTab(label = 'tab') {
  let value: CapabilityHealthValue | undefined;
  const read = (read: CapabilityHealthValue) => {
    value = read;
  };
  render(
    <CapabilityHealthProvider backOffMilliseconds={1}>
      <Probe label={label} read={read} />
    </CapabilityHealthProvider>,
  );
  return {
    shows: (text: string) =>
      waitFor(() => expect(within(document.body).getByLabelText(label)).toHaveTextContent(text)),
    get health() {
      return (value as CapabilityHealthValue).health;
    },
    report: (say: (value: CapabilityHealthValue) => void) =>
      act(() => say(value as CapabilityHealthValue)),
  };
}

async function liveTab(label?: string) {
  const opened = gateway.stream.opened;
  const tab = openTab(label);
  await waitFor(() => expect(gateway.stream.opened).toBeGreaterThan(opened));
  await tab.shows('fresh');
  return tab;
}

const failed = new ApiError(500, { status: 'INTERNAL', message: 'the GPU is on fire' }, null);

describe('what the gateway tells', () => {
  test.each([
    ['unknown', 'available'],
    ['unknown', 'unavailable'],
    ['available', 'error'],
    ['available', 'unavailable'],
    ['error', 'available'],
    ['error', 'unavailable'],
    ['unavailable', 'unknown'],
    ['unavailable', 'available'],
  ])('a light goes from %s to %s', async (from, to) => {
    gateway.now = [capability('llm', from)];
    const tab = await liveTab();
    await tab.shows(`${from} fresh`);
    act(() => gateway.tell(capability('llm', to)));
    await tab.shows(`${to} fresh`);
  });

  test('the failure is there with its code, reason and message', async () => {
    const tab = await liveTab();
    const last_failure = {
      time: '2026-01-02T03:04:06Z',
      code: 'INTERNAL',
      reason: 'R',
      message: 'm',
    };
    act(() => gateway.tell(capability('llm', 'error', { last_failure, consecutive_failures: 2 })));
    await tab.shows('error');
    expect(tab.health.llm?.lastFailure).toEqual({
      time: new Date('2026-01-02T03:04:06Z'),
      code: 'INTERNAL',
      reason: 'R',
      message: 'm',
    });
    expect(tab.health.llm?.consecutiveFailures).toBe(2);
  });

  test('all tabs show the same', async () => {
    const one = await liveTab('one');
    const two = await liveTab('two');
    act(() => gateway.tell(capability('llm', 'error')));
    await one.shows('error');
    await two.shows('error');
  });
});

describe('a gateway that does not answer', () => {
  test('makes lights stale, not red, and they come back by themselves', async () => {
    const tab = await liveTab();
    act(() => gateway.lose());
    await tab.shows('available stale');
    gateway.away = false;
    gateway.now = [capability('llm', 'error')];
    await tab.shows('error fresh');
  });
});

describe('what a task of this page reports', () => {
  test('shows at once, and is marked until the gateway confirms it', async () => {
    gateway.now = [capability('llm', 'error')];
    const tab = await liveTab();
    tab.report((value) => value.reportSuccess('llm'));
    expect(tab.health.llm).toMatchObject({ state: 'available', reported: true });
    act(() => gateway.tell(capability('llm', 'available', { verdicts: { success: 1 } })));
    await waitFor(() => expect(tab.health.llm?.reported).toBe(false));
    expect(tab.health.llm?.state).toBe('available');
  });

  test('gives way when the gateway contradicts it', async () => {
    const tab = await liveTab();
    tab.report((value) => value.reportFailure('llm', failed));
    expect(tab.health.llm).toMatchObject({ state: 'error', reported: true });
    act(() => gateway.tell(capability('llm', 'available', { verdicts: { neutral: 1 } })));
    await tab.shows('available');
  });

  test('stays while the gateway tells only of a call that began', async () => {
    const tab = await liveTab();
    tab.report((value) => value.reportFailure('llm', failed));
    act(() => gateway.tell(capability('llm', 'available', { calls_running: 1 })));
    await waitFor(() => expect(tab.health.llm?.callsRunning).toBe(1));
    expect(tab.health.llm?.state).toBe('error');
  });

  test.each([
    ['a wrong field', new ApiError(400, { status: 'INVALID_ARGUMENT' }, null)],
    ['a full queue', new ApiError(429, { status: 'RESOURCE_EXHAUSTED' }, '1')],
    ['a lost connection', new GatewayUnreachable('gone')],
    ['a stop', new DOMException('stopped', 'AbortError')],
  ])('is left out where it says nothing about the capability: %s', async (_name, error) => {
    const tab = await liveTab();
    tab.report((value) => value.reportFailure('llm', error));
    expect(tab.health.llm).toMatchObject({ state: 'available', reported: false });
  });
});

test('nothing is asked again while nothing happens', async () => {
  await liveTab();
  expect(gateway.looks).toBe(1);
  expect(screen.getByLabelText('tab')).toBeVisible();
});

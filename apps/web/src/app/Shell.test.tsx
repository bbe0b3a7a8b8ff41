import { act, cleanup, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter } from 'react-router';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CapabilityHealthProvider } from '../health/CapabilityHealthContext';
import { JobsProvider } from '../jobs/JobsContext';
import { capability, HealthGateway } from '../testing/gateway';
import { Pages } from './App';

let gateway: HealthGateway;

beforeEach(() => {
  gateway = new HealthGateway();
  gateway.server.listen({ onUnhandledRequest: 'error' });
});
afterEach(() => {
  cleanup();
  gateway.server.close();
});

async function openAt(path: string) {
  render(
    <CapabilityHealthProvider backOffMilliseconds={1}>
      <JobsProvider>
        <MemoryRouter initialEntries={[path]}>
          <Pages />
        </MemoryRouter>
      </JobsProvider>
    </CapabilityHealthProvider>,
  );
  await waitFor(() => expect(gateway.stream.opened).toBe(1));
  await screen.findByRole('button', { name: 'LLM Studio: Available' });
}

const last_failure = { code: 'INTERNAL', reason: 'BROKEN', message: 'the voice is hoarse' };

test('a light has its state in words, and its evidence on focus', async () => {
  await openAt('/');
  act(() => gateway.tell(capability('tts', 'error', { last_failure, consecutive_failures: 3 })));
  const light = await screen.findByRole('button', { name: 'TTS Studio: Failing' });
  act(() => light.focus());
  const details = screen.getByRole('tooltip');
  expect(details).toHaveTextContent('INTERNAL, BROKEN: the voice is hoarse');
  expect(details).toHaveTextContent('Failures in a row3');
  expect(light).toHaveAccessibleDescription(/hoarse/);
  await userEvent.keyboard('{Escape}');
  expect(screen.queryByRole('tooltip')).toBeNull();
});

test('a change is announced once, with its reason; the first look is none', async () => {
  await openAt('/');
  const announcer = screen.getByRole('status');
  expect(announcer).toBeEmptyDOMElement();
  act(() => gateway.tell(capability('tts', 'error', { last_failure })));
  await waitFor(() =>
    expect(announcer).toHaveTextContent('Speech: Failing. INTERNAL, BROKEN: the voice is hoarse'),
  );
});

test('a gateway that is lost is said once, above the page', async () => {
  await openAt('/');
  act(() => gateway.lose());
  await screen.findByRole('button', { name: 'LLM Studio: No news' });
  await waitFor(() =>
    expect(screen.getByRole('status')).toHaveTextContent(/^The gateway does not answer\.$/),
  );
});

test('a page that one goes to gets the focus and names the window', async () => {
  await openAt('/');
  await userEvent.click(screen.getByRole('link', { name: /TTS Studio/ }));
  await screen.findByRole('heading', { level: 1, name: 'TTS Studio' });
  expect(document.title).toBe('TTS Studio · Atelier');
  expect(screen.getByRole('main')).toHaveFocus();
});

test('a studio whose capability fails stays, and says why', async () => {
  gateway.now = gateway.now.map((known) =>
    known.name === 'tts' ? capability('tts', 'error', { last_failure }) : known,
  );
  await openAt('/tts');
  expect(await screen.findByText(/a success clears it.*the voice is hoarse/)).toBeVisible();
});

test('a path that is no page leads back', async () => {
  await openAt('/nowhere');
  expect(screen.getByRole('link', { name: 'To the overview' })).toHaveAttribute('href', '/');
});

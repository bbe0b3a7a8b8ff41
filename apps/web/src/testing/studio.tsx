/** Opens a studio in a test as the page does, before a gateway of the test's own. */
import { render } from '@testing-library/react';
import type { ComponentType } from 'react';
import { MemoryRouter, Route, Routes, useLocation } from 'react-router';
import { CapabilityHealthProvider, useCapabilityHealth } from '../health/CapabilityHealthContext';
import { JobsProvider } from '../jobs/JobsContext';

/** Shows the studio; its address stands in a region "address", the lights in "lights". */
export function openStudio(Studio: ComponentType, path: string) {
  return render(
    <CapabilityHealthProvider backOffMilliseconds={1}>
      <JobsProvider backOffMilliseconds={1}>
        <MemoryRouter initialEntries={[path]}>
          <Routes>
            <Route path="*" element={<Studio />} />
          </Routes>
          <Address />
          <Lights />
        </MemoryRouter>
      </JobsProvider>
    </CapabilityHealthProvider>,
  );
}

function Address() {
  const { pathname, search } = useLocation();
  return <section aria-label="address">{`${pathname}${search}`}</section>;
}

function Lights() {
  const { health } = useCapabilityHealth();
  const words = Object.values(health).map(({ name, state, reported }) =>
    [name, state, reported && 'reported'].filter(Boolean).join(' '),
  );
  return <section aria-label="lights">{words.join(', ')}</section>;
}

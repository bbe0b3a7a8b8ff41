/** Puts the page together: providers, shell, routes. */
import { BrowserRouter, Link, Route, Routes } from 'react-router';
import { CapabilityHealthProvider } from '../health/CapabilityHealthContext';
import { JobsProvider } from '../jobs/JobsContext';
import { EmptyState } from '../shared/ui/controls';
import { ErrorBoundary } from './ErrorBoundary';
import { PAGES } from './pages';
import { Shell } from './Shell';

export function App() {
  return (
    <CapabilityHealthProvider>
      <JobsProvider>
        <BrowserRouter>
          <Pages />
        </BrowserRouter>
      </JobsProvider>
    </CapabilityHealthProvider>
  );
}

export function Pages() {
  return (
    <Routes>
      <Route element={<Shell />}>
        {PAGES.map(({ path, Component }) => (
          <Route
            key={path}
            path={path}
            element={
              <ErrorBoundary key={path}>
                <Component />
              </ErrorBoundary>
            }
          />
        ))}
        <Route path="*" element={<NoSuchPage />} />
      </Route>
    </Routes>
  );
}

function NoSuchPage() {
  return (
    <EmptyState title="There is no such page.">
      <Link to="/">To the overview</Link>
    </EmptyState>
  );
}

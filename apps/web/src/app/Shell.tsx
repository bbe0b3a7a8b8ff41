/** The frame around all pages: the sidebar with the lights, and what every page shares. */
import { Suspense, useEffect, useRef } from 'react';
import { NavLink, Outlet, useLocation } from 'react-router';
import { useCapabilityHealth } from '../health/CapabilityHealthContext';
import { CapabilityStatusIndicator } from '../health/CapabilityStatusIndicator';
import { HealthAnnouncer } from '../health/HealthAnnouncer';
import { isStale } from '../health/healthState';
import { EmptyState } from '../shared/ui/controls';
import { KeyDialog } from './KeyDialog';
import { PAGES } from './pages';
import { ThemeSwitch } from './ThemeSwitch';

export function Shell() {
  const main = useRef<HTMLElement>(null);
  usePageTitle(main);
  const { connection } = useCapabilityHealth();
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <aside className="sidebar">
        <p className="brand">Atelier</p>
        <Navigation />
        <ThemeSwitch />
      </aside>
      <main id="main" ref={main} tabIndex={-1}>
        {isStale(connection) && (
          <p className="gateway-lost">
            The gateway does not answer. The lights show what it said last; this page reconnects by
            itself.
          </p>
        )}
        <Suspense fallback={<EmptyState title="Opening…" />}>
          <Outlet />
        </Suspense>
      </main>
      <HealthAnnouncer />
      <KeyDialog />
    </div>
  );
}

function Navigation() {
  const { health } = useCapabilityHealth();
  return (
    <nav aria-label="Studios">
      <ul>
        {PAGES.map(({ path, label, short, capability }) => (
          <li key={path}>
            <NavLink to={path} end>
              <span className="nav-long">{label}</span>
              <span className="nav-short" aria-hidden="true">
                {short}
              </span>
            </NavLink>
            {capability && <CapabilityStatusIndicator label={label} health={health[capability]} />}
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** Names the page in the title, and brings the focus to a page that the person went to. */
function usePageTitle(main: React.RefObject<HTMLElement | null>) {
  const { pathname } = useLocation();
  const before = useRef(pathname);
  useEffect(() => {
    const page = PAGES.find(({ path }) => path === pathname);
    document.title = page ? `${page.label} · Atelier` : 'Atelier';
    if (before.current !== pathname) main.current?.focus();
    before.current = pathname;
  }, [pathname, main]);
}

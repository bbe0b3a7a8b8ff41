import type { ReactNode } from 'react';
import { useCapabilityHealth } from './CapabilityHealthContext';
import { failureText } from './wording';

/** A studio's page: its title, and what there is to know when its capability is not well. */
export function StudioFrame({
  title,
  capability,
  actions,
  children,
}: {
  title: string;
  capability: string;
  /** What stands beside the title. */
  actions?: ReactNode;
  children: ReactNode;
}) {
  const note = useNote(capability);
  return (
    <>
      <header className="studio-head">
        <h1 tabIndex={-1}>{title}</h1>
        {actions}
      </header>
      {note && <p className="studio-note">{note}</p>}
      {children}
    </>
  );
}

function useNote(capability: string): string | null {
  const health = useCapabilityHealth().health[capability];
  // That the gateway is lost is said above every page.
  if (!health || health.stale) return null;
  if (health.state === 'unavailable') {
    const why = health.unavailableReason ? ` (${health.unavailableReason})` : '';
    return `Its worker is offline${why}. You can try all the same: a success brings it back.`;
  }
  if (health.state === 'error' && health.lastFailure) {
    return `The last task failed. You can try again: a success clears it. ${failureText(health.lastFailure)}`;
  }
  return null;
}

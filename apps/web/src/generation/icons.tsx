/** Signs for the buttons that have no room for words. */
import type { ReactNode } from 'react';

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true">
      {children}
    </svg>
  );
}

export function LockIcon({ closed }: { closed: boolean }) {
  return (
    <Icon>
      <rect x="4" y="9" width="12" height="8" rx="2" />
      <path d={closed ? 'M7 9V6.5a3 3 0 0 1 6 0V9' : 'M7 9V6.5a3 3 0 0 1 5.8-1.1'} />
    </Icon>
  );
}

export function DiceIcon() {
  return (
    <Icon>
      <rect x="3.5" y="3.5" width="13" height="13" rx="3" />
      <path d="M7.3 7.3h.01M12.7 7.3h.01M10 10h.01M7.3 12.7h.01M12.7 12.7h.01" />
    </Icon>
  );
}

export function FailedIcon() {
  return (
    <Icon>
      <path d="M10 3 18 17H2Z" />
      <path d="M10 8.5v4M10 14.8v.01" />
    </Icon>
  );
}

export function StoppedIcon() {
  return (
    <Icon>
      <rect x="5" y="5" width="10" height="10" rx="2" />
    </Icon>
  );
}

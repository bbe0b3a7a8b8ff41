import type { Light } from './wording';

/** The sign of a state: its shape tells it as well as its colour does. */
export function LightIcon({ light }: { light: Light }) {
  return (
    <svg className={`light light-${light}`} viewBox="0 0 16 16" aria-hidden="true">
      {SHAPES[light]}
    </svg>
  );
}

const SHAPES: Record<Light, React.ReactNode> = {
  unknown: <circle cx="8" cy="8" r="5.5" fill="none" strokeWidth="2" strokeDasharray="3 2.2" />,
  available: (
    <>
      <circle cx="8" cy="8" r="7" className="light-fill" />
      <path d="m4.8 8.2 2.2 2.3 4.2-4.8" className="light-mark" />
    </>
  ),
  error: (
    <>
      <path d="M8 1 15.4 14.5H.6Z" className="light-fill" />
      <path d="M8 6v3.6M8 11.6v.6" className="light-mark" />
    </>
  ),
  unavailable: (
    <>
      <rect x="1.5" y="1.5" width="13" height="13" rx="3" className="light-fill" />
      <path d="m5.3 5.3 5.4 5.4m0-5.4-5.4 5.4" className="light-mark" />
    </>
  ),
  stale: <path d="M2 8h3m1.5 0h3M11 8h3" fill="none" strokeWidth="2.2" />,
};

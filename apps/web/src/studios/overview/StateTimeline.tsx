import type { Seen } from '../../health/healthState';
import { LIGHT_WORDS } from '../../health/wording';
import { useNow } from '../../shared/ui/useNow';

/** The states that this page has seen, as wide as they lasted. */
export function StateTimeline({ history }: { history: readonly Seen[] }) {
  const now = useNow();
  const began = history[0]?.at.getTime();
  if (began === undefined) return null;
  const total = Math.max(1, now.getTime() - began);
  const spans = history.map((seen, index) => {
    const from = seen.at.getTime();
    const until = history[index + 1]?.at.getTime() ?? now.getTime();
    const share = Math.max(0, until - from) / total;
    return { seen, x: ((from - began) / total) * 100, width: Math.max(0.8, share * 100) };
  });
  const words = history.map((seen) => `${seen.at.toLocaleTimeString()} ${LIGHT_WORDS[seen.state]}`);
  return (
    <figure className="timeline">
      <svg viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label={words.join(', ')}>
        <title>{words.slice(-8).join('\n')}</title>
        {spans.map(({ seen, x, width }) => (
          <rect
            key={`${seen.at.getTime()}-${seen.state}`}
            className={`span-${seen.state}`}
            x={x}
            width={width}
            height="4"
          />
        ))}
      </svg>
      <figcaption>
        <span>{history[0]?.at.toLocaleTimeString()}</span>
        <span>now</span>
      </figcaption>
    </figure>
  );
}

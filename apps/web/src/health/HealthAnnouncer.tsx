import { useEffect, useRef, useState } from 'react';
import { useCapabilityHealth } from './CapabilityHealthContext';
import { isStale } from './healthState';
import { CAPABILITY_WORDS, failureText, LIGHT_WORDS, type Light, lightOf } from './wording';

/** Says each change of a light once, for those who do not see it. The first look is no change. */
export function HealthAnnouncer() {
  const { health, connection } = useCapabilityHealth();
  const before = useRef<Record<string, Light>>({});
  const [text, setText] = useState('');
  const lost = isStale(connection);

  useEffect(() => {
    const lights = Object.fromEntries(Object.values(health).map((h) => [h.name, lightOf(h)]));
    const changes = Object.values(health)
      .filter((h) => before.current[h.name] && before.current[h.name] !== lights[h.name])
      .map((h) => {
        const why = !h.stale && h.state === 'error' && h.lastFailure;
        const name = CAPABILITY_WORDS[h.name] ?? h.name;
        return `${name}: ${LIGHT_WORDS[lightOf(h)]}${why ? `. ${failureText(why)}` : ''}`;
      });
    before.current = lights;
    if (changes.length > 0) setText(lost ? 'The gateway does not answer.' : changes.join('. '));
  }, [health, lost]);

  return (
    <div role="status" aria-live="polite" className="visually-hidden">
      {text}
    </div>
  );
}

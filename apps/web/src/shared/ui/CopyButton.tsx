import { useEffect, useState } from 'react';
import { copyText } from './copyText';

const SAID_MILLISECONDS = 2_000;

/** Copies what `text` gives, and says for a moment that it did. */
export function CopyButton({ label, text }: { label: string; text: () => string }) {
  const [outcome, setOutcome] = useState<'copied' | 'failed' | null>(null);
  useEffect(() => {
    if (outcome === null) return;
    const timer = setTimeout(() => setOutcome(null), SAID_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async () => setOutcome((await copyText(text())) ? 'copied' : 'failed');
  const word = outcome === 'failed' ? 'Not copied' : outcome === 'copied' ? 'Copied' : 'Copy';
  return (
    <button
      type="button"
      className="text-button"
      aria-label={outcome === null ? label : word}
      onClick={() => void copy()}
    >
      {word}
      <span className="visually-hidden" aria-live="polite">
        {outcome !== null && word}
      </span>
    </button>
  );
}

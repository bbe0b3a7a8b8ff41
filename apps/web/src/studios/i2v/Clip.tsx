import { useState } from 'react';

/** A clip in a loop, as soon as it can be played; still where the person wants less motion. */
export function Clip({ url, title }: { url: string; title: string }) {
  const [still] = useState(
    () => window.matchMedia?.('(prefers-reduced-motion: reduce)').matches ?? false,
  );
  return (
    <video
      className="made"
      src={url}
      aria-label={title || 'The clip'}
      autoPlay={!still}
      loop
      muted
      playsInline
      controls
    />
  );
}

import { useEffect, useState } from 'react';
import type { PlayerState, SoundPlayer } from './sound/SoundPlayer';

/** Where the player is, in seconds, anew with each frame while it plays, and with all its news. */
export function usePosition(player: SoundPlayer, state: PlayerState): number {
  const [position, setPosition] = useState(player.position);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the player tells nothing while it rests
  useEffect(() => {
    let frame = 0;
    const look = () => {
      setPosition(player.position);
      frame = requestAnimationFrame(look);
    };
    if (state === 'playing') look();
    else setPosition(player.position);
    const unsubscribe = player.subscribe(() => setPosition(player.position));
    return () => {
      cancelAnimationFrame(frame);
      unsubscribe();
    };
  }, [player, state, player.current]);
  return position;
}

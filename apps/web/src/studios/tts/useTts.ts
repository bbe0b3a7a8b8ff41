import { useEffect, useState, useSyncExternalStore } from 'react';
import { useCapabilityHealth } from '../../health/CapabilityHealthContext';
import { isEscape } from '../../shared/ui/keys';
import type { Outcome, ReadingStore } from './readings/ReadingStore';
import type { Choice } from './readings/reading';

const CAPABILITY = 'tts';

const NEWS: Readonly<Record<Outcome['type'], string>> = {
  complete: 'The reading is complete.',
  stopped: 'The reading was stopped.',
  failed: 'The reading failed.',
};

/** The readings and what can be done with them; tells the light how each new one ended. */
export function useTts(store: ReadingStore) {
  const snapshot = useSyncExternalStore(store.subscribe, store.getSnapshot);
  const state = useSyncExternalStore(store.player.subscribe, store.player.getState);
  const { reportSuccess, reportFailure } = useCapabilityHealth();
  const [news, setNews] = useState('');

  const follow = (outcome: Promise<Outcome>) => {
    setNews('');
    void outcome.then((ended) => {
      if (ended.type === 'complete') reportSuccess(CAPABILITY);
      if (ended.type === 'failed') reportFailure(CAPABILITY, ended.error);
      setNews(NEWS[ended.type]);
    });
  };

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { target } = event;
      const elsewhere = target instanceof Element && target.closest('dialog, .sidebar');
      if (isEscape(event) && !elsewhere) store.stop();
    };
    window.addEventListener('keydown', onKey);
    return () => {
      window.removeEventListener('keydown', onKey);
      store.stop();
    };
  }, [store]);

  return {
    ...snapshot,
    /** Of the player. */
    state,
    news,
    read: (text: string, choice: Choice) => follow(store.read(text, choice)),
    play: (id: number) => {
      // A sound that is still there is no task.
      if (store.soundOf(id)) void store.play(id);
      else follow(store.play(id));
    },
  };
}

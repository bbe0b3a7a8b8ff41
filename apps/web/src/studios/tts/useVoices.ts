import { useEffect, useState } from 'react';
import type { Voice } from '../../gen/atelier/tts/v1/tts_pb';
import { listVoices } from './listVoices';

/** The voices that can be chosen: none until they were told. Asked for anew with each `news`. */
export function useVoices(news: unknown): readonly Voice[] {
  const [voices, setVoices] = useState<readonly Voice[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: news is what makes it worth asking
  useEffect(() => {
    const controller = new AbortController();
    listVoices(controller.signal).then(setVoices, () => {
      // Without the list there is still the model's own voice.
    });
    return () => controller.abort();
  }, [news]);
  return voices;
}

import { useEffect, useRef, useState } from 'react';
import { useCapabilityHealth } from '../../health/CapabilityHealthContext';
import { saveBlob } from '../../shared/saveBlob';
import { Button } from '../../shared/ui/controls';
import { ErrorNote } from '../../shared/ui/ErrorNote';
import type { Reading } from './readings/reading';
import type { Sound } from './sound/Sound';
import { savedFormat, soundFile, soundFileName } from './soundFile';

/** Saves a reading as a file; a format that is not in memory is made first, which can be stopped. */
export function SaveSound({ reading, sound }: { reading: Reading; sound: Sound }) {
  const [isMaking, setIsMaking] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const controller = useRef<AbortController | null>(null);
  const { reportSuccess, reportFailure } = useCapabilityHealth();
  const format = savedFormat(reading);
  const isInMemory = format === 'wav' || format === 'pcm';

  useEffect(() => () => controller.current?.abort(), []);

  const save = async () => {
    const mine = new AbortController();
    controller.current = mine;
    setIsMaking(true);
    setProblem(null);
    try {
      saveBlob(await soundFile(reading, sound, mine.signal), soundFileName(reading, format));
      if (!isInMemory) reportSuccess('tts');
    } catch (error) {
      if (mine.signal.aborted) return;
      reportFailure('tts', error);
      setProblem(error);
    } finally {
      if (controller.current === mine) setIsMaking(false);
    }
  };
  const stop = () => {
    controller.current?.abort();
    setIsMaking(false);
  };

  return (
    <div className="save-sound">
      {isMaking && !isInMemory ? (
        <>
          <span role="status">Making the {format.toUpperCase()} file…</span>
          <Button onClick={stop}>Stop</Button>
        </>
      ) : (
        <Button onClick={() => void save()}>Save {format.toUpperCase()}</Button>
      )}
      {problem !== null && <ErrorNote error={problem} onRetry={() => void save()} />}
    </div>
  );
}

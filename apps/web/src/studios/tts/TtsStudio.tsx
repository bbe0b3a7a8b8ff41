/** The TTS Studio: a text, how it is read, its sound, and what was read before. */
import { useRef } from 'react';
import { useCapabilityHealth } from '../../health/CapabilityHealthContext';
import { StudioFrame } from '../../health/StudioFrame';
import { useModel } from '../../health/useModel';
import { textOf } from '../../shared/api/json';
import { useKept } from '../../shared/storage/useKept';
import { ErrorNote } from '../../shared/ui/ErrorNote';
import { Files } from './Files';
import { History } from './History';
import { ModelLine } from './ModelLine';
import { Player } from './Player';
import { estimatedSeconds } from './readings/estimate';
import type { ReadingStore } from './readings/ReadingStore';
import { type Choice, characters, readChoice, USUAL } from './readings/reading';
import { SpeechForm } from './SpeechForm';
import { useFileJob } from './useFileJob';
import { useTts } from './useTts';
import { useVoices } from './useVoices';

const FIELDS = ['voice', 'speed', 'format'] as const;

export function TtsStudio({ store }: { store: ReadingStore }) {
  const model = useModel('tts');
  const since = useCapabilityHealth().health.tts?.since?.getTime();
  const voices = useVoices(since);
  const [text, setText] = useKept('atelier.tts.text', textOf, '');
  const [choice, setChoice] = useKept('atelier.tts.choice', readChoice, USUAL);
  const tts = useTts(store);
  const files = useFileJob();
  const form = useRef<HTMLDivElement>(null);
  const { readings, phase } = tts;

  const length = characters(text);
  const seconds = estimatedSeconds(length, choice, readings);
  const current = readings.find(({ id }) => id === tts.currentId);
  const isPlaying = tts.state === 'playing' || tts.state === 'waiting';

  const changeText = (next: string) => {
    setText(next);
    store.mended('text');
  };
  const changeChoice = (next: Choice) => {
    setChoice(next);
    for (const name of FIELDS) if (next[name] !== choice[name]) store.mended(name);
  };

  return (
    <StudioFrame title="TTS Studio" capability="tts">
      <div className="tts">
        <div className="tts-now" ref={form}>
          <ModelLine model={model} />
          <SpeechForm
            text={text}
            onText={changeText}
            length={length}
            seconds={seconds}
            choice={choice}
            onChoice={changeChoice}
            model={model}
            voices={voices}
            faults={tts.faults}
            isRunning={phase !== null || isPlaying}
            onRead={() => tts.read(text, choice)}
            onStop={() => store.stop()}
            onFile={files.isPossible ? () => void files.submit(text, choice) : null}
          />
          {tts.error !== null && (
            <ErrorNote error={tts.error} onRetry={() => tts.read(text, choice)} />
          )}
          {files.problem !== null && <ErrorNote error={files.problem} />}
          {current && (
            <Player
              key={current.id}
              store={store}
              reading={current}
              phase={phase}
              state={tts.state}
              expectedSeconds={estimatedSeconds(
                characters(current.text),
                current.choice,
                readings.filter(({ id }) => id !== current.id),
              )}
              onReplay={() => tts.play(current.id)}
            />
          )}
        </div>
        <div className="tts-before">
          <History
            store={store}
            readings={readings}
            currentId={tts.currentId}
            onPlay={tts.play}
            onUse={(reading) => {
              changeText(reading.text);
              changeChoice(reading.choice);
              form.current?.querySelector('textarea')?.focus();
            }}
          />
          <Files />
        </div>
      </div>
      <p className="visually-hidden" role="status">
        {tts.news}
      </p>
    </StudioFrame>
  );
}

import { Button } from '../../shared/ui/controls';
import { clockTime } from './duration';
import type { Phase, ReadingStore } from './readings/ReadingStore';
import type { Reading } from './readings/reading';
import { SaveSound } from './SaveSound';
import type { PlayerState } from './sound/SoundPlayer';
import { usePosition } from './usePosition';
import { Waveform } from './Waveform';

/** The sound of a reading, which plays from the first sentence on while the others still come. */
export function Player({
  store,
  reading,
  phase,
  state,
  expectedSeconds,
  onReplay,
}: {
  store: ReadingStore;
  reading: Reading;
  phase: Phase | null;
  state: PlayerState;
  /** How long it is thought to become. */
  expectedSeconds: number;
  onReplay: () => void;
}) {
  const { player } = store;
  const position = usePosition(player, state);
  const sound = store.soundOf(reading.id);
  const seconds = phase ? Math.max(expectedSeconds, reading.seconds) : reading.seconds;
  const isPlaying = state === 'playing' || state === 'waiting';
  const sentence = reading.sentences.findLast(({ startSeconds }) => startSeconds <= position);
  const toggle = () => {
    if (isPlaying) player.pause();
    else if (sound) player.play();
    else onReplay();
  };
  return (
    <section className="player" aria-labelledby="player-title">
      <h2 id="player-title" className="visually-hidden">
        Player
      </h2>
      <div className="player-row">
        <Button onClick={toggle} disabled={!sound && phase !== null}>
          {isPlaying ? 'Pause' : 'Play'}
        </Button>
        <div className="player-wave">
          {sound ? (
            <Waveform sound={sound} seconds={seconds} position={position} />
          ) : (
            <div className="waveform" aria-hidden="true" />
          )}
          <input
            type="range"
            aria-label="Position"
            aria-valuetext={`${clockTime(position)} of ${clockTime(reading.seconds)}`}
            min={0}
            max={Math.max(seconds, 0.1)}
            step={0.1}
            value={position}
            disabled={!sound}
            onChange={(event) => player.seek(Number(event.target.value))}
          />
        </div>
        <p className="player-time">
          <span data-testid="position">{clockTime(position)}</span> /{' '}
          {phase ? `about ${clockTime(seconds)}` : clockTime(seconds)}
        </p>
      </div>
      <p className="player-now">
        {phase && phase.name !== 'reading' ? phaseWords(phase) : sentence?.text}
      </p>
      {reading.warnings.length > 0 && (
        <ul className="player-warnings">
          {reading.warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      <div className="player-foot">
        <p className="field-hint">{factsOf(reading, phase)}</p>
        {sound && !phase && <SaveSound reading={reading} sound={sound} />}
      </div>
    </section>
  );
}

function phaseWords(phase: Phase): string {
  switch (phase.name) {
    case 'sent':
      return 'Waiting for the first sentence…';
    case 'queued':
      return `Waiting at place ${phase.place}…`;
    case 'loading':
      return `Loading the model ${phase.model}…`;
    case 'reading':
      return '';
  }
}

function factsOf(reading: Reading, phase: Phase | null): string {
  const { state, firstSoundSeconds, seed } = reading;
  const facts = [
    phase?.name === 'reading' && `sentence ${phase.sentence} is made`,
    state === 'stopped' && 'stopped',
    state === 'failed' && 'broke off',
    firstSoundSeconds !== null && `first sound after ${firstSoundSeconds.toFixed(1)} s`,
    seed !== null && `seed ${seed}`,
  ];
  return facts.filter(Boolean).join(' · ');
}

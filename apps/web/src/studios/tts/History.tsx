import { IconButton } from '../../shared/ui/controls';
import { clockTime } from './duration';
import type { ReadingStore } from './readings/ReadingStore';
import type { Reading } from './readings/reading';

/** What was read in this session, to be heard, or used, again. */
export function History({
  store,
  readings,
  currentId,
  onPlay,
  onUse,
}: {
  store: ReadingStore;
  readings: readonly Reading[];
  currentId: number | null;
  onPlay: (id: number) => void;
  onUse: (reading: Reading) => void;
}) {
  return (
    <section aria-labelledby="readings-title">
      <h2 id="readings-title">Read in this session</h2>
      {readings.length === 0 ? (
        <p className="field-hint">Nothing yet.</p>
      ) : (
        <ol className="readings">
          {readings.map((reading) => (
            <li key={reading.id} aria-current={reading.id === currentId || undefined}>
              <div>
                <p className="reading-text">{reading.text}</p>
                <p className="field-hint">{factsOf(reading)}</p>
              </div>
              <div className="reading-actions">
                <button
                  type="button"
                  className="text-button"
                  disabled={reading.state === 'reading'}
                  onClick={() => onPlay(reading.id)}
                >
                  {store.soundOf(reading.id) ? 'Play' : 'Make again'}
                </button>
                <button type="button" className="text-button" onClick={() => onUse(reading)}>
                  Use
                </button>
                <IconButton label="Remove" onClick={() => store.remove(reading.id)}>
                  ×
                </IconButton>
              </div>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function factsOf({ askedAt, seconds, choice, voice, state }: Reading): string {
  const facts = [
    new Date(askedAt).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' }),
    clockTime(seconds),
    voice,
    choice.speed !== 1 && `speed ${choice.speed}`,
    choice.format.toUpperCase(),
    state === 'stopped' && 'stopped',
    state === 'failed' && 'broke off',
  ];
  return facts.filter(Boolean).join(' · ');
}

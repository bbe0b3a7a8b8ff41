import { useState } from 'react';
import { Field } from '../shared/ui/controls';
import { type Draft, drawnSeed, isSeed, SEEDS } from './draft';
import { DiceIcon, LockIcon } from './icons';

/** The seed: shows the one that was used, holds it, or throws the dice for another to hold. */
export function SeedField({
  draft,
  onChange,
  error,
}: {
  draft: Draft;
  onChange: (change: Partial<Draft>) => void;
  error?: string;
}) {
  const [typed, setTyped] = useState<string | null>(null);
  const { seed, seedHeld } = draft;
  const wrong = typed !== null && typed !== '' && !isSeed(Number(typed));
  return (
    <Field
      label="Seed"
      hint={hintOf(draft)}
      error={wrong ? `A whole number from 0 to ${SEEDS - 1}.` : error}
    >
      {(control) => (
        <div className="seed">
          <input
            {...control}
            inputMode="numeric"
            placeholder="drawn anew"
            autoComplete="off"
            value={typed ?? seed ?? ''}
            onChange={(event) => {
              const text = event.target.value.trim();
              setTyped(text);
              if (text === '') onChange({ seed: null, seedHeld: false });
              else if (isSeed(Number(text))) onChange({ seed: Number(text), seedHeld: true });
            }}
            onBlur={() => setTyped(null)}
          />
          <button
            type="button"
            className="icon-button"
            aria-pressed={seedHeld}
            aria-label="Hold the seed"
            title={seedHeld ? 'Held: click to draw a new one each time' : 'Hold this seed'}
            onClick={() =>
              onChange(
                seedHeld ? { seedHeld: false } : { seedHeld: true, seed: seed ?? drawnSeed() },
              )
            }
          >
            <LockIcon closed={seedHeld} />
          </button>
          <button
            type="button"
            className="icon-button"
            aria-label="Throw the dice for a seed"
            title="Throw the dice, and hold what comes"
            onClick={() => onChange({ seed: drawnSeed(), seedHeld: true })}
          >
            <DiceIcon />
          </button>
        </div>
      )}
    </Field>
  );
}

function hintOf({ seed, seedHeld }: Draft): string {
  if (seedHeld) return 'Held: the same again each time.';
  return seed === null
    ? 'A new one is drawn each time.'
    : 'Used last; a new one is drawn each time.';
}

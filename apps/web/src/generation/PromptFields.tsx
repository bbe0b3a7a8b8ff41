import { useId } from 'react';
import { TextArea } from '../shared/ui/controls';
import type { Draft } from './draft';
import { withSuggestion } from './prompts';

/** The words for what is to be made, with what the model knows if that is a short list. */
export function PromptFields({
  draft,
  onChange,
  errors,
  label,
  placeholder,
  suggestions,
  suggestionsLabel,
  negative,
}: {
  draft: Draft;
  onChange: (change: Partial<Draft>) => void;
  errors: Readonly<Record<string, string>>;
  label: string;
  placeholder: string;
  suggestions: readonly string[];
  suggestionsLabel: string;
  /** Whether the model uses a negative prompt. */
  negative: boolean;
}) {
  return (
    <>
      <TextArea
        label={label}
        rows={3}
        value={draft.prompt}
        placeholder={placeholder}
        error={errors.prompt}
        onChange={(prompt) => onChange({ prompt })}
      />
      {suggestions.length > 0 && (
        <Suggestions
          label={suggestionsLabel}
          words={suggestions}
          onTake={(word) => onChange({ prompt: withSuggestion(draft.prompt, word, suggestions) })}
        />
      )}
      {negative && (
        <TextArea
          label="Leave out"
          rows={2}
          value={draft.negativePrompt}
          placeholder="What must not be there"
          error={errors.negativePrompt}
          onChange={(negativePrompt) => onChange({ negativePrompt })}
        />
      )}
    </>
  );
}

const SHOWN_AT_ONCE = 8;

function Suggestions({
  label,
  words,
  onTake,
}: {
  label: string;
  words: readonly string[];
  onTake: (word: string) => void;
}) {
  const id = useId();
  const chips = (from: number, to?: number) => (
    <ul className="chips" aria-labelledby={id}>
      {words.slice(from, to).map((word) => (
        <li key={word}>
          <button type="button" className="chip" onClick={() => onTake(word)}>
            {word}
          </button>
        </li>
      ))}
    </ul>
  );
  return (
    <div className="suggestions">
      <p id={id} className="field-hint">
        {label}
      </p>
      {chips(0, SHOWN_AT_ONCE)}
      {words.length > SHOWN_AT_ONCE && (
        <details>
          <summary>{words.length - SHOWN_AT_ONCE} more</summary>
          {chips(SHOWN_AT_ONCE)}
        </details>
      )}
    </div>
  );
}

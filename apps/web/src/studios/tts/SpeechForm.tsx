import type { DescribeModelResponse, Voice } from '../../gen/atelier/tts/v1/tts_pb';
import { Button, Select, Slider, TextArea } from '../../shared/ui/controls';
import { isSubmit } from '../../shared/ui/keys';
import { clockTime } from './duration';
import type { FieldName } from './readings/ReadingStore';
import type { Choice } from './readings/reading';

const EXAMPLE =
  'Good morning. It is 7:30, the ticket costs $12.50, and Dr. Brown will see you at once.';

const USUAL_FORMATS = ['wav'];
const FORMAT_WORDS: Readonly<Record<string, string>> = {
  wav: 'WAV',
  pcm: 'PCM, bare samples',
  flac: 'FLAC',
  mp3: 'MP3',
  opus: 'Opus in Ogg',
};

/** What is to be read, and how. */
export function SpeechForm({
  text,
  onText,
  length,
  seconds,
  choice,
  onChoice,
  model,
  voices,
  faults,
  isRunning,
  onRead,
  onStop,
  onFile,
}: {
  text: string;
  onText: (text: string) => void;
  /** Of the text, in characters. */
  length: number;
  /** How long it will sound, about. */
  seconds: number;
  choice: Choice;
  onChoice: (choice: Choice) => void;
  model: DescribeModelResponse | null;
  voices: readonly Voice[];
  faults: Readonly<Partial<Record<FieldName, string>>>;
  /** Whether there is something to stop. */
  isRunning: boolean;
  onRead: () => void;
  onStop: () => void;
  /** Makes a file without playing; null where the gateway keeps no jobs. */
  onFile: (() => void) | null;
}) {
  const set = (change: Partial<Choice>) => onChoice({ ...choice, ...change });
  const most = model?.maxStreamCharacters ?? 0;
  const isLong = most > 0 && length > most;
  const cannot = text.trim() === '' || isLong;
  return (
    <form
      className="speech-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!cannot) onRead();
      }}
      onKeyDown={(event) => {
        if (!isSubmit(event) || cannot) return;
        event.preventDefault();
        onRead();
      }}
    >
      <TextArea
        label="Text"
        rows={7}
        placeholder="What shall be read aloud?"
        error={
          faults.text ?? (isLong ? `Too long by ${number(length - most)} characters.` : undefined)
        }
        value={text}
        onChange={onText}
      />
      <p className="speech-length">
        <span>
          {number(length)}
          {most > 0 && ` of ${number(most)}`} characters
        </span>
        {text === '' ? (
          <button type="button" className="text-button" onClick={() => onText(EXAMPLE)}>
            Take an example
          </button>
        ) : (
          <span>{seconds > 0 && `about ${clockTime(Math.ceil(seconds))}`}</span>
        )}
      </p>
      <div className="speech-choice">
        <Select
          label="Voice"
          error={faults.voice}
          value={choice.voice}
          onChange={(voice) => set({ voice })}
          options={voiceOptions(voices, choice.voice)}
        />
        <Slider
          label="Speed"
          error={faults.speed}
          min={0.25}
          max={4}
          step={0.05}
          value={choice.speed}
          onChange={(speed) => set({ speed })}
        />
        <Select
          label="File format"
          error={faults.format}
          value={choice.format}
          onChange={(format) => set({ format })}
          options={formatOptions(model?.formats ?? USUAL_FORMATS, choice.format)}
        />
      </div>
      <div className="speech-actions">
        <Button type="submit" kind="primary" disabled={cannot} title="Ctrl+Enter">
          Read aloud
        </Button>
        <Button disabled={!isRunning} onClick={onStop} title="Esc">
          Stop
        </Button>
        {onFile && (
          <Button
            disabled={cannot}
            onClick={onFile}
            title="Goes on when this page is closed: for long texts"
          >
            Make a file only
          </Button>
        )}
        <span className="field-hint speech-keys">
          <kbd>Ctrl</kbd>+<kbd>Enter</kbd> reads, <kbd>Esc</kbd> stops
        </span>
      </div>
    </form>
  );
}

function voiceOptions(voices: readonly Voice[], chosen: string) {
  const own = voices[0];
  const options = [
    { value: '', label: own ? voiceName(own) : "The model's own" },
    ...voices.slice(1).map((voice) => ({ value: voice.id, label: voiceName(voice) })),
  ];
  // What was chosen stays to be seen although the model does not have it, or has not told yet.
  const isKnown = chosen === own?.id || options.some(({ value }) => value === chosen);
  return isKnown ? options : [...options, { value: chosen, label: chosen }];
}

function voiceName({ id, displayName, language }: Voice): string {
  return [displayName || id, language && `(${language})`].filter(Boolean).join(' ');
}

function formatOptions(formats: readonly string[], chosen: string) {
  const all = formats.includes(chosen) ? formats : [...formats, chosen];
  return all.map((format) => ({ value: format, label: FORMAT_WORDS[format] ?? format }));
}

function number(value: number): string {
  return value.toLocaleString('en').replaceAll(',', '\u202f');
}

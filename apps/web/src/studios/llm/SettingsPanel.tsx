import type { DescribeModelResponse } from '../../gen/atelier/llm/v1/llm_pb';
import { Button, TextArea } from '../../shared/ui/controls';
import { OptionalNumber } from '../../shared/ui/OptionalNumber';
import { ModelLine } from './ModelLine';
import { type ChatLimits, type ChatSettings, MODELS_OWN, type SettingFaults } from './settings';

/** How answers are written: what is left empty is the model's own choice. */
export function SettingsPanel({
  model,
  limits,
  settings,
  onChange,
  faults,
}: {
  model: DescribeModelResponse | null;
  limits: ChatLimits;
  settings: ChatSettings;
  onChange: (settings: ChatSettings) => void;
  faults: SettingFaults;
}) {
  const set = (change: Partial<ChatSettings>) => onChange({ ...settings, ...change });
  return (
    <div className="settings">
      <h2>Settings</h2>
      <ModelLine model={model} />
      <TextArea
        label="System prompt"
        hint="What the model is told before the conversation."
        error={faults.system}
        rows={3}
        value={settings.system}
        onChange={(system) => set({ system })}
      />
      <OptionalNumber
        label="Temperature"
        hint="0 takes the likeliest word, 2 dares most."
        error={faults.temperature}
        min={0}
        max={2}
        step={0.05}
        own={limits.temperature}
        value={settings.temperature}
        onChange={(temperature) => set({ temperature })}
      />
      <OptionalNumber
        label="Top p"
        hint="The share of likely words to choose from."
        error={faults.topP}
        min={0.01}
        max={1}
        step={0.01}
        own={limits.topP}
        value={settings.topP}
        onChange={(topP) => set({ topP })}
      />
      <OptionalNumber
        label="Max tokens"
        hint={
          limits.contextLength
            ? `Conversation and answer share ${limits.contextLength}.`
            : 'The longest answer.'
        }
        error={faults.maxTokens}
        min={1}
        max={limits.contextLength}
        step={1}
        own={limits.maxTokens}
        value={settings.maxTokens}
        onChange={(maxTokens) => set({ maxTokens })}
      />
      <OptionalNumber
        label="Seed"
        hint={
          limits.seedHolds
            ? 'The same seed and settings give the same answer.'
            : 'This model cannot repeat an answer: leave it empty.'
        }
        error={faults.seed}
        min={0}
        step={1}
        own={null}
        otherwise="random"
        value={settings.seed}
        onChange={(seed) => set({ seed })}
      />
      <TextArea
        label="Stop strings"
        hint="The answer ends before one of these. One a line; \n is a line break."
        error={faults.stops}
        rows={2}
        value={settings.stops}
        onChange={(stops) => set({ stops })}
      />
      <Button onClick={() => onChange(MODELS_OWN)}>Back to the model's own</Button>
    </div>
  );
}

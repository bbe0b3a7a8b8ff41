import type { DescribeModelResponse } from '../../gen/atelier/tts/v1/tts_pb';
import { useCapabilityHealth } from '../../health/CapabilityHealthContext';

/** Which model reads. */
export function ModelLine({ model }: { model: DescribeModelResponse | null }) {
  const status = model?.model;
  const isAway = useCapabilityHealth().health.tts?.state === 'unavailable';
  if (!status) {
    return (
      <p className="speech-model">{isAway ? 'Its worker is offline.' : 'Asking the worker…'}</p>
    );
  }
  const words = { unloaded: 'loads with the first text', failed: 'could not be loaded' };
  const facts = [
    words[status.state as keyof typeof words] ?? status.state,
    status.state === 'loaded' && status.device,
    model.sampleRate > 0 && `${model.sampleRate} Hz`,
  ];
  return (
    <p className="speech-model">
      <code>{status.name}</code> {facts.filter(Boolean).join(', ')}
      {status.loadError && <span className="field-error"> {status.loadError}</span>}
    </p>
  );
}

import type { DescribeModelResponse } from '../../gen/atelier/llm/v1/llm_pb';
import { useCapabilityHealth } from '../../health/CapabilityHealthContext';
import { parametersWords } from '../../shared/wording';

/** Which model answers. */
export function ModelLine({ model }: { model: DescribeModelResponse | null }) {
  const status = model?.model;
  const isAway = useCapabilityHealth().health.llm?.state === 'unavailable';
  if (!status) {
    return <p className="chat-model">{isAway ? 'Its worker is offline.' : 'Asking the worker…'}</p>;
  }
  const words = { unloaded: 'loads with the first message', failed: 'could not be loaded' };
  const facts = [
    words[status.state as keyof typeof words] ?? status.state,
    status.state === 'loaded' && status.device,
    status.dtype,
    parametersWords(status.parameters),
  ];
  return (
    <p className="chat-model">
      <code>{status.name}</code>
      <span>{facts.filter(Boolean).join(', ')}</span>
      {status.loadError && <span className="field-error">{status.loadError}</span>}
    </p>
  );
}

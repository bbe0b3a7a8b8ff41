import type { DescribeModelResponse } from '../../gen/atelier/llm/v1/llm_pb';

/** Which model answers. */
export function ModelLine({ model }: { model: DescribeModelResponse | null }) {
  const status = model?.model;
  if (!status)
    return <p className="chat-model">The model is not known: its worker has not told.</p>;
  const words = { unloaded: 'loads with the first message', failed: 'could not be loaded' };
  const facts = [
    words[status.state as keyof typeof words] ?? status.state,
    status.state === 'loaded' && status.device,
    status.dtype,
    status.parameters > 0 && `${(status.parameters / 1e6).toPrecision(3)} M parameters`,
  ];
  return (
    <p className="chat-model">
      <code>{status.name}</code>
      <span>{facts.filter(Boolean).join(', ')}</span>
      {status.loadError && <span className="field-error">{status.loadError}</span>}
    </p>
  );
}

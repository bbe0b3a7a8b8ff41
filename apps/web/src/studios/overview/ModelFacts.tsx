import { useEffect, useState } from 'react';
import type { ModelStatus } from '../../gen/atelier/common/v1/progress_pb';
import { describeModel } from '../../shared/api/describeModels';

/** Which model works; asked for anew when a task has ended or the state has changed. */
export function ModelFacts({
  capability,
  since,
  ended,
}: {
  capability: string;
  since: Date | null;
  ended: number;
}) {
  const [model, setModel] = useState<ModelStatus | null>(null);
  const news = `${since?.getTime()} ${ended}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: news is what makes it worth asking
  useEffect(() => {
    if (!(capability in describeModel)) return;
    const controller = new AbortController();
    describeModel[capability as keyof typeof describeModel](controller.signal).then(
      (answer) => setModel(answer.model ?? null),
      () => {
        // A worker that cannot be asked is what the light is about.
      },
    );
    return () => controller.abort();
  }, [capability, news]);
  if (model === null) return null;
  const facts = [model.state, model.device, model.dtype, millions(model.parameters)];
  return (
    <p className="card-model">
      <code>{model.name}</code> {facts.filter(Boolean).join(', ')}
      {model.loadError && `: ${model.loadError}`}
    </p>
  );
}

function millions(parameters: number): string {
  return parameters > 0 ? `${(parameters / 1e6).toPrecision(3)} M parameters` : '';
}

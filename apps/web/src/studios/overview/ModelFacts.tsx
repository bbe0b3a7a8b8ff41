import { type Describable, useModel } from '../../health/useModel';
import { describeModel } from '../../shared/api/describeModels';
import { parametersWords } from '../../shared/wording';

/** Which model works, for the capabilities that tell. */
export function ModelFacts({ capability }: { capability: string }) {
  if (!(capability in describeModel)) return null;
  return <Facts capability={capability as Describable} />;
}

function Facts({ capability }: { capability: Describable }) {
  const model = useModel(capability)?.model;
  if (!model) return null;
  const facts = [model.state, model.device, model.dtype, parametersWords(model.parameters)];
  return (
    <p className="card-model">
      <code>{model.name}</code> {facts.filter(Boolean).join(', ')}
      {model.loadError && `: ${model.loadError}`}
    </p>
  );
}

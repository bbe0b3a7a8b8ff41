import { useEffect, useState } from 'react';
import { describeModel } from '../shared/api/describeModels';
import { useCapabilityHealth } from './CapabilityHealthContext';

export type Describable = keyof typeof describeModel;
export type ModelOf<Name extends Describable> = Awaited<ReturnType<(typeof describeModel)[Name]>>;

/**
 * What a capability's model is, its defaults and limits: null until it was told, kept while its
 * worker is away. Asked for anew when the light has changed or a task has ended, since that is when
 * a model may have been loaded.
 */
export function useModel<Name extends Describable>(capability: Name): ModelOf<Name> | null {
  const [model, setModel] = useState<ModelOf<Name> | null>(null);
  const health = useCapabilityHealth().health[capability];
  const news = health && `${health.since?.getTime()} ${health.successes} ${health.failures}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: news is what makes it worth asking
  useEffect(() => {
    const controller = new AbortController();
    describeModel[capability](controller.signal).then(
      (answer) => setModel(answer as ModelOf<Name>),
      () => {
        // A worker that cannot be asked is what the light is about.
      },
    );
    return () => controller.abort();
  }, [capability, news]);
  return model;
}

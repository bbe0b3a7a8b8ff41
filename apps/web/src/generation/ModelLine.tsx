import type { ModelStatus } from '../gen/atelier/common/v1/progress_pb';
import type { Size } from './shapes';

const STATES: Readonly<Record<string, string>> = {
  unloaded: 'loads with the first task',
  loading: 'is loading',
  failed: 'could not be loaded',
};

/** Which model works, and the size in which it does so by itself. */
export function ModelLine({ model, own }: { model: ModelStatus | undefined; own: Size | null }) {
  if (!model) return null;
  const facts = [own && `${own.width} × ${own.height}`, STATES[model.state], model.device];
  return (
    <p className="model-line">
      <code>{model.name}</code> {facts.filter(Boolean).join(' · ')}
    </p>
  );
}

import type { DescribeModelResponse } from '../../gen/atelier/llm/v1/llm_pb';
import { Button, EmptyState } from '../../shared/ui/controls';

const EXAMPLES = [
  'What is the capital of France?',
  'Write a short poem about rain.',
  'Explain to a child why the sky is blue.',
];

/** A conversation that has not begun. */
export function NothingSaid({
  model,
  onPick,
}: {
  model: DescribeModelResponse | null;
  onPick: (example: string) => void;
}) {
  const isLoaded = model?.model?.state === 'loaded';
  return (
    <EmptyState title="Say something to the model.">
      {model && !isLoaded && <p>It is loaded with the first message, which takes a moment.</p>}
      <div className="examples">
        {EXAMPLES.map((example) => (
          <Button key={example} onClick={() => onPick(example)}>
            {example}
          </Button>
        ))}
      </div>
    </EmptyState>
  );
}

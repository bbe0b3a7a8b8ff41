import { useSyncExternalStore } from 'react';
import { CopyButton } from '../../shared/ui/CopyButton';
import { Button } from '../../shared/ui/controls';
import { AnswerText } from './answer/AnswerText';
import type { ChatStore, Draft, Phase } from './chat/ChatStore';
import type { Answer, AnswerFacts } from './chat/message';
import type { MessageActions } from './messageActions';

interface Props {
  answer: Answer;
  store: ChatStore;
  isLast: boolean;
  canShorten: boolean;
  seedHolds: boolean;
  actions: MessageActions;
}

/** What the model said, or says now. */
export function AnswerView({ answer, store, isLast, canShorten, seedHolds, actions }: Props) {
  const draft = useDraft(store, answer.state === 'writing');
  const text = draft?.text ?? answer.text;
  return (
    <>
      <div className="answer">
        <span className="visually-hidden">Answer: </span>
        <AnswerText text={text} growing={draft !== null} />
        {draft && <p className="answer-phase">{phaseWords(draft.phase)}</p>}
        {text === '' && answer.state === 'complete' && (
          <p className="answer-phase">The model ended without a word.</p>
        )}
      </div>
      {answer.state === 'failed' && (
        <Failed answer={answer} isLast={isLast} canShorten={canShorten} actions={actions} />
      )}
      {draft === null && (
        <div className="message-actions">
          {text !== '' && <CopyButton label="Copy answer" text={() => text} />}
          {isLast && answer.state !== 'failed' && (
            <button
              type="button"
              className="text-button"
              onClick={() => actions.regenerate(answer.id)}
            >
              Regenerate
            </button>
          )}
          <Facts answer={answer} seedHolds={seedHolds} actions={actions} />
        </div>
      )}
    </>
  );
}

/** The answer as far as it has come; null for one that is not being written. */
function useDraft(store: ChatStore, isWriting: boolean): Draft | null {
  return useSyncExternalStore(
    isWriting ? store.subscribeDraft : neverChanges,
    isWriting ? store.getDraft : none,
  );
}

const neverChanges = () => () => {};
const none = () => null;

function phaseWords(phase: Phase): string {
  switch (phase.name) {
    case 'sent':
      return 'Waiting for the first word…';
    case 'queued':
      return `Waiting at place ${phase.place}…`;
    case 'loading':
      return `Loading the model ${phase.model}…`;
    case 'writing':
      return '';
  }
}

function Facts({ answer, seedHolds, actions }: Pick<Props, 'answer' | 'seedHolds' | 'actions'>) {
  const { facts, state, firstWordSeconds } = answer;
  const told = [
    state === 'stopped' && 'Stopped',
    facts?.finishReason === 'length' && 'Cut off at the limit of tokens',
    facts && facts.tokensPerSecond > 0 && `${speed(facts)} tokens/s`,
    firstWordSeconds !== null && `first token after ${seconds(firstWordSeconds)}`,
    facts && `${facts.tokens} tokens`,
    facts && !seedHolds && `seed ${facts.seed}`,
  ].filter((text) => typeof text === 'string');
  return (
    <span className="answer-facts">
      {told.join(' · ')}
      {facts && seedHolds && (
        <button
          type="button"
          className="text-button"
          title="Use this seed for the next answers"
          onClick={() => actions.takeSeed(facts.seed)}
        >
          Seed {facts.seed}
        </button>
      )}
    </span>
  );
}

function Failed({ answer, isLast, canShorten, actions }: Omit<Props, 'store' | 'seedHolds'>) {
  const { failure } = answer;
  const name = [failure?.code, failure?.reason].filter(Boolean).join(' · ');
  const wait = failure?.retryAfterSeconds;
  return (
    <div className="error-note" role="alert">
      <p>{failure?.message || 'The answer failed.'}</p>
      {name && <p className="error-code">{name}</p>}
      {wait != null && <p>It is worth trying again in {Math.ceil(wait)} s.</p>}
      {isLast && (
        <div className="failed-actions">
          <Button onClick={() => actions.regenerate(answer.id)}>Try again</Button>
          {failure?.reason === 'CONTEXT_TOO_LONG' && canShorten && (
            <Button onClick={() => actions.shorten(answer.id)}>Leave out older messages</Button>
          )}
        </div>
      )}
    </div>
  );
}

function speed({ tokensPerSecond }: AnswerFacts): string {
  return tokensPerSecond >= 100 ? tokensPerSecond.toFixed(0) : tokensPerSecond.toFixed(1);
}

function seconds(value: number): string {
  return value < 10 ? `${value.toFixed(2)} s` : `${value.toFixed(0)} s`;
}

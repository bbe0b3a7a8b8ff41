import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { useCapabilityHealth } from '../../health/CapabilityHealthContext';
import { isEscape } from '../../shared/ui/keys';
import type { ChatStore, Outcome } from './chat/ChatStore';
import { isWriting } from './chat/conversation';
import type { MessageActions } from './messageActions';
import { type ChatLimits, type ChatSettings, faultsOf } from './settings';

const CAPABILITY = 'llm';

/** The conversation and what can be done with it; tells the light how each answer ended. */
export function useChat({
  store,
  settings,
  limits,
  onSeed,
  onRefused,
}: {
  store: ChatStore;
  settings: ChatSettings;
  limits: ChatLimits;
  onSeed: (seed: number) => void;
  /** Something in the settings keeps the person from sending. */
  onRefused: () => void;
}) {
  const snapshot = useSyncExternalStore(store.subscribe, store.getSnapshot);
  const { reportSuccess, reportFailure } = useCapabilityHealth();
  const [news, setNews] = useState('');
  const found = faultsOf(settings, limits);

  const tell = (outcome: Outcome) => {
    if (outcome.type === 'complete') reportSuccess(CAPABILITY);
    if (outcome.type === 'failed') reportFailure(CAPABILITY, outcome.error);
    // The worker may refuse what no limit told of; on a phone its field is out of sight.
    if (Object.keys(store.getSnapshot().faults.settings).length > 0) onRefused();
    setNews(NEWS[outcome.type]);
  };
  /** Asks, unless the settings are such that the answer would be a refusal. */
  const ask = (begin: (settings: ChatSettings) => Promise<Outcome>): boolean => {
    if (Object.keys(found).length > 0) {
      onRefused();
      return false;
    }
    setNews('The model answers.');
    void begin(settings).then(tell);
    return true;
  };

  // What is done next is done with what is chosen then, while the actions stay the same.
  const latest = useRef({ ask, onSeed });
  useEffect(() => {
    latest.current = { ask, onSeed };
  });
  const actions = useMemo<MessageActions>(() => {
    const now = (begin: (settings: ChatSettings) => Promise<Outcome>) => latest.current.ask(begin);
    return {
      resend: (id, text) => now((chosen) => store.resend(id, text, chosen)),
      regenerate: (id) => now((chosen) => store.regenerate(id, chosen)),
      shorten: (id) => now((chosen) => store.shorten(id, chosen)),
      takeSeed: (seed) => latest.current.onSeed(seed),
    };
  }, [store]);

  useLife(store);
  return {
    ...snapshot,
    isWriting: isWriting(snapshot.conversation),
    /** How the last answer ended, for those who do not see it. */
    news,
    settingFaults: { ...snapshot.faults.settings, ...found },
    send: (text: string) => ask((chosen) => store.send(text, chosen)),
    actions,
  };
}

const NEWS: Readonly<Record<Outcome['type'], string>> = {
  complete: 'The answer is complete.',
  stopped: 'The answer was stopped.',
  failed: 'The answer failed.',
};

/** Stops an answer by Escape and when the person leaves; keeps the conversation for a reload. */
function useLife(store: ChatStore): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { target } = event;
      const elsewhere = target instanceof Element && target.closest('dialog, .sidebar');
      if (isEscape(event) && !elsewhere) store.stop();
    };
    const keep = () => store.keep();
    // Before the browser breaks the stream off, which would look like a lost gateway.
    const stop = () => store.stop();
    window.addEventListener('keydown', onKey);
    window.addEventListener('pagehide', stop);
    document.addEventListener('visibilitychange', keep);
    return () => {
      window.removeEventListener('keydown', onKey);
      window.removeEventListener('pagehide', stop);
      document.removeEventListener('visibilitychange', keep);
      store.stop();
    };
  }, [store]);
}

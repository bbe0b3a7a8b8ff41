import { useCallback, useEffect, useState } from 'react';
import { keep, kept } from '../shared/storage/sessionStore';
import { type Draft, EMPTY_DRAFT, readDraft } from './draft';

/** A studio's draft, which survives a reload of its tab; and how to change a part of it. */
export function useDraft(studio: string): readonly [Draft, (change: Partial<Draft>) => void] {
  const key = `atelier.draft.${studio}`;
  const [draft, setDraft] = useState(() => kept(key, readDraft, EMPTY_DRAFT));
  useEffect(() => {
    keep(key, draft);
  }, [key, draft]);
  const change = useCallback((part: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...part }));
  }, []);
  return [draft, change];
}

import { useCallback, useState } from 'react';
import { keep, kept } from './sessionStore';

/** A value that survives a reload of this tab; `read` checks what was kept, and throws. */
export function useKept<Value>(
  key: string,
  read: (json: unknown) => Value,
  otherwise: Value,
): [Value, (value: Value) => void] {
  const [value, setValue] = useState(() => kept(key, read, otherwise));
  const change = useCallback(
    (next: Value) => {
      setValue(next);
      keep(key, next);
    },
    [key],
  );
  return [value, change];
}

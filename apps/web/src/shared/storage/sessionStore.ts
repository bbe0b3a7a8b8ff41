/** Values of this tab that survive a reload. A full or forbidden storage loses them, not the page. */

/** Reads what was kept; `read` checks its shape and throws if it is another. */
export function kept<Value>(key: string, read: (json: unknown) => Value, otherwise: Value): Value {
  try {
    const text = sessionStorage.getItem(key);
    return text === null ? otherwise : read(JSON.parse(text));
  } catch {
    forget(key);
    return otherwise;
  }
}

/** Keeps a value; tells whether there was room for it. */
export function keep(key: string, value: unknown): boolean {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function forget(key: string): void {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // A storage that is forbidden holds nothing.
  }
}

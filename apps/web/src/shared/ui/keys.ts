/** What a key means in a field. A key that an input method takes for itself means nothing here. */
import type { KeyboardEvent as ReactKeyboardEvent } from 'react';

type Key = KeyboardEvent | ReactKeyboardEvent;

// Safari ends the composition before the key that confirmed it, which only this number tells.
const TAKEN_BY_INPUT_METHOD = 229;

/** Enter that is meant: not Shift+Enter, and not the one that confirms a composition. */
export function isEnter(event: Key): boolean {
  return event.key === 'Enter' && !event.shiftKey && !isComposing(event);
}

/** Ctrl+Enter, or Command+Enter. */
export function isSubmit(event: Key): boolean {
  return isEnter(event) && (event.ctrlKey || event.metaKey);
}

/** Escape that is meant, and that nobody has used yet. */
export function isEscape(event: Key): boolean {
  return event.key === 'Escape' && !event.defaultPrevented && !isComposing(event);
}

function isComposing(event: Key): boolean {
  const native = 'nativeEvent' in event ? event.nativeEvent : event;
  return native.isComposing || native.keyCode === TAKEN_BY_INPUT_METHOD;
}

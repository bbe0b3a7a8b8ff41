/** Prompts that a click on a suggestion writes. */

/** The prompt with a word taken from `all`: instead of the one it has of them, or after it. */
export function withSuggestion(prompt: string, word: string, all: readonly string[]): string {
  const text = prompt.trim();
  if (text === '') return word;
  const had = [...all]
    // The longest first, so that "pine tree" is not taken for "tree".
    .sort((one, other) => other.length - one.length)
    .map((known) => ({
      known,
      at: new RegExp(`(?<![\\p{L}\\p{N}])${escaped(known)}(?![\\p{L}\\p{N}])`, 'iu'),
    }))
    .find(({ at }) => at.test(text));
  return had ? text.replace(had.at, () => word) : `${text} ${word}`;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

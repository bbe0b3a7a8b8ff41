/** Words that pages make of what they are told. */

/** A phrase as a sentence of its own: "must be 7" becomes "Must be 7." */
export function sentence(phrase: string): string {
  return `${phrase.charAt(0).toUpperCase()}${phrase.slice(1)}${/[.!?…]$/.test(phrase) ? '' : '.'}`;
}

/** How many parameters a model has: "135 M parameters"; empty for none. */
export function parametersWords(count: number): string {
  if (count <= 0) return '';
  const [unit, word] = count < 1e9 ? [1e6, 'M'] : [1e9, 'B'];
  return `${Number((count / unit).toPrecision(3))} ${word} parameters`;
}

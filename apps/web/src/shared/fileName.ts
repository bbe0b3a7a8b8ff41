/** Names for files that are saved: what they hold and when they were made. */

const LONGEST = 48;

/** "a-red-apple-20260102-030405.png", from the words that made it. */
export function fileName(words: string, made: Date, ending: string): string {
  const name = words
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^\p{Letter}\p{Number}]+/gu, '-')
    .replace(/^-|-$/g, '');
  const short = name.length > LONGEST ? name.slice(0, LONGEST).replace(/-[^-]*$/, '') : name;
  return `${short || 'untitled'}-${stamp(made)}.${ending}`;
}

function stamp(time: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${time.getFullYear()}${two(time.getMonth() + 1)}${two(time.getDate())}`;
  return `${day}-${two(time.getHours())}${two(time.getMinutes())}${two(time.getSeconds())}`;
}

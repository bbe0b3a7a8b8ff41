/** How long a text will sound, from what was read before. */
import { type Choice, characters, type Reading } from './reading';

// English, read calmly. What was read in this session is a better teacher.
const USUAL_CHARACTERS_PER_SECOND = 15;

/** Seconds; 0 for no text. */
export function estimatedSeconds(
  length: number,
  choice: Choice,
  readings: readonly Reading[],
): number {
  const isSame = ({ voice, choice: { voice: asked } }: Reading) =>
    asked === choice.voice || voice === choice.voice;
  const known = readings.filter((reading) => reading.state === 'complete' && isSame(reading));
  const letters = sum(known.map(({ text }) => characters(text)));
  const seconds = sum(known.map((reading) => reading.seconds * reading.choice.speed));
  const pace = letters > 0 && seconds > 0 ? letters / seconds : USUAL_CHARACTERS_PER_SECOND;
  return length / pace / choice.speed;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

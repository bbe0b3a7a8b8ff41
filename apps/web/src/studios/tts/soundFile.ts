/** The file of a reading: from its sound in memory, or made by the model in another format. */
import { fileName } from '../../shared/fileName';
import { requestFor } from './readings/ReadingStore';
import type { Reading } from './readings/reading';
import type { Sound } from './sound/Sound';
import { streamSpeech } from './streamSpeech';

/** How the name of a file of a format ends. */
export function endingOf(format: string): string {
  return format === 'opus' ? 'ogg' : format;
}

/** The format that a reading is saved in: what is only a part is saved as it is in memory. */
export function savedFormat({ choice, state }: Reading): string {
  return state === 'complete' || choice.format === 'pcm' ? choice.format : 'wav';
}

/** The file; the signal ends its making. Throws as streamSpeech does. */
export async function soundFile(
  reading: Reading,
  sound: Sound,
  signal: AbortSignal,
): Promise<Blob> {
  const format = savedFormat(reading);
  if (format === 'wav') return sound.wav();
  if (format === 'pcm') return sound.pcm();
  // The same text, voice and seed give the same sound.
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let type = '';
  for await (const { event } of streamSpeech(requestFor(reading, format), signal)) {
    if (event.case === 'started') type = event.value.contentType;
    if (event.case === 'audio') parts.push(Uint8Array.from(event.value.data));
  }
  return new Blob(parts, { type });
}

/** The first words of a text, short enough that more can be said in a file's name. */
export function fileWords(text: string): string {
  const words = text.trim();
  if (words.length <= MOST_LETTERS) return words;
  return words.slice(0, MOST_LETTERS).replace(/\s+\S*$/, '');
}

const MOST_LETTERS = 36;

/** "good-morning-joe-20260102-030405.wav". */
export function soundFileName({ text, voice, askedAt }: Reading, format: string): string {
  const words = fileWords(text);
  return fileName([words, voice].filter(Boolean).join(' '), new Date(askedAt), endingOf(format));
}

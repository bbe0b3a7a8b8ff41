/** The readings of this tab in its storage, the newest first, as many as there is room for. */
import { keep, kept } from '../../../shared/storage/sessionStore';
import { type Reading, readReadings } from './reading';

const KEY = 'atelier.tts.readings';
const MOST = 50;

export function keptReadings(): Reading[] {
  return kept(KEY, readReadings, []);
}

export function keepReadings(readings: readonly Reading[]): void {
  const bare = readings.slice(0, MOST).map((reading) => ({ ...reading, sentences: [] }));
  while (!keep(KEY, bare) && bare.length > 0) bare.pop();
}

import { afterEach, expect, test, vi } from 'vitest';
import { keepReadings, keptReadings } from './history';
import { characters, type Reading, USUAL } from './reading';

afterEach(() => sessionStorage.clear());

const reading = (id: number): Reading => ({
  id,
  text: `text ${id}`,
  choice: { ...USUAL, speed: 1.5 },
  voice: 'joe',
  seed: 7,
  askedAt: 1000 + id,
  state: 'complete',
  seconds: 2.5,
  firstSoundSeconds: 0.3,
  warnings: ['one sign could not be spoken'],
  sentences: [],
});

test('readings come back as they were, without their sentences', () => {
  const sentences = [{ text: 'text', startSeconds: 0 }];
  keepReadings([{ ...reading(2), sentences }, reading(1)]);
  expect(keptReadings()).toEqual([reading(2), reading(1)]);
});

test('a reading that was under way comes back stopped', () => {
  keepReadings([{ ...reading(1), state: 'reading' }]);
  expect(keptReadings()[0]?.state).toBe('stopped');
});

test('where there is no room for all, the oldest go', () => {
  const { setItem } = Storage.prototype;
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(function (this: Storage, key, value) {
    if (value.length > 500) throw new DOMException('full', 'QuotaExceededError');
    setItem.call(this, key, value);
  });
  keepReadings([reading(9), reading(8), reading(7), reading(6)]);
  expect(keptReadings().map(({ id }) => id)).toEqual([9, 8]);
});

test.each(['{', '7', '{"readings": 1}'])('what is no history is an empty one: %s', (text) => {
  sessionStorage.setItem('atelier.tts.readings', text);
  expect(keptReadings()).toEqual([]);
});

test('what is no reading is left out', () => {
  const broken = [null, { id: 1 }, { ...reading(2), choice: 7 }, { ...reading(3), speed: 'fast' }];
  sessionStorage.setItem('atelier.tts.readings', JSON.stringify(broken));
  expect(keptReadings().map(({ id }) => id)).toEqual([3]);
});

test('a text is as long as the model counts it', () => {
  expect(characters('Grüße 🙂')).toBe(7);
});

// @vitest-environment node
// jsdom's files cannot be read.
import { expect, test } from 'vitest';
import { Sound } from './Sound';

/** Little-endian bytes of samples. */
function bytesOf(...samples: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(samples.length * 2));
  for (const [index, sample] of samples.entries()) view.setInt16(index * 2, sample, true);
  return new Uint8Array(view.buffer);
}

function all(sound: Sound): number[] {
  return Array.from(sound.read(0, sound.samples), (value) => value * 32_768);
}

test.each([1, 2, 3, 5])('samples are whole however the bytes are cut: %i', (size) => {
  const sound = new Sound(22_050);
  const bytes = bytesOf(1, -2, 300, -32_768, 32_767);
  for (let at = 0; at < bytes.length; at += size) sound.append(bytes.subarray(at, at + size));
  expect(all(sound)).toEqual([1, -2, 300, -32_768, 32_767]);
});

test('a stretch is read across parts, and not beyond the end', () => {
  const sound = new Sound(4);
  sound.append(bytesOf(0, 8_192));
  sound.append(bytesOf(16_384));
  sound.append(bytesOf(24_576, -8_192));
  expect([...sound.read(1, 3)]).toEqual([0.25, 0.5, 0.75]);
  expect([...sound.read(4, 9)]).toEqual([-0.25]);
  expect([...sound.read(5, 9)]).toEqual([]);
  expect(sound.seconds).toBe(1.25);
});

test('the outline has the loudest of each stretch, also across parts', () => {
  const sound = new Sound(22_050);
  const quiet = new Array<number>(300).fill(100);
  sound.append(bytesOf(...quiet));
  sound.append(bytesOf(...quiet, -16_384, ...quiet, ...quiet));
  expect(sound.outline).toEqual([100 / 32_768, 0.5]);
});

test('whoever listens hears that it grew and that it is complete', () => {
  const sound = new Sound(22_050);
  let heard = 0;
  const unsubscribe = sound.subscribe(() => {
    heard += 1;
  });
  sound.append(bytesOf(1));
  sound.complete();
  expect(heard).toBe(2);
  expect(sound.isComplete).toBe(true);
  unsubscribe();
  sound.append(bytesOf(1));
  expect(heard).toBe(2);
});

test('a WAV file says what is in it', async () => {
  const sound = new Sound(22_050);
  sound.append(bytesOf(1, 2));
  sound.append(bytesOf(-3));
  const file = sound.wav();
  const view = new DataView(await file.arrayBuffer());
  const text = (place: number) =>
    String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(place + index)));
  expect(file.type).toBe('audio/wav');
  expect([text(0), text(8), text(12), text(36)]).toEqual(['RIFF', 'WAVE', 'fmt ', 'data']);
  expect(view.getUint32(4, true)).toBe(view.byteLength - 8);
  expect(view.getUint16(20, true)).toBe(1);
  expect(view.getUint16(22, true)).toBe(1);
  expect(view.getUint32(24, true)).toBe(22_050);
  expect(view.getUint32(28, true)).toBe(44_100);
  expect(view.getUint16(34, true)).toBe(16);
  expect(view.getUint32(40, true)).toBe(6);
  expect([44, 46, 48].map((place) => view.getInt16(place, true))).toEqual([1, 2, -3]);
});

test('bare samples are the bytes as they came', async () => {
  const sound = new Sound(22_050);
  sound.append(bytesOf(1, -2));
  expect(new Uint8Array(await sound.pcm().arrayBuffer())).toEqual(bytesOf(1, -2));
});

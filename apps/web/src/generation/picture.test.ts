import { beforeEach, expect, test, vi } from 'vitest';
import '../testing/files';
import { MOST_BYTES, pixelComplaint, readPicture } from './picture';

const bytes = (text: string, type = '') =>
  new Blob([Uint8Array.from(text, (letter) => letter.charCodeAt(0))], { type });
const PNG = '\x89PNG\r\n\x1a\n';
const close = vi.fn();

beforeEach(() => {
  vi.stubGlobal('createImageBitmap', async () => ({ width: 640, height: 480, close }));
});

test.each([
  [PNG, 'image/png'],
  ['\xff\xd8\xff\xe0', 'image/jpeg'],
  ['RIFF\x00\x00\x00\x00WEBPVP8 ', 'image/webp'],
])('is taken by what it is, whatever it is called', async (content, type) => {
  const picture = await readPicture(bytes(content, 'text/plain'), 'a', 0);
  expect(picture).toMatchObject({ name: 'a', width: 640, height: 480 });
  expect(picture.file.type).toBe(type);
  expect(close).toHaveBeenCalled();
});

test.each([
  ['', 'This file is empty.'],
  ['GIF89a', 'This is a GIF. A PNG, JPEG or WebP picture is needed.'],
  ['\0\0\0\x18ftypheic', 'This is a HEIC picture.'],
  ['\0\0\0\x18ftypavif', 'This is an AVIF picture.'],
  ['\0\0\0\x18ftypisom', 'This is a video.'],
  ['%PDF-1.7', 'This is a PDF.'],
  ['<svg xmlns', 'This is an SVG drawing.'],
  ['RIFF\0\0\0\0WAVE', 'This is no picture that is known here.'],
])('%j is refused in words', async (content, words) => {
  // The name and the browser's type do not help it.
  await expect(readPicture(bytes(content, 'image/png'), 'a.png', 0)).rejects.toThrow(words);
});

test('a file that is too large is refused before it is opened', async () => {
  const file = bytes(PNG);
  Object.defineProperty(file, 'size', { value: MOST_BYTES + 1 });
  const opened = vi.fn();
  vi.stubGlobal('createImageBitmap', opened);
  await expect(readPicture(file, 'a', 0)).rejects.toThrow(/40 MiB.*at most 40 MiB/);
  expect(opened).not.toHaveBeenCalled();
});

test('a damaged picture is told as such', async () => {
  vi.stubGlobal('createImageBitmap', () => Promise.reject(new Error('no')));
  await expect(readPicture(bytes(PNG), 'a', 0)).rejects.toThrow(/damaged/);
});

test('more pixels than the model takes are told with both numbers', async () => {
  await expect(readPicture(bytes(PNG), 'a', 300_000)).rejects.toThrow(
    'This picture has 640 × 480 pixels, 0.3 million in all; the model takes at most 0.3 million.',
  );
  expect(pixelComplaint({ width: 640, height: 480 }, 307_200)).toBeNull();
});

/** What jsdom lacks of files: their bytes, their pixels, and URLs for them. Import for its effect. */
import { afterEach, beforeEach, vi } from 'vitest';

Blob.prototype.arrayBuffer ??= function (this: Blob): Promise<ArrayBuffer> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as ArrayBuffer);
    reader.onerror = () => reject(reader.error);
    reader.readAsArrayBuffer(this);
  });
};

/** The size that every picture has; a test may change it. */
export const PIXELS = { width: 640, height: 480 };

beforeEach(() => {
  vi.stubGlobal('createImageBitmap', async () => ({ ...PIXELS, close: () => {} }));
  URL.createObjectURL = () => 'blob:a-picture';
  URL.revokeObjectURL = () => {};
});
afterEach(() => {
  vi.unstubAllGlobals();
});

export const PNG = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export function pngFile(name = 'cat.png'): File {
  return new File([PNG], name, { type: 'image/png' });
}

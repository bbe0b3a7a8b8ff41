/** A picture that a person gives: what it is, and whether it can be sent. Looks at its content. */

import type { Size } from './shapes';

export interface Picture extends Size {
  readonly file: Blob;
  readonly name: string;
}

/** Why a file cannot be taken, in words for its owner. */
export class PictureRefused extends Error {
  override readonly name = 'PictureRefused';
}

/** What the gateway takes in one request, with room for base64 and the words. */
export const MOST_BYTES = 40 * 1024 * 1024;
export const ACCEPTED = 'image/png,image/jpeg,image/webp';
const HEAD_BYTES = 64;

/** Reads a file. `maxPixels` is the model's limit, 0 if nobody knows it. Throws PictureRefused. */
export async function readPicture(file: Blob, name: string, maxPixels: number): Promise<Picture> {
  if (file.size === 0) throw new PictureRefused('This file is empty.');
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const kind = kindOf(head);
  if (!ACCEPTED.includes(kind)) {
    throw new PictureRefused(`This is ${kind}. A PNG, JPEG or WebP picture is needed.`);
  }
  if (file.size > MOST_BYTES) {
    throw new PictureRefused(
      `This file has ${megabytes(file.size)}; at most ${megabytes(MOST_BYTES)} can be sent. Save it smaller.`,
    );
  }
  const { width, height } = await sizeOf(file);
  const complaint = pixelComplaint({ width, height }, maxPixels);
  if (complaint) throw new PictureRefused(complaint);
  return {
    file: file.type === kind ? file : new Blob([file], { type: kind }),
    name,
    width,
    height,
  };
}

/** What to say of a picture with more pixels than the model takes; null if it has not. */
export function pixelComplaint(size: Size, maxPixels: number): string | null {
  const pixels = size.width * size.height;
  if (maxPixels <= 0 || pixels <= maxPixels) return null;
  return (
    `This picture has ${size.width} × ${size.height} pixels, ${millions(pixels)} in all; ` +
    `the model takes at most ${millions(maxPixels)}. Make it smaller.`
  );
}

async function sizeOf(file: Blob): Promise<{ width: number; height: number }> {
  try {
    const bitmap = await createImageBitmap(file);
    const { width, height } = bitmap;
    bitmap.close();
    return { width, height };
  } catch {
    throw new PictureRefused('This picture is damaged: it cannot be opened. Save it anew.');
  }
}

/** The media type if it can be taken, otherwise words for what the file is. */
function kindOf(head: Uint8Array): string {
  const text = String.fromCharCode(...head);
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'image/webp';
  if (text.startsWith('GIF8')) return 'a GIF';
  if (text.startsWith('BM')) return 'a BMP picture';
  if (text.startsWith('%PDF')) return 'a PDF';
  if (/^.{4}ftyp(heic|heix|hevc|mif1|msf1)/s.test(text)) return 'a HEIC picture';
  if (/^.{4}ftypavi[fs]/s.test(text)) return 'an AVIF picture';
  if (/^.{4}ftyp/s.test(text)) return 'a video';
  if (/^\s*(<\?xml|<svg)/.test(text)) return 'an SVG drawing';
  return 'no picture that is known here';
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1).replace(/\.0$/, '')} MiB`;
}

function millions(pixels: number): string {
  return `${(pixels / 1e6).toFixed(1).replace(/\.0$/, '')} million`;
}

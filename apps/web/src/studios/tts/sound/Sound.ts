/** A sound in memory that may still grow: 16-bit samples of one channel, and their outline. */

/** How many samples make one point of the outline. */
const POINT_SAMPLES = 512;
const LOUDEST = 32_768;

export class Sound {
  /** No more samples come. */
  isComplete = false;
  private readonly parts: Int16Array[] = [];
  private readonly points: number[] = [];
  private readonly listeners = new Set<() => void>();
  private count = 0;
  private oddByte: number | null = null;
  private loudest = 0;
  private inPoint = 0;

  /** `rate`: samples a second. */
  constructor(readonly rate: number) {}

  get samples(): number {
    return this.count;
  }

  get seconds(): number {
    return this.count / this.rate;
  }

  get bytes(): number {
    return this.count * 2;
  }

  /** The greatest loudness, from 0 to 1, of each stretch of time so far. */
  get outline(): readonly number[] {
    return this.points;
  }

  /** Seconds that one point of the outline stands for. */
  get pointSeconds(): number {
    return POINT_SAMPLES / this.rate;
  }

  /** Calls back whenever it has grown or is complete. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Adds little-endian samples, however the bytes are cut. */
  append(bytes: Uint8Array): void {
    const whole = this.withOddByte(bytes);
    const part = new Int16Array(whole.length / 2);
    const view = new DataView(whole.buffer, whole.byteOffset, whole.byteLength);
    for (let index = 0; index < part.length; index += 1) {
      part[index] = view.getInt16(index * 2, true);
    }
    if (part.length === 0) return;
    this.parts.push(part);
    this.count += part.length;
    this.draw(part);
    this.tell();
  }

  complete(): void {
    this.isComplete = true;
    this.tell();
  }

  /** Samples from -1 to 1, at most `most` of them from the one with the number `from`. */
  read(from: number, most: number): Float32Array<ArrayBuffer> {
    const read = new Float32Array(Math.max(0, Math.min(most, this.count - from)));
    let start = 0;
    for (const part of this.parts) {
      const first = Math.max(0, from - start);
      for (let index = first; index < part.length; index += 1) {
        const place = start + index - from;
        if (place >= read.length) return read;
        read[place] = (part[index] ?? 0) / LOUDEST;
      }
      start += part.length;
    }
    return read;
  }

  /** The bare samples as little-endian bytes. */
  pcm(): Blob {
    return new Blob(this.parts.map(littleEndian), { type: `audio/pcm;rate=${this.rate}` });
  }

  /** A RIFF file. */
  wav(): Blob {
    return new Blob([wavHeader(this.rate, this.bytes), ...this.parts.map(littleEndian)], {
      type: 'audio/wav',
    });
  }

  private withOddByte(bytes: Uint8Array): Uint8Array {
    const all = this.oddByte === null ? bytes : Uint8Array.of(this.oddByte, ...bytes);
    const even = all.length - (all.length % 2);
    this.oddByte = even < all.length ? (all[even] ?? null) : null;
    return all.subarray(0, even);
  }

  private draw(part: Int16Array): void {
    for (const sample of part) {
      this.loudest = Math.max(this.loudest, Math.abs(sample));
      this.inPoint += 1;
      if (this.inPoint < POINT_SAMPLES) continue;
      this.points.push(this.loudest / LOUDEST);
      this.loudest = 0;
      this.inPoint = 0;
    }
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

function littleEndian(part: Int16Array): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(part.byteLength));
  for (const [index, sample] of part.entries()) view.setInt16(index * 2, sample, true);
  return view.buffer;
}

const HEADER_BYTES = 44;

function wavHeader(rate: number, dataBytes: number): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES));
  const text = (place: number, letters: string) => {
    for (const [index, letter] of [...letters].entries()) {
      view.setUint8(place + index, letter.charCodeAt(0));
    }
  };
  text(0, 'RIFF');
  view.setUint32(4, HEADER_BYTES - 8 + dataBytes, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true); // bytes a second
  view.setUint16(32, 2, true); // bytes of all channels' samples
  view.setUint16(34, 16, true); // bits of a sample
  text(36, 'data');
  view.setUint32(40, dataBytes, true);
  return view.buffer;
}

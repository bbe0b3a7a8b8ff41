/**
 * Plays a sound while it still grows, by Web Audio: what is there is put on the audio clock a few
 * seconds ahead, without a gap between its parts. Knows no text and no stream.
 */
import type { Sound } from './Sound';

/** "waiting": it would play, but what comes next is not there yet. */
export type PlayerState = 'idle' | 'playing' | 'waiting' | 'paused' | 'ended';

const AHEAD_SECONDS = 12;
const PART_SECONDS = 4;
// Scheduling takes a moment; what should begin in the past would lose its first samples.
const LEAD_SECONDS = 0.04;

/** A part of the sound on the audio clock. */
interface Part {
  readonly node: AudioBufferSourceNode;
  readonly beginsAt: number;
  readonly from: number;
  readonly seconds: number;
}

export class SoundPlayer {
  private readonly listeners = new Set<() => void>();
  private context: AudioContext | null = null;
  private sound: Sound | null = null;
  private unsubscribe = () => {};
  private state: PlayerState = 'idle';
  private parts: Part[] = [];
  /** The next sample to be put on the clock. */
  private next = 0;
  /** Where it stands while nothing is on the clock, in seconds of the sound. */
  private rest = 0;

  constructor(private readonly newContext: () => AudioContext = () => new AudioContext()) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly getState = (): PlayerState => this.state;

  get current(): Sound | null {
    return this.sound;
  }

  /** Asks the browser for leave to play. It gives it only while a click or a key is handled. */
  unlock(): void {
    this.context ??= this.newContext();
    if (this.context.state === 'suspended') void this.context.resume();
  }

  /** Takes a sound, at its beginning and not playing; null lays the last one aside. */
  load(sound: Sound | null): void {
    this.silence();
    this.unsubscribe();
    this.sound = sound;
    this.rest = 0;
    this.unsubscribe = sound?.subscribe(() => this.fill()) ?? (() => {});
    this.become('idle');
  }

  play(): void {
    if (!this.sound || this.state === 'playing' || this.state === 'waiting') return;
    this.unlock();
    if (this.state === 'ended') this.rest = 0;
    this.begin();
  }

  pause(): void {
    if (this.state !== 'playing' && this.state !== 'waiting') return;
    this.rest = this.position;
    this.silence();
    this.become('paused');
  }

  /** Goes to a place, in seconds of the sound, and goes on playing if it was. */
  seek(seconds: number): void {
    if (!this.sound) return;
    const plays = this.state === 'playing' || this.state === 'waiting';
    this.silence();
    this.rest = Math.max(0, Math.min(seconds, this.sound.seconds));
    if (plays) this.begin();
    else this.become('paused');
    // Another place is news even where nothing else is.
    this.tell();
  }

  /** Where it is, in seconds of the sound. */
  get position(): number {
    const now = this.context?.currentTime ?? 0;
    const part = this.parts.findLast(({ beginsAt }) => beginsAt <= now) ?? this.parts[0];
    if (!part) return this.rest;
    return part.from + Math.min(Math.max(0, now - part.beginsAt), part.seconds);
  }

  private begin(): void {
    this.next = Math.round(this.rest * (this.sound?.rate ?? 0));
    this.become('waiting');
    this.fill();
  }

  /** Puts on the clock what is there and is due soon. */
  private fill(): void {
    const { context, sound } = this;
    if (!context || !sound || (this.state !== 'playing' && this.state !== 'waiting')) return;
    for (;;) {
      const soonest = context.currentTime + LEAD_SECONDS;
      const last = this.parts.at(-1);
      const beginsAt = Math.max(soonest, last ? last.beginsAt + last.seconds : 0);
      if (beginsAt - context.currentTime > AHEAD_SECONDS) break;
      const samples = sound.read(this.next, PART_SECONDS * sound.rate);
      if (samples.length === 0) break;
      this.put(context, sound, samples, beginsAt);
    }
    if (this.parts.length > 0) this.become('playing');
    else if (sound.isComplete) this.finish();
  }

  private put(
    context: AudioContext,
    sound: Sound,
    samples: Float32Array<ArrayBuffer>,
    beginsAt: number,
  ): void {
    const buffer = context.createBuffer(1, samples.length, sound.rate);
    buffer.copyToChannel(samples, 0);
    const node = context.createBufferSource();
    node.buffer = buffer;
    node.connect(context.destination);
    const from = this.next / sound.rate;
    const part = { node, beginsAt, from, seconds: samples.length / sound.rate };
    node.onended = () => this.after(part);
    node.start(beginsAt);
    this.parts.push(part);
    this.next += samples.length;
  }

  private after(part: Part): void {
    this.rest = part.from + part.seconds;
    this.parts = this.parts.filter((other) => other !== part);
    if (this.parts.length === 0 && !this.sound?.isComplete) this.become('waiting');
    this.fill();
  }

  private finish(): void {
    this.rest = this.sound?.seconds ?? 0;
    this.become('ended');
  }

  private silence(): void {
    for (const { node } of this.parts) {
      node.onended = null;
      node.stop();
    }
    this.parts = [];
  }

  private become(state: PlayerState): void {
    if (this.state === state) return;
    this.state = state;
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

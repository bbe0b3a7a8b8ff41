/**
 * The readings of this page: the one that streams in, and those before it with their sounds. A
 * sound that had to make room is made again from its text and seed.
 */
import type { StreamSynthesizeResponse } from '../../../gen/atelier/tts/v1/tts_pb';
import { ApiError } from '../../../shared/api/apiError';
import { sentence } from '../../../shared/wording';
import { Sound } from '../sound/Sound';
import type { SoundPlayer } from '../sound/SoundPlayer';
import { type SpeechRequestInit, streamSpeech } from '../streamSpeech';
import { keepReadings, keptReadings } from './history';
import type { Choice, Reading } from './reading';

/** What the reading that streams in is doing. */
export type Phase =
  | { readonly name: 'sent' }
  | { readonly name: 'queued'; readonly place: number }
  | { readonly name: 'loading'; readonly model: string }
  | { readonly name: 'reading'; readonly sentence: number };

export type FieldName = 'text' | keyof Choice;

export interface ReadingSnapshot {
  /** The newest first. */
  readonly readings: readonly Reading[];
  /** The one in the player. */
  readonly currentId: number | null;
  /** Null while nothing streams in. */
  readonly phase: Phase | null;
  /** Why the last one failed; null if it did not. */
  readonly error: unknown;
  /** What the last one was refused for, by field. */
  readonly faults: Readonly<Partial<Record<FieldName, string>>>;
}

export type Outcome =
  | { readonly type: 'complete' }
  | { readonly type: 'stopped' }
  | { readonly type: 'failed'; readonly error: unknown };

interface Surroundings {
  readonly stream: typeof streamSpeech;
  /** Milliseconds that only grow. */
  readonly clock: () => number;
  readonly now: () => Date;
  /** How many bytes of sound may be in memory beside the one that plays. */
  readonly mostBytes: number;
}

const PAGE: Surroundings = {
  stream: streamSpeech,
  clock: () => performance.now(),
  now: () => new Date(),
  mostBytes: 128 * 2 ** 20,
};

interface Running {
  readonly id: number;
  readonly controller: AbortController;
  readonly began: number;
  /** The readings as they were, to which a reading without a sound adds nothing. */
  readonly before: readonly Reading[];
}

const FIELDS: readonly string[] = ['text', 'voice', 'speed', 'format'];

export class ReadingStore {
  private readonly page: Surroundings;
  private readonly listeners = new Set<() => void>();
  private readonly sounds = new Map<number, Sound>();
  private snapshot: ReadingSnapshot;
  private running: Running | null = null;

  constructor(
    readonly player: SoundPlayer,
    page: Partial<Surroundings> = {},
  ) {
    this.page = { ...PAGE, ...page };
    this.snapshot = {
      readings: keptReadings(),
      currentId: null,
      phase: null,
      error: null,
      faults: {},
    };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly getSnapshot = () => this.snapshot;

  soundOf(id: number | null): Sound | null {
    return (id !== null && this.sounds.get(id)) || null;
  }

  /** Reads a text, and plays it from its first sound on. Call it while a click or key is handled. */
  read(text: string, choice: Choice): Promise<Outcome> {
    this.stop();
    const reading: Reading = {
      id: 1 + Math.max(0, ...this.snapshot.readings.map(({ id }) => id)),
      text,
      choice,
      voice: '',
      seed: null,
      askedAt: this.page.now().getTime(),
      state: 'reading',
      seconds: 0,
      firstSoundSeconds: null,
      warnings: [],
      sentences: [],
    };
    return this.run(reading, [reading, ...this.snapshot.readings]);
  }

  /** Plays a reading from its beginning; makes its sound again if it is gone. */
  play(id: number): Promise<Outcome> {
    this.stop();
    const reading = this.snapshot.readings.find((other) => other.id === id);
    const sound = this.sounds.get(id);
    if (!reading) return Promise.resolve({ type: 'stopped' });
    if (!sound) {
      const again = { ...reading, state: 'reading', seconds: 0, sentences: [] } as const;
      const readings = this.snapshot.readings.map((other) => (other.id === id ? again : other));
      return this.run(again, readings);
    }
    this.change({ currentId: id, error: null, faults: {} });
    this.player.load(sound);
    this.player.play();
    return Promise.resolve({ type: 'complete' });
  }

  /** Ends the reading that streams in, on the GPU too, and the sound; what there is of it stays. */
  stop(): void {
    this.player.pause();
    const { running } = this;
    if (running === null) return;
    this.endReading(running, 'stopped');
    running.controller.abort();
  }

  remove(id: number): void {
    if (this.snapshot.currentId === id) {
      this.stop();
      this.player.load(null);
      this.change({ currentId: null, error: null, faults: {} });
    }
    this.sounds.delete(id);
    this.change({ readings: this.snapshot.readings.filter((other) => other.id !== id) });
    keepReadings(this.snapshot.readings);
  }

  /** Forgets what a field was refused for, since it is another now. */
  mended(field: FieldName): void {
    const { [field]: fault, ...faults } = this.snapshot.faults;
    if (fault !== undefined) this.change({ faults });
  }

  private async run(reading: Reading, readings: readonly Reading[]): Promise<Outcome> {
    this.player.unlock();
    this.player.load(null);
    const running: Running = {
      id: reading.id,
      controller: new AbortController(),
      began: this.page.clock(),
      before: this.snapshot.readings,
    };
    this.running = running;
    this.change({
      readings,
      currentId: reading.id,
      phase: { name: 'sent' },
      error: null,
      faults: {},
    });
    const { signal } = running.controller;
    try {
      for await (const event of this.page.stream(requestFor(reading, 'pcm'), signal)) {
        if (this.running !== running) break;
        this.take(running, event);
      }
    } catch (error) {
      if (this.running !== running) return { type: 'stopped' };
      this.endReading(running, 'failed');
      this.change(explained(error));
      return { type: 'failed', error };
    }
    if (this.running !== running) return { type: 'stopped' };
    this.endReading(running, 'complete');
    return { type: 'complete' };
  }

  private take(running: Running, { event }: StreamSynthesizeResponse): void {
    const { id } = running;
    switch (event.case) {
      case 'queued':
        this.change({ phase: { name: 'queued', place: event.value.position + 1 } });
        break;
      case 'loading':
        this.change({ phase: { name: 'loading', model: event.value.model } });
        break;
      case 'started': {
        const { voice, seed, warnings } = event.value;
        this.begin(id, new Sound(event.value.sampleRate));
        this.update(id, () => ({ voice, seed, warnings }));
        break;
      }
      case 'sentence': {
        const sentence = { text: event.value.text, startSeconds: event.value.startSeconds };
        this.update(id, ({ sentences }) => ({ sentences: [...sentences, sentence] }));
        const count = this.readingOf(id)?.sentences.length ?? 0;
        this.change({ phase: { name: 'reading', sentence: count } });
        break;
      }
      case 'audio': {
        const sound = this.sounds.get(id);
        sound?.append(event.value.data);
        const heard = (this.page.clock() - running.began) / 1000;
        this.update(id, ({ firstSoundSeconds }) => ({
          seconds: sound?.seconds ?? 0,
          firstSoundSeconds: firstSoundSeconds ?? heard,
        }));
        break;
      }
    }
  }

  private begin(id: number, sound: Sound): void {
    this.sounds.set(id, sound);
    this.makeRoom(id);
    this.player.load(sound);
    this.player.play();
  }

  private endReading({ id, before }: Running, state: Reading['state']): void {
    this.running = null;
    const sound = this.sounds.get(id);
    sound?.complete();
    if (sound && sound.samples > 0) {
      this.update(id, () => ({ state, seconds: sound.seconds }));
      this.change({ phase: null });
    } else {
      this.sounds.delete(id);
      this.player.load(null);
      this.change({ phase: null, readings: before, currentId: null });
    }
    keepReadings(this.snapshot.readings);
  }

  /** Lets the oldest sounds go when they take too much memory. */
  private makeRoom(currentId: number): void {
    let bytes = 0;
    for (const { id } of this.snapshot.readings) {
      if (id === currentId) continue;
      bytes += this.sounds.get(id)?.bytes ?? 0;
      if (bytes > this.page.mostBytes) this.sounds.delete(id);
    }
  }

  private readingOf(id: number): Reading | undefined {
    return this.snapshot.readings.find((reading) => reading.id === id);
  }

  private update(id: number, change: (reading: Reading) => Partial<Reading>): void {
    const readings = this.snapshot.readings.map((reading) =>
      reading.id === id ? { ...reading, ...change(reading) } : reading,
    );
    this.change({ readings });
  }

  private change(change: Partial<ReadingSnapshot>): void {
    this.snapshot = { ...this.snapshot, ...change };
    for (const listener of this.listeners) listener();
  }
}

/** The request that makes a reading's sound, or its file in another format. */
export function requestFor(reading: Reading, format: string): SpeechRequestInit {
  const { text, choice, seed } = reading;
  // Once it was read, it is that voice and that seed which make the same sound again.
  const voice = reading.voice || choice.voice;
  return { text, voice, speed: choice.speed, format, seed: seed ?? undefined };
}

/** A refusal belongs to its fields; every other error, and what belongs to no field, is shown. */
function explained(error: unknown): Pick<ReadingSnapshot, 'error' | 'faults'> {
  const violations = error instanceof ApiError ? error.violations : [];
  const faults = Object.fromEntries(
    violations
      .filter(({ field }) => FIELDS.includes(field))
      .map(({ field, description }) => [field, sentence(description)]),
  );
  const isExplained = violations.length > 0 && Object.keys(faults).length === violations.length;
  return { error: isExplained ? null : error, faults };
}

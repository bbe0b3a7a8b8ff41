/** A clock and loudspeaker for tests: what is put on the clock plays when the test lets time pass. */

interface Scheduled {
  readonly at: number;
  readonly samples: Float32Array;
  readonly rate: number;
  readonly node: ToyNode;
}

class ToyNode {
  buffer: { samples: Float32Array; sampleRate: number } | null = null;
  onended: (() => void) | null = null;

  constructor(private readonly audio: ToyAudio) {}

  connect(): void {}

  start(at: number): void {
    if (!this.buffer) throw new Error('nothing to play');
    const { samples, sampleRate: rate } = this.buffer;
    this.audio.scheduled.push({ at, samples, rate, node: this });
  }

  stop(): void {
    this.audio.scheduled = this.audio.scheduled.filter(({ node }) => node !== this);
  }
}

export class ToyAudio {
  currentTime = 0;
  state: 'suspended' | 'running' = 'suspended';
  readonly destination = {};
  scheduled: Scheduled[] = [];

  resume(): Promise<void> {
    this.state = 'running';
    return Promise.resolve();
  }

  createBuffer(_channels: number, length: number, sampleRate: number) {
    const samples = new Float32Array(length);
    return { samples, sampleRate, copyToChannel: (from: Float32Array) => samples.set(from) };
  }

  createBufferSource(): ToyNode {
    return new ToyNode(this);
  }

  /** Lets time pass, and ends in turn what has been played. */
  pass(seconds: number): void {
    const until = this.currentTime + seconds;
    for (;;) {
      const ends = ({ at, samples, rate }: Scheduled) => at + samples.length / rate;
      const next = this.scheduled.toSorted((a, b) => ends(a) - ends(b))[0];
      if (!next || ends(next) > until + 1e-9) break;
      this.currentTime = ends(next);
      this.scheduled = this.scheduled.filter((other) => other !== next);
      next.node.onended?.();
    }
    this.currentTime = until;
  }

  /** The same, as what a page's own code takes it for. */
  get context(): AudioContext {
    return this as unknown as AudioContext;
  }
}

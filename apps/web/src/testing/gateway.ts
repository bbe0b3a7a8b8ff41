/** A gateway for tests: real HTTP messages by msw, with event streams that a test drives. */
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';

export interface CapabilityJson {
  name: string;
  state: string;
  [field: string]: unknown;
}

const NAMES = ['llm', 'tts', 'image', 'videogen'];

/** The evidence of a capability as the gateway writes it. */
export function capability(name: string, state: string, more: object = {}): CapabilityJson {
  return { name, state, since: '2026-01-02T03:04:05Z', ...more };
}

type Sink = ReadableStreamDefaultController<Uint8Array>;

/** One path that streams events to whoever listens. */
export class Stream {
  private readonly sinks = new Set<Sink>();
  /** How often somebody began to listen. */
  opened = 0;

  answer(first: unknown): HttpResponse<ReadableStream<Uint8Array>> {
    let own: Sink | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (sink) => {
        own = sink;
        this.sinks.add(sink);
        this.opened += 1;
        sink.enqueue(event(first));
      },
      cancel: () => {
        if (own) this.sinks.delete(own);
      },
    });
    return new HttpResponse(body, { headers: { 'Content-Type': 'text/event-stream' } });
  }

  send(data: unknown): void {
    for (const sink of this.sinks) sink.enqueue(event(data));
  }

  breakOff(): void {
    for (const sink of this.sinks) sink.error(new TypeError('connection lost'));
    this.sinks.clear();
  }
}

/** The gateway's answers about health: what `now` holds, and a stream of its changes. */
export class HealthGateway {
  readonly stream = new Stream();
  readonly server = setupServer(
    http.get('*/v1/capabilities/status', () => {
      this.looks += 1;
      return this.away ? HttpResponse.error() : HttpResponse.json(this.all());
    }),
    http.get('*/v1/capabilities*', ({ request }) => {
      if (!request.url.endsWith(':watch')) return undefined;
      return this.away ? HttpResponse.error() : this.stream.answer(this.all());
    }),
    http.get('*/v1/jobs*', () =>
      HttpResponse.json({ error: { status: 'NOT_FOUND' } }, { status: 404 }),
    ),
    http.get('*/v1/tts/voices', () => HttpResponse.json({ voices: [] })),
    http.get('*/v1/:name/model', () =>
      HttpResponse.json({ model: { name: 'toy', state: 'loaded' } }),
    ),
  );
  now: CapabilityJson[] = NAMES.map((name) => capability(name, 'available'));
  away = false;
  looks = 0;

  /** Changes the evidence and tells those who listen. */
  tell(changed: CapabilityJson): void {
    this.now = this.now.map((known) => (known.name === changed.name ? changed : known));
    this.stream.send({ capabilities: [changed] });
  }

  lose(): void {
    this.away = true;
    this.stream.breakOff();
  }

  private all(): { capabilities: CapabilityJson[] } {
    return { capabilities: this.now };
  }
}

function event(data: unknown): Uint8Array {
  return new TextEncoder().encode(`id: 0\ndata: ${JSON.stringify(data)}\n\n`);
}

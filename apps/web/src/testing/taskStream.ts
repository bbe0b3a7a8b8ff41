/** A task that streams its events, driven by a test: each request is one run of it. */
import { HttpResponse, http, type JsonBodyType } from 'msw';

type Sink = ReadableStreamDefaultController<Uint8Array>;

/** One request, and the means to answer it. */
export class Run {
  /** Resolves when the page broke the request off. */
  readonly broken: Promise<void>;
  isBroken = false;
  private sink: Sink | undefined;
  private number = 0;

  constructor(
    readonly body: Record<string, unknown>,
    signal: AbortSignal,
  ) {
    this.broken = new Promise((resolve) => {
      const onBreak = () => {
        this.isBroken = true;
        resolve();
      };
      signal.addEventListener('abort', onBreak);
      this.stream = new ReadableStream<Uint8Array>({
        start: (sink) => {
          this.sink = sink;
        },
        cancel: onBreak,
      });
    });
  }

  stream!: ReadableStream<Uint8Array>;

  /** Sends an event named after its only field, as the gateway does. */
  send(data: Record<string, unknown>): void {
    this.write(Object.keys(data)[0] ?? '', data);
  }

  end(): void {
    this.write('done', {});
    this.sink?.close();
  }

  /** Ends with an error, after whatever was sent. */
  fail(error: Record<string, unknown>): void {
    this.write('error', { error });
    this.sink?.close();
  }

  /** Breaks the connection off. */
  breakOff(): void {
    this.sink?.error(new TypeError('connection lost'));
  }

  private write(name: string, data: unknown): void {
    const event = `id: ${this.number++}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
    this.sink?.enqueue(new TextEncoder().encode(event));
  }
}

/** The route of a task that streams. */
export class TaskStream {
  readonly runs: Run[] = [];
  /** What the next request is told instead of a stream. */
  refusal: { status: number; body: JsonBodyType } | null = null;
  private waiting: ((run: Run) => void)[] = [];

  constructor(private readonly path: string) {}

  get handler() {
    // Not as a string: a colon would begin a parameter.
    return http.post(new RegExp(`${this.path}$`), async ({ request }) => {
      const run = new Run((await request.json()) as Record<string, unknown>, request.signal);
      this.runs.push(run);
      for (const resolve of this.waiting.splice(0)) resolve(run);
      if (this.refusal)
        return HttpResponse.json(this.refusal.body, { status: this.refusal.status });
      return new HttpResponse(run.stream, { headers: { 'Content-Type': 'text/event-stream' } });
    });
  }

  /** The next request that comes. */
  next(): Promise<Run> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

/** An error's JSON that names fields. */
export function refusalOf(violations: Record<string, string>, reason = 'INVALID_FIELD') {
  const listed = Object.entries(violations).map(([field, description]) => ({ field, description }));
  return {
    error: {
      code: 400,
      status: 'INVALID_ARGUMENT',
      message: listed.map(({ field, description }) => `${field}: ${description}`).join('; '),
      details: [
        { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'llm.atelier' },
        { '@type': 'type.googleapis.com/google.rpc.BadRequest', field_violations: listed },
      ],
    },
  };
}

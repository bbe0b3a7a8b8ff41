/** A gateway that keeps jobs, for tests: the routes of jobs.proto, moved on by the test. */
import { HttpResponse, http } from 'msw';
import { PNG } from './files';
import { HealthGateway, Stream } from './gateway';

export interface JobJson {
  id: string;
  capability: string;
  state: string;
  [field: string]: unknown;
}

type Body = Record<string, unknown>;

export interface Submitted {
  readonly body: Body;
  readonly headers: Headers;
}

/** A job as the gateway writes it; the later ones in a test are the newer ones. */
export function job(id: string, capability: string, more: object = {}): JobJson {
  made += 1;
  const create_time = new Date(Date.UTC(2026, 0, 2, 3, 0, made)).toISOString();
  return { id, capability, state: 'queued', create_time, attempts: 1, max_attempts: 3, ...more };
}
let made = 0;

const TYPES: Readonly<Record<string, string>> = {
  image: 'atelier.image.v1.GenerateImageRequest',
  videogen: 'atelier.videogen.v1.GenerateVideoRequest',
};

/** A request as it stands in a job: with its type, and without its files. */
export function packed(capability: string, body: object): Body {
  return { '@type': `type.googleapis.com/${TYPES[capability]}`, ...body, image: undefined };
}

export class JobsGateway extends HealthGateway {
  readonly jobsStream = new Stream();
  readonly submitted: Submitted[] = [];
  /** What was asked of single jobs, as "cancel a" for example. */
  readonly asked: string[] = [];
  jobs: JobJson[] = [];
  /** What DescribeModel answers, by capability. */
  models: Record<string, object> = {};
  /** What the next submission is told instead of an operation. */
  refusal: { body: object; status: number } | null = null;
  /** How many jobs a page of the list has. */
  pageSize = 1000;

  constructor() {
    super();
    this.server.use(...this.routes());
  }

  /** Changes a job, or adds it, and tells those who watch. */
  tellJob(changed: JobJson): void {
    this.jobs = [changed, ...this.jobs.filter(({ id }) => id !== changed.id)];
    this.jobsStream.send({ jobs: [changed] });
  }

  change(id: string, more: object): void {
    const known = this.jobs.find((one) => one.id === id);
    if (!known) throw new Error(`there is no job ${id}`);
    this.tellJob({ ...known, ...more });
  }

  override lose(): void {
    super.lose();
    this.jobsStream.breakOff();
  }

  private routes() {
    return [
      http.get('*/v1/:name/model', ({ params }) =>
        HttpResponse.json(
          this.models[String(params.name)] ?? { model: { name: 'toy', state: 'loaded' } },
        ),
      ),
      http.get('*/v1/jobs/:id', ({ params }) => {
        const known = this.jobs.find(({ id }) => id === params.id);
        return known ? HttpResponse.json(known) : notFound();
      }),
      http.get('*/v1/jobs/:id/:kind/:name', () =>
        HttpResponse.arrayBuffer(PNG.buffer, { headers: { 'Content-Type': 'image/png' } }),
      ),
      http.get('*/v1/jobs*', ({ request }) => {
        const { pathname, searchParams } = new URL(request.url);
        if (this.away) return HttpResponse.error();
        if (pathname.endsWith(':watch')) {
          return this.jobsStream.answer({ jobs: this.jobs, caught_up: true });
        }
        return HttpResponse.json(this.page(searchParams));
      }),
      http.post('*/v1/:capability/generate', async ({ request, params }) => {
        if (this.away) return HttpResponse.error();
        const body = (await request.json()) as Body;
        this.submitted.push({ body, headers: request.headers });
        if (this.refusal) {
          const { body, status } = this.refusal;
          this.refusal = null;
          return HttpResponse.json(body, { status });
        }
        return this.accept(String(params.capability), body, request.headers);
      }),
      // A colon begins a parameter, so the methods of one job are told apart here.
      http.post('*/v1/*', async ({ request }) => {
        const [, , , id = '', method] = new URL(request.url).pathname.split(/[/:]/);
        this.asked.push(`${method} ${id}`);
        const known = this.jobs.find((one) => one.id === id);
        if (!known) return notFound();
        if (method === 'cancel') return HttpResponse.json({});
        const { request: again, capability } = known;
        return this.accept(capability, again as Body, request.headers, { retry_of: id });
      }),
      http.patch('*/v1/jobs/:id', async ({ request, params }) => {
        const { on_leave, presence } = (await request.json()) as Body;
        this.asked.push(`leave ${params.id} ${on_leave}`);
        this.change(String(params.id), { on_leave, presence });
        return HttpResponse.json(this.jobs.find(({ id }) => id === params.id));
      }),
      http.delete('*/v1/operations/:id', ({ params }) => {
        this.asked.push(`delete ${params.id}`);
        this.jobs = this.jobs.filter(({ id }) => id !== params.id);
        return HttpResponse.json({});
      }),
    ];
  }

  private accept(capability: string, body: Body, headers: Headers, more: object = {}) {
    const id = `job-${made + 1}`;
    const accepted = job(id, capability, {
      request: packed(capability, body),
      inputs: body.image ? [file(id, 'inputs/image', 'image/png')] : [],
      queue_position: 0,
      presence: headers.get('X-Atelier-Presence'),
      on_leave: headers.get('X-Atelier-On-Leave'),
      ...more,
    });
    this.tellJob(accepted);
    return HttpResponse.json({
      name: `operations/${accepted.id}`,
      metadata: { '@type': 'type.googleapis.com/atelier.jobs.v1.Job', ...accepted },
    });
  }

  private page(asked: URLSearchParams): object {
    const all = this.jobs
      .filter(({ capability }) => capability === asked.get('capability'))
      .sort((one, other) => String(other.create_time).localeCompare(String(one.create_time)));
    const from = Number(asked.get('page_token') ?? 0);
    const until = from + this.pageSize;
    return {
      jobs: all.slice(from, until),
      next_page_token: until < all.length ? String(until) : '',
    };
  }
}

/** How a file stands in a job. */
export function file(id: string, name: string, content_type: string): object {
  return { name, content_type, size_bytes: '8', url: `/v1/jobs/${id}/${name}` };
}

/** What a worker's own mistake looks like in a job. */
export function failure(code: number, message: string, details: object[] = []): object {
  return { state: 'failed', error: { code, message, details } };
}

export function badField(field: string, description: string): object {
  const type = 'type.googleapis.com/google.rpc.BadRequest';
  return { '@type': type, field_violations: [{ field, description }] };
}

function notFound() {
  const error = { code: 404, status: 'NOT_FOUND', message: 'there is no such job' };
  return HttpResponse.json({ error }, { status: 404 });
}

/**
 * The states of the LLM Studio and the TTS Studio, to be pictured. What passes too fast to be
 * caught is told to the page by its own fetch.
 */
import type { Page } from 'playwright-core';
import type { Scene } from './pictureScenes';

type Json = Record<string, unknown>;

/** What a stream says: events by their names, and whether it then ends, fails or stays open. */
interface Told {
  readonly path: string;
  readonly events: readonly Json[];
  readonly end: 'open' | 'done' | 'lost' | { readonly error: Json };
  /** The whole answer, where it is refused before it streams. */
  readonly status?: number;
}

interface Setting {
  readonly kept?: Readonly<Record<string, unknown>>;
  readonly stream?: Told;
  readonly answers?: Readonly<Record<string, Json>>;
}

/** Puts things into the tab's storage, and answers some of the page's requests. */
function pretend(setting: () => Setting): (page: Page) => Promise<void> {
  return async (page) => {
    await page.addInitScript(({ kept = {}, stream, answers = {} }: Setting) => {
      for (const [key, value] of Object.entries(kept)) {
        sessionStorage.setItem(key, JSON.stringify(value));
      }
      const real = window.fetch;
      const bytes = (text: string) => new TextEncoder().encode(text);
      window.fetch = async (input, init) => {
        const path = String(input);
        const found = Object.entries(answers).find(([begin]) => path.startsWith(begin));
        if (found) {
          const text = JSON.stringify(found[1]);
          if (!found[0].endsWith(':watch')) return new Response(text);
          const start = (sink: ReadableStreamDefaultController) =>
            sink.enqueue(bytes(`data: ${text}\n\n`));
          return new Response(new ReadableStream({ start }));
        }
        if (stream?.path !== path) return real(input, init);
        const { events, end, status } = stream;
        if (status && typeof end === 'object') {
          return new Response(JSON.stringify(end), { status });
        }
        const body = new ReadableStream<Uint8Array>({
          start(sink) {
            for (const event of events) {
              const [name] = Object.keys(event);
              sink.enqueue(bytes(`event: ${name}\ndata: ${JSON.stringify(event)}\n\n`));
            }
            if (end === 'open') return;
            if (end === 'done') sink.enqueue(bytes('event: done\ndata: {}\n\n'));
            if (typeof end === 'object') {
              sink.enqueue(bytes(`event: error\ndata: ${JSON.stringify(end)}\n\n`));
            }
            sink.close();
          },
        });
        return new Response(body);
      };
    }, setting());
  };
}

const says = (text: string | RegExp) => (page: Page) => page.getByText(text).first().waitFor();

function refusal(violations: Record<string, string>, reason = 'INVALID_FIELD'): Json {
  const listed = Object.entries(violations).map(([field, description]) => ({ field, description }));
  return {
    code: 400,
    status: 'INVALID_ARGUMENT',
    message: listed.map(({ field, description }) => `${field}: ${description}`).join('; '),
    details: [
      { '@type': 'x/google.rpc.ErrorInfo', reason, domain: 'llm.atelier' },
      { '@type': 'x/google.rpc.BadRequest', field_violations: listed },
    ],
  };
}

function failure(domain: string, message: string): Json {
  const details = [{ '@type': 'x/google.rpc.ErrorInfo', reason: 'CUDA_ERROR', domain }];
  return { code: 500, status: 'INTERNAL', message, details };
}

// A conversation, in which an answer has all that Markdown can have.

const ANSWER = `Here is a short **plan**, with *one* warning:

1. Read the [documentation](https://example.org/docs).
2. Write it down:
   - what came in
   - what went out

| Measure | Before | After |
|---|---:|---:|
| Time to first token | 1.2 s | 0.3 s |
| Tokens a second | 18 | 64 |

\`\`\`python
def mean(numbers: list[float]) -> float:
    """The arithmetic mean; raises ZeroDivisionError for an empty list."""
    return sum(numbers) / len(numbers)
\`\`\`

> Measure first, then cut: \`mean([])\` is no number.
`;

const facts = {
  finishReason: 'stop',
  tokens: 184,
  tokensPerSecond: 63.8,
  seed: 1_653_305_269,
  model: 'smollm2-135m-instruct',
};

const question = (id: number, text: string) => ({ role: 'user', id, text });
const answer = (id: number, text: string, more: Json = {}) => ({
  role: 'assistant',
  id,
  text,
  state: 'complete',
  firstWordSeconds: 0.31,
  facts,
  ...more,
});

const FIRST = [
  question(1, 'How do I find out whether a change makes it faster?'),
  answer(2, ANSWER),
];

function talk(messages: readonly Json[], stream?: Told, more: Setting = {}): Setting {
  return {
    kept: { 'atelier.llm.conversation': { messages, sentFrom: 0 }, ...more.kept },
    stream,
    answers: more.answers,
  };
}

const chat = (events: readonly Json[], end: Told['end'], status?: number): Told => ({
  path: '/v1/llm/chat:stream',
  events,
  end,
  status,
});

/** Says something once the page is there, and waits for what comes of it. */
const saying =
  (ready: (page: Page) => Promise<void>) =>
  async (page: Page): Promise<void> => {
    await page.getByRole('textbox', { name: 'Message' }).fill('And what if it is slower then?');
    await page.keyboard.press('Enter');
    await ready(page);
  };

const LOADED = {
  '/v1/llm/model': {
    model: {
      name: 'Qwen/Qwen3-4B-Instruct-2507',
      state: 'loaded',
      device: 'cuda:0',
      dtype: 'bfloat16',
      parameters: 4.02e9,
    },
    context_length: 32_768,
    reproducible: true,
    defaults: { temperature: 0.7, top_p: 0.8, top_k: 20, max_tokens: 512 },
  },
};

const LLM_SCENES: readonly Scene[] = [
  { name: 'llm-empty', path: '/llm', ready: says('Say something to the model.') },
  {
    name: 'llm-conversation',
    path: '/llm',
    prepare: pretend(() => talk(FIRST, undefined, { answers: LOADED })),
    ready: says('Regenerate'),
  },
  {
    name: 'llm-queued',
    path: '/llm',
    prepare: pretend(() => talk(FIRST, chat([{ queued: { position: 3 } }], 'open'))),
    ready: saying(says('Waiting at place 4')),
  },
  {
    name: 'llm-loading',
    path: '/llm',
    prepare: pretend(() => talk([], chat([{ loading: { model: 'toy-1b' } }], 'open'))),
    ready: saying(says('Loading the model toy-1b')),
  },
  {
    name: 'llm-writing',
    path: '/llm',
    prepare: pretend(() =>
      talk(FIRST, chat([{ text: 'Then it is **slower**, and you' }], 'open'), { answers: LOADED }),
    ),
    ready: saying(says('and you')),
  },
  {
    name: 'llm-stopped',
    path: '/llm',
    prepare: pretend(() =>
      talk([
        ...FIRST,
        question(3, 'And what if it is slower then?'),
        answer(4, 'Then it is slower, and you', { state: 'stopped', facts: null }),
      ]),
    ),
    ready: says(/^Stopped/),
  },
  {
    name: 'llm-cut-off',
    path: '/llm',
    prepare: pretend(() =>
      talk([
        question(1, 'Count to a thousand.'),
        answer(2, 'One, two, three, four, five, six,', {
          facts: { ...facts, finishReason: 'length' },
        }),
      ]),
    ),
    ready: says(/Cut off/),
  },
  {
    name: 'llm-failed',
    path: '/llm',
    prepare: pretend(() =>
      talk(
        FIRST,
        chat([{ text: 'Then it is' }], {
          error: failure('llm.atelier', 'the GPU was lost: unspecified launch failure'),
        }),
      ),
    ),
    ready: saying(says(/unspecified launch failure/)),
  },
  {
    name: 'llm-broken-off',
    path: '/llm',
    prepare: pretend(() => talk(FIRST, chat([{ text: 'Then it is' }], 'lost'))),
    ready: saying(says(/broke the stream off/)),
  },
  {
    name: 'llm-refused',
    path: '/llm',
    prepare: pretend(() =>
      talk(
        FIRST,
        chat([], { error: refusal({ max_tokens: 'must be at most 211, not 4096' }) }, 400),
        {
          kept: { 'atelier.llm.settings': { maxTokens: 4096 } },
        },
      ),
    ),
    ready: saying(says(/Must be at most 211/)),
  },
  {
    name: 'llm-wrong-setting',
    path: '/llm',
    prepare: pretend(() =>
      talk(FIRST, undefined, { kept: { 'atelier.llm.settings': { temperature: 7, seed: 1.5 } } }),
    ),
    ready: saying(async (page) => {
      await says('From 0 to 2.')(page);
    }),
  },
  {
    name: 'llm-too-long',
    path: '/llm',
    prepare: pretend(() =>
      talk(
        FIRST,
        chat(
          [],
          {
            error: refusal(
              { messages: 'have 5121 tokens, and with the answer at most 4096 fit' },
              'CONTEXT_TOO_LONG',
            ),
          },
          400,
        ),
      ),
    ),
    ready: saying(says('Leave out older messages')),
  },
  {
    name: 'llm-left-out',
    path: '/llm',
    prepare: pretend(() => ({
      kept: {
        'atelier.llm.conversation': {
          messages: [...FIRST, question(3, 'And then?'), answer(4, 'Then it is faster.')],
          sentFrom: 3,
        },
      },
    })),
    ready: says(/no longer gets/),
  },
  {
    name: 'llm-editing',
    path: '/llm',
    prepare: pretend(() => talk(FIRST)),
    ready: async (page) => {
      await page.getByRole('button', { name: 'Edit' }).click();
      await page.getByRole('textbox', { name: 'Edit your message' }).waitFor();
    },
  },
  {
    name: 'llm-cleared',
    path: '/llm',
    prepare: pretend(() => talk(FIRST)),
    ready: async (page) => {
      await page.getByRole('button', { name: 'Clear' }).click();
      await says('Undo clearing')(page);
    },
  },
  {
    name: 'llm-settings',
    path: '/llm',
    prepare: pretend(() =>
      talk(FIRST, undefined, {
        answers: LOADED,
        kept: {
          'atelier.llm.settings': {
            system: 'You are a patient teacher. Answer in two sentences.',
            temperature: 0.9,
            seed: 7,
            stops: 'END',
          },
        },
      }),
    ),
    ready: async (page) => {
      const settings = page.getByRole('button', { name: 'Settings' });
      if (await settings.isVisible()) await settings.click();
      await page.getByRole('textbox', { name: 'System prompt' }).waitFor();
    },
  },
];

// A reading of three sentences.

const TEXT =
  'Good morning. It is a very fine day, is it not? Let us take a long walk along the river, before the rain begins.';
const SENTENCES = [
  ['Good morning.', 1.1],
  ['It is a very fine day, is it not?', 2.4],
  ['Let us take a long walk along the river, before the rain begins.', 4.2],
] as const;
const RATE = 22_050;

/** Something that looks like a voice: syllables, in base64 as the gateway sends them. */
function voice(seconds: number): string {
  const samples = new Int16Array(Math.round(seconds * RATE));
  for (let index = 0; index < samples.length; index += 1) {
    const time = index / RATE;
    const syllable = Math.abs(Math.sin(time * 9)) * (0.45 + 0.35 * Math.sin(time * 2.3));
    samples[index] = 16_000 * syllable * Math.sin(time * 2 * Math.PI * 140);
  }
  return Buffer.from(samples.buffer).toString('base64');
}

/** The events of a reading as far as its first sentences. */
function reading(sentences: number, warnings: readonly string[] = []): Json[] {
  let start_seconds = 0;
  const events: Json[] = [
    {
      started: {
        content_type: `audio/pcm;rate=${RATE};channels=1`,
        sample_rate: RATE,
        channels: 1,
        voice: 'joe',
        seed: 77,
        warnings,
      },
    },
  ];
  for (const [text, seconds] of SENTENCES.slice(0, sentences)) {
    events.push({ sentence: { text, start_seconds } }, { audio: { data: voice(seconds) } });
    start_seconds += seconds;
  }
  return events;
}

const speech = (events: readonly Json[], end: Told['end'], status?: number): Told => ({
  path: '/v1/tts/speech:stream',
  events,
  end,
  status,
});

const NO_JOBS = { '/v1/jobs:watch': { jobs: [], caught_up: true } };

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

const heard = (id: number, text: string, more: Json = {}) => ({
  id,
  text,
  choice: { voice: '', speed: 1, format: 'wav' },
  voice: 'joe',
  seed: 77,
  askedAt: Date.now() - id * 90_000,
  state: 'complete',
  seconds: 7.7,
  ...more,
});

function spoken(stream?: Told, more: Setting = {}): Setting {
  return {
    kept: { 'atelier.tts.text': TEXT, ...more.kept },
    stream,
    answers: more.answers ?? NO_JOBS,
  };
}

const reads =
  (ready: (page: Page) => Promise<void>) =>
  async (page: Page): Promise<void> => {
    await page.getByRole('button', { name: 'Read aloud' }).click();
    await ready(page);
  };

/** Stays at a place, so that every picture shows the same. */
async function rests(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Pause' }).click();
  const slider = page.getByRole('slider', { name: 'Position' });
  await slider.fill('2.4');
  await page.locator('.waveform canvas').first().waitFor({ state: 'attached' });
}

function file(id: string, text: string, more: Json): Json {
  const request = {
    '@type': 'type.googleapis.com/atelier.tts.v1.SynthesizeRequest',
    text,
    format: 'mp3',
  };
  return { id, capability: 'tts', request, state: 'queued', create_time: ago(40), ...more };
}

const FILES = {
  '/v1/jobs:watch': {
    jobs: [
      file('f1', 'The first chapter, in which nothing happens yet.', { queue_position: 0 }),
      file('f2', 'A long introduction.', { state: 'running', phase: 'audio' }),
      file('f3', TEXT, {
        state: 'succeeded',
        end_time: ago(300),
        result: {
          files: [
            {
              name: 'results/0',
              content_type: 'audio/mpeg',
              size_bytes: '93000',
              url: '/v1/jobs/f3/results/0',
            },
          ],
        },
      }),
      file('f4', 'A text that was too much.', {
        state: 'failed',
        end_time: ago(900),
        error: { code: 13, message: 'the GPU was lost', details: [] },
      }),
    ],
    caught_up: true,
  },
};

const TTS_SCENES: readonly Scene[] = [
  {
    name: 'tts-empty',
    path: '/tts',
    prepare: pretend(() => ({ answers: NO_JOBS })),
    ready: says('Nothing yet.'),
  },
  {
    name: 'tts-queued',
    path: '/tts',
    prepare: pretend(() => spoken(speech([{ queued: { position: 1 } }], 'open'))),
    ready: reads(says('Waiting at place 2')),
  },
  {
    name: 'tts-loading',
    path: '/tts',
    prepare: pretend(() => spoken(speech([{ loading: { model: 'joe-us-medium' } }], 'open'))),
    ready: reads(says('Loading the model')),
  },
  {
    name: 'tts-reading',
    path: '/tts',
    prepare: pretend(() => spoken(speech(reading(2), 'open'))),
    ready: reads(rests),
  },
  {
    name: 'tts-done',
    path: '/tts',
    prepare: pretend(() =>
      spoken(speech(reading(3, ['the sign "☃" was left out']), 'done'), {
        kept: {
          'atelier.tts.readings': [
            heard(2, 'A text that was read before.', {
              choice: { voice: 'joe', speed: 1.25, format: 'mp3' },
            }),
            heard(1, TEXT, { state: 'stopped', seconds: 1.2 }),
          ],
        },
        answers: FILES,
      }),
    ),
    ready: reads(async (page) => {
      await says('Save WAV')(page);
      await rests(page);
    }),
  },
  {
    name: 'tts-failed',
    path: '/tts',
    prepare: pretend(() =>
      spoken(
        speech(reading(1), { error: failure('tts.atelier', 'the GPU was lost: launch failure') }),
      ),
    ),
    ready: reads(says(/launch failure/)),
  },
  {
    name: 'tts-refused',
    path: '/tts',
    prepare: pretend(() =>
      spoken(
        speech([], { error: refusal({ voice: "there is no voice 'ann'; use one of joe" }) }, 400),
        { kept: { 'atelier.tts.choice': { voice: 'ann', speed: 1, format: 'opus' } } },
      ),
    ),
    ready: reads(says(/There is no voice/)),
  },
  {
    name: 'tts-too-long',
    path: '/tts',
    prepare: pretend(() => spoken(undefined, { kept: { 'atelier.tts.text': TEXT.repeat(1000) } })),
    ready: says(/^Too long by/),
  },
  {
    name: 'tts-reloaded',
    path: '/tts',
    prepare: pretend(() =>
      spoken(undefined, {
        kept: {
          'atelier.tts.readings': [heard(2, TEXT), heard(1, 'A text that was read before.')],
        },
      }),
    ),
    ready: says('Make again'),
  },
];

export const TALK_SCENES: readonly Scene[] = [...LLM_SCENES, ...TTS_SCENES];

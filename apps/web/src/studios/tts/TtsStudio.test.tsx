import { act, cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse, http } from 'msw';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  CapabilityHealthProvider,
  useCapabilityHealth,
} from '../../health/CapabilityHealthContext';
import { JobsProvider } from '../../jobs/JobsContext';
import { saveBlob } from '../../shared/saveBlob';
import { capability, HealthGateway } from '../../testing/gateway';
import { type Run, refusalOf, TaskStream } from '../../testing/taskStream';
import { ToyAudio } from '../../testing/toyAudio';
import { ReadingStore } from './readings/ReadingStore';
import { SoundPlayer } from './sound/SoundPlayer';
import { TtsStudio } from './TtsStudio';

// jsdom has no canvas; Chromium sees the real one.
vi.mock(import('./Waveform'), () => ({ Waveform: () => <div /> }));
vi.mock(import('../../shared/saveBlob'), () => ({ saveBlob: vi.fn() }));

const RATE = 100;

let gateway: HealthGateway;
let speech: TaskStream;
let loudspeaker: ToyAudio;

beforeEach(() => {
  gateway = new HealthGateway();
  speech = new TaskStream('/v1/tts/speech:stream');
  loudspeaker = new ToyAudio();
  gateway.server.use(
    speech.handler,
    http.get('*/v1/tts/model', () =>
      HttpResponse.json({
        model: { name: 'toy', state: 'loaded', device: 'cpu' },
        sample_rate: RATE,
        formats: ['wav', 'pcm', 'mp3'],
        max_unary_characters: 10,
        max_stream_characters: 40,
      }),
    ),
    http.get('*/v1/tts/voices', () =>
      HttpResponse.json({
        voices: [
          { id: 'joe', language: 'en-US', display_name: 'Joe' },
          { id: 'ann', language: 'en-GB', display_name: 'Ann' },
        ],
      }),
    ),
  );
  gateway.server.listen({ onUnhandledRequest: 'error' });
});
afterEach(() => {
  cleanup();
  gateway.server.close();
  sessionStorage.clear();
});

function Light() {
  const { tts } = useCapabilityHealth().health;
  return <output aria-label="light">{`${tts?.state} ${tts?.reported ? 'reported' : ''}`}</output>;
}

async function openStudio(store = new ReadingStore(new SoundPlayer(() => loudspeaker.context))) {
  const view = render(
    <CapabilityHealthProvider>
      <JobsProvider>
        <Light />
        <TtsStudio store={store} />
      </JobsProvider>
    </CapabilityHealthProvider>,
  );
  await screen.findByText('toy');
  await screen.findByRole('option', { name: 'Ann (en-GB)' });
  await screen.findByText(/available|error/);
  return view;
}

const field = () => screen.getByRole('textbox', { name: 'Text' });
const button = (name: string) => screen.getByRole('button', { name });

async function read(text: string): Promise<Run> {
  const next = speech.next();
  await userEvent.type(field(), text);
  await userEvent.keyboard('{Control>}{Enter}{/Control}');
  return next;
}

function begin(run: Run): void {
  run.send({
    started: { sample_rate: RATE, channels: 1, voice: 'joe', seed: 77, content_type: 'x' },
  });
}

function say(run: Run, text: string, startSeconds: number, seconds: number): void {
  run.send({ sentence: { text, start_seconds: startSeconds } });
  run.send({ audio: { data: btoa('\0'.repeat(seconds * RATE * 2)) } });
}

function finish(run: Run): void {
  run.send({ finished: { audio_seconds: 2 } });
  run.end();
}

async function done(text: string): Promise<void> {
  const run = await read(text);
  begin(run);
  say(run, text, 0, 2);
  finish(run);
  await screen.findByRole('button', { name: /^Save / });
}

describe('a text', () => {
  test('is counted as the model counts it, and how long it will sound', async () => {
    await openStudio();
    await userEvent.type(field(), 'Grüße 🙂 to you.');
    expect(screen.getByText('15 of 40 characters')).toBeVisible();
    expect(screen.getByText('about 0:01')).toBeVisible();
  });

  test('that is too long is not sent', async () => {
    await openStudio();
    await userEvent.type(field(), 'x'.repeat(41));
    expect(field()).toHaveAccessibleDescription('Too long by 1 characters.');
    expect(button('Read aloud')).toBeDisabled();
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    expect(speech.runs).toHaveLength(0);
  });

  test('is read with the voice and the speed that were chosen', async () => {
    await openStudio();
    await userEvent.selectOptions(screen.getByRole('combobox', { name: 'Voice' }), 'ann');
    const speed = screen.getByRole('spinbutton', { name: 'Speed' });
    await userEvent.clear(speed);
    await userEvent.type(speed, '1.5');
    const run = await read('Hello.');
    expect(run.body).toEqual({ text: 'Hello.', voice: 'ann', speed: 1.5, format: 'pcm' });
  });

  test('and the choice survive a reload', async () => {
    const view = await openStudio();
    await userEvent.type(field(), 'Hello.');
    await userEvent.selectOptions(screen.getByRole('combobox', { name: 'File format' }), 'mp3');
    view.unmount();
    await openStudio();
    expect(field()).toHaveValue('Hello.');
    expect(screen.getByRole('combobox', { name: 'File format' })).toHaveValue('mp3');
  });
});

describe('a reading', () => {
  test('plays with its first sentence, says what is spoken, and turns the light', async () => {
    gateway.now = gateway.now.map((known) =>
      known.name === 'tts' ? capability('tts', 'error') : known,
    );
    await openStudio();
    const run = await read('One. Two.');
    run.send({ loading: { model: 'toy' } });
    expect(await screen.findByText('Loading the model toy…')).toBeVisible();
    begin(run);
    say(run, 'One.', 0, 1);
    expect(await screen.findByRole('button', { name: 'Pause' })).toBeEnabled();
    expect(screen.getByText('One.')).toBeVisible();
    expect(loudspeaker.scheduled).toHaveLength(1);
    say(run, 'Two.', 1, 1);
    finish(run);
    expect(await screen.findByRole('button', { name: 'Save WAV' })).toBeVisible();
    await waitFor(() =>
      expect(screen.getByLabelText('light')).toHaveTextContent('available reported'),
    );
    expect(await screen.findByText('The reading is complete.')).toBeInTheDocument();
    act(() => loudspeaker.pass(9));
    expect(await screen.findByText('Two.')).toBeVisible();
    expect(
      within(screen.getByRole('region', { name: 'Player' })).getByRole('button', { name: 'Play' }),
    ).toBeVisible();
    expect(screen.getByRole('slider', { name: 'Position' })).toHaveAttribute(
      'aria-valuetext',
      '0:02 of 0:02',
    );
  });

  test('Escape ends the work and the sound', async () => {
    await openStudio();
    const run = await read('One. Two.');
    begin(run);
    say(run, 'One.', 0, 1);
    await screen.findByRole('button', { name: 'Pause' });
    await userEvent.keyboard('{Escape}');
    await run.broken;
    expect(loudspeaker.scheduled).toHaveLength(0);
    expect(screen.getByText(/· stopped$/)).toBeVisible();
    expect(screen.getByLabelText('light')).not.toHaveTextContent('reported');
  });

  test('ends when the person leaves', async () => {
    const view = await openStudio();
    const run = await read('One. Two.');
    begin(run);
    say(run, 'One.', 0, 1);
    await screen.findByRole('button', { name: 'Pause' });
    view.unmount();
    await run.broken;
    expect(loudspeaker.scheduled).toHaveLength(0);
  });

  test('can be gone through by keyboard', async () => {
    await openStudio();
    await done('One.');
    await userEvent.click(button('Stop'));
    const position = screen.getByRole('slider', { name: 'Position' });
    expect(position).toHaveAttribute('max', '2');
    // jsdom's slider knows no arrow keys; Chromium's do this.
    fireEvent.change(position, { target: { value: '1.5' } });
    expect(position).toHaveValue('1.5');
    expect(screen.getByTestId('position')).toHaveTextContent('0:01');
    await userEvent.click(
      within(screen.getByRole('region', { name: 'Player' })).getByRole('button', { name: 'Play' }),
    );
    expect(loudspeaker.scheduled).toHaveLength(1);
  });

  test('is heard again, or used again, from the history', async () => {
    await openStudio();
    await done('One.');
    act(() => loudspeaker.pass(9));
    await userEvent.clear(field());
    const history = screen.getByRole('region', { name: 'Read in this session' });
    await userEvent.click(within(history).getByRole('button', { name: 'Play' }));
    expect(loudspeaker.scheduled).toHaveLength(1);
    expect(speech.runs).toHaveLength(1);
    await userEvent.click(within(history).getByRole('button', { name: 'Use' }));
    expect(field()).toHaveValue('One.');
    expect(field()).toHaveFocus();
    await userEvent.click(within(history).getByRole('button', { name: 'Remove' }));
    expect(within(history).getByText('Nothing yet.')).toBeVisible();
  });

  test('is made again with its seed after a reload', async () => {
    const view = await openStudio();
    await done('One.');
    view.unmount();
    await openStudio();
    const next = speech.next();
    await userEvent.click(button('Make again'));
    expect((await next).body).toMatchObject({ text: 'One.', voice: 'joe', seed: 77 });
  });
});

describe('a file', () => {
  test('is saved under a telling name', async () => {
    await openStudio();
    await done('Good morning.');
    await userEvent.click(button('Save WAV'));
    await waitFor(() => expect(saveBlob).toHaveBeenCalled());
    const [file, name] = vi.mocked(saveBlob).mock.calls[0] ?? [];
    expect(file?.size).toBe(44 + 2 * RATE * 2);
    expect(name).toMatch(/^good-morning-joe-\d{8}-\d{6}\.wav$/);
  });

  test('in another format is made from the same seed, which can be stopped', async () => {
    await openStudio();
    await userEvent.selectOptions(screen.getByRole('combobox', { name: 'File format' }), 'mp3');
    await done('One.');
    let next = speech.next();
    await userEvent.click(button('Save MP3'));
    let run = await next;
    expect(run.body).toMatchObject({ format: 'mp3', seed: 77, voice: 'joe' });
    const making = screen.getByText('Making the MP3 file…').parentElement as HTMLElement;
    await userEvent.click(within(making).getByRole('button', { name: 'Stop' }));
    await run.broken;
    vi.mocked(saveBlob).mockClear();
    next = speech.next();
    await userEvent.click(button('Save MP3'));
    run = await next;
    run.send({ started: { content_type: 'audio/mpeg', sample_rate: RATE } });
    run.send({ audio: { data: btoa('abc') } });
    run.send({ audio: { data: btoa('de') } });
    finish(run);
    await waitFor(() => expect(saveBlob).toHaveBeenCalled());
    const [file, name] = vi.mocked(saveBlob).mock.calls[0] ?? [];
    expect(file).toMatchObject({ type: 'audio/mpeg', size: 5 });
    expect(name).toMatch(/\.mp3$/);
  });
});

describe('what goes wrong', () => {
  test("the person's own mistake is said at its field, and not by the light", async () => {
    await openStudio();
    speech.refusal = { status: 400, body: refusalOf({ text: 'has nothing that can be spoken' }) };
    await read('???');
    await waitFor(() =>
      expect(field()).toHaveAccessibleDescription('Has nothing that can be spoken.'),
    );
    expect(field()).toHaveValue('???');
    expect(screen.queryByRole('alert')).toBeNull();
    expect(screen.getByLabelText('light')).not.toHaveTextContent('reported');
    await userEvent.type(field(), 'a');
    expect(field()).toBeValid();
  });

  test('a real failure turns the light, and can be tried again', async () => {
    await openStudio();
    const run = await read('One.');
    run.fail({ code: 500, status: 'INTERNAL', message: 'the voice is hoarse' });
    expect(await screen.findByRole('alert')).toHaveTextContent('the voice is hoarse');
    await waitFor(() => expect(screen.getByLabelText('light')).toHaveTextContent('error reported'));
    expect(field()).toHaveValue('One.');
    const next = speech.next();
    await userEvent.click(button('Try again'));
    expect((await next).body).toMatchObject({ text: 'One.' });
  });

  test('a worker that is away leaves the studio usable', async () => {
    await openStudio();
    act(() => gateway.tell(capability('tts', 'unavailable')));
    expect(await screen.findByText(/You can try all the same/)).toBeVisible();
    expect((await read('One.')).body).toMatchObject({ text: 'One.' });
  });
});

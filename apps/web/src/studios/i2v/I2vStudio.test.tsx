import { act, cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PIXELS, PNG, pngFile } from '../../testing/files';
import { badField, failure, file, JobsGateway, job, packed } from '../../testing/jobsGateway';
import { openStudio } from '../../testing/studio';
import I2vStudio from '.';

let gateway: JobsGateway;

const MODEL = {
  model: { name: 'emoji-motion', state: 'loaded' },
  defaults: { width: 64, height: 64, num_frames: 8, frames_per_second: 8, steps: 4 },
  limits: {
    min_frames: 8,
    max_frames: 8,
    frame_multiple: 1,
    min_side: 64,
    max_side: 64,
    side_multiple: 1,
    max_steps: 50,
    max_input_pixels: 50_000_000,
  },
  supported_fields: ['prompt', 'num_frames', 'frames_per_second', 'width', 'height', 'steps'],
  motions: ['left', 'right', 'up'],
};

beforeEach(() => {
  sessionStorage.clear();
  Object.assign(PIXELS, { width: 640, height: 480 });
  gateway = new JobsGateway();
  gateway.models = { videogen: MODEL };
  gateway.server.listen({ onUnhandledRequest: 'error' });
});
afterEach(() => {
  cleanup();
  gateway.server.close();
});

async function open(path = '/i2v') {
  openStudio(I2vStudio, path);
  await screen.findByText('emoji-motion', { selector: '.model-line code' });
  await waitFor(() => expect(gateway.jobsStream.opened).toBe(1));
  await waitFor(() => expect(screen.queryByText('Looking…')).toBeNull());
}

const input = () => screen.getByLabelText('Picture', { selector: 'input' });
const film = () => userEvent.click(screen.getByRole('button', { name: 'Film' }));
const stage = () => within(screen.getByRole('region', { name: 'The clip' }));
const chosen = () => screen.findByRole('img', { name: /^Chosen/ });

describe('the picture', () => {
  test('is needed', async () => {
    await open();
    await film();
    expect(input()).toHaveAccessibleDescription('Choose the picture that is to move.');
    expect(gateway.submitted).toEqual([]);
  });

  test('is chosen by a click, and shows how it will be cut', async () => {
    await open();
    await userEvent.upload(input(), pngFile());
    expect(await chosen()).toHaveStyle({ aspectRatio: '64 / 64' });
    expect(input()).toHaveAccessibleDescription('640 × 480, cut to the shape of 64 × 64 as shown');
    await userEvent.click(screen.getByRole('button', { name: 'Remove' }));
    await waitFor(() => expect(screen.queryByRole('img', { name: /^Chosen/ })).toBeNull());
  });

  test('is pasted', async () => {
    await open();
    fireEvent.paste(document.body, { clipboardData: { files: [pngFile('pasted.png')] } });
    expect(await screen.findByRole('img', { name: 'Chosen: pasted.png' })).toBeInTheDocument();
  });

  test('is dropped anywhere, which does not leave the page', async () => {
    await open();
    const dataTransfer = { types: ['Files'], files: [pngFile('dropped.png')] };
    expect(fireEvent.dragOver(document.body, { dataTransfer })).toBe(false);
    expect(fireEvent.drop(document.body, { dataTransfer })).toBe(false);
    expect(await screen.findByRole('img', { name: 'Chosen: dropped.png' })).toBeInTheDocument();
  });

  test('of another kind is refused in words, and does not cost the one before', async () => {
    await open();
    await userEvent.upload(input(), pngFile());
    await chosen();
    const gif = new File(['GIF89a'], 'cat.png', { type: 'image/png' });
    await userEvent.upload(input(), gif);
    expect(await screen.findByText(/This is a GIF/)).toBeVisible();
    expect(input()).toBeInvalid();
    expect(await chosen()).toBeInTheDocument();
    await film();
    await waitFor(() => expect(gateway.submitted).toHaveLength(1));
  });

  test('with too many pixels for the model is refused before it is sent', async () => {
    Object.assign(PIXELS, { width: 10_000, height: 10_000 });
    await open();
    await userEvent.upload(input(), pngFile());
    expect(await screen.findByText(/the model takes at most 50 million/)).toBeVisible();
    await film();
    expect(gateway.submitted).toEqual([]);
  });

  test('comes from the Image Studio by its link, which then leads nowhere else', async () => {
    await open('/i2v?picture=%2Fv1%2Fjobs%2Fa%2Fresults%2F0&job=b');
    expect(
      await screen.findByRole('img', { name: 'Chosen: a picture of the Image Studio' }),
    ).toBeInTheDocument();
    expect(screen.getByRole('region', { name: 'address' })).toHaveTextContent(/^\/i2v\?job=b$/);
  });

  test('is one of the newest of the Image Studio', async () => {
    const result = { files: [file('p', 'results/0', 'image/png')] };
    const request = packed('image', { prompt: 'an owl' });
    const thumbnail = file('p', 'thumbnail', 'image/webp');
    gateway.jobs = [job('p', 'image', { state: 'succeeded', request, result, thumbnail })];
    await open();
    await userEvent.click(await screen.findByRole('button', { name: 'Take the picture: an owl' }));
    expect(await screen.findByRole('img', { name: 'Chosen: an owl' })).toBeInTheDocument();
  });
});

describe('a clip', () => {
  async function submitted() {
    await userEvent.upload(input(), pngFile());
    await chosen();
    await userEvent.type(screen.getByRole('textbox', { name: 'Prompt' }), 'to the left');
    await film();
    await stage().findByText('Queued at place 1');
    return gateway.jobs[0]?.id ?? '';
  }

  test('is submitted with its picture, plays in a loop and shows what was used', async () => {
    await open();
    const id = await submitted();
    const { body } = gateway.submitted[0] ?? {};
    expect(body).toMatchObject({ prompt: 'to the left', preview_every_steps: 1 });
    expect(body?.image).toBe(btoa(String.fromCharCode(...PNG)));
    expect(body).not.toHaveProperty('num_frames');
    expect(stage().getByRole('img', { name: 'What it begins with' })).toBeInTheDocument();

    act(() => gateway.change(id, { state: 'running', phase: 'encoding', step: 4, total_steps: 4 }));
    expect(await stage().findByText('Encoding', { selector: '.running-phase' })).toBeVisible();
    const video = { width: 64, height: 64, num_frames: 8, frames_per_second: 8, seed: 9 };
    const type = 'type.googleapis.com/atelier.videogen.v1.GenerateVideoResponse';
    act(() =>
      gateway.change(id, {
        state: 'succeeded',
        result: {
          files: [file(id, 'results/0', 'video/mp4')],
          messages: [
            { '@type': type, encoding: { num_frames: 8 } },
            { '@type': type, video: { ...video, duration_seconds: 1, warnings: ['cut'] } },
          ],
        },
      }),
    );
    const clip = await stage().findByLabelText('to the left');
    expect(clip).toHaveAttribute('src', `/v1/jobs/${id}/results/0`);
    expect(clip).toHaveAttribute('loop');
    expect(clip).toHaveAttribute('autoplay');
    expect(stage().getByText('8 per second')).toBeVisible();
    expect(stage().getByText('cut')).toBeVisible();
    const lights = screen.getByRole('region', { name: 'lights' });
    await waitFor(() => expect(lights).toHaveTextContent('videogen available reported'));
  });

  test('whose picture the worker refuses says so at the picture, not to the light', async () => {
    await open();
    const id = await submitted();
    const details = [badField('image', 'is a damaged PNG file; save it anew')];
    act(() => gateway.change(id, failure(3, 'image is damaged', details)));
    await waitFor(() =>
      expect(input()).toHaveAccessibleDescription('Is a damaged PNG file; save it anew.'),
    );
    expect(screen.getByRole('region', { name: 'lights' })).not.toHaveTextContent('reported');
    await userEvent.upload(input(), pngFile('another.png'));
    await waitFor(() => expect(input()).toBeValid());
  });

  test('brings its picture back with all its settings', async () => {
    const request = packed('videogen', { prompt: 'upwards', seed: 3, steps: 6 });
    const inputs = [file('c', 'inputs/image', 'image/png')];
    gateway.jobs = [job('c', 'videogen', { state: 'cancelled', request, inputs })];
    await open();
    await userEvent.click(await stage().findByRole('button', { name: 'Use all settings' }));
    expect(
      await screen.findByRole('img', { name: 'Chosen: the picture of that clip' }),
    ).toBeInTheDocument();
    expect(screen.getByRole('textbox', { name: 'Prompt' })).toHaveValue('upwards');
    expect(screen.getByRole('spinbutton', { name: 'Steps' })).toHaveValue(6);
    expect(screen.getByRole('textbox', { name: 'Seed' })).toHaveValue('3');
  });

  test('a model that takes no words is asked without them', async () => {
    gateway.models = { videogen: { ...MODEL, supported_fields: ['motion_strength'] } };
    await open();
    expect(screen.queryByRole('textbox', { name: 'Prompt' })).toBeNull();
    await userEvent.upload(input(), pngFile());
    await chosen();
    await userEvent.type(screen.getByRole('spinbutton', { name: 'Motion' }), '0.5');
    await film();
    await waitFor(() => expect(gateway.submitted).toHaveLength(1));
    expect(gateway.submitted[0]?.body).toMatchObject({ motion_strength: 0.5 });
    expect(gateway.submitted[0]?.body).not.toHaveProperty('prompt');
  });
});

import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import { GenerateImageRequestSchema } from '../gen/atelier/image/v1/image_pb';
import { JobSchema } from '../gen/atelier/jobs/v1/jobs_pb';
import { jobError } from './jobError';
import { jobTitle, phaseWords, progressOf } from './wording';

type Init = MessageInitShape<typeof JobSchema>;
const running = (phase: string, more: Init = {}): Init => ({ state: 'running', phase, ...more });

test.each<[Init, string]>([
  [{ state: 'queued', queuePosition: 0 }, 'Queued at place 1'],
  [{ state: 'queued', waitingReason: 'its worker is away' }, 'Waiting: its worker is away'],
  [running('starting'), 'Given to the worker'],
  [running('queued'), "In the worker's queue"],
  [running('loading'), 'Loading the model'],
  [running('working', { step: 3, totalSteps: 8 }), 'Step 3 of 8'],
  [running('working'), 'Working'],
  [running('encoding'), 'Encoding'],
  [running('image'), 'Saving'],
  [running('working', { cancelling: true }), 'Stopping'],
  [{ state: 'succeeded' }, 'Done'],
  [{ state: 'failed' }, 'Failed'],
  [{ state: 'cancelled' }, 'Stopped'],
])('%j is "%s"', (init, words) => {
  expect(phaseWords(create(JobSchema, init))).toBe(words);
});

test('a job is called by its words', () => {
  const request = anyPack(
    GenerateImageRequestSchema,
    create(GenerateImageRequestSchema, { prompt: 'an apple' }),
  );
  expect(jobTitle(create(JobSchema, { request }))).toBe('an apple');
  expect(jobTitle(create(JobSchema, {}))).toBe('');
});

test('the progress is that of the steps', () => {
  expect(progressOf(create(JobSchema, running('working', { step: 2, totalSteps: 8 })))).toBe(0.25);
  expect(progressOf(create(JobSchema, running('loading')))).toBeNull();
});

test('only what failed has an error; what it holds of other types is passed over', () => {
  const error = {
    code: 13,
    message: 'it broke',
    details: [{ typeUrl: 'type.googleapis.com/nobody.Knows', value: new Uint8Array([1]) }],
  };
  expect(jobError(create(JobSchema, { state: 'cancelled', error }))).toBeNull();
  expect(jobError(create(JobSchema, { state: 'failed', error }))).toMatchObject({
    code: 'INTERNAL',
    message: 'it broke',
    reason: '',
  });
});

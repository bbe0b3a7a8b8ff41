import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import { GenerateImageRequestSchema } from '../../gen/atelier/image/v1/image_pb';
import { WatchJobsResponseSchema } from '../../gen/atelier/jobs/v1/jobs_pb';
import { decoded } from './request';

const job = (id: string, type: string, request: object) => ({
  id,
  request: { '@type': `type.googleapis.com/${type}`, ...request },
});

test('a job of a capability that this page does not know is a job all the same', () => {
  const { jobs } = decoded(WatchJobsResponseSchema, {
    jobs: [
      job('known', 'atelier.image.v1.GenerateImageRequest', { prompt: 'an apple' }),
      job('new', 'atelier.music.v1.ComposeRequest', { melody: 'la' }),
    ],
  });
  expect(jobs.map(({ id }) => id)).toEqual(['known', 'new']);
  const request = jobs[0]?.request;
  expect(request && anyUnpack(request, GenerateImageRequestSchema)?.prompt).toBe('an apple');
  expect(jobs[1]?.request).toBeUndefined();
});

test('what is no message is an error', () => {
  expect(() => decoded(WatchJobsResponseSchema, { jobs: 7 })).toThrow(/jobs/);
});

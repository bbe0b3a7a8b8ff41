import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import { JobFileSchema, JobSchema } from '../gen/atelier/jobs/v1/jobs_pb';
import { partName } from './save';

const job = create(JobSchema, { endTime: timestampFromDate(new Date(2026, 0, 2, 3, 4, 5)) });
const part = (contentType: string, seed: number | null) => ({
  file: create(JobFileSchema, { contentType }),
  seed,
  size: null,
});

test('a file is named by its words, its seed and its time', () => {
  expect(partName(job, 'A red apple!', part('image/png', 7))).toBe(
    'a-red-apple-seed-7-20260102-030405.png',
  );
  expect(partName(job, '', part('video/mp4', null))).toBe('untitled-20260102-030405.mp4');
});

test('long words do not cost the seed', () => {
  expect(partName(job, 'word '.repeat(40), part('image/webp', 0))).toMatch(
    /^word(-word)*-seed-0-20260102-030405\.webp$/,
  );
});

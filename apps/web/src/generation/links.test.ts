import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { JobFileSchema } from '../gen/atelier/jobs/v1/jobs_pb';
import { broughtPicture, i2vLink, withoutPicture } from './links';

test('a link brings the picture that it was made for', () => {
  const url = '/v1/jobs/01m8-a/results/0';
  const link = new URL(i2vLink(create(JobFileSchema, { url })), 'http://x');
  expect(link.pathname).toBe('/i2v');
  expect(broughtPicture(link.searchParams)).toBe(url);
  expect(broughtPicture(withoutPicture(link.searchParams))).toBeNull();
});

test.each(['https://evil.example/a.png', '//evil/a', '/v1/jobs/a/../../x', '/v1/llm/model'])(
  'what is no file of a job is not fetched: %s',
  (url) => {
    expect(broughtPicture(new URLSearchParams({ picture: url }))).toBeNull();
  },
);

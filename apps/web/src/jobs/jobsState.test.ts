import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { JobSchema } from '../gen/atelier/jobs/v1/jobs_pb';
import { type JobsState, NO_JOBS, nextJobs } from './jobsState';

const job = (id: string, state = 'queued') => create(JobSchema, { id, state });

function told(state: JobsState, ids: string[], more = {}): JobsState {
  const jobs = ids.map((id) => job(id));
  return nextJobs(state, { type: 'news', jobs, deletedIds: [], caughtUp: false, ...more });
}

const known = (state: JobsState) => Object.keys(state.byId).sort();

test('a look is complete with its last message', () => {
  const half = told(NO_JOBS, ['a']);
  expect(half.caughtUp).toBe(false);
  expect(told(half, ['b'], { caughtUp: true })).toMatchObject({ caughtUp: true });
});

test('what went while the gateway was lost is gone after the next look', () => {
  const before = told(NO_JOBS, ['a', 'b'], { caughtUp: true });
  const lost = nextJobs(before, { type: 'lost' });
  expect(known(lost)).toEqual(['a', 'b']);
  expect(known(told(lost, ['b', 'c'], { caughtUp: true }))).toEqual(['b', 'c']);
});

test('a deleted job goes', () => {
  const before = told(NO_JOBS, ['a', 'b'], { caughtUp: true });
  expect(known(told(before, [], { deletedIds: ['a'] }))).toEqual(['b']);
});

test('the answer to a submission does not undo what the stream told meanwhile', () => {
  const before = nextJobs(NO_JOBS, {
    type: 'news',
    jobs: [job('a', 'running')],
    deletedIds: [],
    caughtUp: true,
  });
  expect(nextJobs(before, { type: 'taken', job: job('a') }).byId.a?.state).toBe('running');
});

test('a job that was submitted during the first look stays', () => {
  const taken = nextJobs(NO_JOBS, { type: 'taken', job: job('new') });
  expect(known(told(taken, ['old'], { caughtUp: true }))).toEqual(['new', 'old']);
});

test('what this page saw go is remembered, what only grew too old is not', () => {
  const before = told(NO_JOBS, ['a', 'b', 'c'], { caughtUp: true });
  const deleted = nextJobs(before, { type: 'deleted', id: 'a' });
  const again = told(nextJobs(deleted, { type: 'lost' }), ['c'], { caughtUp: true });
  expect(known(again)).toEqual(['c']);
  expect(again).toMatchObject({ gone: { a: true }, looks: 2 });
});

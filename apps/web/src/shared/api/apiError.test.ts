import { expect, test } from 'vitest';
import { errorFromBody, errorOf } from './apiError';

const body = {
  error: {
    code: 400,
    status: 'INVALID_ARGUMENT',
    message: 'temperature: at most 2',
    capability: 'llm',
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'FIELD',
        domain: 'llm.atelier',
      },
      {
        '@type': 'type.googleapis.com/google.rpc.BadRequest',
        field_violations: [{ field: 'temperature', description: 'at most 2' }],
      },
      { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retry_delay: '1.5s' },
    ],
  },
};

test('an error has its code, reason, fields and wait', () => {
  expect(errorFromBody(body)).toMatchObject({
    httpStatus: 400,
    code: 'INVALID_ARGUMENT',
    reason: 'FIELD',
    domain: 'llm.atelier',
    capability: 'llm',
    violations: [{ field: 'temperature', description: 'at most 2' }],
    retryAfterSeconds: 1.5,
  });
});

test('the header Retry-After is heard first', async () => {
  const answer = Response.json(body, { status: 429, headers: { 'Retry-After': '7' } });
  expect((await errorOf(answer)).retryAfterSeconds).toBe(7);
});

test('what is no JSON is still an error', async () => {
  const error = await errorOf(new Response('<html>', { status: 502 }));
  expect(error).toMatchObject({ httpStatus: 502, code: 'UNKNOWN', violations: [] });
});

/** W3C's trace context: with each request begins a trace, which the gateway's spans continue. */

const SAMPLED = '01';

/** A new header of random ids; see https://www.w3.org/TR/trace-context/#traceparent-header. */
export function newTraceparent(): string {
  return `00-${randomHex(16)}-${randomHex(8)}-${SAMPLED}`;
}

/** Hexadecimal digits of random bytes, not all of them 0: that would be no id. */
function randomHex(bytes: number): string {
  const values = crypto.getRandomValues(new Uint8Array(bytes));
  if (values.every((value) => value === 0)) return randomHex(bytes);
  return Array.from(values, (value) => value.toString(16).padStart(2, '0')).join('');
}

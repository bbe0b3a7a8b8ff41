/** One way to ask the gateway: typed messages in, typed messages out, typed errors. */
import {
  create,
  createRegistry,
  type DescMessage,
  fromJson,
  type JsonValue,
  type MessageInitShape,
  type MessageShape,
  toJson,
} from '@bufbuild/protobuf';
import { file_atelier_image_v1_image } from '../../gen/atelier/image/v1/image_pb';
import { file_atelier_jobs_v1_jobs } from '../../gen/atelier/jobs/v1/jobs_pb';
import { file_atelier_llm_v1_llm } from '../../gen/atelier/llm/v1/llm_pb';
import { file_atelier_tts_v1_tts } from '../../gen/atelier/tts/v1/tts_pb';
import { file_atelier_videogen_v1_videogen } from '../../gen/atelier/videogen/v1/videogen_pb';
import { file_google_rpc_error_details } from '../../gen/google/rpc/error_details_pb';
import { errorOf, GatewayUnreachable } from './apiError';
import { isRecord, textOf } from './json';
import { keyEntered } from './key';
import { newTraceparent } from './traceparent';

/** The types that may stand in a google.protobuf.Any: requests, results, details of errors. */
export const registry = createRegistry(
  file_atelier_image_v1_image,
  file_atelier_jobs_v1_jobs,
  file_atelier_llm_v1_llm,
  file_atelier_tts_v1_tts,
  file_atelier_videogen_v1_videogen,
  file_google_rpc_error_details,
);

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly body?: JsonValue;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/**
 * Asks, and gives the answer if it is OK. Throws ApiError, GatewayUnreachable, or the AbortError
 * of the signal. Where a key is asked for, it waits until one was entered and asks again.
 */
export async function ask(path: string, options: RequestOptions = {}): Promise<Response> {
  for (;;) {
    const answer = await sent(path, options);
    if (answer.ok) return answer;
    const error = await errorOf(answer);
    if (error.reason !== 'API_KEY_REQUIRED') throw error;
    await keyEntered();
  }
}

/** Asks for one message. */
export async function askFor<Desc extends DescMessage>(
  schema: Desc,
  path: string,
  options: RequestOptions = {},
): Promise<MessageShape<Desc>> {
  const answer = await ask(path, options);
  return decoded(schema, (await answer.json()) as JsonValue);
}

/**
 * Reads a message from the gateway's JSON. A newer gateway's fields are passed over, and so is what
 * an Any holds of a type that is not known here: another capability's request, for example.
 */
export function decoded<Desc extends DescMessage>(
  schema: Desc,
  json: JsonValue,
): MessageShape<Desc> {
  const options = { registry, ignoreUnknownFields: true };
  try {
    return fromJson(schema, json, options);
  } catch (error) {
    try {
      return fromJson(schema, withoutUnknownTypes(json), options);
    } catch {
      throw error;
    }
  }
}

/** Writes a message as the gateway's JSON, with the protos' own field names. */
export function encoded<Desc extends DescMessage>(
  schema: Desc,
  init: MessageInitShape<Desc>,
): JsonValue {
  return toJson(schema, create(schema, init), { registry, useProtoFieldName: true });
}

async function sent(path: string, options: RequestOptions): Promise<Response> {
  const { body, method = body === undefined ? 'GET' : 'POST', headers, signal } = options;
  const type: Record<string, string> =
    body === undefined ? {} : { 'Content-Type': 'application/json' };
  try {
    return await fetch(path, {
      method,
      headers: { traceparent: newTraceparent(), ...type, ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new GatewayUnreachable('The gateway does not answer.');
  }
}

/** The same JSON without the objects whose "@type" is not in the registry. */
function withoutUnknownTypes(json: JsonValue): JsonValue {
  if (Array.isArray(json)) return json.filter(isKnown).map(withoutUnknownTypes);
  if (typeof json !== 'object' || json === null) return json;
  const entries = Object.entries(json);
  return Object.fromEntries(
    entries
      .filter(([, value]) => isKnown(value))
      .map(([key, value]) => [key, withoutUnknownTypes(value)]),
  );
}

function isKnown(value: JsonValue): boolean {
  const type = isRecord(value) ? textOf(value['@type']) : '';
  return type === '' || registry.getMessage(type.slice(type.lastIndexOf('/') + 1)) !== undefined;
}

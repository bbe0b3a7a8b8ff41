import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type StreamSynthesizeResponse,
  StreamSynthesizeResponseSchema,
  SynthesizeRequestSchema,
} from '../../gen/atelier/tts/v1/tts_pb';
import { events } from '../../shared/api/events';
import { decoded, encoded } from '../../shared/api/request';

export type SpeechRequestInit = MessageInitShape<typeof SynthesizeRequestSchema>;

export const SPEECH_ROUTE = '/v1/tts/speech:stream';

/**
 * Reads a text: queued and loading messages, one started message, for each sentence one sentence
 * message followed by its audio, and one finished message. Throws ApiError, GatewayUnreachable, or
 * the signal's AbortError, which ends the work on the GPU as well.
 */
export async function* streamSpeech(
  request: SpeechRequestInit,
  signal: AbortSignal,
): AsyncGenerator<StreamSynthesizeResponse, void> {
  const body = encoded(SynthesizeRequestSchema, request);
  for await (const { data } of events(SPEECH_ROUTE, { body, signal })) {
    yield decoded(StreamSynthesizeResponseSchema, data);
  }
}

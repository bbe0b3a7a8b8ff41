import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  ChatRequestSchema,
  type StreamChatResponse,
  StreamChatResponseSchema,
} from '../../gen/atelier/llm/v1/llm_pb';
import { events } from '../../shared/api/events';
import { decoded, encoded } from '../../shared/api/request';

export type ChatRequestInit = MessageInitShape<typeof ChatRequestSchema>;

/**
 * Answers a conversation piece by piece: queued and loading messages, then text, then one finished
 * message. Throws ApiError, GatewayUnreachable, or the signal's AbortError, which ends the work on
 * the GPU as well.
 */
export async function* streamChat(
  request: ChatRequestInit,
  signal: AbortSignal,
): AsyncGenerator<StreamChatResponse, void> {
  const body = encoded(ChatRequestSchema, request);
  for await (const { data } of events('/v1/llm/chat:stream', { body, signal })) {
    yield decoded(StreamChatResponseSchema, data);
  }
}

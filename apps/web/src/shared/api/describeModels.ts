import { DescribeModelResponseSchema as ImageSchema } from '../../gen/atelier/image/v1/image_pb';
import { DescribeModelResponseSchema as LlmSchema } from '../../gen/atelier/llm/v1/llm_pb';
import { DescribeModelResponseSchema as TtsSchema } from '../../gen/atelier/tts/v1/tts_pb';
import { DescribeModelResponseSchema as VideogenSchema } from '../../gen/atelier/videogen/v1/videogen_pb';
import { askFor } from './request';

/** Each tells which model works, whether it is loaded, its defaults and limits; never loads it. */
export const describeModel = {
  llm: (signal?: AbortSignal) => askFor(LlmSchema, '/v1/llm/model', { signal }),
  tts: (signal?: AbortSignal) => askFor(TtsSchema, '/v1/tts/model', { signal }),
  image: (signal?: AbortSignal) => askFor(ImageSchema, '/v1/image/model', { signal }),
  videogen: (signal?: AbortSignal) => askFor(VideogenSchema, '/v1/videogen/model', { signal }),
} as const;

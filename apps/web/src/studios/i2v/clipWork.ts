/** What a job of the I2V Studio is to film, or has filmed. */
import type { Job } from '../../gen/atelier/jobs/v1/jobs_pb';
import {
  type GenerateVideoRequest,
  GenerateVideoRequestSchema,
  GenerateVideoResponseSchema,
  type VideoInfo,
} from '../../gen/atelier/videogen/v1/videogen_pb';
import { messagesOf, requestOf } from '../../generation/anys';
import type { Draft } from '../../generation/draft';
import { given, shown, type Work } from '../../generation/work';

/** Null for a job of another method. */
export function clipWork(job: Job): Work | null {
  const request = requestOf(job, GenerateVideoRequestSchema);
  if (!request) return null;
  const [info] = messagesOf(job, GenerateVideoResponseSchema).flatMap(({ event }) =>
    event.case === 'video' ? [event.value] : [],
  );
  const { width, height } = info ?? request;
  const size = width && height ? { width, height } : null;
  const seed = info?.seed ?? request.seed ?? null;
  return {
    prompt: request.prompt,
    seed,
    size,
    settings: settings(request, info),
    warnings: info?.warnings ?? [],
    parts: (job.result?.files ?? []).map((file) => ({ file, seed, size })),
    draft: draftOf(request),
    input: job.inputs.find(({ name }) => name === 'inputs/image') ?? null,
  };
}

function settings(request: GenerateVideoRequest, info: VideoInfo | undefined): Work['settings'] {
  const { width, height, numFrames, framesPerSecond } = info ?? request;
  return shown([
    ['Size', width && height ? `${width} × ${height}` : ''],
    ['Frames', numFrames],
    ['Rate', framesPerSecond && `${framesPerSecond} per second`],
    ['Lasts', info && `${info.durationSeconds.toFixed(1)} s`],
    ['Steps', info?.steps ?? request.steps],
    ['Guidance', request.guidanceScale],
    ['Motion', request.motionStrength],
    ['Seed', info?.seed ?? request.seed],
    ['Left out', request.negativePrompt],
    ['Model', info?.model],
  ]);
}

function draftOf(request: GenerateVideoRequest): Partial<Draft> {
  const { width, height, steps, guidanceScale, numFrames, framesPerSecond, motionStrength } =
    request;
  return {
    prompt: request.prompt,
    negativePrompt: request.negativePrompt,
    numbers: given({
      width,
      height,
      steps,
      guidanceScale,
      numFrames,
      framesPerSecond,
      motionStrength,
    }),
    choices: given({ format: request.format || undefined }),
    ...(request.seed === undefined ? {} : { seed: request.seed, seedHeld: true }),
  };
}

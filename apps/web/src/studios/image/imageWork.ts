/** What a job of the Image Studio is to draw, or has drawn. */
import {
  type GeneratedImage,
  type GenerateImageRequest,
  GenerateImageRequestSchema,
  GenerateImageResponseSchema,
} from '../../gen/atelier/image/v1/image_pb';
import type { Job } from '../../gen/atelier/jobs/v1/jobs_pb';
import { messagesOf, requestOf } from '../../generation/anys';
import type { Draft } from '../../generation/draft';
import { given, type Part, shown, type Work } from '../../generation/work';

/** Null for a job of another method. */
export function imageWork(job: Job): Work | null {
  const request = requestOf(job, GenerateImageRequestSchema);
  if (!request) return null;
  const images = messagesOf(job, GenerateImageResponseSchema).flatMap(({ event }) =>
    event.case === 'image' ? [event.value] : [],
  );
  const first = images[0];
  const { width, height } = first ?? request;
  return {
    prompt: request.prompt,
    seed: first?.seed ?? request.seed ?? null,
    size: width && height ? { width, height } : null,
    settings: settings(request, first),
    warnings: [...new Set(images.flatMap(({ warnings }) => warnings))],
    parts: (job.result?.files ?? []).map((file, index): Part => {
      const image = images[index];
      return {
        file,
        seed: image?.seed ?? null,
        size: image ? { width: image.width, height: image.height } : null,
      };
    }),
    draft: draftOf(request),
    input: job.inputs.find(({ name }) => name === 'inputs/image') ?? null,
  };
}

function settings(
  request: GenerateImageRequest,
  image: GeneratedImage | undefined,
): Work['settings'] {
  const { width, height } = image ?? request;
  return shown([
    ['Size', width && height ? `${width} × ${height}` : ''],
    ['Steps', image?.steps ?? request.steps],
    ['Guidance', request.guidanceScale],
    ['Seed', image?.seed ?? request.seed],
    ['Change', request.strength],
    ['Left out', request.negativePrompt],
    ['Scheduler', request.scheduler],
    ['Model', image?.model],
  ]);
}

function draftOf(request: GenerateImageRequest): Partial<Draft> {
  const { width, height, steps, guidanceScale, numImages, strength, scheduler, format } = request;
  return {
    prompt: request.prompt,
    negativePrompt: request.negativePrompt,
    numbers: given({ width, height, steps, guidanceScale, numImages, strength }),
    choices: given({ scheduler: scheduler || undefined, format: format || undefined }),
    ...(request.seed === undefined ? {} : { seed: request.seed, seedHeld: true }),
  };
}

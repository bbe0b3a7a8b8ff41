/** What a video model lets one set, as controls; and what they make of a request. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  DescribeModelResponse,
  GenerateVideoRequestSchema,
} from '../../gen/atelier/videogen/v1/videogen_pb';
import type { Draft } from '../../generation/draft';
import { type NumberSpec, sent, valueIn } from '../../generation/numbers';
import type { ChoiceSpec } from '../../generation/SettingsFields';
import { type Shape, type Size, shapes } from '../../generation/shapes';

const PREVIEWS = 10;
/** Frames per second, by the contract. */
const RATES = { min: 1, max: 60, step: 1 };

/** Whether the model can use an optional field of the request; as long as nobody knows, it can. */
export function supports(model: DescribeModelResponse | null, field: string): boolean {
  return model?.supportedFields.includes(field) ?? true;
}

/** The numbers, none while nobody knows the model. */
export function clipNumbers(model: DescribeModelResponse | null, draft: Draft): NumberSpec[] {
  const { defaults, limits } = model ?? {};
  if (!defaults || !limits) return [];
  const side = { min: limits.minSide, max: limits.maxSide, step: Math.max(1, limits.sideMultiple) };
  const frames = draft.numbers.numFrames ?? defaults.numFrames;
  const rate = draft.numbers.framesPerSecond ?? defaults.framesPerSecond;
  const specs: (NumberSpec & { readonly request: string })[] = [
    { request: 'width', field: 'width', label: 'Width', own: defaults.width, ...side },
    { request: 'height', field: 'height', label: 'Height', own: defaults.height, ...side },
    {
      request: 'num_frames',
      field: 'numFrames',
      label: 'Frames',
      own: defaults.numFrames,
      min: limits.minFrames,
      max: limits.maxFrames,
      step: Math.max(1, limits.frameMultiple),
    },
    {
      request: 'frames_per_second',
      field: 'framesPerSecond',
      label: 'Frames per second',
      own: defaults.framesPerSecond,
      ...RATES,
      hint: `${frames} frames last ${(frames / Math.max(1, rate)).toFixed(1)} s.`,
    },
    {
      request: 'steps',
      field: 'steps',
      label: 'Steps',
      own: defaults.steps,
      min: 1,
      max: limits.maxSteps,
      step: 1,
    },
    {
      request: 'guidance_scale',
      field: 'guidanceScale',
      label: 'Guidance',
      own: defaults.guidanceScale,
      min: limits.minGuidanceScale,
      max: limits.maxGuidanceScale,
      step: 0.1,
      hint: 'How strictly the words are followed.',
    },
    {
      request: 'motion_strength',
      field: 'motionStrength',
      label: 'Motion',
      own: defaults.motionStrength,
      min: 0,
      max: 1,
      step: 0.05,
      hint: 'How much moves.',
    },
  ];
  return specs.filter(({ request }) => supports(model, request));
}

export function clipShapes(model: DescribeModelResponse | null, like: Size | null): Shape[] {
  const { defaults, limits } = model ?? {};
  return defaults && limits ? shapes(defaults, limits, like) : [];
}

export function clipChoices(model: DescribeModelResponse | null): ChoiceSpec[] {
  if (!model) return [];
  return [{ field: 'format', label: 'File', own: 'mp4', options: ['mp4', 'webm'] }];
}

export function clipRequest(
  draft: Draft,
  model: DescribeModelResponse | null,
  seed: number,
  picture: Uint8Array,
): MessageInitShape<typeof GenerateVideoRequestSchema> {
  const numbers = clipNumbers(model, draft);
  const steps = numbers.find(({ field }) => field === 'steps');
  return {
    image: picture,
    ...(supports(model, 'prompt') ? { prompt: draft.prompt.trim() } : {}),
    ...(model && supports(model, 'negative_prompt')
      ? { negativePrompt: draft.negativePrompt.trim() }
      : {}),
    ...sent(numbers, draft.numbers),
    ...(draft.choices.format ? { format: draft.choices.format } : {}),
    ...(steps
      ? { previewEverySteps: Math.max(1, Math.ceil(valueIn(steps, draft.numbers) / PREVIEWS)) }
      : {}),
    seed,
  };
}

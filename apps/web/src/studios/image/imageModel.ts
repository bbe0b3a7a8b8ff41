/** What an image model lets one set, as controls; and what they make of a request. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  DescribeModelResponse,
  GenerateImageRequestSchema,
} from '../../gen/atelier/image/v1/image_pb';
import type { Draft } from '../../generation/draft';
import { type NumberSpec, sent, valueIn } from '../../generation/numbers';
import type { ChoiceSpec } from '../../generation/SettingsFields';
import { type Shape, type Size, shapes } from '../../generation/shapes';

export const FORMATS = ['png', 'webp', 'jpeg'];
const PREVIEWS = 10;

/** The numbers, none while nobody knows the model. `redraws`: whether it begins with a picture. */
export function imageNumbers(model: DescribeModelResponse | null, redraws: boolean): NumberSpec[] {
  const { defaults, limits } = model ?? {};
  if (!defaults || !limits) return [];
  const side = { min: limits.minSide, max: limits.maxSide, step: Math.max(1, limits.sideMultiple) };
  const specs: NumberSpec[] = [
    { field: 'width', label: 'Width', own: defaults.width, ...side },
    { field: 'height', label: 'Height', own: defaults.height, ...side },
    { field: 'steps', label: 'Steps', own: defaults.steps, min: 1, max: limits.maxSteps, step: 1 },
    {
      field: 'guidanceScale',
      label: 'Guidance',
      own: defaults.guidanceScale,
      min: limits.minGuidanceScale,
      max: limits.maxGuidanceScale,
      step: 0.1,
      hint: 'How strictly the words are followed.',
    },
    { field: 'numImages', label: 'Pictures', own: 1, min: 1, max: limits.maxImages, step: 1 },
  ];
  if (!redraws || !model?.imageToImage) return specs;
  const hint = 'How far it may move away from the picture that it begins with.';
  const strength = { field: 'strength', label: 'Change', own: defaults.strength, hint };
  return [...specs, { ...strength, min: 0.05, max: 1, step: 0.05 }];
}

export function imageShapes(model: DescribeModelResponse | null, like: Size | null): Shape[] {
  const { defaults, limits } = model ?? {};
  return defaults && limits ? shapes(defaults, limits, like) : [];
}

export function imageChoices(model: DescribeModelResponse | null): ChoiceSpec[] {
  const schedulers = model?.schedulers ?? [];
  return [
    {
      field: 'scheduler',
      label: 'Scheduler',
      own: schedulers[0] ?? '',
      options: schedulers,
    },
    { field: 'format', label: 'File', own: 'png', options: FORMATS },
  ];
}

export function imageRequest(
  draft: Draft,
  model: DescribeModelResponse | null,
  seed: number,
  picture: Uint8Array | null,
): MessageInitShape<typeof GenerateImageRequestSchema> {
  const numbers = imageNumbers(model, picture !== null);
  const steps = numbers.find(({ field }) => field === 'steps');
  return {
    prompt: draft.prompt.trim(),
    ...(model?.negativePrompt ? { negativePrompt: draft.negativePrompt.trim() } : {}),
    ...sent(numbers, draft.numbers),
    ...draft.choices,
    ...(picture ? { image: picture } : {}),
    ...(steps
      ? { previewEverySteps: Math.max(1, Math.ceil(valueIn(steps, draft.numbers) / PREVIEWS)) }
      : {}),
    seed,
  };
}

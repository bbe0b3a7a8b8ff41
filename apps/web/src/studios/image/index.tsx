/** The Image Studio: draws pictures from words, as jobs, and shows all that were drawn. */
import { useCallback } from 'react';
import { Link } from 'react-router';
import { GenerateImageRequestSchema } from '../../gen/atelier/image/v1/image_pb';
import type { Job } from '../../gen/atelier/jobs/v1/jobs_pb';
import { Gallery } from '../../generation/Gallery';
import { i2vLink } from '../../generation/links';
import { MakeForm } from '../../generation/MakeForm';
import { ModelLine } from '../../generation/ModelLine';
import { complaints, sizeOf } from '../../generation/numbers';
import { PictureInput } from '../../generation/PictureInput';
import { PromptFields } from '../../generation/PromptFields';
import { SeedField } from '../../generation/SeedField';
import { MoreSettings, SettingsFields } from '../../generation/SettingsFields';
import { Stage } from '../../generation/Stage';
import { useForm } from '../../generation/useForm';
import { useGallery } from '../../generation/useGallery';
import { usePicture } from '../../generation/usePicture';
import { useSelection } from '../../generation/useSelection';
import { StudioFrame } from '../../health/StudioFrame';
import { useModel } from '../../health/useModel';
import { encoded } from '../../shared/api/request';
import { imageChoices, imageNumbers, imageRequest, imageShapes } from './imageModel';
import { imageWork } from './imageWork';
import '../../generation/generation.css';

const STOP_WORDS = {
  waiting: 'Waiting',
  loading: 'Loading',
  working: 'Drawing',
  finishing: 'Saving',
} as const;

export default function ImageStudio() {
  const model = useModel('image');
  const gallery = useGallery('image');
  const selection = useSelection('image', gallery.jobs, gallery.caughtUp);
  const { select, selected } = selection;
  const onAccepted = useCallback((job: Job) => select(job.id), [select]);
  const form = useForm('image', '/v1/image/generate', onAccepted);
  const { draft, change, errors } = form;
  const redraws = model?.imageToImage ?? false;
  const source = usePicture('image', model?.limits?.maxInputPixels ?? 0);
  const picture = redraws ? source.picture : null;
  const numbers = imageNumbers(model, picture !== null);
  const work = selected ? imageWork(selected) : null;

  const submit = () => {
    const wrong = complaints(numbers, draft.numbers);
    if (draft.prompt.trim() === '') wrong.prompt = 'Say what the picture shows.';
    if (picture && !source.isUsable && source.problem) wrong.image = source.problem;
    return form.submit(wrong, async (seed) => {
      const bytes = picture && new Uint8Array(await picture.file.arrayBuffer());
      return encoded(GenerateImageRequestSchema, imageRequest(draft, model, seed, bytes));
    });
  };
  const recall = {
    all: () => {
      if (!work) return;
      change(work.draft);
      if (redraws && work.input) source.takeFrom(work.input.url, 'what that picture began with');
      else source.clear();
    },
    prompt: () => work && change({ prompt: work.prompt }),
    seed: (seed: number) => change({ seed, seedHeld: true }),
  };
  return (
    <StudioFrame
      title="Image Studio"
      capability="image"
      actions={<ModelLine model={model?.model} own={sizeOf(numbers, {})} />}
    >
      <div className="workbench">
        <MakeForm verb="Draw" submitting={form.submitting} onSubmit={submit}>
          <PromptFields
            draft={draft}
            onChange={change}
            errors={errors}
            label="Prompt"
            placeholder="What the picture shows"
            suggestions={model?.subjects ?? []}
            suggestionsLabel="What this model can draw:"
            negative={model?.negativePrompt ?? false}
          />
          {redraws && (
            <PictureInput
              label="Begin with a picture (optional)"
              state={source}
              error={errors.image}
              frame={sizeOf(numbers, draft.numbers)}
            />
          )}
          <SettingsFields
            draft={draft}
            onChange={change}
            errors={errors}
            numbers={numbers}
            sizes={imageShapes(model, picture)}
          />
          <SeedField draft={draft} onChange={change} error={errors.seed} />
          <MoreSettings
            draft={draft}
            onChange={change}
            errors={errors}
            choices={imageChoices(model)}
          />
        </MakeForm>
        <Stage
          selection={selection}
          work={work}
          stopWords={STOP_WORDS}
          noun="picture"
          empty="Your picture appears here."
          recall={recall}
          show={(part) => <img className="made" src={part.file.url} alt={work?.prompt ?? ''} />}
          actions={(part) => (
            <Link className="button" to={i2vLink(part.file)}>
              Send to I2V
            </Link>
          )}
        />
        <Gallery
          gallery={gallery}
          selected={selected?.id}
          title="Pictures"
          empty="What is drawn stays here, for every tab and until it is deleted."
        />
      </div>
    </StudioFrame>
  );
}

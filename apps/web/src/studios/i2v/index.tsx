/** The I2V Studio: sets a picture in motion, as a job, and shows all clips. */
import { useCallback, useEffect } from 'react';
import { useSearchParams } from 'react-router';
import type { Job } from '../../gen/atelier/jobs/v1/jobs_pb';
import { GenerateVideoRequestSchema } from '../../gen/atelier/videogen/v1/videogen_pb';
import { Gallery } from '../../generation/Gallery';
import { broughtPicture, withoutPicture } from '../../generation/links';
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
import { Clip } from './Clip';
import { clipChoices, clipNumbers, clipRequest, clipShapes, supports } from './clipModel';
import { clipWork } from './clipWork';
import { RecentPictures } from './RecentPictures';
import '../../generation/generation.css';

const STOP_WORDS = {
  waiting: 'Waiting',
  loading: 'Loading',
  working: 'Filming',
  finishing: 'Encoding',
} as const;

export default function I2vStudio() {
  const model = useModel('videogen');
  const gallery = useGallery('videogen');
  const selection = useSelection('videogen', gallery.jobs, gallery.caughtUp);
  const { select, selected } = selection;
  const onAccepted = useCallback((job: Job) => select(job.id), [select]);
  const form = useForm('i2v', '/v1/videogen/generate', onAccepted);
  const { draft, change, changed, errors } = form;
  const source = usePicture('i2v', model?.limits?.maxInputPixels ?? 0);
  const { picture } = source;
  const numbers = clipNumbers(model, draft);
  const frame = sizeOf(numbers, draft.numbers);
  const work = selected ? clipWork(selected) : null;
  useBroughtPicture(source.takeFrom);
  useEffect(() => {
    if (picture) changed('image');
  }, [picture, changed]);

  const submit = () => {
    const wrong = complaints(numbers, draft.numbers);
    if (!source.isUsable) wrong.image = source.problem ?? 'Choose the picture that is to move.';
    return form.submit(wrong, async (seed) => {
      const bytes = new Uint8Array((await picture?.file.arrayBuffer()) ?? new ArrayBuffer(0));
      return encoded(GenerateVideoRequestSchema, clipRequest(draft, model, seed, bytes));
    });
  };
  const recall = {
    all: () => {
      if (!work) return;
      change(work.draft);
      if (work.input) source.takeFrom(work.input.url, 'the picture of that clip');
    },
    prompt: () => work && change({ prompt: work.prompt }),
    seed: (seed: number) => change({ seed, seedHeld: true }),
  };
  return (
    <StudioFrame
      title="I2V Studio"
      capability="videogen"
      actions={<ModelLine model={model?.model} own={sizeOf(numbers, {})} />}
    >
      <div className="workbench">
        <MakeForm verb="Film" submitting={form.submitting} onSubmit={submit}>
          <PictureInput label="Picture" state={source} error={errors.image} frame={frame} />
          {!picture && <RecentPictures onTake={source.takeFrom} />}
          {supports(model, 'prompt') && (
            <PromptFields
              draft={draft}
              onChange={change}
              errors={errors}
              label="Prompt"
              placeholder="How it moves"
              suggestions={model?.motions ?? []}
              suggestionsLabel="Motions that this model knows:"
              negative={model !== null && supports(model, 'negative_prompt')}
            />
          )}
          <SettingsFields
            draft={draft}
            onChange={change}
            errors={errors}
            numbers={numbers}
            sizes={clipShapes(model, picture)}
          />
          <SeedField draft={draft} onChange={change} error={errors.seed} />
          <MoreSettings
            draft={draft}
            onChange={change}
            errors={errors}
            choices={clipChoices(model)}
          />
        </MakeForm>
        <Stage
          selection={selection}
          work={work}
          stopWords={STOP_WORDS}
          noun="clip"
          empty="Your clip appears here."
          recall={recall}
          show={(part) => <Clip url={part.file.url} title={work?.prompt ?? ''} />}
        />
        <Gallery
          gallery={gallery}
          selected={selected?.id}
          title="Clips"
          empty="What is filmed stays here, for every tab and until it is deleted."
        />
      </div>
    </StudioFrame>
  );
}

/** Takes the picture that a link from the Image Studio brought, once. */
function useBroughtPicture(takeFrom: (url: string, name: string) => void): void {
  const [parameters, setParameters] = useSearchParams();
  const url = broughtPicture(parameters);
  useEffect(() => {
    if (url === null) return;
    takeFrom(url, 'a picture of the Image Studio');
    setParameters(withoutPicture, { replace: true });
  }, [url, takeFrom, setParameters]);
}

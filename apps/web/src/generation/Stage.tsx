/** The job that is looked at, large. */
import { useEffect, useRef, useState } from 'react';
import type { Job } from '../gen/atelier/jobs/v1/jobs_pb';
import { hasEnded } from '../jobs/jobsState';
import { phaseWords } from '../jobs/wording';
import { EmptyState } from '../shared/ui/controls';
import { EndedJob, type EndedJobProps } from './EndedJob';
import { type Stop, stopOf } from './phases';
import { RunningJob } from './RunningJob';
import type { Selection } from './useSelection';
import type { Work } from './work';

export function Stage({
  selection,
  work,
  stopWords,
  empty,
  ...ended
}: Omit<EndedJobProps, 'job' | 'work' | 'select'> & {
  selection: Selection;
  work: Work | null;
  stopWords: Readonly<Record<Stop, string>>;
  /** What to say where there is nothing yet. */
  empty: string;
}) {
  const { selected, wanted, isGone, select } = selection;
  const stage = useRef<HTMLElement>(null);
  const announcement = useAnnouncement(selected, stopWords);
  useBroughtIntoView(stage, wanted);
  return (
    <section ref={stage} className="stage" aria-label={`The ${ended.noun}`}>
      <p className="visually-hidden" aria-live="polite">
        {announcement}
      </p>
      {isGone && <p className="studio-note">That {ended.noun} is gone; this is the newest one.</p>}
      {(!selected || !work) && <EmptyState title={empty} />}
      {selected && work && !hasEnded(selected) && (
        <RunningJob job={selected} work={work} stopWords={stopWords} />
      )}
      {selected && work && hasEnded(selected) && (
        <EndedJob {...ended} key={selected.id} job={selected} work={work} select={select} />
      )}
    </section>
  );
}

/** Says each phase once, and the end; not every step. */
function useAnnouncement(job: Job | undefined, words: Readonly<Record<Stop, string>>): string {
  const isGoing = job && !hasEnded(job) && !job.cancelling;
  const news = job && (isGoing ? words[stopOf(job)] : phaseWords(job));
  const [said, setSaid] = useState({ id: job?.id, news, text: '' });
  if (!job || (said.id === job.id && said.news === news)) return said.text;
  // Another job was chosen, which is no news; or the same one went on.
  const text = said.id === job.id ? (news ?? '') : '';
  setSaid({ id: job.id, news, text });
  return text;
}

/** Where there is little room, the stage is above what was clicked, or below the form. */
function useBroughtIntoView(stage: React.RefObject<HTMLElement | null>, wanted: string | null) {
  const before = useRef(wanted);
  useEffect(() => {
    if (wanted !== null && before.current !== wanted) {
      stage.current?.scrollIntoView?.({ block: 'nearest' });
    }
    before.current = wanted;
  }, [stage, wanted]);
}

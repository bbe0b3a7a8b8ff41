import { useState } from 'react';
import { SynthesizeRequestSchema } from '../../gen/atelier/tts/v1/tts_pb';
import { useJobs } from '../../jobs/JobsContext';
import { submitJob } from '../../jobs/submitJob';
import { encoded } from '../../shared/api/request';
import type { Choice } from './readings/reading';
import { SPEECH_ROUTE } from './streamSpeech';

/** Has a file made by a job, which goes on when the page is closed. */
export function useFileJob() {
  const { take, connection } = useJobs();
  const [problem, setProblem] = useState<unknown>(null);
  const submit = async (text: string, choice: Choice) => {
    setProblem(null);
    try {
      const body = encoded(SynthesizeRequestSchema, { text, ...choice });
      take(await submitJob({ route: SPEECH_ROUTE, body }));
    } catch (error) {
      setProblem(error);
    }
  };
  return { submit, problem, isPossible: connection !== 'absent' };
}

import { ListVoicesResponseSchema, type Voice } from '../../gen/atelier/tts/v1/tts_pb';
import { askFor } from '../../shared/api/request';

/** The voices of the model, the default one first; never loads the model. */
export async function listVoices(signal?: AbortSignal): Promise<readonly Voice[]> {
  return (await askFor(ListVoicesResponseSchema, '/v1/tts/voices', { signal })).voices;
}

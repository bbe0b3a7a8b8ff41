import {
  type ListCapabilitiesResponse,
  ListCapabilitiesResponseSchema,
} from '../../gen/atelier/gateway/v1/gateway_pb';
import { askFor } from './request';

/** Asks for all capabilities with their evidence; the gateway looks for workers it knows not. */
export function listCapabilities(signal?: AbortSignal): Promise<ListCapabilitiesResponse> {
  return askFor(ListCapabilitiesResponseSchema, '/v1/capabilities/status', { signal });
}

import { ApiKey } from '../../core/protocol/apis.ts';
import type { ShareStateRequests } from '../share/state-requests.ts';
import type { ApiRow } from './row.ts';

/** ReadShareGroupState, between brokers (B2): a new leader of a share-partition takes over its state. */
export const row: ApiRow<typeof ApiKey.ReadShareGroupState, { readonly shareState: ShareStateRequests }> = {
  key: ApiKey.ReadShareGroupState,
  versions: { min: 0, max: 0 },
  listener: 'replication',
  quota: 'none',
  authorize: () => [{ operation: 'cluster-action', resourceType: 'cluster', resourceName: 'kafka-cluster' }],
  handle(server, request, _context, reply) {
    server.shareState.read(request, reply);
  },
};

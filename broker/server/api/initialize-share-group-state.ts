import { ApiKey } from '../../core/protocol/apis.ts';
import type { ShareStateRequests } from '../share/state-requests.ts';
import type { ApiRow } from './row.ts';

/** InitializeShareGroupState, between brokers (B2): the group coordinator starts the state of share-partitions. */
export const row: ApiRow<typeof ApiKey.InitializeShareGroupState, { readonly shareState: ShareStateRequests }> = {
  key: ApiKey.InitializeShareGroupState,
  versions: { min: 0, max: 0 },
  listener: 'replication',
  quota: 'none',
  authorize: () => [{ operation: 'cluster-action', resourceType: 'cluster', resourceName: 'kafka-cluster' }],
  handle(server, request, _context, reply) {
    server.shareState.initialize(request, reply);
  },
};

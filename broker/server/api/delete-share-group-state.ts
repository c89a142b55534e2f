import { ApiKey } from '../../core/protocol/apis.ts';
import type { ShareStateRequests } from '../share/state-requests.ts';
import type { ApiRow } from './row.ts';

/** DeleteShareGroupState, between brokers (B2): the group coordinator ends the state of share-partitions. */
export const row: ApiRow<typeof ApiKey.DeleteShareGroupState, { readonly shareState: ShareStateRequests }> = {
  key: ApiKey.DeleteShareGroupState,
  versions: { min: 0, max: 0 },
  listener: 'replication',
  quota: 'none',
  authorize: () => [{ operation: 'cluster-action', resourceType: 'cluster', resourceName: 'kafka-cluster' }],
  handle(server, request, _context, reply) {
    server.shareState.remove(request, reply);
  },
};

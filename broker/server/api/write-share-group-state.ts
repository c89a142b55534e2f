import { ApiKey } from '../../core/protocol/apis.ts';
import type { ShareStateRequests } from '../share/state-requests.ts';
import type { ApiRow } from './row.ts';

/** WriteShareGroupState, between brokers (B2): a share-partition's leader has a change kept. */
export const row: ApiRow<typeof ApiKey.WriteShareGroupState, { readonly shareState: ShareStateRequests }> = {
  key: ApiKey.WriteShareGroupState,
  versions: { min: 0, max: 1 },
  listener: 'replication',
  quota: 'none',
  authorize: () => [{ operation: 'cluster-action', resourceType: 'cluster', resourceName: 'kafka-cluster' }],
  handle(server, request, _context, reply) {
    server.shareState.write(request, reply);
  },
};

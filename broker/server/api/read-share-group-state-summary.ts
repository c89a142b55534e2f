import { ApiKey } from '../../core/protocol/apis.ts';
import type { ShareStateRequests } from '../share/state-requests.ts';
import type { ApiRow } from './row.ts';

/** ReadShareGroupStateSummary, between brokers (B2): how far a share-partition is, without its records. */
export const row: ApiRow<typeof ApiKey.ReadShareGroupStateSummary, { readonly shareState: ShareStateRequests }> = {
  key: ApiKey.ReadShareGroupStateSummary,
  versions: { min: 0, max: 1 },
  listener: 'replication',
  quota: 'none',
  authorize: () => [{ operation: 'cluster-action', resourceType: 'cluster', resourceName: 'kafka-cluster' }],
  handle(server, request, _context, reply) {
    server.shareState.readSummary(request, reply);
  },
};

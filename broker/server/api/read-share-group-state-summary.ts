import { ApiKey } from '../../core/protocol/apis.ts';
import type { ShareStateRequests } from '../share/state-requests.ts';
import { type ApiRow, CLUSTER_ACTION } from './row.ts';
import { refusedShareState, SHARE_STATE_PARTS } from './share-state.ts';

/** ReadShareGroupStateSummary, between brokers (B2): how far a share-partition is, without its records. */
export const row: ApiRow<typeof ApiKey.ReadShareGroupStateSummary, { readonly shareState: ShareStateRequests }> = {
  key: ApiKey.ReadShareGroupStateSummary,
  versions: { min: 0, max: 1 },
  listener: 'replication',
  quota: 'none',
  parts: SHARE_STATE_PARTS,
  authorize: () => [CLUSTER_ACTION],
  handle(server, request, context, reply) {
    if (context.allowed(CLUSTER_ACTION)) server.shareState.readSummary(request, reply);
    else reply(refusedShareState(request));
  },
};

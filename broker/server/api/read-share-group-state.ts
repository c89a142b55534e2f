import { ApiKey } from '../../core/protocol/apis.ts';
import type { ShareStateRequests } from '../share/state-requests.ts';
import { type ApiRow, CLUSTER_ACTION } from './row.ts';
import { refusedShareState, SHARE_STATE_PARTS } from './share-state.ts';

/** ReadShareGroupState, between brokers (B2): a new leader of a share-partition takes over its state. */
export const row: ApiRow<typeof ApiKey.ReadShareGroupState, { readonly shareState: ShareStateRequests }> = {
  key: ApiKey.ReadShareGroupState,
  versions: { min: 0, max: 0 },
  listener: 'replication',
  quota: 'none',
  parts: SHARE_STATE_PARTS,
  authorize: () => [CLUSTER_ACTION],
  handle(server, request, context, reply) {
    if (context.allowed(CLUSTER_ACTION)) server.shareState.read(request, reply);
    else reply(refusedShareState(request));
  },
};

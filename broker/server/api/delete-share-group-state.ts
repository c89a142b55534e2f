import { ApiKey } from '../../core/protocol/apis.ts';
import type { ShareStateRequests } from '../share/state-requests.ts';
import { type ApiRow, CLUSTER_ACTION } from './row.ts';
import { refusedShareState, SHARE_STATE_PARTS } from './share-state.ts';

/** DeleteShareGroupState, between brokers (B2): the group coordinator ends the state of share-partitions. */
export const row: ApiRow<typeof ApiKey.DeleteShareGroupState, { readonly shareState: ShareStateRequests }> = {
  key: ApiKey.DeleteShareGroupState,
  versions: { min: 0, max: 0 },
  listener: 'replication',
  quota: 'none',
  parts: SHARE_STATE_PARTS,
  authorize: () => [CLUSTER_ACTION],
  handle(server, request, context, reply) {
    if (context.allowed(CLUSTER_ACTION)) server.shareState.remove(request, reply);
    else reply(refusedShareState(request));
  },
};

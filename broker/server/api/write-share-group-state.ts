import { ApiKey } from '../../core/protocol/apis.ts';
import type { ShareStateRequests } from '../share/state-requests.ts';
import { type ApiRow, CLUSTER_ACTION } from './row.ts';
import { refusedShareState, SHARE_STATE_PARTS } from './share-state.ts';

/** WriteShareGroupState, between brokers (B2): a share-partition's leader has a change kept. */
export const row: ApiRow<typeof ApiKey.WriteShareGroupState, { readonly shareState: ShareStateRequests }> = {
  key: ApiKey.WriteShareGroupState,
  versions: { min: 0, max: 1 },
  listener: 'replication',
  quota: 'none',
  parts: SHARE_STATE_PARTS,
  authorize: () => [CLUSTER_ACTION],
  handle(server, request, context, reply) {
    if (context.allowed(CLUSTER_ACTION)) server.shareState.write(request, reply);
    else reply(refusedShareState(request));
  },
};

import { ApiKey } from '../../core/protocol/apis.ts';
import { ALTER_CLUSTER, changeVoters, type ChangeVotersServices } from './change-voters.ts';
import { CHANGE_TIMEOUT_MS } from './metadata-timeout.ts';
import type { ApiRow } from './row.ts';

/** RemoveRaftVoter (KIP-853). */
export const row: ApiRow<typeof ApiKey.RemoveRaftVoter, ChangeVotersServices> = {
  key: ApiKey.RemoveRaftVoter,
  versions: { min: 0, max: 0 },
  listener: 'client',
  quota: 'request',
  authorize: () => [ALTER_CLUSTER],
  handle(server, { clusterId, voterId, voterDirectoryId }, context, reply) {
    const request = { change: 'remove-voter', replica: { id: voterId, directoryId: voterDirectoryId } } as const;
    changeVoters(server, { context, clusterId, request, timeoutMs: CHANGE_TIMEOUT_MS, problem: null }, reply);
  },
};

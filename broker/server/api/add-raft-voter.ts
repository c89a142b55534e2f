import { ApiKey } from '../../core/protocol/apis.ts';
import { ALTER_CLUSTER, changeVoters, type ChangeVotersServices } from './change-voters.ts';
import { controllerTimeoutMs } from './metadata-timeout.ts';
import type { ApiRow } from './row.ts';

/** AddRaftVoter (KIP-853). Answers when the change is committed, also to those who would not wait for that (KIP-1186). */
export const row: ApiRow<typeof ApiKey.AddRaftVoter, ChangeVotersServices> = {
  key: ApiKey.AddRaftVoter,
  versions: { min: 0, max: 1 },
  listener: 'client',
  quota: 'request',
  authorize: () => [ALTER_CLUSTER],
  handle(server, request, context, reply) {
    const { clusterId, voterId, voterDirectoryId, listeners } = request;
    const asked = {
      context,
      clusterId,
      request: { change: 'add-voter', replica: { id: voterId, directoryId: voterDirectoryId } } as const,
      timeoutMs: controllerTimeoutMs(request.timeoutMs),
      problem: listeners.length === 0 ? 'a voter is added with the address that it listens at' : null,
    };
    changeVoters(server, asked, reply);
  },
};

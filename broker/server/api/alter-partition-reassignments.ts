import type { CodedResult } from '../../core/metadata/commands.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ApiRequests } from '../../core/protocol/messages.ts';
import type { MetadataClient } from '../metadata-client.ts';
import { ALTER_CLUSTER, NOT_ALLOWED } from './change-voters.ts';
import { controllerTimeoutMs } from './metadata-timeout.ts';
import type { Answer, ApiRow } from './row.ts';

/** What AlterPartitionReassignments works with. */
export interface AlterPartitionReassignmentsServices {
  readonly metadata: MetadataClient;
}

type Request = ApiRequests[typeof ApiKey.AlterPartitionReassignments];

/** AlterPartitionReassignments (KIP-455, KIP-860): moves partitions to other replicas, or calls a move back. */
export const row: ApiRow<typeof ApiKey.AlterPartitionReassignments, AlterPartitionReassignmentsServices> = {
  key: ApiKey.AlterPartitionReassignments,
  versions: { min: 0, max: 1 },
  listener: 'client',
  quota: 'request',
  parts: [{ of: ['topics', 'partitions'], into: ['responses', 'partitions'] }],
  authorize: () => [ALTER_CLUSTER],
  handle({ metadata }, request, context, reply) {
    const { allowReplicationFactorChange, timeoutMs } = request;
    const partitions = request.topics.flatMap(({ name, partitions: all }) =>
      all.map(({ partitionIndex, replicas }) => ({ topic: name, index: partitionIndex, replicas })),
    );
    const refuse = ({ errorCode, errorMessage }: CodedResult): void => {
      const results = partitions.map(() => ({ errorCode, errorMessage }));
      reply({ ...answer(request, results), errorCode, errorMessage });
    };
    if (!context.allowed(ALTER_CLUSTER)) {
      refuse(NOT_ALLOWED);
      return;
    }
    const command = { kind: 'alterReassignments', partitions, allowReplicationFactorChange } as const;
    metadata.submit(command, controllerTimeoutMs(timeoutMs), (outcome) => {
      if (outcome.kind === 'failed') refuse(outcome);
      else reply({ ...answer(request, outcome.partitions), errorCode: outcome.errorCode });
    });
  },
};

/** Results come in the order of the request: they are grouped as it is. */
function answer(
  { allowReplicationFactorChange, topics }: Request,
  results: readonly CodedResult[],
): Answer<typeof ApiKey.AlterPartitionReassignments> {
  let at = 0;
  const responses = topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => {
      const { errorCode = ErrorCode.UNKNOWN_SERVER_ERROR, errorMessage = null } = results[at] ?? {};
      at += 1;
      return { partitionIndex, errorCode, errorMessage };
    }),
  }));
  return { allowReplicationFactorChange, errorCode: ErrorCode.NONE, errorMessage: null, responses };
}

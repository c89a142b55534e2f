import type { PartitionView } from '../../core/metadata/view.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import type { MetadataClient } from '../metadata-client.ts';
import { NOT_ALLOWED } from './change-voters.ts';
import { controllerTimeoutMs } from './metadata-timeout.ts';
import type { ApiRow, AuthorizationNeed } from './row.ts';

/** What ListPartitionReassignments looks into. */
export interface ListPartitionReassignmentsServices {
  readonly metadata: MetadataClient;
}

const DESCRIBE_CLUSTER: AuthorizationNeed = {
  operation: 'describe',
  resourceType: 'cluster',
  resourceName: 'kafka-cluster',
};

/** An order that changes nothing: its outcome comes after all that the active controller had decided when it took it. */
const NOTHING = { kind: 'createPartitions', topics: [], validateOnly: true } as const;

/** ListPartitionReassignments (KIP-455): partitions that are moving, as the active controller knows them. */
export const row: ApiRow<typeof ApiKey.ListPartitionReassignments, ListPartitionReassignmentsServices> = {
  key: ApiKey.ListPartitionReassignments,
  versions: { min: 0, max: 0 },
  listener: 'client',
  quota: 'request',
  parts: [{ of: ['topics', 'partitionIndexes'], into: ['topics', 'partitions'] }],
  authorize: () => [DESCRIBE_CLUSTER],
  handle({ metadata }, request, context, reply) {
    if (!context.allowed(DESCRIBE_CLUSTER)) {
      reply({ ...NOT_ALLOWED, topics: [] });
      return;
    }
    metadata.submit(NOTHING, controllerTimeoutMs(request.timeoutMs), (outcome) => {
      const { errorCode, errorMessage } = outcome;
      const topics = [];
      for (const { name, partitions } of outcome.kind === 'failed' ? [] : asked(metadata, request.topics)) {
        const told = partitions.filter(isMoving).map(toldOf);
        if (told.length > 0) topics.push({ name, partitions: told });
      }
      reply({ errorCode, errorMessage, topics });
    });
  },
};

/** The partitions that are asked for; null is all that move. */
function asked(
  { view }: MetadataClient,
  topics: readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[] | null,
): ReturnType<MetadataClient['view']['partitionsMoving']> {
  if (topics === null) return view.partitionsMoving();
  return topics.map(({ name, partitionIndexes }) => {
    const topic = view.topicByName(name);
    return { name, partitions: partitionIndexes.flatMap((index) => topic?.partition(index) ?? []) };
  });
}

const isMoving = ({ addingReplicas, removingReplicas }: PartitionView): boolean =>
  addingReplicas.length > 0 || removingReplicas.length > 0;

function toldOf({ index: partitionIndex, replicas, addingReplicas, removingReplicas }: PartitionView) {
  return { partitionIndex, replicas, addingReplicas, removingReplicas };
}

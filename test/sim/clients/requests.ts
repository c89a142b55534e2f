import { ApiKey } from '../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../broker/core/protocol/errors.ts';
import type { GroupPlan, TopicPlan } from '../plan.ts';
import type { Ask } from './admin.ts';

const TOPIC_RESOURCE = 2;
const GROUP_RESOURCE = 32;
const SET = 0;
const TIMEOUT_MS = 3000;

/** Settings of a share group as its plan wants them. */
export function groupSettings(group: GroupPlan): Readonly<Record<string, string>> {
  return {
    'share.record.lock.duration.ms': String(group.lockMs),
    'share.delivery.count.limit': String(group.deliveryLimit),
    'share.auto.offset.reset': group.offsetReset,
    ...(group.deadLetters && {
      'errors.deadletterqueue.topic.name': group.deadLetters.topic,
      'errors.deadletterqueue.copy.record.enable': String(group.deadLetters.areCopies),
    }),
  };
}

/** Creates a topic; one that is there already is the work of a lost answer. */
export function createTopic(topic: TopicPlan, done: () => void): Ask<typeof ApiKey.CreateTopics> {
  return {
    key: ApiKey.CreateTopics,
    body: () => ({
      timeoutMs: TIMEOUT_MS,
      validateOnly: false,
      topics: [
        {
          name: topic.name,
          numPartitions: topic.partitionCount,
          replicationFactor: topic.replicationFactor ?? 1,
          assignments: [],
          configs: Object.entries(topic.config).map(([name, value]) => ({ name, value })),
        },
      ],
    }),
    codes: (answer) => answer.topics.map(({ errorCode }) => errorCode),
    fine: [ErrorCode.TOPIC_ALREADY_EXISTS],
    done,
  };
}

/** Sets one setting of a topic. */
export function alterTopic(
  topic: string,
  [name, value]: readonly [name: string, value: string],
  done: () => void,
): Ask<typeof ApiKey.IncrementalAlterConfigs> {
  const configs = [{ name, configOperation: SET, value }];
  return {
    key: ApiKey.IncrementalAlterConfigs,
    body: () => ({ validateOnly: false, resources: [{ resourceType: TOPIC_RESOURCE, resourceName: topic, configs }] }),
    codes: (answer) => answer.responses.map(({ errorCode }) => errorCode),
    done,
  };
}

/** Gives a topic more partitions; that it has them is the work of a lost answer. */
export function growTopic(
  topic: string,
  partitionCount: number,
  done: () => void,
): Ask<typeof ApiKey.CreatePartitions> {
  return {
    key: ApiKey.CreatePartitions,
    body: () => ({
      timeoutMs: TIMEOUT_MS,
      validateOnly: false,
      topics: [{ name: topic, count: partitionCount, assignments: null }],
    }),
    codes: (answer) => answer.results.map(({ errorCode }) => errorCode),
    fine: [ErrorCode.INVALID_PARTITIONS],
    done,
  };
}

/** Moves a partition to other replicas; where that can't be, it stays. */
export function reassign(
  { topic, partition }: { readonly topic: string; readonly partition: number },
  replicas: readonly number[],
): Ask<typeof ApiKey.AlterPartitionReassignments> {
  const partitions = [{ partitionIndex: partition, replicas: [...replicas] }];
  return {
    key: ApiKey.AlterPartitionReassignments,
    body: () => ({ timeoutMs: TIMEOUT_MS, allowReplicationFactorChange: false, topics: [{ name: topic, partitions }] }),
    codes: ({ errorCode, responses }) => [
      errorCode,
      ...responses.flatMap((one) => one.partitions.map((each) => each.errorCode)),
    ],
    fine: [ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    done: () => undefined,
  };
}

/** Deletes a topic by name. */
export function deleteTopic(name: string, done: () => void): Ask<typeof ApiKey.DeleteTopics> {
  return {
    key: ApiKey.DeleteTopics,
    body: (version) => ({ timeoutMs: TIMEOUT_MS, ...(version >= 6 ? { topics: [{ name }] } : { topicNames: [name] }) }),
    codes: (answer) =>
      answer.responses.map(({ errorCode }) => (errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION ? 0 : errorCode)),
    done,
  };
}

/** Sets a share group's settings. */
export function alterGroup(group: GroupPlan, done: () => void): Ask<typeof ApiKey.IncrementalAlterConfigs> {
  const configs = Object.entries(groupSettings(group)).map(([name, value]) => ({ name, configOperation: SET, value }));
  return {
    key: ApiKey.IncrementalAlterConfigs,
    body: () => ({
      validateOnly: false,
      resources: [{ resourceType: GROUP_RESOURCE, resourceName: group.id, configs }],
    }),
    codes: (answer) => answer.responses.map(({ errorCode }) => errorCode),
    done,
  };
}

/** Tells a share group's settings. */
export function describeGroup(
  group: GroupPlan,
  done: (settings: ReadonlyMap<string, string>) => void,
): Ask<typeof ApiKey.DescribeConfigs> {
  return {
    key: ApiKey.DescribeConfigs,
    body: () => ({ resources: [{ resourceType: GROUP_RESOURCE, resourceName: group.id, configurationKeys: null }] }),
    codes: (answer) => answer.results.map(({ errorCode }) => errorCode),
    done: (answer) => {
      const configs = answer.results.flatMap((result) => result.configs);
      done(new Map(configs.map(({ name, value }) => [name, value ?? ''])));
    },
  };
}

/** Deletes a partition's records before an offset; `done` gets its new start. */
export function deleteRecords(
  where: { readonly topic: string; readonly partition: number; readonly offset: number },
  done: (lowWatermark: number) => void,
): Ask<typeof ApiKey.DeleteRecords> {
  const partitions = [{ partitionIndex: where.partition, offset: where.offset }];
  return {
    key: ApiKey.DeleteRecords,
    body: () => ({ timeoutMs: TIMEOUT_MS, topics: [{ name: where.topic, partitions }] }),
    codes: (answer) => answer.topics.flatMap((topic) => topic.partitions.map(({ errorCode }) => errorCode)),
    done: (answer) => done(answer.topics[0]?.partitions[0]?.lowWatermark ?? -1),
  };
}

/** The broker that coordinates a group, and where it is. */
export interface FoundCoordinator {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

/** Finds a group's coordinator, which makes the broker create the topic of its offsets. */
export function findCoordinator(
  group: string,
  done: (found: FoundCoordinator) => void,
): Ask<typeof ApiKey.FindCoordinator> {
  return {
    key: ApiKey.FindCoordinator,
    body: (version) => (version >= 1 ? { key: group, keyType: 0 } : { key: group }),
    codes: (answer) => [answer.errorCode],
    done,
  };
}

/** Commits one partition's offset for a group without members. */
export function commitOffset(
  group: string,
  where: { readonly topic: string; readonly topicId: string; readonly partition: number; readonly offset: number },
  done: () => void,
): Ask<typeof ApiKey.OffsetCommit> {
  const partitions = [{ partitionIndex: where.partition, committedOffset: where.offset, committedMetadata: 'sim' }];
  return {
    key: ApiKey.OffsetCommit,
    body: (version) => ({
      groupId: group,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [{ ...(version >= 10 ? { topicId: where.topicId } : { name: where.topic }), partitions }],
    }),
    codes: (answer) => answer.topics.flatMap((topic) => topic.partitions.map(({ errorCode }) => errorCode)),
    done,
  };
}

/** Ids of topics by name. */
export function topicIds(
  names: readonly string[],
  done: (ids: ReadonlyMap<string, string>) => void,
): Ask<typeof ApiKey.Metadata> {
  return {
    key: ApiKey.Metadata,
    body: () => ({ topics: names.map((name) => ({ name })), allowAutoTopicCreation: false }),
    codes: (answer) => answer.topics.map(({ errorCode }) => errorCode),
    done: (answer) => done(new Map(answer.topics.map(({ name, topicId }) => [name ?? '', topicId]))),
  };
}

/** One partition's committed offset, −1: none. */
export interface CommittedOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Tells every committed offset of a group. */
export function fetchOffsets(
  group: string,
  topics: readonly { readonly name: string; readonly topicId: string; readonly partitions: readonly number[] }[],
  done: (offsets: readonly CommittedOffset[]) => void,
): Ask<typeof ApiKey.OffsetFetch> {
  return {
    key: ApiKey.OffsetFetch,
    body: (version) => ({
      requireStable: false,
      groups: [
        {
          groupId: group,
          memberId: null,
          memberEpoch: -1,
          topics: topics.map(({ name, topicId, partitions }) => ({
            ...(version >= 10 ? { topicId } : { name }),
            partitionIndexes: partitions,
          })),
        },
      ],
    }),
    codes: (answer) =>
      answer.groups.flatMap((one) => [
        one.errorCode,
        ...one.topics.flatMap((topic) => topic.partitions.map(({ errorCode }) => errorCode)),
      ]),
    done: (answer) => {
      const found = answer.groups.flatMap((one) => one.topics);
      done(
        found.flatMap((topic) => {
          const name =
            topics.find((asked) => asked.name === topic.name || asked.topicId === topic.topicId)?.name ?? topic.name;
          return topic.partitions.map(({ partitionIndex, committedOffset }) => ({
            topic: name,
            partition: partitionIndex,
            offset: committedOffset,
          }));
        }),
      );
    },
  };
}

/** How far a share group is in a partition. */
export interface ShareProgress {
  readonly topic: string;
  readonly partition: number;
  readonly startOffset: number;
  readonly lag: number;
}

/** Tells how far a share group is. */
export function describeProgress(
  group: string,
  topics: readonly { readonly name: string; readonly partitions: readonly number[] }[],
  done: (progress: readonly ShareProgress[]) => void,
): Ask<typeof ApiKey.DescribeShareGroupOffsets> {
  return {
    key: ApiKey.DescribeShareGroupOffsets,
    body: () => ({
      groups: [{ groupId: group, topics: topics.map(({ name, partitions }) => ({ topicName: name, partitions })) }],
    }),
    codes: (answer) =>
      answer.groups.flatMap((one) => [
        one.errorCode,
        ...one.topics.flatMap((topic) => topic.partitions.map(({ errorCode }) => errorCode)),
      ]),
    done: (answer) => {
      done(
        answer.groups.flatMap((one) =>
          one.topics.flatMap((topic) =>
            topic.partitions.map(({ partitionIndex, startOffset, lag }) => ({
              topic: topic.topicName,
              partition: partitionIndex,
              startOffset,
              lag,
            })),
          ),
        ),
      );
    },
  };
}

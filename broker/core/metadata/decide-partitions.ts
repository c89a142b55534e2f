import { ErrorCode } from '../protocol/errors.ts';
import type { CodedResult, CreatePartitionsCommand, CreatePartitionsOutcome } from './commands.ts';
import type { Decision, DecisionContext } from './decide.ts';
import { duplicatesOf, namedTwice, NEW_PARTITION_COUNT_MAX } from './decide-topics.ts';
import { assignmentProblem, newPartition, placeReplicas, type Placed } from './placement.ts';
import type { MetadataRecord, PartitionsRecord } from './records.ts';
import { ok, problem } from './result.ts';
import type { TopicView } from './view.ts';

type Wish = CreatePartitionsCommand['topics'][number];

/** Adds partitions to topics, each topic by itself; the errors are those of Kafka's controller. */
export function createPartitions(context: DecisionContext, command: CreatePartitionsCommand): Decision {
  const duplicates = duplicatesOf(command.topics.map(({ name }) => name));
  const records: MetadataRecord[] = [];
  const topics: CreatePartitionsOutcome['topics'][number][] = [...duplicates].map((name) => ({
    ...namedTwice(name),
    name,
  }));
  let added = 0;
  for (const wish of command.topics) {
    if (duplicates.has(wish.name)) continue;
    const grown = growTopic(context, wish, NEW_PARTITION_COUNT_MAX - added);
    if ('errorCode' in grown) {
      topics.push({ ...grown, name: wish.name });
      continue;
    }
    records.push(grown);
    added += grown.partitions.length;
    topics.push({ ...ok(), name: wish.name });
  }
  return { records: command.validateOnly ? [] : records, outcome: { kind: 'createPartitions', ...ok(), topics } };
}

function growTopic(context: DecisionContext, wish: Wish, room: number): PartitionsRecord | CodedResult {
  const topic = context.image.topicByName(wish.name);
  if (topic === null) return problem(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `no topic ${wish.name}`);
  const before = topic.partitionCount;
  if (wish.partitionCount === before) {
    return problem(ErrorCode.INVALID_PARTITIONS, `topic ${wish.name} has ${before} partition(s) already`);
  }
  if (wish.partitionCount < before) {
    const sentence = `topic ${wish.name} has ${before} partition(s); ${wish.partitionCount} would not be an increase`;
    return problem(ErrorCode.INVALID_PARTITIONS, sentence);
  }
  const added = wish.partitionCount - before;
  if (added > room) {
    return problem(ErrorCode.POLICY_VIOLATION, `one request may create ${NEW_PARTITION_COUNT_MAX} partitions at most`);
  }
  const placed = place(context, wish, topic, added);
  if (placed.refusal !== null) return placed.refusal;
  const overrides = context.image.configOverrides('topic', wish.name);
  const durable = context.settings.topic(overrides, 'weir.durability') === 'fsync';
  const partitions = placed.replicas.map((replicas, position) =>
    newPartition(context.image, { index: before + position, replicas, durable }),
  );
  return { kind: 'partitions', topicId: topic.id, partitions };
}

function place({ image }: DecisionContext, wish: Wish, topic: TopicView, added: number): Placed {
  const replicationFactor = topic.partition(0)?.replicas.length ?? 1;
  if (wish.assignments === null) {
    return placeReplicas(image, { partitionCount: added, replicationFactor, shrinkToBrokers: false });
  }
  if (wish.assignments.length !== added) {
    const sentence = `${added} partition(s) are to be added, but ${wish.assignments.length} assignment(s) are given`;
    return { refusal: problem(ErrorCode.INVALID_REPLICA_ASSIGNMENT, sentence), replicas: null };
  }
  for (const ids of wish.assignments) {
    const refusal = assignmentProblem(image, ids, replicationFactor);
    if (refusal !== null) return { refusal, replicas: null };
  }
  return { refusal: null, replicas: wish.assignments };
}

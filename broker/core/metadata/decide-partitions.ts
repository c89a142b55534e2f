import { ErrorCode } from '../protocol/errors.ts';
import type { CodedResult, CreatePartitionsCommand, CreatePartitionsOutcome } from './commands.ts';
import type { Decision, DecisionContext } from './decide.ts';
import { duplicatesOf, namedTwice, NEW_PARTITION_COUNT_MAX } from './decide-topics.ts';
import { assignmentProblem, newPartition, type Placed, Placement } from './placement.ts';
import type { MetadataRecord, PartitionsRecord } from './records.ts';
import { ok, problem } from './result.ts';
import type { TopicView } from './view.ts';

type Wish = CreatePartitionsCommand['topics'][number];
type Growth = DecisionContext & { readonly placement: Placement };

/** Adds partitions to topics, each topic by itself; the errors are those of Kafka's controller. */
export function createPartitions(context: DecisionContext, command: CreatePartitionsCommand): Decision {
  const duplicates = duplicatesOf(command.topics.map(({ name }) => name));
  const records: MetadataRecord[] = [];
  const topics: CreatePartitionsOutcome['topics'][number][] = [...duplicates].map((name) => ({
    ...namedTwice(name),
    name,
  }));
  const growth = { ...context, placement: new Placement(context) };
  let added = 0;
  for (const wish of command.topics) {
    if (duplicates.has(wish.name)) continue;
    const grown = growTopic(growth, wish, NEW_PARTITION_COUNT_MAX - added);
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

function growTopic(context: Growth, wish: Wish, room: number): PartitionsRecord | CodedResult {
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

function place(context: Growth, wish: Wish, topic: TopicView, added: number): Placed {
  const first = topic.partition(0);
  // While it is reassigned: without those that come.
  const replicationFactor = first === undefined ? 1 : first.replicas.length - first.addingReplicas.length;
  if (wish.assignments === null) {
    return context.placement.place({ partitionCount: added, replicationFactor, shrinkToBrokers: false });
  }
  if (wish.assignments.length !== added) {
    const sentence = `${added} partition(s) are to be added, but ${wish.assignments.length} assignment(s) are given`;
    return { refusal: problem(ErrorCode.INVALID_REPLICA_ASSIGNMENT, sentence), replicas: null };
  }
  for (const ids of wish.assignments) {
    const refusal = assignmentProblem(context, ids, { expectedCount: replicationFactor });
    if (refusal !== null) return { refusal, replicas: null };
  }
  return { refusal: null, replicas: wish.assignments };
}

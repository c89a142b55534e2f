import { topicId, ZERO_TOPIC_ID } from '../base/ids.ts';
import type { Overrides, Settings } from '../config/settings.ts';
import { validateOverrides } from '../config/validate.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type {
  CodedResult,
  CreatedTopic,
  CreateTopicsCommand,
  DeleteTopicsCommand,
  DeleteTopicsOutcome,
  NewTopic,
} from './commands.ts';
import type { Decision, DecisionContext } from './decide.ts';
import type { MetadataImage } from './image.ts';
import { cappedMinIsr } from './internal-min-isr.ts';
import { MIN_ISR } from './min-isr.ts';
import { assignmentProblem, copiesProblem, newPartition, type Placed, Placement } from './placement.ts';
import type { MetadataRecord, PartitionFields } from './records.ts';
import { ok, problem } from './result.ts';
import { CLUSTER_METADATA_TOPIC, collisionKey, topicNameProblem } from './topic-name.ts';
import type { TopicView } from './view.ts';

/** Most partitions that one command creates; a larger one is refused as a whole (POLICY_VIOLATION), as in Kafka. */
export const NEW_PARTITION_COUNT_MAX = 10_000;

/** Topics of this command so far, so that its own topics collide too. */
interface Pending {
  readonly records: MetadataRecord[];
  readonly nameByCollisionKey: Map<string, string>;
  readonly placement: Placement;
  partitionCount: number;
}

/** One topic accepted: its settings and partitions. */
interface Accepted {
  readonly partitions: readonly PartitionFields[];
  readonly configs: ReadonlyMap<string, string>;
}

/** Creates topics, each by itself; the errors are those of Kafka's controller. A name that is given twice gets one answer. */
export function createTopics(context: DecisionContext, command: CreateTopicsCommand): Decision {
  const pending: Pending = {
    records: [],
    nameByCollisionKey: new Map(),
    placement: new Placement(context),
    partitionCount: 0,
  };
  const duplicates = duplicatesOf(command.topics.map(({ name }) => name));
  const topics: CreatedTopic[] = [...duplicates].map((name) => refused(name, namedTwice(name)));
  for (const [position, topic] of command.topics.entries()) {
    if (duplicates.has(topic.name)) continue;
    const id = context.topicIds[position] ?? ZERO_TOPIC_ID;
    topics.push(createTopic(context, topic, id, pending));
  }
  if (pending.partitionCount > NEW_PARTITION_COUNT_MAX) {
    const tooMany = problem(
      ErrorCode.POLICY_VIOLATION,
      `one request may create ${NEW_PARTITION_COUNT_MAX} partitions at most`,
    );
    return {
      records: [],
      outcome: {
        kind: 'createTopics',
        ...ok(),
        topics: topics.map((topic) => (topic.errorCode === ErrorCode.NONE ? refused(topic.name, tooMany) : topic)),
      },
    };
  }
  if (command.validateOnly) {
    const tried = topics.map((topic) => ({ ...topic, topicId: ZERO_TOPIC_ID }));
    return { records: [], outcome: { kind: 'createTopics', ...ok(), topics: tried } };
  }
  return { records: pending.records, outcome: { kind: 'createTopics', ...ok(), topics } };
}

/** Deletes topics by name or id; one that is named twice is INVALID_REQUEST and gets one answer. */
export function deleteTopics({ image, settings }: DecisionContext, command: DeleteTopicsCommand): Decision {
  const names = duplicatesOf(command.topics.flatMap(({ name }) => (name === null ? [] : [name])));
  const ids = duplicatesOf(command.topics.flatMap((topic) => (topic.topicId === null ? [] : [topic.topicId])));
  const both = namedBothWays(image, command);
  const records: MetadataRecord[] = [];
  const deleted = new Set<string>();
  const topics: DeleteTopicsOutcome['topics'][number][] = [
    ...[...names].map((name) => ({ ...namedTwice(name), name, topicId: ZERO_TOPIC_ID })),
    ...[...ids].map((id) => ({ ...namedTwice(id), name: null, topicId: id })),
    ...both.map(({ id, name }) => ({ ...namedTwice(name), name, topicId: id })),
  ];
  const twice = new Set([...names, ...ids, ...both.flatMap(({ id, name }) => [id, name])]);
  for (const wanted of command.topics) {
    if (twice.has(wanted.name ?? wanted.topicId ?? '')) continue;
    const found = findTopic(image, wanted);
    if (!('id' in found)) {
      topics.push({ ...found, name: wanted.name, topicId: wanted.topicId ?? ZERO_TOPIC_ID });
      continue;
    }
    const { id, name } = found;
    if (!settings.broker('delete.topic.enable')) {
      topics.push({ ...problem(ErrorCode.TOPIC_DELETION_DISABLED, 'delete.topic.enable is false'), name, topicId: id });
      continue;
    }
    if (!deleted.has(id)) records.push({ kind: 'topicRemoved', topicId: id });
    deleted.add(id);
    topics.push({ ...ok(), name, topicId: id });
  }
  return { records, outcome: { kind: 'deleteTopics', ...ok(), topics } };
}

/** Topics that are named by name in one place and by id in another. */
function namedBothWays(image: MetadataImage, { topics }: DeleteTopicsCommand): readonly { id: string; name: string }[] {
  const ids = new Set(topics.map(({ topicId }) => topicId));
  const names = new Set(topics.flatMap(({ name }) => (name === null ? [] : [name])));
  return [...names].flatMap((name) => {
    const id = image.topicByName(name)?.id;
    return id !== undefined && ids.has(id) ? [{ id, name }] : [];
  });
}

/** The texts that occur more than once. */
export function duplicatesOf(texts: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const text of texts) {
    if (seen.has(text)) twice.add(text);
    seen.add(text);
  }
  return twice;
}

function createTopic(context: DecisionContext, topic: NewTopic, id: string, pending: Pending): CreatedTopic {
  const name = nameProblem(context.image, topic.name, pending);
  if (name !== null) return refused(topic.name, name);
  const accepted = acceptTopic(context, topic, pending.placement);
  if ('errorCode' in accepted) return refused(topic.name, accepted);
  const { partitions, configs } = accepted;
  pending.records.push(
    { kind: 'topic', topicId: id, name: topic.name },
    { kind: 'partitions', topicId: id, partitions },
  );
  for (const [setting, value] of configs) {
    pending.records.push({ kind: 'config', scope: 'topic', resource: topic.name, name: setting, value });
  }
  pending.nameByCollisionKey.set(collisionKey(topic.name), topic.name);
  pending.partitionCount += partitions.length;
  const replicationFactor = partitions[0]?.replicas.length ?? -1;
  return { ...ok(), name: topic.name, topicId: id, partitionCount: partitions.length, replicationFactor };
}

function nameProblem(image: MetadataImage, name: string, pending: Pending): CodedResult | null {
  const illegal = topicNameProblem(name);
  if (illegal !== null) return problem(ErrorCode.INVALID_TOPIC_EXCEPTION, illegal);
  if (name === CLUSTER_METADATA_TOPIC) {
    return problem(ErrorCode.INVALID_REQUEST, `${CLUSTER_METADATA_TOPIC} is the controllers' own`);
  }
  if (image.topicByName(name) !== null) return problem(ErrorCode.TOPIC_ALREADY_EXISTS, `topic ${name} exists already`);
  const other = image.collidingTopic(name) ?? pending.nameByCollisionKey.get(collisionKey(name));
  if (other === undefined || other === null) return null;
  return problem(
    ErrorCode.INVALID_TOPIC_EXCEPTION,
    `topic ${name} collides with topic ${other}: '.' and '_' count as one`,
  );
}

function acceptTopic(context: DecisionContext, topic: NewTopic, placement: Placement): Accepted | CodedResult {
  const placed = topic.assignments.length > 0 ? manual(context, topic) : automatic(context, topic, placement);
  if (placed.refusal !== null) return placed.refusal;
  const wanted = new Map<string, string>();
  for (const { name, value } of topic.configs) {
    if (value === null) return problem(ErrorCode.INVALID_CONFIG, `setting ${name} has no value`);
    wanted.set(name, value);
  }
  const invalid = validateOverrides('topic', wanted, context.settings);
  if (invalid !== null) return problem(ErrorCode.INVALID_CONFIG, invalid);
  const replicaCount = placed.replicas[0]?.length ?? 0;
  const configs = topic.shrinkToBrokers === true ? withCappedMinIsr(context.settings, wanted, replicaCount) : wanted;
  const durable = context.settings.topic(configs, 'weir.durability') === 'fsync';
  const partitions = placed.replicas.map((replicas, index) =>
    newPartition(context.image, { index, replicas, durable }),
  );
  return { partitions, configs };
}

function withCappedMinIsr(settings: Settings, wanted: Overrides, replicaCount: number): Overrides {
  if (!wanted.has(MIN_ISR)) return wanted;
  const text = cappedMinIsr(settings, settings.topic(wanted, MIN_ISR), replicaCount);
  const others = [...wanted].filter(([name]) => name !== MIN_ISR);
  return new Map(text === null ? others : [...others, [MIN_ISR, text]]);
}

function automatic({ settings }: DecisionContext, topic: NewTopic, placement: Placement): Placed {
  if (topic.replicationFactor < -1 || topic.replicationFactor === 0) {
    const refusal = problem(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      'the replication factor must be at least 1, or -1 for the default',
    );
    return { refusal, replicas: null };
  }
  if (topic.partitionCount < -1 || topic.partitionCount === 0) {
    const refusal = problem(
      ErrorCode.INVALID_PARTITIONS,
      'the number of partitions must be at least 1, or -1 for the default',
    );
    return { refusal, replicas: null };
  }
  const partitionCount = topic.partitionCount === -1 ? settings.broker('num.partitions') : topic.partitionCount;
  if (partitionCount > NEW_PARTITION_COUNT_MAX) {
    const refusal = problem(
      ErrorCode.POLICY_VIOLATION,
      `one request may create ${NEW_PARTITION_COUNT_MAX} partitions at most`,
    );
    return { refusal, replicas: null };
  }
  const replicationFactor =
    topic.replicationFactor === -1 ? settings.broker('default.replication.factor') : topic.replicationFactor;
  const shrinkToBrokers = topic.shrinkToBrokers === true;
  return placement.place({ partitionCount, replicationFactor, shrinkToBrokers });
}

function manual(context: DecisionContext, topic: NewTopic): Placed {
  const refuse = (code: number, sentence: string): Placed => ({ refusal: problem(code, sentence), replicas: null });
  if (topic.replicationFactor !== -1) {
    return refuse(ErrorCode.INVALID_REQUEST, 'with an assignment the replication factor must be -1');
  }
  if (topic.partitionCount !== -1) {
    return refuse(ErrorCode.INVALID_REQUEST, 'with an assignment the number of partitions must be -1');
  }
  const byIndex = new Map<number, readonly number[]>();
  let replicaCount: number | null = null;
  for (const { partitionIndex, brokerIds } of topic.assignments) {
    if (byIndex.has(partitionIndex)) {
      return refuse(ErrorCode.INVALID_REPLICA_ASSIGNMENT, `partition ${partitionIndex} is assigned twice`);
    }
    const refusal =
      assignmentProblem(context, brokerIds, { expectedCount: replicaCount }) ??
      copiesProblem(context.image, brokerIds.length);
    if (refusal !== null) return { refusal, replicas: null };
    replicaCount = brokerIds.length;
    byIndex.set(partitionIndex, brokerIds);
  }
  const replicas: (readonly number[])[] = [];
  for (let index = 0; index < byIndex.size; index += 1) {
    const ids = byIndex.get(index);
    if (ids === undefined) {
      return refuse(ErrorCode.INVALID_REPLICA_ASSIGNMENT, 'assigned partitions must be numbered from 0 without a gap');
    }
    replicas.push(ids);
  }
  return { refusal: null, replicas };
}

function findTopic(
  image: MetadataImage,
  { name, topicId: id }: DeleteTopicsCommand['topics'][number],
): TopicView | CodedResult {
  if (name !== null && id !== null)
    return problem(ErrorCode.INVALID_REQUEST, 'a topic is named by name or by id, not by both');
  if (name !== null)
    return image.topicByName(name) ?? problem(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `no topic ${name}`);
  if (id === null) return problem(ErrorCode.INVALID_REQUEST, 'a topic needs a name or an id');
  return image.topicById(topicId(id)) ?? problem(ErrorCode.UNKNOWN_TOPIC_ID, `no topic of id ${id}`);
}

/** Why something that a request names more than once is refused. */
export function namedTwice(what: string): CodedResult {
  return problem(ErrorCode.INVALID_REQUEST, `${what} is named twice in the request`);
}

function refused(name: string, why: CodedResult): CreatedTopic {
  return { ...why, name, topicId: ZERO_TOPIC_ID, partitionCount: -1, replicationFactor: -1 };
}

import { describe, expect, test } from '@jest/globals';
import { topicId } from '../../../../broker/core/base/ids.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { MetadataLab, newTopic, sampleId } from '../../../support/metadata/lab.ts';

const {
  NONE,
  INVALID_CONFIG,
  INVALID_PARTITIONS,
  INVALID_REPLICA_ASSIGNMENT,
  INVALID_REPLICATION_FACTOR,
  INVALID_REQUEST,
  INVALID_TOPIC_EXCEPTION,
  POLICY_VIOLATION,
  TOPIC_ALREADY_EXISTS,
  TOPIC_DELETION_DISABLED,
  UNKNOWN_TOPIC_ID,
  UNKNOWN_TOPIC_OR_PARTITION,
} = ErrorCode;

const assign = (...lists: readonly (readonly number[])[]) =>
  lists.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds }));
const assigned = (name: string, ...lists: readonly (readonly number[])[]) =>
  newTopic(name, { partitionCount: -1, replicationFactor: -1, assignments: assign(...lists) });

describe('creating a topic', () => {
  test('gives every partition a leader and all replicas in sync', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    expect(lab.create(newTopic('orders', { partitionCount: 3, replicationFactor: 2 }))).toEqual([NONE]);
    const partitions = lab.image.topicByName('orders')?.partitions ?? [];
    expect(partitions.map(({ leader, replicas }) => [leader, replicas])).toEqual([
      [0, [0, 1]],
      [1, [1, 2]],
      [2, [2, 0]],
    ]);
    for (const one of partitions)
      expect(one).toMatchObject({ leaderEpoch: 0, partitionEpoch: 0, isr: one.replicas, elr: [], durableFromEpoch: 0 });
  });

  test('goes on where the last topic ended, so that leaders spread', () => {
    const lab = MetadataLab.withBrokers([0, 1]);
    lab.create(newTopic('a'), newTopic('b'));
    lab.create(newTopic('c'));
    expect(['a', 'c'].map((name) => lab.image.topicByName(name)?.partitions[0]?.leader)).toEqual([0, 0]);
  });

  test('takes counts from the cluster where it is asked to', () => {
    const lab = MetadataLab.withBrokers([0, 1], { 'num.partitions': '4', 'default.replication.factor': '2' });
    lab.create(newTopic('t', { partitionCount: -1, replicationFactor: -1 }));
    expect(lab.image.topicByName('t')?.partitions.map(({ replicas }) => replicas.length)).toEqual([2, 2, 2, 2]);
  });

  test.each([
    ['replication factor above the brokers', newTopic('t', { replicationFactor: 2 }), INVALID_REPLICATION_FACTOR],
    ['replication factor 0', newTopic('t', { replicationFactor: 0 }), INVALID_REPLICATION_FACTOR],
    ['replication factor -2', newTopic('t', { replicationFactor: -2 }), INVALID_REPLICATION_FACTOR],
    ['no partitions', newTopic('t', { partitionCount: 0 }), INVALID_PARTITIONS],
    ['too many partitions', newTopic('t', { partitionCount: 10_001 }), POLICY_VIOLATION],
    ['an empty name', newTopic(''), INVALID_TOPIC_EXCEPTION],
    ['the name ..', newTopic('..'), INVALID_TOPIC_EXCEPTION],
    ['a name of 250 characters', newTopic('x'.repeat(250)), INVALID_TOPIC_EXCEPTION],
    ['a name with a blank', newTopic('a b'), INVALID_TOPIC_EXCEPTION],
    ["the controllers' topic", newTopic('__cluster_metadata'), INVALID_REQUEST],
    ['an unknown setting', newTopic('t', { configs: [{ name: 'foo', value: '1' }] }), INVALID_CONFIG],
    ['a bad setting', newTopic('t', { configs: [{ name: 'retention.ms', value: 'x' }] }), INVALID_CONFIG],
    ['a setting without value', newTopic('t', { configs: [{ name: 'retention.ms', value: null }] }), INVALID_CONFIG],
    [
      'an assignment beside a count',
      newTopic('t', { replicationFactor: -1, assignments: assign([0]) }),
      INVALID_REQUEST,
    ],
    ['an assignment beside a factor', newTopic('t', { partitionCount: -1, assignments: assign([0]) }), INVALID_REQUEST],
    ['an unknown broker', assigned('t', [9]), INVALID_REPLICA_ASSIGNMENT],
    ['a broker twice', assigned('t', [0, 0]), INVALID_REPLICA_ASSIGNMENT],
    ['an empty assignment', assigned('t', []), INVALID_REPLICA_ASSIGNMENT],
    [
      'a gap in the partitions',
      newTopic('t', {
        partitionCount: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 1, brokerIds: [0] }],
      }),
      INVALID_REPLICA_ASSIGNMENT,
    ],
  ])('is refused for %s and changes nothing', (_, topic, code) => {
    const lab = MetadataLab.withBrokers([0]);
    const before = lab.image.describe();
    expect(lab.create(topic)).toEqual([code]);
    expect(lab.image.describe()).toBe(before);
  });

  test('accepts a name of 249 characters', () => {
    expect(MetadataLab.withBrokers([0]).create(newTopic('x'.repeat(249)))).toEqual([NONE]);
  });

  test('refuses a name that exists, and one that differs in . and _ only', () => {
    const lab = MetadataLab.withBrokers([0]);
    lab.create(newTopic('a.b'));
    expect(lab.create(newTopic('a.b'))).toEqual([TOPIC_ALREADY_EXISTS]);
    expect(lab.create(newTopic('a_b'))).toEqual([INVALID_TOPIC_EXCEPTION]);
    lab.run({ kind: 'deleteTopics', topics: [{ name: 'a.b', topicId: null }] });
    expect(lab.create(newTopic('a_b'))).toEqual([NONE]);
  });

  test('refuses a collision within one request', () => {
    expect(MetadataLab.withBrokers([0]).create(newTopic('a.b'), newTopic('a_b'))).toEqual([
      NONE,
      INVALID_TOPIC_EXCEPTION,
    ]);
  });

  test('answers a name given twice once, and creates the others', () => {
    const lab = MetadataLab.withBrokers([0]);
    expect(lab.create(newTopic('a'), newTopic('b'), newTopic('a'))).toEqual([INVALID_REQUEST, NONE]);
    expect(lab.image.topics().map(({ name }) => name)).toEqual(['b']);
  });

  test('with validateOnly answers the same and changes nothing', () => {
    const lab = MetadataLab.withBrokers([0]);
    const offset = lab.image.offset;
    const outcome = lab.run({
      kind: 'createTopics',
      topics: [newTopic('a', { partitionCount: 3 }), newTopic('')],
      validateOnly: true,
    });
    expect(outcome).toMatchObject({
      topics: [
        { name: 'a', errorCode: NONE, partitionCount: 3, replicationFactor: 1 },
        { name: '', errorCode: INVALID_TOPIC_EXCEPTION },
      ],
    });
    expect(lab.image.offset).toBe(offset);
  });

  test('refuses a request as a whole that makes too many partitions together', () => {
    const lab = MetadataLab.withBrokers([0]);
    expect(lab.create(newTopic('a', { partitionCount: 6000 }), newTopic('b', { partitionCount: 6000 }))).toEqual([
      POLICY_VIOLATION,
      POLICY_VIOLATION,
    ]);
    expect(lab.image.topics()).toEqual([]);
  });

  test('uses as many brokers as there are where that is allowed', () => {
    const lab = MetadataLab.withBrokers([0, 1]);
    lab.create(newTopic('__consumer_offsets', { replicationFactor: 3, shrinkToBrokers: true }));
    expect(lab.image.topicByName('__consumer_offsets')).toMatchObject({
      internal: true,
      partitions: [{ replicas: [0, 1] }],
    });
  });

  describe('min.insync.replicas of a topic that takes as many brokers as there are', () => {
    const NAME = '__consumer_offsets';
    const created = (ids: readonly number[], wanted: string, ofAll = '1'): string | undefined => {
      const lab = MetadataLab.withBrokers(ids, { 'min.insync.replicas': ofAll });
      const configs = [{ name: 'min.insync.replicas', value: wanted }];
      expect(lab.create(newTopic(NAME, { replicationFactor: 3, shrinkToBrokers: true, configs }))).toEqual([NONE]);
      return lab.image.configOverrides('topic', NAME).get('min.insync.replicas');
    };

    test('is what is wanted where there are replicas for it', () => {
      expect([created([0, 1], '2'), created([0, 1, 2], '2'), created([0, 1, 2, 3], '3')]).toEqual(['2', '2', '3']);
      expect(created([0], '1', '2')).toBe('1');
    });

    test('is never more than its replicas, and left out where that is what all topics have', () => {
      expect([created([0], '2'), created([0, 1], '3', '2')]).toEqual([undefined, undefined]);
      expect([created([0], '2', '2'), created([0, 1], '3')]).toEqual(['1', '2']);
    });

    test('is what a client says who makes a topic of its own', () => {
      const lab = MetadataLab.withBrokers([0]);
      lab.create(newTopic('t', { configs: [{ name: 'min.insync.replicas', value: '2' }] }));
      expect(lab.image.configOverrides('topic', 't').get('min.insync.replicas')).toBe('2');
    });

    test('must be a number', () => {
      const lab = MetadataLab.withBrokers([0]);
      const configs = [{ name: 'min.insync.replicas', value: 'two' }];
      expect(lab.create(newTopic(NAME, { shrinkToBrokers: true, configs }))).toEqual([ErrorCode.INVALID_CONFIG]);
    });
  });

  test('refuses a second replica below weir.version 3, and makes one where fewer are allowed', () => {
    const lab = MetadataLab.atLevel1();
    for (const id of [0, 1, 2]) lab.join(id);
    expect(lab.create(newTopic('t', { replicationFactor: 2 }))).toEqual([INVALID_REPLICATION_FACTOR]);
    expect(lab.create(assigned('t', [0, 1]))).toEqual([INVALID_REPLICATION_FACTOR]);
    lab.create(newTopic('__consumer_offsets', { replicationFactor: 3, shrinkToBrokers: true, partitionCount: 3 }));
    const partitions = lab.image.topicByName('__consumer_offsets')?.partitions;
    expect(partitions?.map(({ replicas }) => replicas)).toEqual([[0], [1], [2]]);
    expect(lab.create(assigned('u', [2]))).toEqual([NONE]);
  });

  test('takes fenced brokers only where no others are, and leaves them out of the ISR', () => {
    const lab = MetadataLab.withBrokers([0]);
    lab.join(1, false);
    lab.create(newTopic('one', { partitionCount: 2, replicationFactor: 1 }));
    for (const partition of lab.image.topicByName('one')?.partitions ?? [])
      expect(partition).toMatchObject({ leader: 0, replicas: [0] });
    expect(lab.create(newTopic('two', { replicationFactor: 2 }))).toEqual([NONE]);
    expect(lab.image.topicByName('two')?.partitions[0]).toMatchObject({ leader: 0, replicas: [0, 1], isr: [0] });
    expect(lab.create(newTopic('three', { replicationFactor: 3 }))).toEqual([INVALID_REPLICATION_FACTOR]);
    expect(lab.create(assigned('t', [1, 0]))).toEqual([NONE]);
    expect(lab.image.topicByName('t')?.partitions[0]).toMatchObject({ leader: 0, replicas: [1, 0], isr: [0] });
    expect(lab.create(assigned('u', [1]))).toEqual([INVALID_REPLICA_ASSIGNMENT]);
  });

  test('under weir.durability=replicated makes partitions that are not durable', () => {
    const lab = MetadataLab.withBrokers([0]);
    lab.create(newTopic('t', { configs: [{ name: 'weir.durability', value: 'replicated' }] }));
    expect(lab.image.topicByName('t')?.partitions[0]?.durableFromEpoch).toBe(-1);
  });
});

describe('deleting a topic', () => {
  test('by name or by id removes it with its settings', () => {
    const lab = MetadataLab.withBrokers([0]);
    lab.create(newTopic('a', { configs: [{ name: 'retention.ms', value: '5' }] }), newTopic('b'));
    const id = lab.image.topicByName('b')?.id ?? '';
    lab.run({
      kind: 'deleteTopics',
      topics: [
        { name: 'a', topicId: null },
        { name: null, topicId: id },
      ],
    });
    expect(lab.image.topics()).toEqual([]);
    expect(lab.image.topicById(topicId(id))).toBeNull();
    expect(lab.image.configOverrides('topic', 'a').size).toBe(0);
    expect(lab.image.partitionCount).toBe(0);
    expect(lab.deltas.at(-1)).toMatchObject({ topicsDeleted: [{ name: 'a' }, { name: 'b' }], partitionsChanged: [] });
  });

  test('answers what is unknown, doubly named or named twice', () => {
    const lab = MetadataLab.withBrokers([0]);
    lab.create(newTopic('a'));
    const codes = (
      ...topics: readonly { readonly name: string | null; readonly topicId: string | null }[]
    ): readonly number[] => {
      const outcome = lab.run({ kind: 'deleteTopics', topics });
      return outcome.kind === 'deleteTopics' ? outcome.topics.map(({ errorCode }) => errorCode) : [];
    };
    expect(codes({ name: 'x', topicId: null }, { name: null, topicId: sampleId(7) })).toEqual([
      UNKNOWN_TOPIC_OR_PARTITION,
      UNKNOWN_TOPIC_ID,
    ]);
    expect(codes({ name: 'a', topicId: sampleId(7) }, { name: null, topicId: null })).toEqual([
      INVALID_REQUEST,
      INVALID_REQUEST,
    ]);
    expect(codes({ name: 'a', topicId: null }, { name: 'a', topicId: null })).toEqual([INVALID_REQUEST]);
    expect(lab.image.topicByName('a')).not.toBeNull();
  });

  test('is refused while delete.topic.enable is false', () => {
    const lab = MetadataLab.withBrokers([0], { 'delete.topic.enable': 'false' });
    lab.create(newTopic('a'));
    expect(lab.run({ kind: 'deleteTopics', topics: [{ name: 'a', topicId: null }] })).toMatchObject({
      topics: [{ errorCode: TOPIC_DELETION_DISABLED }],
    });
    expect(lab.image.topicByName('a')).not.toBeNull();
  });
});

describe('adding partitions', () => {
  const grow = (
    lab: MetadataLab,
    name: string,
    partitionCount: number,
    assignments: readonly (readonly number[])[] | null = null,
  ) => {
    const outcome = lab.run({
      kind: 'createPartitions',
      topics: [{ name, partitionCount, assignments }],
      validateOnly: false,
    });
    return outcome.kind === 'createPartitions' ? outcome.topics[0]?.errorCode : -1;
  };

  test('keeps the old ones and the replication factor', () => {
    const lab = MetadataLab.withBrokers([0, 1]);
    lab.create(newTopic('t', { replicationFactor: 2 }));
    const before = lab.image.topicByName('t')?.partitions[0];
    expect(grow(lab, 't', 3)).toBe(NONE);
    const after = lab.image.topicByName('t')?.partitions ?? [];
    expect(after[0]).toEqual(before);
    expect(after.map(({ index, replicas }) => [index, replicas.length])).toEqual([
      [0, 2],
      [1, 2],
      [2, 2],
    ]);
    expect(lab.deltas.at(-1)?.partitionsChanged.map(({ partition }) => partition.index)).toEqual([1, 2]);
  });

  test('is refused unless it adds something that fits', () => {
    const lab = MetadataLab.withBrokers([0, 1]);
    lab.create(newTopic('t', { partitionCount: 2 }));
    expect(grow(lab, 't', 2)).toBe(INVALID_PARTITIONS);
    expect(grow(lab, 't', 1)).toBe(INVALID_PARTITIONS);
    expect(grow(lab, 'x', 3)).toBe(UNKNOWN_TOPIC_OR_PARTITION);
    expect(grow(lab, 't', 4, [[0]])).toBe(INVALID_REPLICA_ASSIGNMENT);
    expect(grow(lab, 't', 3, [[0, 1]])).toBe(INVALID_REPLICA_ASSIGNMENT);
    expect(grow(lab, 't', 3, [[9]])).toBe(INVALID_REPLICA_ASSIGNMENT);
    expect(grow(lab, 't', 20_000)).toBe(POLICY_VIOLATION);
    expect(grow(lab, 't', 3, [[1]])).toBe(NONE);
    expect(lab.image.topicByName('t')?.partitions[2]?.leader).toBe(1);
  });
});

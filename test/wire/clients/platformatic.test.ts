import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Admin,
  ConfigResourceTypes,
  Consumer,
  type CompressionAlgorithmValue,
  IncrementalAlterConfigOperationTypes,
  type MessagesStream,
  MessagesStreamModes,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka';
import { openWire, type Wire } from '../harness/session.ts';
import { waitFor } from '../harness/wait.ts';
import { numbered } from '../harness/cli.ts';

let wire: Wire;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ wire, close } = await openWire());
});
afterAll(() => close());

const joined = new Set<Member>();
afterEach(async () => {
  for (const member of joined) await leave(member);
});

const base = () => ({ clientId: 'platformatic', bootstrapBrokers: [wire.bootstrap], retries: 10, retryDelay: 100 });

async function withAdmin<T>(body: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Admin(base());
  try {
    return await body(admin);
  } finally {
    await admin.close();
  }
}

async function newTopic(partitions = 1, stored = 'producer'): Promise<string> {
  const topic = wire.unique('platformatic');
  await withAdmin((admin) =>
    admin.createTopics({
      topics: [topic],
      partitions,
      replicas: 1,
      configs: [{ name: 'compression.type', value: stored }],
    }),
  );
  return topic;
}

async function send(
  topic: string,
  values: readonly string[],
  compression: CompressionAlgorithmValue = 'none',
  idempotent = false,
): Promise<void> {
  const producer = new Producer({
    ...base(),
    serializers: stringSerializers,
    compression,
    idempotent,
    autocreateTopics: false,
  });
  try {
    await producer.send({ acks: -1, messages: values.map((value) => ({ topic, key: value, value })) });
  } finally {
    await producer.close();
  }
}

type Strings = Consumer<string, string, string, string>;
type Member = {
  readonly values: string[];
  readonly consumer: Strings;
  readonly stream: MessagesStream<string, string, string, string>;
};

async function join(topic: string, groupId: string): Promise<Member> {
  const consumer: Strings = new Consumer({
    ...base(),
    groupId,
    deserializers: stringDeserializers,
    sessionTimeout: 10_000,
    heartbeatInterval: 500,
    rebalanceTimeout: 10_000,
    maxWaitTime: 200,
  });
  const stream = await consumer.consume({
    topics: [topic],
    mode: MessagesStreamModes.COMMITTED,
    fallbackMode: 'earliest',
    autocommit: 100,
  });
  const values: string[] = [];
  stream.on('data', (message) => values.push(message.value ?? ''));
  stream.on('error', () => undefined);
  const member = { values, consumer, stream };
  joined.add(member);
  return member;
}

async function leave(member: Member): Promise<void> {
  if (!joined.delete(member)) return;
  const { consumer, stream } = member;
  await stream.close();
  await consumer.close(true);
}

const assigned = ({ consumer }: Member): number =>
  (consumer.assignments ?? []).reduce((sum, { partitions }) => sum + partitions.length, 0);

describe('@platformatic/kafka', () => {
  it.each(['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'reads what came in any codec and is stored in %s',
    async (stored) => {
      const topic = await newTopic(1, stored);
      const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
      for (const codec of codecs) await send(topic, numbered(codec, 60), codec);
      const member = await join(topic, wire.unique('group'));
      try {
        await waitFor('every value', () => member.values.length >= 300);
      } finally {
        await leave(member);
      }
      expect(member.values).toEqual(codecs.flatMap((codec) => numbered(codec, 60)));
    },
  );

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'produces with %s and consumes in a group',
    async (codec) => {
      const topic = await newTopic(2);
      await send(topic, numbered('value', 300), codec);
      const member = await join(topic, wire.unique('group'));
      try {
        await waitFor('every value', () => member.values.length >= 300);
      } finally {
        await leave(member);
      }
      expect([...member.values].sort()).toEqual([...numbered('value', 300)].sort());
    },
  );

  it('produces idempotently', async () => {
    const topic = await newTopic();
    await send(topic, numbered('value', 20), 'none', true);
    const offsets = await withAdmin((admin) =>
      admin.listOffsets({ topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1n }] }] }),
    );
    expect(offsets).toMatchObject([{ name: topic, partitions: [{ partitionIndex: 0, offset: 20n }] }]);
  });

  it('shares partitions between two members and resumes where the group committed', async () => {
    const topic = await newTopic(4);
    const groupId = wire.unique('group');
    const first = await join(topic, groupId);
    await waitFor('one member has all', () => assigned(first) === 4);
    const second = await join(topic, groupId);
    await waitFor('each has half', () => assigned(first) === 2 && assigned(second) === 2);
    await send(topic, numbered('early', 200));
    await waitFor('every value', () => new Set([...first.values, ...second.values]).size >= 200);
    await leave(first);
    await waitFor('the other has all', () => assigned(second) === 4);
    await leave(second);
    await send(topic, numbered('late', 50));
    const third = await join(topic, groupId);
    await waitFor('the new values', () => new Set(third.values.filter((value) => value.startsWith('late'))).size >= 50);
    await leave(third);
  });

  it('creates, grows, configures and deletes topics', async () => {
    await withAdmin(async (admin) => {
      const topic = wire.unique('platformatic');
      const [created] = await admin.createTopics({
        topics: [topic],
        partitions: 2,
        replicas: 1,
        configs: [{ name: 'retention.ms', value: '5000000' }],
      });
      expect(created).toMatchObject({ name: topic, partitions: 2, replicas: 1 });
      await admin.createPartitions({ topics: [{ name: topic, count: 3, assignments: null }] });
      const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic };
      await admin.incrementalAlterConfigs({
        resources: [
          {
            ...resource,
            configs: [
              { name: 'retention.ms', configOperation: IncrementalAlterConfigOperationTypes.SET, value: '6000000' },
            ],
          },
        ],
      });
      await waitFor('the setting', async () => {
        const [described] = await admin.describeConfigs({
          resources: [{ ...resource, configurationKeys: ['retention.ms'] }],
        });
        return described?.configs[0]?.value === '6000000';
      });
      expect(await admin.listTopics()).toContain(topic);
      await admin.deleteTopics({ topics: [topic] });
      await waitFor('the topic is gone', async () => !(await admin.listTopics()).includes(topic));
    });
  });

  it('lists, describes and deletes groups, and reads and alters their offsets', async () => {
    const topic = await newTopic();
    const groupId = wire.unique('group');
    await send(topic, numbered('value', 10));
    const member = await join(topic, groupId);
    await waitFor('every value', () => member.values.length >= 10);
    await withAdmin(async (admin) => {
      const described = (await admin.describeGroups({ groups: [groupId] })).get(groupId);
      expect(described).toMatchObject({ id: groupId, state: 'Stable', protocolType: 'consumer' });
      expect(described?.members.size).toBe(1);
      await waitFor('the commit', async () => {
        const [group] = await admin.listConsumerGroupOffsets({ groups: [groupId] });
        return group?.topics[0]?.partitions[0]?.committedOffset === 10n;
      });
      await leave(member);
      expect([...(await admin.listGroups({ types: ['classic'] })).keys()]).toContain(groupId);
      await admin.alterConsumerGroupOffsets({
        groupId,
        topics: [{ name: topic, partitionOffsets: [{ partition: 0, offset: 4n }] }],
      });
      const [group] = await admin.listConsumerGroupOffsets({ groups: [groupId] });
      expect(group?.topics[0]?.partitions[0]?.committedOffset).toBe(4n);
      await admin.deleteGroups({ groups: [groupId] });
      expect([...(await admin.listGroups({ types: ['classic'] })).keys()]).not.toContain(groupId);
    });
  });

  it('deletes records up to an offset', async () => {
    const topic = await newTopic();
    await send(topic, numbered('value', 10));
    await withAdmin(async (admin) => {
      const deleted = await admin.deleteRecords({
        topics: [{ name: topic, partitions: [{ partition: 0, offset: 6n }] }],
      });
      expect(deleted).toEqual([{ name: topic, partitions: [{ partition: 0, lowWatermark: 6n }] }]);
    });
  });
});

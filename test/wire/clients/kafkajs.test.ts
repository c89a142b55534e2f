import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CompressionTypes, type Consumer, ConfigResourceTypes, Kafka, logLevel } from 'kafkajs';
import { openWire, type Wire } from '../harness/session.ts';
import { waitFor } from '../harness/wait.ts';
import { numbered } from '../harness/cli.ts';

let wire: Wire;
let kafka: Kafka;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ wire, close } = await openWire());
  kafka = new Kafka({
    clientId: 'kafkajs',
    brokers: [wire.bootstrap],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 100 },
  });
});
afterAll(() => close());

async function withAdmin<T>(body: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await body(admin);
  } finally {
    await admin.disconnect();
  }
}

async function newTopic(numPartitions = 1, stored = 'producer'): Promise<string> {
  const topic = wire.unique('kafkajs');
  await withAdmin((admin) =>
    admin.createTopics({
      waitForLeaders: true,
      topics: [
        { topic, numPartitions, replicationFactor: 1, configEntries: [{ name: 'compression.type', value: stored }] },
      ],
    }),
  );
  return topic;
}

async function send(topic: string, values: readonly string[], compression = CompressionTypes.None): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  try {
    await producer.send({ topic, compression, acks: -1, messages: values.map((value) => ({ key: value, value })) });
  } finally {
    await producer.disconnect();
  }
}

const joined: Consumer[] = [];
afterEach(async () => {
  for (const consumer of joined.splice(0)) await consumer.disconnect();
});

type Member = { readonly values: string[]; readonly consumer: Consumer; assigned: number };

async function join(topic: string, groupId: string): Promise<Member> {
  const consumer = kafka.consumer({
    groupId,
    sessionTimeout: 10_000,
    heartbeatInterval: 500,
    rebalanceTimeout: 10_000,
    maxWaitTimeInMs: 200,
  });
  const member: Member = { values: [], consumer, assigned: 0 };
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    member.assigned = payload.memberAssignment[topic]?.length ?? 0;
  });
  joined.push(consumer);
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommitInterval: 100,
    eachMessage: async ({ message }) => {
      member.values.push(String(message.value));
    },
  });
  return member;
}

describe('kafkajs', () => {
  it.each([
    ['none', CompressionTypes.None, 'producer'],
    ['gzip', CompressionTypes.GZIP, 'producer'],
    ['none', CompressionTypes.None, 'gzip'],
    ['gzip', CompressionTypes.GZIP, 'uncompressed'],
  ] as const)('produces with %s and consumes in a group, stored by %s', async (_, codec, stored) => {
    const topic = await newTopic(2, stored);
    await send(topic, numbered('value', 300), codec);
    const member = await join(topic, wire.unique('group'));
    try {
      await waitFor('every value', () => member.values.length >= 300);
    } finally {
      await member.consumer.disconnect();
    }
    expect([...member.values].sort()).toEqual([...numbered('value', 300)].sort());
  });

  it('produces idempotently', async () => {
    const topic = await newTopic();
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    for (let at = 0; at < 20; at += 1) await producer.send({ topic, messages: [{ value: `value-${at}` }] });
    await producer.disconnect();
    const [offsets] = await withAdmin((admin) => admin.fetchTopicOffsets(topic));
    expect(offsets).toMatchObject({ low: '0', high: '20' });
  });

  it('shares partitions between two members and resumes where the group committed', async () => {
    const topic = await newTopic(4);
    const groupId = wire.unique('group');
    const first = await join(topic, groupId);
    await waitFor('one member has all', () => first.assigned === 4);
    const second = await join(topic, groupId);
    await waitFor('each has half', () => first.assigned === 2 && second.assigned === 2);
    await send(topic, numbered('early', 200));
    await waitFor('every value', () => first.values.length + second.values.length >= 200);
    expect(first.values.length).toBeGreaterThan(0);
    expect(second.values.length).toBeGreaterThan(0);
    await first.consumer.disconnect();
    await waitFor('the other has all', () => second.assigned === 4);
    await second.consumer.disconnect();
    await send(topic, numbered('late', 50));
    const third = await join(topic, groupId);
    await waitFor('the new values', () => third.values.length >= 50);
    await third.consumer.disconnect();
    expect([...third.values].sort()).toEqual([...numbered('late', 50)].sort());
  });

  it('creates, grows, describes and deletes topics', async () => {
    const topic = await newTopic(2);
    await withAdmin(async (admin) => {
      expect(await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] })).toBe(false);
      await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
      await waitFor('three partitions', async () => {
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
        return topics[0]?.partitions.length === 3;
      });
      await admin.deleteTopics({ topics: [topic] });
      await waitFor('the topic is gone', async () => !(await admin.listTopics()).includes(topic));
    });
  });

  it('describes the cluster and the settings of a topic', async () => {
    const topic = await newTopic();
    await withAdmin(async (admin) => {
      const cluster = await admin.describeCluster();
      expect(cluster.brokers).toHaveLength(1);
      expect(cluster.controller).toBe(cluster.brokers[0]?.nodeId);
      const { resources } = await admin.describeConfigs({
        includeSynonyms: true,
        resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: ['retention.ms'] }],
      });
      expect(resources[0]?.configEntries).toEqual([expect.objectContaining({ configName: 'retention.ms' })]);
    });
  });

  it('lists, describes and deletes groups, and sets and reads their offsets', async () => {
    const topic = await newTopic();
    const groupId = wire.unique('group');
    await send(topic, numbered('value', 10));
    const member = await join(topic, groupId);
    await waitFor('every value', () => member.values.length >= 10);
    await withAdmin(async (admin) => {
      const described = await admin.describeGroups([groupId]);
      expect(described.groups[0]).toMatchObject({ groupId, state: 'Stable', protocolType: 'consumer' });
      expect(described.groups[0]?.members).toHaveLength(1);
      await member.consumer.disconnect();
      expect((await admin.listGroups()).groups.map((group) => group.groupId)).toContain(groupId);
      const offsets = await admin.fetchOffsets({ groupId, topics: [topic] });
      expect(offsets).toMatchObject([{ topic, partitions: [{ partition: 0, offset: '10' }] }]);
      await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '4' }] });
      expect(await admin.fetchOffsets({ groupId, topics: [topic] })).toMatchObject([{ partitions: [{ offset: '4' }] }]);
      await admin.deleteGroups([groupId]);
      expect((await admin.listGroups()).groups.map((group) => group.groupId)).not.toContain(groupId);
    });
  });

  it('deletes records up to an offset', async () => {
    const topic = await newTopic();
    await send(topic, numbered('value', 10));
    await withAdmin(async (admin) => {
      // Loads the topic into the client's metadata, without which it gives up before it asks.
      expect(await admin.fetchTopicOffsets(topic)).toMatchObject([{ low: '0', high: '10' }]);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '6' }] });
      expect(await admin.fetchTopicOffsets(topic)).toMatchObject([{ low: '6', high: '10' }]);
    });
  });
});

import { describe, expect, test } from '@jest/globals';
import { ZERO_TOPIC_ID } from '../../../../broker/core/base/ids.ts';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { decodeResponse, encodeResponse, encodeResponseInSteps } from '../../../../broker/core/protocol/messages.ts';
import { row } from '../../../../broker/server/api/metadata.ts';
import { TopicAnswers } from '../../../../broker/server/api/topic-answers.ts';
import type { Partition, Partitions } from '../../../../broker/server/partitions/partition.ts';
import { MetadataLab, newTopic } from '../../../support/metadata/lab.ts';
import { ask, LabClient } from '../../../support/metadata/lab-client.ts';

/** A server that leads what the metadata says; it counts how often partitions are looked at. */
function server() {
  const lab = MetadataLab.withBrokers([0, 1]);
  const metadata = new LabClient(lab);
  const seen = { looks: 0, damagedCount: 0, turns: 0 };
  const led = {
    leader: 0,
    status: () => (seen.damagedCount > 0 ? 56 : 0),
  } as unknown as Partition;
  const partitions: Partitions = {
    byId: () => {
      seen.looks += 1;
      return led;
    },
    byName: () => led,
    followed: () => null,
    all: () => [],
    onLead: () => undefined,
    get damagedCount() {
      return seen.damagedCount;
    },
  };
  const after = (_delayMs: number, callback: () => void) => {
    seen.turns += 1;
    callback();
    return { cancel: () => undefined };
  };
  const services = {
    metadata,
    partitions,
    settings: lab.settings,
    autoTopics: { create: () => undefined },
    topicAnswers: new TopicAnswers(metadata),
    ports: { timers: { after } },
  };
  return { lab, services, seen };
}

type Services = ReturnType<typeof server>['services'];

/** The bytes of an answer. */
function answered(
  services: Services,
  version: number,
  names: readonly string[] | null,
  more: { readonly withOperations?: boolean; readonly denied?: string } = {},
): Buffer {
  const request = {
    topics: names?.map((name) => ({ name, topicId: ZERO_TOPIC_ID })) ?? (version === 0 ? [] : null),
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: more.withOperations === true,
  };
  const { denied } = more;
  const options = { version, denied: ({ resourceName }: { resourceName: string }) => resourceName === denied };
  return Buffer.concat(encodeResponse(ApiKey.Metadata, version, 1, ask(row, services, request, options)));
}

/** The answer to a request for all topics, encoded like one to a very large request. */
function inSteps(services: Services, version: number): Buffer {
  const request = {
    topics: version === 0 ? [] : null,
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  };
  const steps = encodeResponseInSteps(ApiKey.Metadata, version, 1, ask(row, services, request, { version }));
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return Buffer.concat(value);
  }
}

/** The same from a server that has kept nothing. */
function fresh(services: Services, ...asked: readonly [number, readonly string[] | null]): Buffer {
  return answered({ ...services, topicAnswers: new TopicAnswers(new LabClient(new MetadataLab())) }, ...asked);
}

function decoded(bytes: Buffer, version: number) {
  return decodeResponse(ApiKey.Metadata, version, bytes, 4).body;
}

describe('Metadata', () => {
  test('gives in every version the bytes that it would give without those that it keeps', () => {
    const { lab, services } = server();
    lab.create(newTopic('a', { partitionCount: 3, replicationFactor: 2 }), newTopic('b'));
    for (let version = row.versions.min; version <= row.versions.max; version += 1) {
      const first = answered(services, version, null);
      expect(answered(services, version, null)).toEqual(first);
      expect(inSteps(services, version)).toEqual(first);
      expect(answered(services, version, ['b', 'a'])).toEqual(fresh(services, version, ['b', 'a']));
      const { topics } = decoded(first, version);
      expect(topics.map(({ name, partitions }) => [name, partitions.length])).toEqual([
        ['a', 3],
        ['b', 1],
      ]);
    }
  });

  test('looks at a partition once, however many ask, until a batch touches its topic', () => {
    const { lab, services, seen } = server();
    lab.create(newTopic('a', { partitionCount: 3 }), newTopic('b', { partitionCount: 2 }));
    const looks = (names: readonly string[] | null, version = 12): number => {
      const before = seen.looks;
      expect(answered(services, version, names)).toEqual(answered(services, version, names));
      return seen.looks - before;
    };
    expect(looks(null)).toBe(5);
    expect(looks(null)).toBe(0);
    expect(looks(['a'])).toBe(0);
    expect(looks(['a'], 9)).toBe(3);
    lab.run({
      kind: 'createPartitions',
      topics: [{ name: 'a', partitionCount: 4, assignments: null }],
      validateOnly: false,
    });
    expect(looks(null)).toBe(4);
    lab.set('topic', 'a', { 'retention.ms': '1' });
    expect(looks(null)).toBe(0);
    // Who is offline is told of every partition.
    lab.join(1, false);
    expect(looks(null)).toBe(6);
  });

  test('tells the new state after every change', () => {
    const { lab, services } = server();
    const told = () => {
      const bytes = answered(services, 12, null);
      expect(bytes).toEqual(fresh(services, 12, null));
      return decoded(bytes, 12).topics.map(({ name, topicId, partitions }) => ({
        name,
        topicId,
        leaders: partitions.map(({ leaderId }) => leaderId),
        offline: partitions.map(({ offlineReplicas }) => offlineReplicas),
      }));
    };
    lab.create(newTopic('a', { partitionCount: 2 }), newTopic('b', { replicationFactor: 2 }));
    expect(told()).toMatchObject([
      { name: 'a', leaders: [0, 1] },
      { name: 'b', leaders: [0], offline: [[]] },
    ]);
    const epoch = lab.join(1, false);
    expect(told()).toMatchObject([
      { name: 'a', leaders: [0, -1], offline: [[], [1]] },
      { name: 'b', offline: [[1]] },
    ]);
    lab.run({ kind: 'unfenceBroker', brokerId: 1, brokerEpoch: epoch });
    expect(told()).toMatchObject([{ leaders: [0, 1] }, { offline: [[]] }]);
    const [{ topicId } = { topicId: '' }] = told();
    lab.run({ kind: 'deleteTopics', topics: [{ name: 'a', topicId: null }] });
    expect(told()).toMatchObject([{ name: 'b' }]);
    const other = { ...services, topicAnswers: new TopicAnswers(new LabClient(new MetadataLab())) };
    answered(other, 12, null);
    expect(services.topicAnswers.sizeInBytes).toBe(other.topicAnswers.sizeInBytes);
    lab.create(newTopic('a'));
    const again = told();
    expect(again).toMatchObject([{ name: 'a' }, { name: 'b' }]);
    expect(again[0]?.topicId).not.toBe(topicId);
  });

  test('keeps nothing of what only one asker may know or only this node has', () => {
    const { lab, services, seen } = server();
    lab.create(newTopic('a', { replicationFactor: 2 }));
    answered(services, 9, null);
    const withOperations = decoded(answered(services, 9, null, { withOperations: true }), 9);
    expect(withOperations.topics[0]?.topicAuthorizedOperations).toBeGreaterThan(0);
    expect(decoded(answered(services, 9, null), 9).topics[0]?.topicAuthorizedOperations).toBe(-2_147_483_648);
    expect(decoded(answered(services, 9, ['a'], { denied: 'a' }), 9).topics[0]?.errorCode).toBe(29);
    expect(decoded(answered(services, 9, null, { denied: 'a' }), 9).topics).toEqual([]);
    seen.damagedCount = 1;
    expect(decoded(answered(services, 9, null), 9).topics[0]?.partitions[0]).toMatchObject({
      errorCode: 5,
      leaderId: -1,
      offlineReplicas: [0],
    });
  });

  test('encodes very many partitions in several turns, once, and keeps no more than it may', () => {
    const { lab, services, seen } = server();
    for (let topic = 0; topic < 40; topic += 1)
      lab.create(newTopic(`topic-${topic}`, { partitionCount: 500, replicationFactor: 2 }));
    const first = answered(services, 12, null);
    expect(seen.turns).toBe(9);
    expect(answered(services, 12, null)).toEqual(first);
    expect(seen.turns).toBe(9);
    const { topicAnswers } = services;
    const one = topicAnswers.sizeInBytes;
    expect(one).toBeGreaterThan(600_000);
    let all = 0;
    for (let version = 0; version <= 13; version += 1) {
      all += answered(services, version, null).length;
      expect(topicAnswers.sizeInBytes).toBeLessThanOrEqual(8 * 1024 * 1024);
    }
    expect(all).toBeGreaterThan(8 * 1024 * 1024);
    lab.join(1);
    answered(services, 12, null);
    expect(topicAnswers.sizeInBytes).toBeLessThanOrEqual(one);
  });
});

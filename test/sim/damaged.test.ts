import { beforeEach, describe, expect, it } from '@jest/globals';
import { ZERO_TOPIC_ID } from '../../broker/core/base/ids.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../broker/core/protocol/errors.ts';
import type { RequestInput, WireKey } from '../../broker/core/protocol/messages.ts';
import { buildBatch } from '../../broker/core/record/builder.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import { acceptLoss, inspectLoss } from '../../broker/server/logs/accept-loss.ts';
import { runTask } from '../../broker/server/task.ts';
import { Asker } from './asker.ts';

const TOPIC = 'jobs';

describe('a partition whose log was damaged below its durable mark (D7)', () => {
  let asker: Asker;
  let topicId = '';

  function call<K extends WireKey>(key: K, version: number, body: RequestInput<K>) {
    const answer = asker.call(key, version, body);
    if (typeof answer === 'string') throw new Error(answer);
    return answer;
  }

  /** A ShareFetch of both partitions, in the state that it is in after a moment: what came of each. */
  function shareFetch(memberId: string) {
    const partitions = [0, 1].map((partitionIndex) => ({ partitionIndex, acknowledgementBatches: [] }));
    const { responses } = call(ApiKey.ShareFetch, 1, {
      groupId: 'share',
      memberId,
      shareSessionEpoch: 0,
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 1_000_000,
      maxRecords: 10,
      batchSize: 10,
      topics: [{ topicId, partitions }],
      forgottenTopicsData: [],
    });
    const told = responses.flatMap((topic) => topic.partitions);
    return told.map((one) => [one.partitionIndex, one.errorCode, one.acquiredRecords.length]).toSorted();
  }

  beforeEach(() => {
    asker = new Asker(5);
    const topics = [{ name: TOPIC, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }];
    topicId = call(ApiKey.CreateTopics, 7, { topics, timeoutMs: 5000 }).topics[0]?.topicId ?? '';
    const reset = { name: 'share.auto.offset.reset', configOperation: 0, value: 'earliest' };
    const resources = [{ resourceType: 32, resourceName: 'share', configs: [reset] }];
    call(ApiKey.IncrementalAlterConfigs, 1, { resources, validateOnly: false });
    const records = buildBatch([{ key: null, value: Buffer.from('a') }], { timestamp: asker.world.wallMs }, crc32c);
    const partitionData = [0, 1].map((index) => ({ index, records }));
    call(ApiKey.Produce, 9, { acks: -1, timeoutMs: 5000, topicData: [{ name: TOPIC, partitionData }] });
    const member = { groupId: 'share', memberId: 'a', memberEpoch: 0, subscribedTopicNames: [TOPIC] };
    call(ApiKey.ShareGroupHeartbeat, 1, member);
    shareFetch('a');
    asker.world.runFor(12_000);
    asker.node.crash('power');
  });

  function damage(): void {
    const log = asker.node.disk.files().find(({ path }) => /jobs-0\/.*\.log$/.test(path))?.path ?? '';
    const byte = asker.node.disk.peek(log)?.[65] ?? 0;
    asker.node.disk.poke(log, 65, Buffer.of(byte ^ 1));
  }

  function start(): void {
    asker.hangUp();
    asker.node.start();
    asker.world.runUntil(() => asker.node.isReady, 60_000);
  }

  it('has no leader for clients from the moment that it is found, at the latest when it is read', () => {
    start();
    const leaders = () => {
      const topics = [{ name: TOPIC, topicId: ZERO_TOPIC_ID }];
      const answer = call(ApiKey.Metadata, 12, { topics, allowAutoTopicCreation: false });
      return answer.topics.flatMap(({ partitions }) => partitions.map(({ leaderId }) => leaderId));
    };
    expect(leaders()).toEqual([0, 0]);
    damage();
    expect(leaders()).toEqual([0, 0]);
    let told = shareFetch('b');
    for (let round = 0; round < 20 && told[0]?.[1] === 0; round += 1) told = shareFetch('b');
    expect(told[0]).toEqual([0, ErrorCode.KAFKA_STORAGE_ERROR, 0]);
    expect(leaders()).toEqual([-1, 0]);
  });

  it('is an error of its own in a share fetch, which goes on with the others', () => {
    damage();
    start();
    let told = shareFetch('b');
    for (let round = 0; round < 20 && told[1]?.[2] === 0; round += 1) told = shareFetch('b');
    // Its broker has told of it at its registration: nobody leads it.
    expect(told).toEqual([
      [0, ErrorCode.NOT_LEADER_OR_FOLLOWER, 0],
      [1, 0, 1],
    ]);
  });

  it('is led again once its loss is accepted', () => {
    damage();
    start();
    const leader = () => asker.node.view?.topicByName(TOPIC)?.partition(0)?.leader;
    expect(leader()).toBe(-1);
    let isStopped = false;
    asker.node.stop(() => (isStopped = true));
    asker.world.runUntil(() => isStopped, 60_000);
    const at = { disk: asker.node.disk, crc32c, directory: '/data' };
    let kept: string | undefined;
    runTask(inspectLoss(at, TOPIC, 0), (_failure, loss) => {
      if (loss === undefined || typeof loss === 'string') throw new Error(`nothing to accept: ${loss}`);
      runTask(acceptLoss(at, loss), (failure, directory) => {
        expect(failure).toBe(null);
        kept = directory;
      });
    });
    asker.world.runUntil(() => kept !== undefined, 60_000);
    start();
    expect(leader()).toBe(0);
    const records = buildBatch([{ key: null, value: Buffer.from('b') }], { timestamp: asker.world.wallMs }, crc32c);
    const topicData = [{ name: TOPIC, partitionData: [{ index: 0, records }] }];
    const { responses } = call(ApiKey.Produce, 9, { acks: -1, timeoutMs: 5000, topicData });
    expect(responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: ErrorCode.NONE, baseOffset: 1 });
  });

  it('is not among what the log directory holds, as in Kafka a replica whose directory failed', () => {
    damage();
    start();
    const { results } = call(ApiKey.DescribeLogDirs, 4, { topics: [{ topic: TOPIC, partitions: [0, 1] }] });
    const [directory] = results;
    expect([results.length, directory?.errorCode]).toEqual([1, ErrorCode.NONE]);
    expect(
      directory?.topics.flatMap(({ partitions }) => partitions.map(({ partitionIndex }) => partitionIndex)),
    ).toEqual([1]);
  });
});

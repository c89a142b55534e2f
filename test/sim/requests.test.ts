import { beforeEach, describe, expect, it } from '@jest/globals';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../broker/core/protocol/errors.ts';
import { decodeResponse, encodeRequest } from '../../broker/core/protocol/messages.ts';
import { buildBatch } from '../../broker/core/record/builder.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import { Asker } from './asker.ts';

const FETCH_VERSION = 12;

let asker: Asker;

/** A frame whose header names this API and version, followed by `body`. */
function frame(apiKey: number, version: number, body: readonly number[] = []): Uint8Array[] {
  const bytes = Buffer.from([0, apiKey, 0, version, 0, 0, 0, 9, 0xff, 0xff, ...body]);
  const size = Buffer.alloc(4);
  size.writeInt32BE(bytes.length, 0);
  return [size, bytes];
}

const records = (value: string): Uint8Array =>
  buildBatch([{ key: null, value: Buffer.from(value) }], { timestamp: asker.world.wallMs }, crc32c);

function produce(topic: string, index: number, value: string, from = asker) {
  const partitionData = [{ index, records: records(value) }];
  return from.call(ApiKey.Produce, 9, { acks: -1, timeoutMs: 5000, topicData: [{ name: topic, partitionData }] });
}

function fetch(
  topic: string,
  partitions: readonly { readonly partition: number; readonly fetchOffset: number }[],
  options: {
    readonly minBytes?: number;
    readonly maxWaitMs?: number;
    readonly sessionId?: number;
    readonly sessionEpoch?: number;
  } = {},
) {
  const wanted = partitions.map((one) => ({ ...one, partitionMaxBytes: 1_000_000 }));
  const body = {
    maxWaitMs: options.maxWaitMs ?? 0,
    minBytes: options.minBytes ?? 0,
    maxBytes: 1_000_000,
    sessionId: options.sessionId ?? 0,
    sessionEpoch: options.sessionEpoch ?? -1,
    topics: wanted.length === 0 ? [] : [{ topic, partitions: wanted }],
    forgottenTopicsData: [],
  };
  const answer = asker.call(ApiKey.Fetch, FETCH_VERSION, body);
  if (typeof answer === 'string') throw new Error(answer);
  return answer;
}

function create(name: string, numPartitions: number): void {
  const topics = [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }];
  const answer = asker.call(ApiKey.CreateTopics, 7, { topics, timeoutMs: 5000 });
  expect(typeof answer === 'string' ? answer : answer.topics[0]?.errorCode).toBe(ErrorCode.NONE);
}

beforeEach(() => {
  asker = new Asker(11);
});

describe('a request that is no request', () => {
  it('closes the connection and says why: an API that is not served', () => {
    expect(asker.ask(frame(52, 0, [0]))).toBe('closed');
    expect(asker.node.warnings.join()).toContain('API key 52 is not served');
  });

  it('closes the connection: a version that is not served', () => {
    expect(asker.ask(frame(ApiKey.Fetch, 3))).toBe('closed');
    expect(asker.node.warnings.join()).toContain('Fetch version 3 is not served (4–18 are)');
  });

  it('closes the connection: a body that is cut off', () => {
    expect(asker.ask(frame(ApiKey.Metadata, 1, [0, 0]))).toBe('closed');
    expect(asker.node.warnings.join()).toContain('malformed Metadata v1');
  });

  it('is answered in version 0 when it is ApiVersions of an unknown version', () => {
    const answer = asker.ask(frame(ApiKey.ApiVersions, 99, [0]));
    if (typeof answer === 'string') throw new Error(answer);
    const view = Buffer.from(answer);
    expect([view.readInt32BE(0), view.readInt16BE(4)]).toEqual([9, ErrorCode.UNSUPPORTED_VERSION]);
    expect(view.readInt32BE(6)).toBeGreaterThan(30);
  });
});

describe('an acknowledged record', () => {
  it.each([1, -1])('with acks=%i is on disk: power may go in the moment of the answer (D2)', (acks) => {
    asker = new Asker(13, { diskLatencyMs: 20 });
    create('jobs', 1);
    const values = ['a', 'b', 'c', 'd', 'e'];
    for (const [index, value] of values.entries()) {
      const topicData = [{ name: 'jobs', partitionData: [{ index: 0, records: records(value) }] }];
      const answer = asker.call(ApiKey.Produce, 9, { acks, timeoutMs: 50_000, topicData });
      asker.powerCycle();
      const partition = typeof answer === 'string' ? null : answer.responses[0]?.partitionResponses[0];
      expect(partition).toMatchObject({ errorCode: ErrorCode.NONE, baseOffset: index });
      const found = fetch('jobs', [{ partition: 0, fetchOffset: index }]).responses[0]?.partitions[0];
      expect(Buffer.from(found?.records ?? []).includes(value)).toBe(true);
    }
  });

  it('is not shown to consumers before it is on disk', () => {
    asker = new Asker(13, { diskLatencyMs: 400 });
    create('jobs', 1);
    const topicData = [{ name: 'jobs', partitionData: [{ index: 0, records: records('a') }] }];
    expect(asker.call(ApiKey.Produce, 9, { acks: 0, timeoutMs: 0, topicData }, 1)).toBe('silent');
    const seen = [];
    const start = asker.world.nowMs;
    do {
      const partition = fetch('jobs', [{ partition: 0, fetchOffset: 0 }]).responses[0]?.partitions[0];
      seen.push({ bytes: partition?.records?.length ?? 0, highWatermark: partition?.highWatermark });
    } while (seen.at(-1)?.bytes === 0 && asker.world.nowMs - start < 60_000);
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.slice(0, -1).every((one) => one.bytes === 0 && one.highWatermark === 0)).toBe(true);
    expect(seen.at(-1)?.highWatermark).toBe(1);
    asker.powerCycle();
    expect(
      fetch('jobs', [{ partition: 0, fetchOffset: 0 }]).responses[0]?.partitions[0]?.records?.length,
    ).toBeGreaterThan(60);
  });
});

describe('a produce request with acks=0', () => {
  it('has no answer when it is good, and closes the connection when it failed', () => {
    create('jobs', 1);
    const body = (topic: string) => ({
      acks: 0,
      timeoutMs: 0,
      topicData: [{ name: topic, partitionData: [{ index: 0, records: records('a') }] }],
    });
    expect(asker.call(ApiKey.Produce, 9, body('jobs'), 1000)).toBe('silent');
    expect(asker.call(ApiKey.Produce, 9, body('missing'), 1000)).toBe('closed');
    expect(fetch('jobs', [{ partition: 0, fetchOffset: 0 }]).responses[0]?.partitions[0]?.highWatermark).toBe(1);
  });
});

describe('requests behind each other on one connection', () => {
  it('may acknowledge and fetch in one write: the fetch starts when the share-partition is whole again', () => {
    const created = asker.call(ApiKey.CreateTopics, 7, {
      topics: [{ name: 'jobs', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
      timeoutMs: 5000,
    });
    const topicId = typeof created === 'string' ? '' : (created.topics[0]?.topicId ?? '');
    const reset = { name: 'share.auto.offset.reset', configOperation: 0, value: 'earliest' };
    asker.call(ApiKey.IncrementalAlterConfigs, 1, {
      resources: [{ resourceType: 32, resourceName: 'g', configs: [reset] }],
      validateOnly: false,
    });
    const memberId = 'member';
    const join = { groupId: 'g', memberId, memberEpoch: 0, rackId: null, subscribedTopicNames: ['jobs'] };
    asker.call(ApiKey.ShareGroupHeartbeat, 1, join);
    for (const value of ['a', 'b', 'c']) produce('jobs', 0, value);
    const fetchBody = (
      shareSessionEpoch: number,
      partitions: readonly { readonly partitionIndex: number; readonly acknowledgementBatches: [] }[],
    ) => ({
      groupId: 'g',
      memberId,
      shareSessionEpoch,
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 1_000_000,
      maxRecords: 1,
      batchSize: 1,
      topics: partitions.length === 0 ? [] : [{ topicId, partitions }],
      forgottenTopicsData: [],
    });
    const first = asker.call(ApiKey.ShareFetch, 1, fetchBody(0, [{ partitionIndex: 0, acknowledgementBatches: [] }]));
    const acquired = typeof first === 'string' ? [] : first.responses[0]?.partitions[0]?.acquiredRecords;
    expect(acquired).toMatchObject([{ firstOffset: 0, lastOffset: 0 }]);
    const acknowledge = {
      groupId: 'g',
      memberId,
      shareSessionEpoch: 1,
      topics: [
        {
          topicId,
          partitions: [
            { partitionIndex: 0, acknowledgementBatches: [{ firstOffset: 0, lastOffset: 0, acknowledgeTypes: [1] }] },
          ],
        },
      ],
    };
    const header = { version: 1, correlationId: 1, clientId: null };
    const both = [
      ...encodeRequest({ apiKey: ApiKey.ShareAcknowledge, ...header }, acknowledge),
      ...encodeRequest({ apiKey: ApiKey.ShareFetch, ...header, correlationId: 2 }, fetchBody(2, [])),
    ];
    const answers = asker.askMany(both, 2);
    const fetched = decodeResponse(ApiKey.ShareFetch, 1, answers[1] ?? new Uint8Array());
    expect(fetched.correlationId).toBe(2);
    expect(fetched.body.responses[0]?.partitions[0]?.acquiredRecords).toMatchObject([
      { firstOffset: 1, lastOffset: 1 },
    ]);
    expect(asker.node.fatals).toEqual([]);
  });
});

describe('an internal topic', () => {
  it('takes no records from clients: one would make its coordinator unreadable', () => {
    const found = asker.call(ApiKey.FindCoordinator, 4, { keyType: 0, coordinatorKeys: ['group'] });
    expect(typeof found === 'string' ? found : found.coordinators[0]?.errorCode).toBe(ErrorCode.NONE);
    const answer = produce('__consumer_offsets', 0, 'junk');
    const partition = typeof answer === 'string' ? null : answer.responses[0]?.partitionResponses[0];
    expect(partition).toMatchObject({ errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, baseOffset: -1 });
    expect(
      fetch('__consumer_offsets', [{ partition: 0, fetchOffset: 0 }]).responses[0]?.partitions[0]?.highWatermark,
    ).toBe(0);
  });
});

describe('a fetch', () => {
  it('waits for its time when nothing comes, and no longer', () => {
    create('jobs', 1);
    const start = asker.world.nowMs;
    const answer = fetch('jobs', [{ partition: 0, fetchOffset: 0 }], { minBytes: 1, maxWaitMs: 700 });
    expect(answer.responses[0]?.partitions[0]?.records).toHaveLength(0);
    expect(asker.world.nowMs - start).toBeGreaterThanOrEqual(700);
    expect(asker.world.nowMs - start).toBeLessThan(730);
  });

  it('is answered as soon as enough was produced', () => {
    create('jobs', 1);
    asker.world.schedule(100, () => {
      const host = asker.network.host();
      const body = {
        acks: -1,
        timeoutMs: 5000,
        topicData: [{ name: 'jobs', partitionData: [{ index: 0, records: records('a') }] }],
      };
      host.dial(
        { host: '127.0.0.1', port: 9092, timeoutMs: 1000 },
        { onData: () => undefined, onDrain: () => undefined, onClose: () => undefined },
        (_failure, connection) =>
          connection?.write(
            encodeRequest({ apiKey: ApiKey.Produce, version: 9, correlationId: 1, clientId: null }, body),
          ),
      );
    });
    const start = asker.world.nowMs;
    const answer = fetch('jobs', [{ partition: 0, fetchOffset: 0 }], { minBytes: 1, maxWaitMs: 60_000 });
    expect(answer.responses[0]?.partitions[0]?.records?.length).toBeGreaterThan(60);
    expect(asker.world.nowMs - start).toBeLessThan(300);
  });

  it('is answered at once when something is wrong with one of its partitions', () => {
    create('jobs', 1);
    const start = asker.world.nowMs;
    const answer = fetch(
      'jobs',
      [
        { partition: 0, fetchOffset: 0 },
        { partition: 5, fetchOffset: 0 },
      ],
      { minBytes: 1, maxWaitMs: 60_000 },
    );
    expect(answer.responses[0]?.partitions.map((one) => one.errorCode)).toEqual([
      ErrorCode.NONE,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ]);
    expect(asker.world.nowMs - start).toBeLessThan(50);
  });

  it('out of range names the error and no records', () => {
    create('jobs', 1);
    const answer = fetch('jobs', [{ partition: 0, fetchOffset: 9 }], { minBytes: 1, maxWaitMs: 60_000 });
    expect(answer.responses[0]?.partitions[0]).toMatchObject({
      errorCode: ErrorCode.OFFSET_OUT_OF_RANGE,
      highWatermark: -1,
    });
  });

  it('by a reader whose history is not that of the log is told where they part, at once and without records (KIP-595)', () => {
    create('jobs', 1);
    produce('jobs', 0, 'a');
    asker.powerCycle();
    produce('jobs', 0, 'b');
    const fetchFrom = (fetchOffset: number, lastFetchedEpoch: number) => {
      const partitions = [{ partition: 0, fetchOffset, lastFetchedEpoch, partitionMaxBytes: 1000 }];
      const answer = asker.call(ApiKey.Fetch, FETCH_VERSION, {
        maxWaitMs: 60_000,
        minBytes: 1,
        topics: [{ topic: 'jobs', partitions }],
      });
      if (typeof answer === 'string') throw new Error(answer);
      return answer.responses[0]?.partitions[0];
    };
    const epochs = [fetchFrom(0, -1)?.records ?? new Uint8Array()].map((bytes) => Buffer.from(bytes).readInt32BE(12));
    const first = epochs[0] ?? -1;
    expect(fetchFrom(1, first)).toMatchObject({ divergingEpoch: { epoch: -1, endOffset: -1 } });
    expect(fetchFrom(2, first)).toMatchObject({
      errorCode: ErrorCode.NONE,
      divergingEpoch: { epoch: first, endOffset: 1 },
      records: new Uint8Array(),
    });
  });

  it('in a session tells only what changed (KIP-227)', () => {
    create('jobs', 3);
    const all = [0, 1, 2].map((partition) => ({ partition, fetchOffset: 0 }));
    const first = fetch('jobs', all, { sessionEpoch: 0 });
    expect(first.responses[0]?.partitions).toHaveLength(3);
    const { sessionId } = first;
    expect(fetch('jobs', [], { sessionId, sessionEpoch: 1 }).responses).toEqual([]);
    produce('jobs', 1, 'a');
    const changed = fetch('jobs', [], { sessionId, sessionEpoch: 2 });
    expect(changed.responses[0]?.partitions.map((one) => one.partitionIndex)).toEqual([1]);
    expect(fetch('jobs', [], { sessionId, sessionEpoch: 2 }).errorCode).toBe(ErrorCode.INVALID_FETCH_SESSION_EPOCH);
  });
});

describe('a connection that comes before the node is ready', () => {
  it('is held and answered afterwards', () => {
    asker.node.crash('process');
    asker.node.start();
    asker.world.runUntil(() => asker.network.listens(9092), 60_000);
    expect(asker.node.isReady).toBe(false);
    const answer = asker.call(ApiKey.ApiVersions, 0, {});
    expect(typeof answer === 'string' ? answer : answer.errorCode).toBe(ErrorCode.NONE);
    expect(asker.node.isReady).toBe(true);
  });
});

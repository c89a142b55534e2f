import { describe, expect, it } from '@jest/globals';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../broker/core/protocol/errors.ts';
import { buildBatch } from '../../broker/core/record/builder.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import type { Disk } from '../../broker/ports/disk.ts';
import { wrapFiles } from '../support/wrapped-disk.ts';
import { Asker } from './asker.ts';

const TOPIC = 'cold';
const READ_MS = 1000;
const RECORD_BYTES = 1000;
/** Bytes of a batch of one such record. */
const BATCH_BYTES = 1070;
const MEMBER = 'AAAAAAAAAAAAAAAAAAAAAw';

/** A node whose reads of the topic's records all take `READ_MS`, and how many of them ran at once. */
class SlowDiskNode {
  readonly asker: Asker;
  readsMax = 0;
  readonly #indices: readonly number[];
  #producedBytes = 0;
  #reads = 0;

  /** `batches` has the sizes of each partition's records, one record a batch. */
  constructor(batches: readonly (readonly number[])[]) {
    this.#indices = upTo(batches.length);
    this.asker = new Asker(3, { wrapDisk: (disk) => this.#slow(disk) });
    const topics = [{ name: TOPIC, numPartitions: batches.length, replicationFactor: 1, assignments: [], configs: [] }];
    this.asker.call(ApiKey.CreateTopics, 7, { topics, timeoutMs: 5000 });
    batches.forEach((sizes, index) => {
      for (const size of sizes) this.#produce(index, size);
    });
    // Nothing of it is in memory after that.
    this.asker.powerCycle();
    this.readsMax = 0;
  }

  /** Fetches all partitions from their starts; `failed` has the errors of those that fail. */
  fetch(options: {
    readonly maxBytes: number;
    readonly partitionMaxBytes?: number;
    readonly isReversed?: boolean;
    readonly failed?: Readonly<Record<number, number>>;
  }) {
    const { maxBytes, partitionMaxBytes = 1_000_000, isReversed = false, failed = {} } = options;
    const indices = isReversed ? this.#indices.toReversed() : this.#indices;
    const partitions = indices.map((partition) => ({ partition, fetchOffset: 0, partitionMaxBytes }));
    const body = { maxWaitMs: 0, minBytes: 0, maxBytes, sessionId: 0, sessionEpoch: -1, forgottenTopicsData: [] };
    const { world } = this.asker;
    const sentMs = world.nowMs;
    const answer = this.asker.call(ApiKey.Fetch, 12, { ...body, topics: [{ topic: TOPIC, partitions }] });
    if (typeof answer === 'string') throw new Error(answer);
    const rows = answer.responses[0]?.partitions ?? [];
    expect(rows.map((row) => row.errorCode)).toEqual(indices.map((index) => failed[index] ?? ErrorCode.NONE));
    const sizes = rows.map((row) => row.records?.length ?? 0);
    return { tookMs: world.nowMs - sentMs, order: rows.map((row) => row.partitionIndex), sizes };
  }

  /** Joins a share group and fetches what all partitions have. */
  shareFetch(options: {
    readonly recordsMax: number;
    readonly maxBytes?: number;
    readonly failed?: readonly number[];
  }) {
    const { asker } = this;
    const { recordsMax, maxBytes = 1_000_000, failed = [] } = options;
    const earliest = [{ name: 'share.auto.offset.reset', configOperation: 0, value: 'earliest' }];
    const resources = [{ resourceType: 32, resourceName: 'g', configs: earliest }];
    asker.call(ApiKey.IncrementalAlterConfigs, 1, { resources, validateOnly: false });
    const member = { groupId: 'g', memberId: MEMBER };
    const join = { ...member, memberEpoch: 0, rackId: null, subscribedTopicNames: [TOPIC] };
    asker.call(ApiKey.ShareGroupHeartbeat, 1, join);
    const topicId = asker.node.view?.topicByName(TOPIC)?.id ?? '';
    const partitions = this.#indices.map((partitionIndex) => ({ partitionIndex, acknowledgementBatches: [] }));
    const fetch = {
      ...member,
      shareSessionEpoch: 0,
      maxWaitMs: 60_000,
      // It begins when all share-partitions are loaded.
      minBytes: this.#producedBytes,
      maxBytes,
      maxRecords: recordsMax,
      batchSize: 500,
      topics: [{ topicId, partitions }],
      forgottenTopicsData: [],
    };
    const sentMs = asker.world.nowMs;
    const answer = asker.call(ApiKey.ShareFetch, 1, fetch);
    if (typeof answer === 'string') throw new Error(answer);
    expect(answer.errorCode).toBe(ErrorCode.NONE);
    const rows = answer.responses[0]?.partitions ?? [];
    expect(rows.filter((row) => row.errorCode !== ErrorCode.NONE).map((row) => row.partitionIndex)).toEqual(failed);
    const acquired = rows
      .toSorted((a, b) => a.partitionIndex - b.partitionIndex)
      .flatMap(({ partitionIndex, acquiredRecords }) =>
        acquiredRecords.map(({ firstOffset, lastOffset }) => `${partitionIndex}:${firstOffset}-${lastOffset}`),
      );
    return { tookMs: asker.world.nowMs - sentMs, acquired };
  }

  #produce(index: number, size: number): void {
    const record = { key: null, value: Buffer.alloc(size) };
    const records = buildBatch([record], { timestamp: this.asker.world.wallMs }, crc32c);
    this.#producedBytes += records.length;
    const topicData = [{ name: TOPIC, partitionData: [{ index, records }] }];
    const answer = this.asker.call(ApiKey.Produce, 9, { acks: -1, timeoutMs: 5000, topicData });
    if (typeof answer === 'string') throw new Error(answer);
    expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(ErrorCode.NONE);
  }

  #slow(disk: Disk): Disk {
    const isSlow = (path: string): boolean => path.includes(`/${TOPIC}-`) && path.endsWith('.log');
    return wrapFiles(disk, isSlow, (file) => ({
      read: (position, length, done) => {
        this.#reads += 1;
        this.readsMax = Math.max(this.readsMax, this.#reads);
        this.asker.world.schedule(READ_MS, () =>
          file.read(position, length, (failure, bytes) => {
            this.#reads -= 1;
            done(failure, bytes);
          }),
        );
      },
    }));
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Partitions that hold one record each. */
const single = (count: number): number[][] => upTo(count).map(() => [RECORD_BYTES]);

/** Reads of a partition fail. */
function failReads(node: SlowDiskNode, index: number): void {
  const isOf = (path: string): boolean => path.includes(`/${TOPIC}-${index}/`);
  node.asker.node.disk.faults.fail = (operation, path) => (operation === 'read' && isOf(path) ? 'EIO' : null);
}

/** As long as that many reads take, four at a time. */
function expectRounds(node: SlowDiskNode, count: number, tookMs: number): void {
  expect(node.readsMax).toBe(Math.min(4, count));
  const rounds = Math.ceil(count / 4);
  expect(tookMs).toBeGreaterThanOrEqual(rounds * READ_MS);
  expect(tookMs).toBeLessThan((rounds + 0.5) * READ_MS);
}

describe('a fetch of cold partitions', () => {
  it.each([1, 4, 5, 16])('of %i reads four of them at once, and answers in their order', (count) => {
    const node = new SlowDiskNode(single(count));
    const { tookMs, order, sizes } = node.fetch({ maxBytes: count * BATCH_BYTES, isReversed: true });
    expect(order).toEqual(upTo(count).toReversed());
    expect(sizes).toEqual(upTo(count).map(() => BATCH_BYTES));
    expectRounds(node, count, tookMs);
  });

  it.each([
    { maxBytes: 4_000, partitionMaxBytes: 1_000_000 },
    { maxBytes: 7_000, partitionMaxBytes: 1_000_000 },
    { maxBytes: 1_000_000, partitionMaxBytes: 2_500 },
    { maxBytes: 6_000, partitionMaxBytes: 2_500 },
    { maxBytes: 6_000, partitionMaxBytes: 10 },
    { maxBytes: 10, partitionMaxBytes: 1_000_000 },
    { maxBytes: 0, partitionMaxBytes: 0 },
  ])('of $maxBytes bytes, $partitionMaxBytes each, gives each what those before it left', (limits) => {
    const counts = [3, 1, 0, 5, 2, 2];
    const node = new SlowDiskNode(counts.map((count) => upTo(count).map(() => RECORD_BYTES)));
    let used = 0;
    const expected = counts.map((count) => {
      const fitting = Math.floor(Math.min(limits.partitionMaxBytes, limits.maxBytes - used) / BATCH_BYTES);
      const size = Math.min(count, used === 0 ? Math.max(1, fitting) : Math.max(0, fitting)) * BATCH_BYTES;
      used += size;
      return size;
    });
    expect(node.fetch(limits).sizes).toEqual(expected);
  });

  it('keeps the limit when the first batch is larger than its partition may give', () => {
    const node = new SlowDiskNode([[1000], [500], [500]]);
    const { sizes } = node.fetch({ maxBytes: 2045, partitionMaxBytes: 900 });
    expect(sizes).toEqual([BATCH_BYTES, BATCH_BYTES - 500, 0]);
  });

  it('reads no more of them than its limit has room for', () => {
    const node = new SlowDiskNode(single(8));
    const { sizes } = node.fetch({ maxBytes: 2 * BATCH_BYTES });
    expect(sizes.filter((size) => size > 0)).toHaveLength(2);
    expect(node.readsMax).toBe(2);
  });

  it('gives a batch of the first that has one, whatever the limits, when those before it fail', () => {
    const node = new SlowDiskNode(single(3));
    failReads(node, 0);
    const failed = { 0: ErrorCode.KAFKA_STORAGE_ERROR };
    const { sizes } = node.fetch({ maxBytes: 1_000_000, partitionMaxBytes: 10, failed });
    expect(sizes).toEqual([0, BATCH_BYTES, 0]);
  });
});

// The first request of a session begins with its second partition.
describe('a share fetch of cold partitions', () => {
  it.each([1, 4, 5, 16])('of %i reads four of them at once', (count) => {
    const node = new SlowDiskNode(single(count));
    const { tookMs, acquired } = node.shareFetch({ recordsMax: count });
    expect(acquired).toEqual(upTo(count).map((index) => `${index}:0-0`));
    expectRounds(node, count, tookMs);
  });

  it('reads no more of them than hold the records that it wants', () => {
    const three = [RECORD_BYTES, RECORD_BYTES, RECORD_BYTES];
    const node = new SlowDiskNode([three, three, three, three]);
    expect(node.shareFetch({ recordsMax: 5 }).acquired).toEqual(['1:0-2', '2:0-1']);
    expect(node.readsMax).toBe(2);
  });

  it('keeps the limit when the first batch is larger than its part', () => {
    const node = new SlowDiskNode([[800], [2000], [800]]);
    expect(node.shareFetch({ recordsMax: 500, maxBytes: 3000 }).acquired).toEqual(['1:0-0', '2:0-0']);
  });

  it('gives a batch of the first that has one, whatever the limit, when those before it fail', () => {
    const node = new SlowDiskNode(single(3));
    failReads(node, 1);
    expect(node.shareFetch({ recordsMax: 500, maxBytes: 10, failed: [1] }).acquired).toEqual(['2:0-0']);
  });
});

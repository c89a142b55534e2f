import { brokerId, leaderEpoch, topicId } from '../../broker/core/base/ids.ts';
import { DEFAULT_LOG_CONFIG } from '../../broker/core/log/config.ts';
import type { ProducerVerdict } from '../../broker/core/log/producer-state.ts';
import type { PartitionView } from '../../broker/core/metadata/view.ts';
import * as batch from '../../broker/core/record/batch.ts';
import { buildBatch } from '../../broker/core/record/builder.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import type { Compression } from '../../broker/ports/compression.ts';
import type {
  LogDone,
  LogListener,
  LogReadOptions,
  LogReadResult,
  LogState,
  PartitionLog,
} from '../../broker/server/logs/partition-log.ts';
import { AppendQueue } from '../../broker/server/partitions/append-queue.ts';
import { LeaderPartition } from '../../broker/server/partitions/leader-partition.ts';
import type { AppendOutcome } from '../../broker/server/partitions/partition.ts';
import type { TopicRules } from '../../broker/server/partitions/topic-rules.ts';
import { Permits } from '../../broker/server/permits.ts';
import type { IsrSource } from '../../broker/server/replication/isr-changes.ts';

/** A log whose writes and syncs the test completes by hand. */
export class HandLog implements Partial<PartitionLog> {
  state: LogState = 'open';
  stateReason = '';
  logStartOffset = 0;
  logEndOffset = 0;
  writtenOffset = 0;
  durableOffset = 0;
  highWatermark = 0;
  sizeInBytes = 0;
  readonly appended: Uint8Array[] = [];
  verdict: ProducerVerdict = { kind: 'accept' };
  listener: LogListener | null = null;

  get durableStartOffset(): number {
    return this.logStartOffset;
  }

  setListener(listener: LogListener | null): void {
    this.listener = listener;
  }

  configure(): void {}

  setHighWatermark(offset: number): void {
    this.highWatermark = offset;
  }

  append(bytes: Uint8Array): number | null {
    if (this.state !== 'open') return null;
    this.appended.push(bytes);
    this.logEndOffset = batch.nextOffset(batch.bufferOf(bytes), 0);
    return this.logEndOffset;
  }

  /** What a search by time finds. */
  found = { offset: 5, timestampMs: 1000, leaderEpoch: 7 };

  offsetForTimestamp(_timestampMs: number, done: (failure: null, found: HandLog['found']) => void): void {
    done(null, this.found);
  }

  /** Where the last search for the largest time was to end. */
  searchedEnd = -1;

  maxTimestampOffset(endOffset: number, done: (failure: null, found: HandLog['found']) => void): void {
    this.searchedEnd = endOffset;
    done(null, this.found);
  }

  deleteRecordsBefore(offset: number, done: (failure: null, start: number) => void): void {
    this.logStartOffset = offset;
    done(null, offset);
  }

  /** Where epochs end, by epoch. */
  readonly epochEnds = new Map<number, { readonly leaderEpoch: number; readonly endOffset: number }>();

  endOffsetForEpoch(epoch: number): { readonly leaderEpoch: number; readonly endOffset: number } {
    return this.epochEnds.get(epoch) ?? { leaderEpoch: -1, endOffset: -1 };
  }

  epochAt(): number {
    return this.appended.length > 0 ? 7 : -1;
  }

  bytesBetween(startOffset: number, endOffset: number): number {
    return endOffset - startOffset;
  }

  /** Batches of one record each. */
  read(options: LogReadOptions, done: LogDone<LogReadResult>): void {
    const { fetchOffset, endOffset } = options;
    const chunks = this.appended.slice(fetchOffset, endOffset);
    const sizeInBytes = chunks.reduce((sum, { length }) => sum + length, 0);
    done(null, { firstOffset: fetchOffset, chunks, sizeInBytes, endOffset });
  }

  checkProducer(): ProducerVerdict {
    return this.verdict;
  }

  progress(writtenOffset: number, durableOffset: number): void {
    this.writtenOffset = writtenOffset;
    this.durableOffset = durableOffset;
    this.listener?.onProgress(writtenOffset, durableOffset);
  }

  fill(): void {
    this.state = 'read-only';
    this.listener?.onState('read-only', 'the disk is full');
  }
}

/** Rules of a topic: synced, one in sync is enough. */
export const RULES: TopicRules = {
  durability: 'fsync',
  minInsyncReplicas: 1,
  throttledLeaders: [],
  throttledFollowers: [],
  log: DEFAULT_LOG_CONFIG,
  produce: {
    batchSizeMax: 1_000_000,
    compacted: false,
    logAppendTime: false,
    timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
    timestampAfterMaxMs: Number.MAX_SAFE_INTEGER,
    validateCompressed: false,
    recordSizeMax: 2_147_483_639,
    targetCodec: null,
    targetLevel: null,
  },
};

const NO_COMPRESSION: Compression = {
  decompress: (_codec, _bytes, _max, done) => done('malformed'),
  compress: () => undefined,
};

/** A batch of records with these values. */
export function records(...values: string[]): Uint8Array {
  return buildBatch(
    values.map((value) => ({ key: null, value: Buffer.from(value) })),
    { timestamp: 1000 },
    crc32c,
  );
}

/** A batch that says of itself that it is compressed; what its codec gives is the test's to say. */
export function compressedForm(bytes: Uint8Array): Buffer {
  const compressed = batch.bufferOf(bytes);
  compressed.writeUInt16BE(1, 21);
  compressed.writeUInt32BE(batch.computeCrc(compressed, 0, crc32c), 17);
  return compressed;
}

/** A leadership of broker 0 in epoch 7, over a log in the test's hands. */
export function lead(
  options: {
    readonly rules?: Partial<TopicRules>;
    readonly log?: HandLog;
    readonly compression?: Compression;
    readonly lowOnSpace?: boolean;
    readonly view?: Partial<PartitionView>;
  } = {},
) {
  const cluster = { nowMs: 0, fenced: new Set<number>(), racks: new Map<number, string>() };
  const log = options.log ?? new HandLog();
  const id = brokerId(0);
  const view: PartitionView = {
    index: 0,
    leader: id,
    leaderEpoch: leaderEpoch(7),
    partitionEpoch: 0,
    replicas: [id],
    isr: [id],
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    durableFromEpoch: 0,
    ...options.view,
  };
  const topic = { id: topicId('AAAAAAAAAAAAAAAAAAAAAQ'), name: 'jobs' };
  const clock = { monotonicMs: () => cluster.nowMs, wallMs: () => 5000 };
  const complaints: string[] = [];
  const sources: IsrSource[] = [];
  const marks: IsrSource[] = [];
  const changed: IsrSource[] = [];
  const stats = { isrShrinks: 0, isrExpands: 0 };
  const partition = new LeaderPartition({
    topic,
    partition: view,
    rules: { ...RULES, ...options.rules },
    // A fake of the port: what this test does not use of it is left out.
    log: log as unknown as PartitionLog,
    clock,
    appends: new AppendQueue({
      compression: options.compression ?? NO_COMPRESSION,
      crc32c,
      clock,
      timers: { after: (_delayMs, callback) => (callback(), { cancel: () => undefined }) },
      permits: new Permits(2),
      onUnreadable: (message) => complaints.push(message),
    }),
    cluster: {
      nodeId: id,
      membership: { isLive: (one) => !cluster.fenced.has(one), mayJoin: (one) => !cluster.fenced.has(one) },
      changes: {
        propose: (source) => void sources.push(source),
        mark: (source) => void marks.push(source),
        changed: (source) => void changed.push(source),
      },
      stats,
      rackOf: (one) => cluster.racks.get(one) ?? null,
    },
    isLowOnSpace: () => options.lowOnSpace ?? false,
    onDamaged: () => complaints.push('damaged'),
  });
  const outcomes: AppendOutcome[] = [];
  const append = (bytes: Uint8Array, requiredAcks = -1): AppendOutcome | undefined => {
    partition.appendClientBatch(bytes, { apiVersion: 9, requiredAcks }, (outcome) => outcomes.push(outcome));
    return outcomes.at(-1);
  };
  return { partition, log, append, outcomes, view, complaints, cluster, sources, marks, changed, stats };
}

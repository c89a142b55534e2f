import type { CoordinatorRecord } from '../../core/coordinator/shard.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import { buildBatch } from '../../core/record/builder.ts';
import type { Crc32c } from '../../core/base/checksum.ts';
import type { Log } from '../../ports/log.ts';
import type { Partition } from '../partitions/partition.ts';

/** A batch is closed when it holds this much, though never in the middle of a decision. */
const BATCH_BYTES_MAX = 512 * 1024;

/** What a writer tells its owner. */
export interface BatchWriterEvents {
  /** `committedEnd` has grown. */
  committed(): void;
  /** The log did not take a batch, or lost it: what was decided since is void. Nothing more comes after this. */
  failed(errorCode: number): void;
}

/**
 * Collects the records of a shard's decisions and appends those of one loop turn as one batch. It foretells offsets, so
 * that records can be replayed before they are appended: the shard is the only writer of its partition, and a batch
 * that lands elsewhere is a failure.
 */
export class BatchWriter {
  private readonly deps: { readonly crc32c: Crc32c; readonly log: Log; afterTurn(callback: () => void): void };
  private readonly partition: Partition;
  private readonly events: BatchWriterEvents;
  private records: { key: Uint8Array; value: Uint8Array | null; timestamp: number }[] = [];
  private sizeInBytes = 0;
  private flushAsked = false;
  private hasFailed = false;
  /** Offset after the last record added, appended or not yet. */
  endOffset: number;
  /** Offset below which everything is committed. */
  committedEnd: number;

  /** `partition` is led here and its log committed to its end. */
  constructor(
    deps: { readonly crc32c: Crc32c; readonly log: Log; afterTurn(callback: () => void): void },
    partition: Partition,
    events: BatchWriterEvents,
  ) {
    this.deps = deps;
    this.partition = partition;
    this.events = events;
    this.endOffset = partition.logEndOffset;
    this.committedEnd = partition.logEndOffset;
  }

  /** Adds a record and gives the offset that it will have. */
  add(record: CoordinatorRecord, timestamp: number): number {
    this.records.push({ key: record.key, value: record.value, timestamp });
    this.sizeInBytes += record.key.length + (record.value?.length ?? 0);
    this.endOffset += 1;
    return this.endOffset - 1;
  }

  /** Marks that the records added so far belong to finished decisions; they are appended at the end of the turn. */
  endDecision(): void {
    if (this.records.length === 0) return;
    if (this.sizeInBytes >= BATCH_BYTES_MAX) {
      this.flush();
      return;
    }
    if (this.flushAsked) return;
    this.flushAsked = true;
    this.deps.afterTurn(() => {
      this.flushAsked = false;
      this.flush();
    });
  }

  private flush(): void {
    const { records } = this;
    if (records.length === 0 || this.hasFailed) return;
    this.records = [];
    this.sizeInBytes = 0;
    const baseOffset = this.endOffset - records.length;
    const batch = buildBatch(records, { timestamp: records[0]?.timestamp ?? 0 }, this.deps.crc32c);
    const outcome = this.partition.appendInternalBatch(batch);
    if (outcome.errorCode !== ErrorCode.NONE) {
      this.fail(outcome.errorCode);
      return;
    }
    if (outcome.baseOffset !== baseOffset) {
      const place = { topic: this.partition.topicName, partition: this.partition.index };
      this.deps.log.error(
        { ...place, baseOffset, actual: outcome.baseOffset },
        'somebody else writes to a coordinator partition',
      );
      this.fail(ErrorCode.NOT_LEADER_OR_FOLLOWER);
      return;
    }
    const { endOffset } = outcome;
    this.partition.awaitCommitted(endOffset, (errorCode) => {
      if (this.hasFailed) return;
      if (errorCode !== ErrorCode.NONE) {
        this.fail(errorCode);
        return;
      }
      if (endOffset <= this.committedEnd) return;
      this.committedEnd = endOffset;
      this.events.committed();
    });
  }

  private fail(errorCode: number): void {
    this.hasFailed = true;
    this.events.failed(errorCode);
  }
}

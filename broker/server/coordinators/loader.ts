import { isDecodeError } from '../../core/codec/decode-error.ts';
import type { CoordinatorShard } from '../../core/coordinator/shard.ts';
import { ErrorCode, errorName } from '../../core/protocol/errors.ts';
import { bufferOf, compressionCodec, isControl } from '../../core/record/batch.ts';
import { forEachBatch, readRecords } from '../../core/record/iterate.ts';
import type { Timers } from '../../ports/clock.ts';
import type { Partition, ReadOutcome } from '../partitions/partition.ts';

/** Bytes replayed in one turn of the loop; some milliseconds. */
const TURN_BYTES = 256 * 1024;

/** How a load ended: `problem` null when the shard now stands at the end of its log. */
export interface LoadOutcome {
  readonly problem: string | null;
  readonly recordCount: number;
}

interface Load {
  readonly partition: Partition;
  readonly shard: Pick<CoordinatorShard<never, unknown, unknown>, 'replay'>;
  readonly timers: Timers;
  /** False once nobody wants the result any more: the load stops without a word. */
  isCurrent(): boolean;
}

/**
 * Replays a partition's log into a fresh shard, a bounded piece per loop turn. Records that an earlier leader left above
 * the high watermark are this leader's to commit: the load waits for them, so that it ends with nothing undecided.
 */
export function loadShard(load: Load, done: (outcome: LoadOutcome) => void): void {
  new Loader(load, done).read();
}

class Loader {
  private readonly load: Load;
  private readonly done: (outcome: LoadOutcome) => void;
  private position: number;
  private recordCount = 0;

  constructor(load: Load, done: (outcome: LoadOutcome) => void) {
    this.load = load;
    this.done = done;
    this.position = load.partition.logStartOffset;
  }

  read(): void {
    if (!this.load.isCurrent()) return;
    const { partition } = this.load;
    const status = partition.status(-1);
    if (status !== ErrorCode.NONE) {
      // A damaged log has an end, and nothing of what it held: it is not empty.
      this.fail(`reading at ${this.position}: ${errorName(status)}`);
      return;
    }
    if (this.position >= partition.logEndOffset) {
      this.done({ problem: null, recordCount: this.recordCount });
      return;
    }
    if (this.position >= partition.highWatermark) {
      partition.awaitCommitted(partition.logEndOffset, (errorCode) => {
        if (errorCode === ErrorCode.NONE) this.next();
        else this.fail(`waiting for the high watermark: ${errorName(errorCode)}`);
      });
      return;
    }
    const options = {
      fetchOffset: this.position,
      maxBytes: TURN_BYTES,
      minOneBatch: true,
      isolationLevel: 0,
      currentLeaderEpoch: -1,
    } as const;
    partition.read(options, (outcome) => this.replay(outcome));
  }

  private replay(outcome: ReadOutcome): void {
    if (!this.load.isCurrent()) return;
    if (outcome.errorCode === ErrorCode.OFFSET_OUT_OF_RANGE && outcome.logStartOffset > this.position) {
      this.position = outcome.logStartOffset; // records were deleted meanwhile; what is needed stands above
      this.next();
      return;
    }
    if (outcome.errorCode !== ErrorCode.NONE) {
      this.fail(`reading at ${this.position}: ${errorName(outcome.errorCode)}`);
      return;
    }
    for (const chunk of outcome.chunks) {
      const problem = this.replayChunk(chunk);
      if (problem !== null) {
        this.fail(problem);
        return;
      }
    }
    if (outcome.nextOffset <= this.position) {
      this.fail(`no batch at ${this.position}, below the high watermark ${outcome.highWatermark}`);
      return;
    }
    this.position = outcome.nextOffset;
    this.next();
  }

  private replayChunk(chunk: Uint8Array): string | null {
    const buf = bufferOf(chunk);
    let problem: string | null = null;
    const end = forEachBatch(buf, 0, buf.length, (pos) => {
      problem = this.replayBatch(buf, pos);
      return problem === null;
    });
    if (problem === null && end < buf.length) return `malformed batch after ${this.position}`;
    return problem;
  }

  private replayBatch(buf: ReturnType<typeof bufferOf>, pos: number): string | null {
    if (isControl(buf, pos)) return null;
    if (compressionCodec(buf, pos) !== 0) return `compressed batch after ${this.position}; coordinators write none`;
    const records = readRecords(buf, pos);
    if (records === null) return `malformed records after ${this.position}`;
    for (const { key, value, offset } of records) {
      if (key === null || offset < this.position) continue;
      try {
        this.load.shard.replay({ key, value }, offset);
      } catch (error) {
        if (!isDecodeError(error)) throw error;
        return `record at ${offset} can't be read: ${error.message}`;
      }
      this.recordCount += 1;
    }
    return null;
  }

  /** Goes on in a later turn, so that others are served in between. */
  private next(): void {
    this.load.timers.after(0, () => this.read());
  }

  private fail(problem: string): void {
    if (this.load.isCurrent()) this.done({ problem, recordCount: this.recordCount });
  }
}

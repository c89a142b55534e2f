import { assert } from '../base/assert.ts';
import { buildBatch } from '../record/builder.ts';
import type { ProducerOptions, ProducerRecord } from './producer.ts';

/** A batch on its way. */
export interface ReadyBatch {
  readonly queue: PartitionQueue;
  readonly records: readonly ProducerRecord[];
  readonly bytes: Uint8Array;
  /** The epoch of the leader that it goes to. */
  readonly leaderEpoch: number;
}

interface Batch {
  readonly records: ProducerRecord[];
  size: number;
  readonly openedMs: number;
  readonly deadlineMs: number;
  /** Built at the first try; a retry sends the same bytes with the same sequence number. */
  bytes: Uint8Array | null;
  /** An earlier try may have been appended. */
  doubtful: boolean;
}

const SEQUENCE_COUNT = 0x8000_0000;
const RECORDS_MAX = 10_000;

/** Who an idempotent producer is to the brokers. */
export interface ProducerIdentity {
  readonly id: number;
  readonly epoch: number;
}

/** The batches of one partition, oldest first. Only the first is ever in flight. */
export class PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  readonly #options: ProducerOptions;
  #batches: Batch[] = [];
  #inFlight = false;
  #retryAtMs = 0;
  #leaderDoubtful = false;
  #sequence = 0;
  #producer: ProducerIdentity | null = null;

  constructor(topic: string, partition: number, options: ProducerOptions) {
    this.topic = topic;
    this.partition = partition;
    this.#options = options;
  }

  isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** Adds a record to the last batch, or opens the next one. */
  push(record: ProducerRecord, deadlineMs: number, nowMs: number): void {
    const size = 16 + (record.key?.length ?? 0) + (record.value?.length ?? 0);
    const last = this.#batches.at(-1);
    const fits =
      last?.bytes === null && last.size + size <= this.#options.batchSizeMax && last.records.length < RECORDS_MAX;
    if (last !== undefined && fits) {
      last.records.push(record);
      last.size += size;
    } else this.#batches.push({ records: [record], size, openedMs: nowMs, deadlineMs, bytes: null, doubtful: false });
  }

  /** Whether the first batch may be sent: full or old enough, nothing in flight, no pause. */
  isReady(nowMs: number, flushing: boolean): boolean {
    const first = this.#batches[0];
    if (first === undefined || this.#inFlight || this.#leaderDoubtful || this.#retryAtMs > nowMs) return false;
    if (flushing || first.bytes !== null || this.#batches.length > 1) return true;
    return nowMs >= first.openedMs + this.#options.lingerMs;
  }

  /** Takes the first batch for sending to the leader of an epoch. */
  take(producer: ProducerIdentity | null, leaderEpoch: number): ReadyBatch {
    const first = this.#batches[0];
    assert(first !== undefined && !this.#inFlight, 'a batch is taken only when one is ready');
    this.#inFlight = true;
    this.#producer ??= producer;
    first.bytes ??= this.#build(first);
    return { queue: this, records: first.records, bytes: first.bytes, leaderEpoch };
  }

  /** The batch in flight is acknowledged. */
  finish(advance: boolean): void {
    const first = this.#batches.shift();
    this.#inFlight = false;
    this.#retryAtMs = 0;
    if (advance && first !== undefined) this.#sequence = (this.#sequence + first.records.length) % SEQUENCE_COUNT;
  }

  /** The try in flight failed; `sent`: it may have been appended. */
  doubt(sent: boolean): void {
    this.#inFlight = false;
    const first = this.#batches[0];
    if (first !== undefined && sent) first.doubtful = true;
  }

  /** The next try goes out at `timeMs`, and not before metadata was asked for the leader. */
  retryAt(timeMs: number): void {
    this.#retryAtMs = timeMs;
    this.#leaderDoubtful = true;
  }

  /** Metadata was asked. */
  leaderKnown(): void {
    this.#leaderDoubtful = false;
  }

  /** Whether the first batch is past its deadline and not in flight. */
  isExpired(nowMs: number): boolean {
    const first = this.#batches[0];
    return first !== undefined && !this.#inFlight && first.deadlineMs <= nowMs;
  }

  /** Gives up the first batch. `certain`: no try can have been appended. */
  drop(): { readonly records: readonly ProducerRecord[]; readonly certain: boolean } {
    const first = this.#batches[0];
    this.finish(false);
    return { records: first?.records ?? [], certain: first?.doubtful !== true };
  }

  /** Begins again at sequence 0, under the producer id that the next `take` brings. */
  restartSequence(): void {
    this.#sequence = 0;
    this.#producer = null;
  }

  /** When this queue needs a look at the latest: a pause ends, lingering ends, or the first batch expires. */
  nextWakeMs(nowMs: number): number {
    const first = this.#batches[0];
    if (first === undefined || this.#inFlight) return Number.POSITIVE_INFINITY;
    if (this.#leaderDoubtful) return first.deadlineMs;
    const sendAtMs = Math.max(
      this.#retryAtMs,
      first.bytes === null && this.#batches.length === 1 ? first.openedMs + this.#options.lingerMs : 0,
    );
    return sendAtMs > nowMs ? Math.min(sendAtMs, first.deadlineMs) : first.deadlineMs;
  }

  describe(): string {
    const first = this.#batches[0];
    return `${this.topic}-${this.partition}:${this.#batches.length}${this.#inFlight ? '*' : ''}${first?.doubtful === true ? '?' : ''}`;
  }

  #build(batch: Batch): Uint8Array {
    const producer = this.#producer;
    const timestamp = batch.records[0]?.timestamp ?? 0;
    const idempotence =
      producer === null ? {} : { producerId: producer.id, producerEpoch: producer.epoch, baseSequence: this.#sequence };
    return buildBatch(batch.records, { timestamp, ...idempotence }, this.#options.crc32c);
  }
}

/** The queues that hold something, for `Producer.describe`. */
export function describeQueues(queues: ReadonlyMap<string, PartitionQueue>): string {
  const parts = [...queues.values()].filter((queue) => !queue.isEmpty()).map((queue) => queue.describe());
  return parts.length === 0 ? 'nothing queued' : parts.join(' ');
}

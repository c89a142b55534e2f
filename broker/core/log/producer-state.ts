import { SEQUENCE_MAX } from '../record/batch.ts';

/** The part of a batch header that idempotence looks at. */
export interface ProducerClaim {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly lastSequence: number;
}

/** What a leader has to do with an idempotent producer's batch. */
export type ProducerVerdict =
  | { readonly kind: 'accept' }
  /** Appended before: answer with the original place, append nothing. `baseOffset` −1: before `lastOffset`, the place is forgotten. */
  | {
      readonly kind: 'duplicate';
      readonly baseOffset: number;
      readonly lastOffset: number;
      readonly timestampMs: number;
    }
  /** OUT_OF_ORDER_SEQUENCE_NUMBER; `lastSequence` is the last one appended, −1 for none. */
  | { readonly kind: 'out-of-order-sequence'; readonly lastSequence: number }
  /** INVALID_PRODUCER_EPOCH: an older epoch than `currentEpoch`. */
  | { readonly kind: 'invalid-producer-epoch'; readonly currentEpoch: number }
  /** 10,000 live producers write to this partition already; a new one is refused. */
  | { readonly kind: 'too-many-producers' };

/** A batch that was appended, for telling its duplicate. */
export interface ProducerBatch {
  readonly lastSequence: number;
  readonly lastOffset: number;
  /** Last offset minus first. */
  readonly offsetDelta: number;
  readonly timestampMs: number;
}

/** One idempotent producer of a partition. */
export interface ProducerEntry {
  readonly producerId: number;
  epoch: number;
  /** Its last batches in order, at most `BATCHES_KEPT`. */
  batches: readonly ProducerBatch[];
  coordinatorEpoch: number;
  /** First offset of its open transaction, −1 when it has none. */
  currentTxnFirstOffset: number;
  /** Time of its last append on the caller's clock, ms; after a load it begins anew (F6). */
  lastUsedMs: number;
}

/** A batch as it was appended. */
export interface AppendedBatch extends ProducerClaim {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly timestampMs: number;
  readonly transactional: boolean;
  readonly control: boolean;
}

/** Producers that one partition remembers at most. */
export const PRODUCERS_MAX = 10_000;
/**
 * Batches of which the place is remembered, for telling duplicates. A client has five in flight to one broker, and sends on to the next
 * leader while the one before still owes it answers: as many to each of three.
 */
export const BATCHES_KEPT = 15;
const ACCEPT: ProducerVerdict = { kind: 'accept' };

/** The first sequence number of a batch that spans `offsetDelta + 1` records and ends with `lastSequence`. */
function firstSequence(batch: ProducerBatch): number {
  const first = batch.lastSequence - batch.offsetDelta;
  return first < 0 ? first + SEQUENCE_MAX + 1 : first;
}

const following = (sequence: number): number => (sequence === SEQUENCE_MAX ? 0 : sequence + 1);

/**
 * The idempotent producers of a partition (KIP-98, KIP-360): who appended what last. It follows from the batches of
 * the log and is rebuilt from a snapshot and the batches after it.
 */
export class ProducerStates {
  readonly #entries = new Map<number, ProducerEntry>();
  /** The sequence number from which on every one was appended, up to the last: of those with batches, and not across the largest number. */
  readonly #unbrokenFrom = new Map<number, number>();

  get size(): number {
    return this.#entries.size;
  }

  /** All producers, in the order of their first appends. */
  entries(): Iterable<ProducerEntry> {
    return this.#entries.values();
  }

  get(producerId: number): ProducerEntry | null {
    return this.#entries.get(producerId) ?? null;
  }

  /** Judges a client's batch without changing anything; `nowMs` lets expired producers make room. */
  check(claim: ProducerClaim, nowMs: number, expirationMs: number): ProducerVerdict {
    const entry = this.#entries.get(claim.producerId);
    if (entry === undefined) {
      if (this.#entries.size >= PRODUCERS_MAX) this.expire(nowMs, expirationMs);
      return this.#entries.size >= PRODUCERS_MAX ? { kind: 'too-many-producers' } : ACCEPT;
    }
    if (claim.producerEpoch < entry.epoch) return { kind: 'invalid-producer-epoch', currentEpoch: entry.epoch };
    const lastSequence = entry.batches.at(-1)?.lastSequence ?? -1;
    if (claim.producerEpoch > entry.epoch) {
      return claim.baseSequence === 0 ? ACCEPT : { kind: 'out-of-order-sequence', lastSequence };
    }
    const original = entry.batches.find(
      (batch) => batch.lastSequence === claim.lastSequence && firstSequence(batch) === claim.baseSequence,
    );
    if (original !== undefined) {
      const { lastOffset, offsetDelta, timestampMs } = original;
      return { kind: 'duplicate', baseOffset: lastOffset - offsetDelta, lastOffset, timestampMs };
    }
    if (claim.baseSequence === following(lastSequence)) return ACCEPT;
    return this.#longAgo(entry, claim) ?? { kind: 'out-of-order-sequence', lastSequence };
  }

  /** A batch that was appended so long ago that its place is forgotten: a client that goes on meanwhile would try it for ever. */
  #longAgo({ producerId, batches }: ProducerEntry, claim: ProducerClaim): ProducerVerdict | null {
    const oldest = batches[0];
    const from = this.#unbrokenFrom.get(producerId);
    if (oldest === undefined || from === undefined) return null;
    const known = firstSequence(oldest);
    const isWrapped = known > (batches.at(-1)?.lastSequence ?? -1) || claim.baseSequence > claim.lastSequence;
    if (isWrapped || claim.baseSequence < from || claim.lastSequence >= known) return null;
    return {
      kind: 'duplicate',
      baseOffset: -1,
      lastOffset: oldest.lastOffset - oldest.offsetDelta - 1,
      timestampMs: -1,
    };
  }

  /** Takes over an appended batch, in log order; also a follower's and a replayed one, which nobody judges again. */
  update(batch: AppendedBatch, nowMs: number): void {
    let entry = this.#entries.get(batch.producerId);
    if (entry === undefined) {
      if (this.#entries.size >= PRODUCERS_MAX) this.#forgetLeastRecent();
      entry = newEntry(batch.producerId, batch.producerEpoch);
      this.#entries.set(batch.producerId, entry);
    }
    if (batch.producerEpoch !== entry.epoch) {
      entry.epoch = batch.producerEpoch;
      entry.batches = [];
    }
    entry.lastUsedMs = nowMs;
    if (batch.control) {
      entry.currentTxnFirstOffset = -1;
      return;
    }
    if (batch.transactional && entry.currentTxnFirstOffset < 0) entry.currentTxnFirstOffset = batch.baseOffset;
    this.#follow(entry, batch);
    const { lastSequence, lastOffset, timestampMs } = batch;
    const appended = { lastSequence, lastOffset, offsetDelta: lastOffset - batch.baseOffset, timestampMs };
    const kept = entry.batches.length < BATCHES_KEPT ? entry.batches : entry.batches.slice(1);
    entry.batches = [...kept, appended];
  }

  #follow({ producerId, batches }: ProducerEntry, { baseSequence, lastSequence }: ProducerClaim): void {
    const before = batches.at(-1)?.lastSequence;
    const isSpanning = lastSequence < baseSequence;
    if (before !== undefined && baseSequence === following(before) && baseSequence > before && !isSpanning) return;
    this.#unbrokenFrom.set(producerId, isSpanning ? 0 : baseSequence);
  }

  #forget(producerId: number): void {
    this.#entries.delete(producerId);
    this.#unbrokenFrom.delete(producerId);
  }

  /** Forgets producers that were silent for `expirationMs` and have no open transaction. Gives how many. */
  expire(nowMs: number, expirationMs: number): number {
    const before = this.#entries.size;
    for (const entry of this.#entries.values()) {
      const silent = nowMs - entry.lastUsedMs >= expirationMs;
      if (silent && entry.currentTxnFirstOffset < 0) this.#forget(entry.producerId);
    }
    return before - this.#entries.size;
  }

  /** Begins anew from a snapshot's entries. */
  restore(entries: readonly ProducerEntry[]): void {
    this.#entries.clear();
    this.#unbrokenFrom.clear();
    for (const entry of entries.slice(-PRODUCERS_MAX)) {
      this.#entries.set(entry.producerId, entry);
      const [oldest] = entry.batches;
      if (oldest !== undefined) this.#unbrokenFrom.set(entry.producerId, firstSequence(oldest));
    }
  }

  #forgetLeastRecent(): void {
    let oldest: ProducerEntry | null = null;
    for (const entry of this.#entries.values()) {
      if (oldest === null || entry.lastUsedMs < oldest.lastUsedMs) oldest = entry;
    }
    if (oldest !== null) this.#forget(oldest.producerId);
  }
}

function newEntry(producerId: number, epoch: number): ProducerEntry {
  return { producerId, epoch, batches: [], coordinatorEpoch: -1, currentTxnFirstOffset: -1, lastUsedMs: 0 };
}

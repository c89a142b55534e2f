import { assert } from '../base/assert.ts';

/** First offset that was appended under an epoch. */
export interface EpochEntry {
  readonly epoch: number;
  readonly startOffset: number;
}

/** Where an epoch ends, as OffsetForLeaderEpoch answers it; −1/−1 when unknown. */
export interface EpochEnd {
  readonly leaderEpoch: number;
  readonly endOffset: number;
}

const UNKNOWN: EpochEnd = { leaderEpoch: -1, endOffset: -1 };

/**
 * Leader epochs of a log and where each began (KIP-101, KIP-279). Epochs and start offsets both rise. It follows from
 * the batches: the checkpoint only saves reading them all.
 */
export class EpochCache {
  #entries: EpochEntry[] = [];
  /** Raised by every change; tells whether the checkpoint is stale. */
  version = 0;

  get entries(): readonly EpochEntry[] {
    return this.#entries;
  }

  /** Epoch of the last batch, −1 in a log without any. */
  get latestEpoch(): number {
    return this.#entries.at(-1)?.epoch ?? -1;
  }

  /** Takes the checkpoint's entries; those out of order are dropped with all that follow. */
  load(entries: readonly EpochEntry[]): void {
    this.#entries = [];
    for (const entry of entries) {
      const before = this.#entries.at(-1);
      if (before !== undefined && (entry.epoch <= before.epoch || entry.startOffset <= before.startOffset)) break;
      this.#entries.push(entry);
    }
  }

  /** Notes that a batch of `epoch` begins at `offset`. Epochs never fall: the caller has checked it. */
  assign(epoch: number, offset: number): void {
    if (epoch < 0 || epoch === this.latestEpoch) return;
    assert(epoch > this.latestEpoch, 'leader epochs of a log never fall');
    // A leader whose epoch left no record is not in the log: its start is taken over.
    while ((this.#entries.at(-1)?.startOffset ?? -1) >= offset) this.#entries.pop();
    this.#entries.push({ epoch, startOffset: offset });
    this.version++;
  }

  /** Largest known epoch ≤ `epoch` and the offset where the next one begins (the log end for the latest). */
  endOffsetFor(epoch: number, logEndOffset: number): EpochEnd {
    if (epoch === -1) return UNKNOWN;
    if (epoch === this.latestEpoch) return { leaderEpoch: epoch, endOffset: logEndOffset };
    const next = this.#entries.findIndex((entry) => entry.epoch > epoch);
    const higher = this.#entries[next];
    if (higher === undefined) return UNKNOWN;
    const floor = this.#entries[next - 1];
    return { leaderEpoch: floor === undefined ? epoch : floor.epoch, endOffset: higher.startOffset };
  }

  /** Epoch of the batch at `offset`; −1 when unknown. */
  epochAt(offset: number): number {
    let found = -1;
    for (const entry of this.#entries) {
      if (entry.startOffset > offset) break;
      found = entry.epoch;
    }
    return found;
  }

  /** Forgets epochs that begin at or above `endOffset`. */
  truncateFromEnd(endOffset: number): void {
    const kept = this.#entries.filter((entry) => entry.startOffset < endOffset);
    if (kept.length === this.#entries.length) return;
    this.#entries = kept;
    this.version++;
  }

  /** Forgets epochs that end at or below `startOffset`; the one that covers it begins there now. */
  truncateFromStart(startOffset: number): void {
    const below = this.#entries.filter((entry) => entry.startOffset <= startOffset);
    const covering = below.at(-1);
    if (covering === undefined || (below.length === 1 && covering.startOffset === startOffset)) return;
    this.#entries = [{ epoch: covering.epoch, startOffset }, ...this.#entries.slice(below.length)];
    this.version++;
  }
}

import { assert } from '../base/assert.ts';
import type { Entry, LogIndex, LogPlace, ReplicaKey, SnapshotMeta, Term } from './types.ts';

/**
 * The log as this replica has it: a snapshot and all entries behind it, with how far they are synced. What is written and
 * what is durable differ by the writes under way; a cut takes both back.
 */
export class RaftLog {
  #snapshot: SnapshotMeta;
  #entries: Entry[];
  #durableIndex: LogIndex;
  /** Those that change the voters, oldest first: looking for them among all would take longer with every entry. */
  #changes: { readonly index: LogIndex; readonly voters: readonly ReplicaKey[] }[] = [];
  /** Writes under way, oldest first: when it is synced, the log is durable up to its index. */
  #pending: { readonly write: number; lastIndex: LogIndex }[] = [];

  /** `entries` follow the snapshot without a gap and are synced. */
  constructor(snapshot: SnapshotMeta, entries: readonly Entry[] = []) {
    this.#snapshot = snapshot;
    this.#entries = [...entries];
    for (const [i, entry] of entries.entries()) {
      assert(entry.index === snapshot.place.index + 1 + i, 'entries follow each other');
      this.#noteVoters(entry);
    }
    this.#durableIndex = this.lastIndex;
  }

  get snapshot(): SnapshotMeta {
    return this.#snapshot;
  }

  /** The first entry that is there, or would be. */
  get firstIndex(): LogIndex {
    return this.#snapshot.place.index + 1;
  }

  get lastIndex(): LogIndex {
    return this.#snapshot.place.index + this.#entries.length;
  }

  get last(): LogPlace {
    return { index: this.lastIndex, term: this.termAt(this.lastIndex) ?? 0 };
  }

  /** Everything up to here is synced. */
  get durableIndex(): LogIndex {
    return this.#durableIndex;
  }

  /** The term of an entry; null where there is none, or none any more. */
  termAt(index: LogIndex): Term | null {
    if (index === this.#snapshot.place.index) return this.#snapshot.place.term;
    return this.#entries[index - this.firstIndex]?.term ?? null;
  }

  /** The entry at an index; undefined where there is none, or none any more. */
  at(index: LogIndex): Entry | undefined {
    return this.#entries[index - this.firstIndex];
  }

  /** Entries from an index on: at least one if there is one, then up to a count and a size in bytes. */
  slice(from: LogIndex, limits: { readonly countMax: number; readonly bytesMax: number }): readonly Entry[] {
    const found: Entry[] = [];
    let bytes = 0;
    for (let index = from; index <= this.lastIndex && found.length < limits.countMax; index++) {
      const entry = this.at(index);
      if (entry === undefined) break;
      bytes += sizeOf(entry);
      if (found.length > 0 && bytes > limits.bytesMax) break;
      found.push(entry);
    }
    return found;
  }

  /** True when a log that ends at `last` has everything that may be committed (Raft §5.4.1). */
  isUpToDate(last: LogPlace): boolean {
    const own = this.last;
    return last.term > own.term || (last.term === own.term && last.index >= own.index);
  }

  /** The largest index at or below one whose entry has a term at or below another: there two logs may still agree. */
  lastAtOrBelow(from: LogIndex, term: Term): LogIndex {
    let index = Math.min(from, this.lastIndex);
    while (index > this.#snapshot.place.index && (this.termAt(index) ?? 0) > term) index -= 1;
    return index;
  }

  /** The voters of the last entry that names any, at or below an index; of the snapshot if none does. */
  votersAt(index: LogIndex): { readonly index: LogIndex; readonly voters: readonly ReplicaKey[] } {
    const change = this.#changes.findLast((one) => one.index <= index);
    if (change !== undefined) return change;
    return { index: this.#snapshot.place.index, voters: this.#snapshot.voters };
  }

  /** Adds entries at the end; durable when the write of this number is synced. */
  append(entries: readonly Entry[], write: number): void {
    for (const entry of entries) {
      assert(entry.index === this.lastIndex + 1, 'an entry is appended at the end');
      assert(entry.term >= this.last.term, 'terms of a log never fall');
      this.#entries.push(entry);
      this.#noteVoters(entry);
    }
    this.#pending.push({ write, lastIndex: this.lastIndex });
  }

  /** Removes entries from an index on. */
  truncateFrom(index: LogIndex): void {
    assert(index >= this.firstIndex, 'what a snapshot stands for is not cut');
    this.#entries.length = index - this.firstIndex;
    this.#changes = this.#changes.filter((change) => change.index < index);
    this.#durableIndex = Math.min(this.#durableIndex, index - 1);
    for (const pending of this.#pending) pending.lastIndex = Math.min(pending.lastIndex, index - 1);
  }

  /** The writes up to this number are synced. */
  written(write: number): void {
    while (this.#pending.length > 0 && (this.#pending[0]?.write ?? 0) <= write) {
      this.#durableIndex = Math.max(this.#durableIndex, this.#pending.shift()?.lastIndex ?? 0);
    }
  }

  /** Puts a snapshot in the place of everything up to it; what follows stays if it follows. Durable already. */
  restore(snapshot: SnapshotMeta): void {
    const { index, term } = snapshot.place;
    const follows = this.termAt(index) === term;
    this.#entries = follows ? this.#entries.slice(index - this.firstIndex + 1) : [];
    this.#changes = follows ? this.#changes.filter((change) => change.index > index) : [];
    this.#snapshot = snapshot;
    if (follows) this.#durableIndex = Math.max(this.#durableIndex, index);
    else {
      this.#durableIndex = index;
      this.#pending = [];
    }
  }

  #noteVoters({ index, body }: Entry): void {
    if (body.kind === 'voters') this.#changes.push({ index, voters: body.voters });
  }
}

/** Bytes that an entry takes in a message, about. */
export function sizeOf({ body }: Entry): number {
  return 32 + (body.kind === 'batch' ? body.payload.length : 0);
}

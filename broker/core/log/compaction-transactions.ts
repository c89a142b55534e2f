import { CONTROL } from '../record/control.ts';

/** Transactions of one cleaning that are remembered at most; the range ends before one more is decided. */
export const ABORTED_TRANSACTIONS_MAX = 100_000;

/** Type of the marker in a control batch; null when its records are gone or it is no marker. */
export type MarkerType = number | null;

/**
 * First look at the dirty part: which transactions were aborted there, and from where on one is undecided. Batches come
 * in the order of the log.
 */
export class TransactionScan {
  /** First offset by producer of what no marker has decided yet. */
  readonly #open = new Map<number, number>();
  readonly #aborted = new Map<number, { readonly first: number; readonly marker: number }[]>();
  #abortedCount = 0;

  /** No transaction was aborted and none is open: all data counts. */
  get isPlain(): boolean {
    return this.#abortedCount === 0 && this.#open.size === 0;
  }

  /** No more may be looked at: the next aborted transaction could not be remembered. */
  get isFull(): boolean {
    return this.#abortedCount >= ABORTED_TRANSACTIONS_MAX || this.#open.size >= ABORTED_TRANSACTIONS_MAX;
  }

  /** A batch of a transaction. */
  onData(producerId: number, baseOffset: number): void {
    if (!this.#open.has(producerId)) this.#open.set(producerId, baseOffset);
  }

  /** A marker. One of a type that is not known decides nothing. */
  onMarker(producerId: number, type: MarkerType, offset: number): void {
    const first = this.#open.get(producerId);
    if (type !== CONTROL.abort && type !== CONTROL.commit) return;
    this.#open.delete(producerId);
    if (type !== CONTROL.abort || first === undefined) return;
    const known = this.#aborted.get(producerId) ?? [];
    known.push({ first, marker: offset });
    this.#aborted.set(producerId, known);
    this.#abortedCount += 1;
  }

  /** First offset of an undecided transaction, or `endOffset`: what may be cleaned ends here. */
  decidedEnd(endOffset: number): number {
    let end = endOffset;
    for (const first of this.#open.values()) end = Math.min(end, first);
    return end;
  }

  /** True for a transactional batch at `offset` whose transaction was aborted. */
  isAborted(producerId: number, offset: number): boolean {
    const known = this.#aborted.get(producerId);
    if (known === undefined) return false;
    // The transactions of one producer follow each other: the first that ends behind the batch is its own.
    let low = 0;
    let high = known.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((known[middle]?.marker ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    const own = known[low];
    return own !== undefined && own.first <= offset;
  }
}

/**
 * Follows transactions through the rewriting, from the log's start on: whether a batch is of an aborted one, and whether
 * a marker still has batches before it. A marker stays until all of its transaction's batches are gone (KIP-534).
 */
export class TransactionWalk {
  readonly #scan: TransactionScan;
  /** Producers whose open transaction has shown a batch. */
  readonly #seen = new Set<number>();
  /** More were open at once than are followed: no marker goes this time. */
  #overflowed = false;

  constructor(scan: TransactionScan) {
    this.#scan = scan;
  }

  /** A batch of a transaction; true when it was aborted. */
  onData(producerId: number, baseOffset: number): boolean {
    if (this.#seen.size < ABORTED_TRANSACTIONS_MAX) this.#seen.add(producerId);
    else this.#overflowed = true;
    return this.#scan.isAborted(producerId, baseOffset);
  }

  /** A marker; true when no batch of its transaction is left. */
  onMarker(producerId: number, type: MarkerType): boolean {
    const seen = this.#seen.delete(producerId);
    // An emptied marker stands for nothing; one of a later version's type is nobody's to remove.
    if (type === null) return true;
    return (type === CONTROL.abort || type === CONTROL.commit) && !seen && !this.#overflowed;
  }
}

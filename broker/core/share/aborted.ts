/** An aborted transaction, as the log tells of it: whose, and where its first record lies. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/** What of a record batch's header says whether it belongs to an aborted transaction. */
export interface BatchHead {
  readonly lastOffset: number;
  readonly producerId: number;
  readonly isTransactional: boolean;
}

/**
 * Walks through the batches of a read, in the order of the log, and knows which of them aborted transactions left there: from the first
 * record of a transaction to its marker, those of its producer (KIP-98). Transactions that began before the read are among `aborted`.
 */
export class AbortedWalk {
  /** By first offset, the next one last. */
  readonly #ahead: AbortedTransaction[];
  /** Producers in whose aborted transaction the walk is. */
  readonly #open = new Set<number>();

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#ahead = aborted.toSorted((left, right) => right.firstOffset - left.firstOffset);
  }

  /** Nothing further can be aborted: nobody has to ask. */
  get isOver(): boolean {
    return this.#ahead.length === 0 && this.#open.size === 0;
  }

  /** Whether the records of a batch were aborted. */
  isAborted({ lastOffset, producerId, isTransactional }: BatchHead): boolean {
    this.#advance(lastOffset);
    return isTransactional && this.#open.has(producerId);
  }

  /** An abort marker: what its producer writes behind it is another transaction's. */
  onAbortMarker({ lastOffset, producerId }: Pick<BatchHead, 'lastOffset' | 'producerId'>): void {
    this.#advance(lastOffset);
    this.#open.delete(producerId);
  }

  #advance(lastOffset: number): void {
    for (
      let next = this.#ahead.at(-1);
      next !== undefined && next.firstOffset <= lastOffset;
      next = this.#ahead.at(-1)
    ) {
      this.#open.add(next.producerId);
      this.#ahead.pop();
    }
  }
}

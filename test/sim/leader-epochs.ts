import type { Seen } from './history.ts';

/**
 * Longest that a broker may go on as a leader after somebody was told of the next one, ms (S0): its lease, which a controller
 * that was replaced may have granted for a quarter of a session more. That is a session together, by clocks that drift.
 */
const STALE_MAX_MS = 2150;

/** Leader epochs of which a broker's answer may be; there is one, mostly. */
export interface EpochRange {
  readonly lowest: number;
  readonly highest: number;
}

/** Where nobody tells of leader epochs, everything is of one. */
const ONLY: EpochRange = { lowest: 0, highest: 0 };

/** The leader epochs of partitions, each from the moment on at which anybody was told of it. */
export class LeaderEpochs {
  readonly #epochs = new Map<string, Seen<'leads'>[]>();

  /** Epochs come in their order. */
  take(one: Seen<'leads'>): void {
    const key = `${one.topic}-${one.partition}`;
    const known = this.#epochs.get(key);
    if (known === undefined) this.#epochs.set(key, [one]);
    else known.push(one);
  }

  /** The latest one of a partition, as far as anybody was told. */
  latest(partition: string): number {
    return this.#epochs.get(partition)?.at(-1)?.leaderEpoch ?? 0;
  }

  /** Epochs in which a broker may have answered what it was asked; null when it can't have led the partition any more. */
  of(partition: string, node: number, askedMs: number, atMs: number): EpochRange | null {
    const known = this.#epochs.get(partition);
    if (known === undefined) return ONLY;
    const led = known.filter((one, index) => {
      const endedMs = known[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
      const isHis = one.node === node || one.node === null;
      return isHis && one.atMs <= atMs && endedMs + STALE_MAX_MS >= askedMs;
    });
    const [first, last] = [led[0], led.at(-1)];
    return first === undefined || last === undefined ? null : { lowest: first.leaderEpoch, highest: last.leaderEpoch };
  }
}

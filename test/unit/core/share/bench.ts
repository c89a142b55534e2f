import type { AcquireMode } from '../../../../broker/core/share/acquisition.ts';
import { AcquireMode as Mode } from '../../../../broker/core/share/acquisition.ts';
import type { GroupRules } from '../../../../broker/core/share/in-flight.ts';
import {
  type LoadedState,
  SharePartition,
  type SharePartitionEffect,
  type SharePartitionInput,
} from '../../../../broker/core/share/partition.ts';
import { NO_BUGS, type PlantedBugs } from '../../../../broker/core/share/planted-bugs.ts';
import { type DeliveryPolicy, STANDARD_POLICY } from '../../../../broker/core/share/policy.ts';

/** Settings of the tests: limit 5, lock 30 s, 200 record locks. */
export const RULES: GroupRules = {
  deliveryCountLimit: 5,
  lockDurationMs: 30_000,
  recordLocksMax: 200,
  renewEnabled: true,
  deadLetters: false,
};

/** What a fetch in a test may say; the rest has defaults. */
export interface FetchOptions {
  readonly max?: number;
  readonly mode?: AcquireMode;
  readonly batchSize?: number;
}

/** A share-partition over a log of batches, with a clock; writes are committed at once unless `hold` is set. */
export class Bench {
  nowMs = 1_000;
  rules: GroupRules = RULES;
  /** Writes stay under way until `commit`. */
  hold = false;
  readonly partition: SharePartition;
  readonly effects: SharePartitionEffect[] = [];
  readonly writes: Extract<SharePartitionEffect, { kind: 'persist' }>[] = [];
  readonly verdicts = new Map<number, number>();
  /** Batches of the log: [base offset, last offset]. */
  log: [number, number][];
  #ticket = 0;

  constructor(
    log: [number, number][],
    options: { readonly state?: LoadedState; readonly policy?: DeliveryPolicy; readonly bugs?: PlantedBugs } = {},
  ) {
    this.log = log;
    const state = options.state ?? { startOffset: log[0]?.[0] ?? 0, stateBatches: [] };
    const partition = SharePartition.load(state, options.policy ?? STANDARD_POLICY, options.bugs ?? NO_BUGS);
    if (partition === null) throw new Error('the state of the test does not load');
    this.partition = partition;
  }

  step(input: SharePartitionInput): SharePartitionEffect[] {
    const out: SharePartitionEffect[] = [];
    this.partition.step(input, this.nowMs, out);
    for (const effect of out) {
      this.effects.push(effect);
      if (effect.kind === 'persist') this.writes.push(effect);
      if (effect.kind === 'acknowledged') this.verdicts.set(effect.ticket, effect.errorCode);
    }
    if (!this.hold && this.partition.writing) this.commit();
    return out;
  }

  /** Ends the write under way. */
  commit(errorCode = 0): SharePartitionEffect[] {
    return this.step({ kind: 'persisted', errorCode, rules: this.rules });
  }

  /** Fetches as a member; gives `first-last xcount` of each range. */
  fetch(memberId: string, options: FetchOptions = {}): string[] {
    const fetchOffset = this.partition.fetchOffset(this.rules, this.nowMs);
    if (fetchOffset < 0) return [];
    return this.fetchAt(memberId, fetchOffset, options);
  }

  /** Fetches with what a read at `fetchOffset` gives. */
  fetchAt(
    memberId: string,
    fetchOffset: number,
    { max = 500, mode = Mode.batchOptimized, batchSize = 500 }: FetchOptions = {},
  ): string[] {
    const bounds = this.log.filter(([, last]) => last >= fetchOffset).flat();
    const request = { memberId, mode, recordsMax: max, batchSize, fetchOffset, bounds, withheld: [] };
    const effects = this.step({ kind: 'acquire', request, rules: this.rules });
    return effects.flatMap((effect) =>
      effect.kind === 'acquired'
        ? effect.ranges.map(({ start, end, deliveryCount }) => `${start}-${end - 1} x${deliveryCount}`)
        : [],
    );
  }

  /** Acknowledges; each batch is [first, last, ...types]. Gives the ticket. */
  send(memberId: string, ...batches: [number, number, ...number[]][]): number {
    this.#ticket += 1;
    const request = {
      ticket: this.#ticket,
      memberId,
      batches: batches.map(([firstOffset, lastOffset, ...acknowledgeTypes]) => ({
        firstOffset,
        lastOffset,
        acknowledgeTypes,
      })),
    };
    this.step({ kind: 'acknowledge', request, rules: this.rules });
    return this.#ticket;
  }

  /** Acknowledges and gives the verdict, undefined while it is under way. */
  acknowledge(memberId: string, ...batches: [number, number, ...number[]][]): number | undefined {
    return this.verdicts.get(this.send(memberId, ...batches));
  }

  release(memberId: string): void {
    this.step({ kind: 'release', memberId, rules: this.rules });
  }

  /** Lets time pass and fires what is due. */
  pass(ms: number): void {
    this.nowMs += ms;
    if (this.nowMs >= this.partition.deadlineMs) this.step({ kind: 'time', rules: this.rules });
  }

  describe(): string {
    return this.partition.describe();
  }
}

/** A log of `count` batches of `size` records from `start`. */
export function batches(start: number, size: number, count: number): [number, number][] {
  return Array.from({ length: count }, (_, index) => [start + index * size, start + (index + 1) * size - 1]);
}

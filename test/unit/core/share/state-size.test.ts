import { expect, test } from '@jest/globals';
import type { CoordinatorRecord, Outbox } from '../../../../broker/core/coordinator/shard.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { AcquireMode } from '../../../../broker/core/share/acquisition.ts';
import {
  SharePartition,
  type SharePartitionEffect,
  type SharePartitionInput,
} from '../../../../broker/core/share/partition.ts';
import { STANDARD_POLICY } from '../../../../broker/core/share/policy.ts';
import { type PruneEffect, type ShareStateResponse, ShareStateShard } from '../../../../broker/core/share/state.ts';
import { RULES as FEW_LOCKS } from './bench.ts';

const KEY = { groupId: 'g', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partition: 0 };
const RULES = { ...FEW_LOCKS, recordLocksMax: 4_000 };
const MILLION = 1_000_000;
const BATCH = 500;
/** So many fetches pass until a held record is accepted, or given back. */
const LATE_BATCHES = 3;
/** In every so many fetches what was held is given back. */
const BACK_EVERY = 10;
const UPDATES_PER_SNAPSHOT = 500;
/** Between two fetches: more writes lie between two prunings than between two snapshots. */
const ROUND_MS = 400;
const ACCEPT = 1;
const RELEASE = 2;

/** The share coordinator's partition of the log, as far as it is kept. */
class StateLog {
  readonly shard = new ShareStateShard(() => UPDATES_PER_SNAPSHOT);
  kept: { readonly offset: number; readonly record: CoordinatorRecord }[] = [];
  writtenBytes = 0;
  nowMs = 0;
  /** Bytes kept after each pruning. */
  readonly sizes: number[] = [];
  #endOffset = 0;
  readonly #out: Outbox<ShareStateResponse, PruneEffect> = {
    append: (record) => {
      this.shard.replay(record, this.#endOffset);
      this.kept.push({ offset: this.#endOffset, record });
      this.#endOffset += 1;
      this.writtenBytes += sizeOf(record);
    },
    reply: (_, { errorCode }) => {
      if (errorCode !== ErrorCode.NONE) throw new Error(`refused: ${errorCode}`);
    },
    effect: ({ beforeOffset }) => {
      this.kept = this.kept.filter(({ offset }) => offset >= beforeOffset);
      this.sizes.push(this.kept.reduce((sum, { record }) => sum + sizeOf(record), 0));
    },
  };

  ask(command: Parameters<ShareStateShard['decide']>[0]): void {
    const now = { monotonicMs: this.nowMs, wallMs: this.nowMs };
    this.shard.decide(command, 0, now, this.#out);
    if (this.nowMs >= this.shard.nextDeadlineMs()) this.shard.onTime(now, this.#out);
  }
}

function sizeOf({ key, value }: CoordinatorRecord): number {
  return key.length + (value?.length ?? 0);
}

type Range = readonly [start: number, end: number];

/** A member of a group, its share-partition and the coordinator of that. */
class Work {
  readonly log = new StateLog();
  accepted = 0;
  readonly #heldCount: number;
  readonly #share = SharePartition.load({ startOffset: 0, stateBatches: [] }, STANDARD_POLICY);
  readonly #held: Range[][] = [];
  #base = 0;

  /** `heldCount` records of each batch are held, far apart. */
  constructor(heldCount: number) {
    this.#heldCount = heldCount;
    this.log.ask({ kind: 'initialize', key: KEY, stateEpoch: 1, startOffset: 0 });
  }

  /** Takes the next batch, accepts it but for what it holds, and is done with what it has held for long. */
  round(): void {
    const { log } = this;
    log.nowMs += ROUND_MS;
    const late = this.#held.length < LATE_BATCHES ? [] : (this.#held.shift() ?? []);
    const isBack = (this.#base / BATCH) % BACK_EVERY === 0;
    this.#say(late, isBack ? RELEASE : ACCEPT);
    const held: Range[] = [];
    const stride = BATCH / this.#heldCount;
    const end = this.#base + BATCH;
    for (let fetchOffset = this.#next(); fetchOffset >= 0 && fetchOffset < end; fetchOffset = this.#next()) {
      for (const range of this.#fetch(fetchOffset, end)) {
        const parts = range.deliveryCount > 1 ? [] : heldIn(range, stride);
        held.push(...parts);
        this.#say(around(range, parts), ACCEPT);
      }
    }
    this.#held.push(held);
    this.#base = end;
  }

  #next(): number {
    return this.#share?.fetchOffset(RULES, this.log.nowMs) ?? -1;
  }

  #fetch(fetchOffset: number, end: number) {
    const bounds: number[] = [];
    for (let base = fetchOffset - (fetchOffset % BATCH); base < end; base += BATCH) bounds.push(base, base + BATCH - 1);
    const how = { memberId: 'a', mode: AcquireMode.batchOptimized, recordsMax: BATCH, batchSize: BATCH };
    const effects = this.#step({
      kind: 'acquire',
      request: { ...how, fetchOffset, bounds, withheld: [] },
      rules: RULES,
    });
    const ranges = effects.flatMap((effect) => (effect.kind === 'acquired' ? effect.ranges : []));
    if (ranges.length === 0) throw new Error(`nothing from ${fetchOffset} to ${end}`);
    return ranges;
  }

  #say(ranges: readonly Range[], type: number): void {
    if (ranges.length === 0) return;
    const batches = ranges.map(([start, end]) => ({
      firstOffset: start,
      lastOffset: end - 1,
      acknowledgeTypes: [type],
    }));
    this.#step({ kind: 'acknowledge', request: { ticket: 1, memberId: 'a', batches }, rules: RULES });
    if (type === ACCEPT) for (const [start, end] of ranges) this.accepted += end - start;
  }

  #step(input: SharePartitionInput): readonly SharePartitionEffect[] {
    const effects: SharePartitionEffect[] = [];
    this.#share?.step(input, this.log.nowMs, effects);
    for (const effect of effects) {
      if (effect.kind === 'acknowledged' && effect.errorCode !== ErrorCode.NONE)
        throw new Error(`refused: ${effect.errorCode}`);
      if (effect.kind !== 'persist') continue;
      const { startOffset, deliveryCompleteCount, stateBatches } = effect;
      const change = { stateEpoch: 1, leaderEpoch: 1, startOffset, deliveryCompleteCount, stateBatches };
      this.log.ask({ kind: 'write', key: KEY, change });
      this.#step({ kind: 'persisted', errorCode: ErrorCode.NONE, rules: RULES });
    }
    return effects;
  }
}

/** Single records at a distance of each other. */
function heldIn({ start, end }: { readonly start: number; readonly end: number }, stride: number): readonly Range[] {
  const held: Range[] = [];
  for (let offset = Math.ceil(start / stride) * stride; offset < end; offset += stride) held.push([offset, offset + 1]);
  return held;
}

/** What a range is without some parts of it, which ascend. */
function around({ start, end }: { readonly start: number; readonly end: number }, parts: readonly Range[]): Range[] {
  const rest: Range[] = [];
  let from = start;
  for (const [partStart, partEnd] of [...parts, [end, end] as const]) {
    if (partStart > from) rest.push([from, partStart]);
    from = partEnd;
  }
  return rest;
}

/** The state that a log gives, as the shard says it. */
function loaded(kept: StateLog['kept']): string {
  const shard = new ShareStateShard(() => UPDATES_PER_SNAPSHOT);
  for (const { record, offset } of kept) shard.replay(record, offset);
  return shard.describe();
}

function work(heldCount: number, count: number): StateLog {
  const one = new Work(heldCount);
  while (one.accepted < count) one.round();
  return one.log;
}

/** The most that is kept after a pruning: a snapshot and its updates of one share-partition, each with what changed around held records. */
const sizeMax = (heldCount: number): number => (UPDATES_PER_SNAPSHOT + 1) * (64 + 22 * heldCount);

const HELD = 5;
test('after ten million acknowledgements the log of the share coordinator holds what is in flight, and no more than after the first of them', () => {
  const log = work(HELD, 10 * MILLION);
  expect(log.sizes.length).toBeGreaterThan(20);
  expect(Math.max(...log.sizes)).toBeLessThan(sizeMax(HELD));
  expect(log.writtenBytes).toBeGreaterThan(50 * sizeMax(HELD));
  expect(loaded(log.kept)).toBe(log.shard.describe());
});

test('it grows with what is in flight', () => {
  const held = [1, 25];
  const sizes = held.map((heldCount) => Math.max(...work(heldCount, MILLION).sizes));
  expect(sizes[1]).toBeGreaterThan(3 * (sizes[0] ?? 0));
  for (const [index, heldCount] of held.entries()) expect(sizes[index]).toBeLessThan(sizeMax(heldCount));
});

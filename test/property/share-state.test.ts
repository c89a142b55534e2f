import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/properties.ts';
import type { CoordinatorRecord, Outbox } from '../../broker/core/coordinator/shard.ts';
import { NO_BUGS, type PlantedBugs } from '../../broker/core/share/planted-bugs.ts';
import type { StateBatch } from '../../broker/core/share/persistence.ts';
import {
  PRUNE_INTERVAL_MS,
  type PruneEffect,
  type ShareStateCommand,
  type ShareStateResponse,
  ShareStateShard,
} from '../../broker/core/share/state.ts';
import { mergeStateBatches } from '../../broker/core/share/state-batches.ts';

const OFFSET_MAX = 30;

const batch: fc.Arbitrary<StateBatch> = fc
  .tuple(fc.nat({ max: OFFSET_MAX }), fc.nat({ max: 6 }), fc.constantFrom(0, 2, 4), fc.integer({ min: 1, max: 3 }))
  .map(([firstOffset, length, deliveryState, deliveryCount]) => ({
    firstOffset,
    lastOffset: firstOffset + length,
    deliveryState,
    deliveryCount,
  }));

/** The rule of PROTOCOL §2.9, one offset at a time. */
function mergedByHand(batches: readonly StateBatch[], startOffset: number): string[] {
  const best = new Map<number, StateBatch>();
  for (const one of batches) {
    for (let offset = Math.max(one.firstOffset, startOffset); offset <= one.lastOffset; offset += 1) {
      const other = best.get(offset);
      const wins =
        other === undefined ||
        one.deliveryCount > other.deliveryCount ||
        (one.deliveryCount === other.deliveryCount && one.deliveryState > other.deliveryState);
      if (wins) best.set(offset, one);
    }
  }
  return [...best]
    .sort(([left], [right]) => left - right)
    .map(([offset, { deliveryState, deliveryCount }]) => `${offset}:${deliveryState}:${deliveryCount}`);
}

const spread = (batches: readonly StateBatch[]): string[] =>
  batches.flatMap(({ firstOffset, lastOffset, deliveryState, deliveryCount }) =>
    Array.from(
      { length: lastOffset - firstOffset + 1 },
      (_, at) => `${firstOffset + at}:${deliveryState}:${deliveryCount}`,
    ),
  );

describe('merging state batches', () => {
  test('gives for each offset what the rule says, as few disjoint batches in order', () => {
    fc.assert(
      fc.property(
        fc.array(batch, { maxLength: 12 }),
        fc.array(batch, { maxLength: 12 }),
        fc.nat({ max: OFFSET_MAX }),
        (first, second, start) => {
          const existing = mergeStateBatches([], first, 0);
          const merged = mergeStateBatches(existing, second, start);
          expect(spread(merged)).toEqual(mergedByHand([...existing, ...second], start));
          for (let index = 1; index < merged.length; index += 1) {
            const left = merged[index - 1];
            const right = merged[index];
            const joins = left?.deliveryState === right?.deliveryState && left?.deliveryCount === right?.deliveryCount;
            expect(joins && (left?.lastOffset ?? 0) + 1 === right?.firstOffset).toBe(false);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

type Step = { readonly kind: 'command'; readonly command: ShareStateCommand } | { readonly kind: 'prune' };

const key = fc.nat({ max: 2 }).map((partition) => ({ groupId: 'g', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partition }));
const epoch = fc.integer({ min: -1, max: 4 });
const step: fc.Arbitrary<Step> = fc
  .oneof(
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('initialize' as const),
        key,
        stateEpoch: fc.nat({ max: 4 }),
        startOffset: fc.integer({ min: -1, max: 5 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('read' as const), key, leaderEpoch: epoch }) },
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('write' as const),
        key,
        change: fc.record({
          stateEpoch: epoch,
          leaderEpoch: epoch,
          startOffset: fc.integer({ min: -1, max: OFFSET_MAX }),
          deliveryCompleteCount: fc.integer({ min: -1, max: 5 }),
          stateBatches: fc.array(batch, { maxLength: 4 }),
        }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'prune' as const }) },
  )
  .map((value) => (value.kind === 'prune' ? value : { kind: 'command', command: value }));

describe('the share coordinator', () => {
  test('is the same after loading its log again, from every offset that it let go', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60, size: 'max' }),
        fc.integer({ min: 0, max: 4 }),
        (steps, updatesPerSnapshot) => {
          const log: CoordinatorRecord[] = [];
          let prunedTo = 0;
          let nowMs = 0;
          const shard = new ShareStateShard(() => updatesPerSnapshot);
          const out: Outbox<ShareStateResponse, PruneEffect> = {
            append: (record) => {
              log.push(record);
              shard.replay(record, log.length - 1);
            },
            reply: () => {},
            effect: ({ beforeOffset }) => {
              prunedTo = Math.max(prunedTo, beforeOffset);
            },
          };
          for (const one of steps) {
            nowMs += PRUNE_INTERVAL_MS;
            const now = { monotonicMs: nowMs, wallMs: nowMs };
            if (one.kind === 'prune') shard.onTime(now, out);
            else shard.decide(one.command, 1, now, out);
            const loaded = new ShareStateShard(() => updatesPerSnapshot);
            for (let offset = prunedTo; offset < log.length; offset += 1) {
              const record = log[offset];
              if (record !== undefined) loaded.replay(record, offset);
            }
            expect(loaded.describe()).toBe(shard.describe());
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  /** I11: a leader or state of before changes nothing and is told so. */
  const fenced = (bugs: PlantedBugs) =>
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const shard = new ShareStateShard(() => 3, bugs);
      const epochs = new Map<string, { leader: number; state: number }>();
      let offset = 0;
      let code = -1;
      const out: Outbox<ShareStateResponse, PruneEffect> = {
        append: (record) => {
          shard.replay(record, offset);
          offset += 1;
        },
        reply: (_, { errorCode }) => void (code = errorCode),
        effect: () => {},
      };
      for (const one of steps) {
        if (one.kind === 'prune') continue;
        const { command } = one;
        const before = shard.describe();
        shard.decide(command, 1, { monotonicMs: 0, wallMs: 0 }, out);
        const place = String(command.key.partition);
        const known = epochs.get(place) ?? { leader: -1, state: -1 };
        if (command.kind === 'delete') epochs.delete(place);
        const leader =
          command.kind === 'write' ? command.change.leaderEpoch : command.kind === 'read' ? command.leaderEpoch : -1;
        const state =
          command.kind === 'write'
            ? command.change.stateEpoch
            : command.kind === 'initialize'
              ? command.stateEpoch
              : -1;
        if ((leader >= 0 && leader < known.leader) || (state >= 0 && state < known.state)) {
          expect(code).not.toBe(0);
          expect(shard.describe()).toBe(before);
        } else if (code === 0 && (leader >= 0 || state >= 0)) {
          const started = command.kind === 'initialize' ? state : known.state;
          epochs.set(place, { leader: Math.max(leader, known.leader), state: Math.max(started, known.state) });
        }
      }
    });

  test('refuses leaders and states of before (I11)', () => {
    fc.assert(fenced(NO_BUGS), { numRuns: 300 });
  });

  test('is caught taking what a stale leader writes within 2,000 runs', () => {
    const outcome = fc.check(fenced(new Set(['stale-leader-accepted'])), {
      numRuns: 2_000,
      endOnFailure: true,
      seed: 7,
    });
    expect(outcome.failed).toBe(true);
  });

  test('never lets a start offset go back within a state epoch', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const shard = new ShareStateShard(() => 3);
        const starts = new Map<string, number>();
        let offset = 0;
        const out: Outbox<ShareStateResponse, PruneEffect> = {
          append: (record) => {
            shard.replay(record, offset);
            offset += 1;
          },
          reply: () => {},
          effect: () => {},
        };
        for (const one of steps) {
          if (one.kind === 'prune') continue;
          shard.decide(one.command, 1, { monotonicMs: 0, wallMs: 0 }, out);
          if (one.command.kind === 'delete') starts.clear();
          for (const line of shard
            .describe()
            .split('\n')
            .filter((text) => text !== '')) {
            const [, name = '', stateEpoch = '', start = ''] = /^(\S+) state (\d+) .* start (-?\d+) /.exec(line) ?? [];
            const place = `${name} ${stateEpoch}`;
            expect(Number(start)).toBeGreaterThanOrEqual(starts.get(place) ?? -1);
            starts.set(place, Number(start));
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { brokerId, leaderEpoch } from '../../../../broker/core/base/ids.ts';
import { changed, dropBroker, electLeader, merged, onceForAlike } from '../../../../broker/core/metadata/election.ts';
import type { PartitionState } from '../../../../broker/core/metadata/topic.ts';

// As in the table: lists that agree are one.
const LISTS = [[], [0], [1], [2], [0, 1], [1, 0], [1, 2], [0, 1, 2]].map((ids) => ids.map(brokerId));
const list = fc.constantFrom(...LISTS);
const leader = fc.constantFrom(-1 as const, ...[0, 1, 2].map(brokerId));
const DISKS = [
  ['a', 'b', 'c'],
  ['a', 'lost', 'c'],
  ['lost', 'b', 'lost'],
];
const directories = fc.constantFrom(...DISKS);
const shape = fc.record({
  directories,
  leader,
  replicas: fc.constantFrom(...LISTS.slice(-2)),
  isr: list,
  elr: list,
  lastKnownElr: list,
  addingReplicas: list,
  removingReplicas: list,
});

/** Partitions of one shape, but for one of its fields here and there. */
const partitions: fc.Arbitrary<PartitionState[]> = shape.chain((one) =>
  fc.array(
    fc
      .tuple(
        fc.record({
          index: fc.nat(1000),
          leaderEpoch: fc.nat(50).map(leaderEpoch),
          partitionEpoch: fc.nat(90),
          durableFromEpoch: fc.constantFrom(-1, 0),
        }),
        fc.oneof(
          fc.constant({}),
          fc.record({ leader }),
          fc.record({ isr: list }),
          fc.record({ elr: list }),
          fc.record({ lastKnownElr: list }),
          fc.record({ directories }),
        ),
      )
      .map(([own, other]) => ({ ...own, ...one, ...other })),
    { maxLength: 30 },
  ),
);

describe('elections held once for partitions that agree', () => {
  test('come out as if each had been held', () => {
    fc.assert(
      fc.property(partitions, fc.boolean(), fc.subarray([0, 1, 2]), (all, unclean, able) => {
        const rules = {
          mayLead: (id: number) => able.includes(id),
          diskOf: (id: number) => 'abc'[id] ?? null,
          unclean,
        };
        const elect = (one: PartitionState) => electLeader(one, rules);
        const leave = (one: PartitionState) => {
          const dropped = dropBroker(one, 0);
          return dropped === null ? null : merged(dropped, electLeader(changed(one, dropped), rules));
        };
        for (const change of [elect, leave]) expect(all.map(onceForAlike(change))).toEqual(all.map(change));
      }),
      { numRuns: 300 },
    );
  });
});

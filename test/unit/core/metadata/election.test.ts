import { describe, expect, test } from '@jest/globals';
import { fc } from '../../../support/properties.ts';
import { brokerId, leaderEpoch } from '../../../../broker/core/base/ids.ts';
import { changePartition } from '../../../../broker/core/metadata/election.ts';
import { onceForAlike } from '../../../../broker/core/metadata/partition-changes.ts';
import { NO_METADATA_BUGS } from '../../../../broker/core/metadata/planted-bugs.ts';
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
      fc.property(
        partitions,
        fc.boolean(),
        fc.boolean(),
        fc.subarray([0, 1, 2]),
        fc.boolean(),
        (all, unclean, hasElr, able, isLast) => {
          const rules = {
            mayLead: (id: number) => able.includes(id),
            isServing: (id: number) => isLast || able.includes(id),
            isDraining: (id: number) => isLast && id === 1,
            diskOf: (id: number) => 'abc'[id] ?? null,
            isReplicating: true,
            hasElr,
            minIsr: 2,
            unclean,
            bugs: NO_METADATA_BUGS,
          };
          const wishes = [{}, { out: 0 }, { out: 1, isOutUnclean: true }, { election: 'preferred' as const }];
          for (const wish of wishes) {
            const change = (one: PartitionState) => changePartition(one, wish, rules);
            expect(all.map(onceForAlike(change))).toEqual(all.map(change));
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

test('while an ISR has members nobody is elected from the ELR: the last of them may only be about to stop (KIP-966)', () => {
  const partition: PartitionState = {
    index: 0,
    leader: -1,
    leaderEpoch: leaderEpoch(3),
    partitionEpoch: 5,
    durableFromEpoch: 0,
    replicas: [0, 1, 2].map(brokerId),
    directories: ['a', 'b', 'c'],
    isr: [brokerId(1)],
    elr: [brokerId(2)],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
  };
  const rules = {
    mayLead: (id: number) => id === 2,
    isServing: (id: number) => id !== 0,
    isDraining: () => false,
    diskOf: (id: number) => 'abc'[id] ?? null,
    isReplicating: true,
    hasElr: true,
    minIsr: 2,
    unclean: false,
    bugs: NO_METADATA_BUGS,
  };
  expect(changePartition(partition, {}, rules)).toBeNull();
  expect(changePartition(partition, { out: 1 }, rules)).toMatchObject({ leader: 2, isr: [2], elr: [1] });
});

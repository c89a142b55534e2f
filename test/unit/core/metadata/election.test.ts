import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { brokerId, leaderEpoch } from '../../../../broker/core/base/ids.ts';
import { changed, dropBroker, electLeader, merged, onceForAlike } from '../../../../broker/core/metadata/election.ts';
import type { PartitionState } from '../../../../broker/core/metadata/topic.ts';

// As in the table: lists that agree are one.
const LISTS = [[], [0], [1], [2], [0, 1], [1, 0], [1, 2], [0, 1, 2]].map((ids) => ids.map(brokerId));
const list = fc.constantFrom(...LISTS);
const partition: fc.Arbitrary<PartitionState> = fc.record({
  index: fc.nat(1000),
  leader: fc.constantFrom(-1 as const, ...[0, 1, 2].map(brokerId)),
  leaderEpoch: fc.nat(50).map(leaderEpoch),
  partitionEpoch: fc.nat(90),
  durableFromEpoch: fc.constantFrom(-1, 0),
  replicas: fc.constantFrom(...LISTS.slice(-2)),
  directories: fc.constant([]),
  isr: list,
  elr: list,
  lastKnownElr: list,
});

describe('elections held once for partitions that agree', () => {
  test('come out as if each had been held', () => {
    fc.assert(
      fc.property(
        fc.array(partition, { maxLength: 60 }),
        fc.boolean(),
        fc.subarray([0, 1, 2]),
        (all, unclean, able) => {
          const rules = { mayLead: (id: number) => able.includes(id), unclean };
          const elect = (one: PartitionState) => electLeader(one, rules);
          const leave = (one: PartitionState) => {
            const dropped = dropBroker(one, 0);
            return dropped === null ? null : merged(dropped, electLeader(changed(one, dropped), rules));
          };
          for (const change of [elect, leave]) expect(all.map(onceForAlike(change))).toEqual(all.map(change));
        },
      ),
      { numRuns: 300 },
    );
  });
});

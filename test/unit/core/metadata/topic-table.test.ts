import { describe, expect, test } from '@jest/globals';
import { topicId } from '../../../../broker/core/base/ids.ts';
import type { PartitionFields } from '../../../../broker/core/metadata/records.ts';
import { DeltaBuilder } from '../../../../broker/core/metadata/delta.ts';
import { TopicTable } from '../../../../broker/core/metadata/topic-table.ts';
import { sampleId } from '../../../support/metadata/lab.ts';
import { SAME_REPLICAS } from '../../../../broker/core/metadata/election.ts';

const ID = sampleId(1);

function fields(index: number, more: Partial<PartitionFields> = {}): PartitionFields {
  return {
    index,
    leader: index % 3,
    leaderEpoch: 0,
    partitionEpoch: 0,
    durableFromEpoch: -1,
    replicas: [index % 3, (index + 1) % 3],
    directories: [sampleId(index % 3), sampleId((index + 1) % 3)],
    isr: [index % 3],
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    ...more,
  };
}

function added(table: TopicTable, from: number, to: number): void {
  const partitions = Array.from({ length: to - from }, (_, position) => fields(from + position));
  table.addPartitions({ kind: 'partitions', topicId: ID, partitions });
  table.endBatch();
}

function tableOf(partitionCount: number): TopicTable {
  const table = new TopicTable();
  table.add({ kind: 'topic', topicId: ID, name: 't' });
  added(table, 0, partitionCount);
  return table;
}

const unchanged = { durableFromEpoch: -2, isr: null, elr: null, lastKnownElr: null, ...SAME_REPLICAS };

describe('the table of topics', () => {
  test('keeps partitions in order through many pages, however they came', () => {
    const table = tableOf(1);
    for (const [from, to] of [
      [1, 255],
      [255, 256],
      [256, 257],
      [257, 700],
      [700, 1024],
    ] as const) {
      added(table, from, to);
      expect(table.byName('t')?.partitions).toEqual(Array.from({ length: to }, (_, index) => fields(index)));
    }
    expect(table.partitionCount).toBe(1024);
    const topic = table.byId(topicId(ID));
    expect([-1, 1024, 1025, Number.NaN].map((index) => topic?.partition(index))).toEqual(
      Array.from({ length: 4 }, () => undefined),
    );
  });

  test('leaves a topic that was handed out as it was', () => {
    const table = tableOf(600);
    const before = table.byName('t');
    table.change(ID, [{ ...unchanged, index: 300, leader: -1, leaderEpoch: 1, partitionEpoch: 1, isr: [1] }]);
    table.endBatch();
    added(table, 600, 601);
    expect(before?.partitions).toEqual(Array.from({ length: 600 }, (_, index) => fields(index)));
    expect(table.byName('t')?.partition(300)).toEqual(
      fields(300, { leader: -1, leaderEpoch: 1, partitionEpoch: 1, isr: [1] }),
    );
    table.remove(ID);
    expect(before?.partition(600)).toBeUndefined();
    expect(before?.partition(599)).toEqual(fields(599));
  });

  test('gives back the room of what was deleted, and everything else stays right', () => {
    const table = tableOf(300);
    const early = table.byName('t');
    for (let round = 0; round < 60; round += 1) {
      const id = sampleId(100 + round);
      table.add({ kind: 'topic', topicId: id, name: `other-${round}` });
      const partitions = Array.from({ length: 100 }, (_, index) => fields(index));
      table.addPartitions({ kind: 'partitions', topicId: id, partitions });
      if (round > 0) table.remove(sampleId(100 + round - 1));
      table.endBatch();
    }
    expect(table.rowCount).toBeLessThanOrEqual(2 * 400 + 1024);
    expect([...table.topics()].map(({ name }) => name)).toEqual(['t', 'other-59']);
    expect(table.names()).toEqual(['other-59', 't']);
    for (const topic of [early, table.byName('t')])
      expect(topic?.partitions).toEqual(Array.from({ length: 300 }, (_, index) => fields(index)));
    expect(table.byName('other-59')?.partition(99)).toEqual(fields(99));
    expect(table.byName('other-58')).toBeNull();
    expect(table.byId(topicId(sampleId(158)))).toBeNull();
  });

  test('finds the partitions of a broker, and none of others', () => {
    const table = tableOf(520);
    const leaderless = [3, 255, 256, 519].map((index) => ({
      ...unchanged,
      index,
      leader: -1,
      leaderEpoch: 1,
      partitionEpoch: 1,
      isr: index === 3 ? [2, 1] : null,
    }));
    table.change(ID, leaderless);
    table.endBatch();
    const all = table.byName('t')?.partitions ?? [];
    const found = (id: number, which: 'leaderless' | 'counting') =>
      [...table.partsOn(id, which)].flatMap(({ partitions }) => partitions);
    for (const id of [0, 1, 2, 3]) {
      const has = (list: readonly number[]): boolean => list.includes(id);
      expect(found(id, 'leaderless')).toEqual(all.filter(({ leader, replicas }) => leader === -1 && has(replicas)));
      expect(found(id, 'counting')).toEqual(all.filter(({ leader, isr }) => leader === id || has(isr)));
    }
  });

  test('forgets lists that nothing names any more, and what names the others stays right', () => {
    const table = tableOf(300);
    const early = table.byName('t');
    for (let round = 1; round <= 5000; round += 1) {
      const isr = [round, round + 1, round + 2];
      table.change(ID, [
        {
          ...unchanged,
          index: round % 300,
          leader: round,
          leaderEpoch: round,
          partitionEpoch: round,
          isr,
          elr: [round],
        },
      ]);
      table.endBatch();
    }
    expect(table.listCounts.listCount).toBeLessThan(2 * 600 + 2 * 1024);
    expect(table.listCounts.count).toBeLessThan(2 * 300 + 2 * 1024);
    const last = table.byName('t');
    for (let index = 0; index < 300; index += 1) {
      const round = 5000 - ((5000 - index) % 300);
      expect(last?.partition(index)).toEqual(
        fields(index, {
          leader: round,
          leaderEpoch: round,
          partitionEpoch: round,
          isr: [round, round + 1, round + 2],
          elr: [round],
        }),
      );
    }
    expect(early?.partition(17)).toEqual(fields(17));
  });

  test('forgets combinations of lists that no partition has any more, while the lists themselves are few', () => {
    const table = tableOf(3);
    const copy = table.clone();
    const early = table.byName('t');
    const subset = (bits: number): readonly number[] => [0, 1, 2, 3, 4].filter((id) => (bits >> id) % 2 === 1);
    const lists = (round: number) => ({
      isr: subset(round),
      elr: subset(round >> 5),
      lastKnownElr: subset(round >> 10),
      addingReplicas: subset(round >> 15),
    });
    let most = 0;
    for (let round = 1; round <= 20_000; round += 1) {
      const epochs = { leader: 0, leaderEpoch: round, partitionEpoch: round };
      table.change(ID, [{ ...unchanged, index: round % 3, ...epochs, ...lists(round) }]);
      table.endBatch();
      most = Math.max(most, table.listCounts.count);
    }
    expect(most).toBeLessThanOrEqual(2 * 4 + 1024 + 1);
    for (const index of [0, 1, 2]) {
      const round = 20_000 - ((20_000 - index) % 3);
      const epochs = { leader: 0, leaderEpoch: round, partitionEpoch: round };
      expect(table.byName('t')?.partition(index)).toEqual(fields(index, { ...epochs, ...lists(round) }));
      for (const topic of [early, copy.byName('t')]) expect(topic?.partition(index)).toEqual(fields(index));
    }
  });

  test('finds every difference to another table, whatever field it is in', () => {
    const base = fields(1, { elr: [2], lastKnownElr: [2] });
    const others: readonly Partial<PartitionFields>[] = [
      { leader: 2 },
      { leaderEpoch: 1 },
      { partitionEpoch: 1 },
      { durableFromEpoch: 0 },
      { replicas: [2, 1] },
      { directories: [sampleId(2), sampleId(1)] },
      { isr: [2] },
      { elr: [] },
      { lastKnownElr: [1] },
      { addingReplicas: [1] },
      { removingReplicas: [2] },
    ];
    const table = (one: PartitionFields): TopicTable => {
      const made = new TopicTable();
      made.add({ kind: 'topic', topicId: ID, name: 't' });
      made.addPartitions({ kind: 'partitions', topicId: ID, partitions: [fields(0), one] });
      made.endBatch();
      return made;
    };
    const told = (after: TopicTable): readonly number[] => {
      const found: number[] = [];
      const delta = new DeltaBuilder();
      delta.partitionsChanged = (_id, changes) => void found.push(...changes.map(({ index }) => index));
      for (const _ of table(base).compare(after, delta)) continue;
      return found;
    };
    expect(told(table(base))).toEqual([]);
    for (const other of others) expect(told(table({ ...base, ...other }))).toEqual([1]);
  });
});

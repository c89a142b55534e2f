import { describe, expect, test } from '@jest/globals';
import { fc } from '../../../support/properties.ts';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import {
  type MovePlan,
  planDrains as drainsOf,
  planRebalance as rebalanceOf,
} from '../../../../broker/core/metadata/balance.ts';
import type { MetadataRecord } from '../../../../broker/core/metadata/records.ts';
import { MetadataLab, newTopic, sampleId } from '../../../support/metadata/lab.ts';
import { whole } from '../../../support/steps.ts';

const BY_HAND = { partitionCount: -1, replicationFactor: -1 };

/** Brokers on these hosts, in this order. */
function onHosts(...hosts: readonly string[]): MetadataLab {
  return at(...hosts.map((host) => ({ host })));
}

/** Brokers at these places, in this order. */
function at(...places: readonly { readonly host?: string; readonly rack?: string }[]): MetadataLab {
  const lab = MetadataLab.withBrokers([]);
  for (const [id, place] of places.entries()) {
    const outcome = lab.run(lab.registration(id, place));
    const brokerEpoch = outcome.kind === 'registerBroker' ? outcome.brokerEpoch : -1;
    lab.run({ kind: 'unfenceBroker', brokerId: id, brokerEpoch });
  }
  return lab;
}

function create(lab: MetadataLab, name: string, ...replicas: readonly (readonly number[])[]): void {
  const assignments = replicas.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds }));
  expect(lab.create(newTopic(name, { ...BY_HAND, assignments }))).toEqual([0]);
}

function drain(lab: MetadataLab, id: number): void {
  lab.run({ kind: 'setBrokerPlacement', brokerId: id, cordoned: true, draining: true });
}

const planDrains = (...args: Parameters<typeof drainsOf>): MovePlan => whole(drainsOf(...args)).value;
const planRebalance = (...args: Parameters<typeof rebalanceOf>): MovePlan => whole(rebalanceOf(...args)).value;

/** Replicas of all partitions once a plan is carried out. */
function after(lab: MetadataLab, { moves }: MovePlan): readonly (readonly number[])[] {
  return lab.image.topics().flatMap(({ name, partitions }) =>
    partitions.map(({ index, replicas }) => {
      const move = moves.find((one) => one.topic === name && one.index === index);
      return move?.replicas ?? replicas;
    }),
  );
}

const loads = (replicas: readonly (readonly number[])[], ids: readonly number[]): number[] =>
  ids.map((id) => replicas.filter((list) => list.includes(id)).length);

describe('a plan for brokers that are drained', () => {
  test('counts a replica that is on its way where it goes', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2, 3]);
    create(lab, 't', [0]);
    create(lab, 'u', [1], [3]);
    const partitions = [{ topic: 'u', index: 1, replicas: [2] }];
    lab.run({ kind: 'alterReassignments', partitions, allowReplicationFactorChange: false });
    drain(lab, 0);
    expect(planDrains(lab.image, lab.settings).moves).toEqual([{ topic: 't', index: 0, before: [0], replicas: [3] }]);
  });

  test('puts others in their place, spread over those that have least', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2, 3]);
    create(lab, 't', [0, 1], [1, 0], [1, 2], [0, 2]);
    drain(lab, 1);
    expect(planDrains(lab.image, lab.settings)).toEqual({
      moves: [
        { topic: 't', index: 0, before: [0, 1], replicas: [0, 3] },
        { topic: 't', index: 1, before: [1, 0], replicas: [3, 0] },
        { topic: 't', index: 2, before: [1, 2], replicas: [3, 2] },
      ],
      moreCount: 0,
      obstacles: [],
    });
  });

  test.each([true, false])(
    'takes another machine, and one that has a replica only when that is relaxed (%p, P1)',
    (isRelaxed) => {
      const lab = onHosts('a', 'b', 'a', 'c', 'c');
      lab.set('cluster', '', { 'weir.placement.host.relaxed': String(isRelaxed) });
      create(lab, 't', [0, 1]);
      create(lab, 'u', [3, 1]);
      drain(lab, 1);
      expect(after(lab, planDrains(lab.image, lab.settings))).toEqual([
        [0, 4],
        [3, 2],
      ]);
      drain(lab, 4);
      drain(lab, 3);
      const { moves, obstacles } = planDrains(lab.image, lab.settings);
      expect(moves.find(({ topic }) => topic === 't')).toEqual(
        isRelaxed ? { topic: 't', index: 0, before: [0, 1], replicas: [0, 2] } : undefined,
      );
      if (!isRelaxed) expect(obstacles).toContain("t-0 can't leave broker 1: no other broker may take it");
    },
  );

  test('takes another rack before a broker that has less', () => {
    const lab = at({ rack: 'a' }, { rack: 'b' }, { rack: 'a' }, { rack: 'b' });
    create(lab, 'load', [3], [3], [3]);
    create(lab, 't', [0, 1]);
    drain(lab, 1);
    expect(planDrains(lab.image, lab.settings).moves).toEqual([
      { topic: 't', index: 0, before: [0, 1], replicas: [0, 3] },
    ]);
  });

  test('gives nothing to a broker that is about to stop', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    create(lab, 't', [0, 1]);
    const brokerEpoch = lab.image.broker(brokerId(2))?.epoch ?? -1;
    lab.run({ kind: 'controlledShutdown', brokerId: 2, brokerEpoch });
    drain(lab, 1);
    expect(planDrains(lab.image, lab.settings).moves).toEqual([]);
  });

  test('leaves alone what is being moved already', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2, 3]);
    create(lab, '__consumer_offsets', [0, 1]);
    const partitions = [{ topic: '__consumer_offsets', index: 0, replicas: [0, 2] }];
    lab.run({ kind: 'alterReassignments', partitions, allowReplicationFactorChange: false });
    drain(lab, 0);
    expect(planDrains(lab.image, lab.settings).moves).toEqual([]);
    expect(planRebalance(lab.image, lab.settings).moves).toEqual([]);
  });

  test('takes a copy of an internal topic away when all brokers that stay have one', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    create(lab, '__consumer_offsets', [0, 1, 2], [2, 0, 1]);
    drain(lab, 2);
    expect(planDrains(lab.image, lab.settings)).toEqual({
      moves: [
        { topic: '__consumer_offsets', index: 0, before: [0, 1, 2], replicas: [0, 1] },
        { topic: '__consumer_offsets', index: 1, before: [2, 0, 1], replicas: [0, 1] },
      ],
      moreCount: 0,
      obstacles: [],
    });
  });

  test('takes no copy away from a broker that another topic can not leave', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    create(lab, '__consumer_offsets', [0, 1, 2], [2, 0, 1]);
    create(lab, 't', [0, 1, 2]);
    drain(lab, 2);
    expect(planDrains(lab.image, lab.settings)).toEqual({
      moves: [],
      moreCount: 0,
      obstacles: ["t-0 can't leave broker 2: no other broker may take it"],
    });
  });

  test('takes copies away when all that can be moved is moved', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    create(lab, '__consumer_offsets', [0, 1, 2]);
    create(lab, 't', [0, 2]);
    drain(lab, 2);
    const moves = [{ topic: 't', index: 0, before: [0, 2], replicas: [0, 1] }];
    expect(planDrains(lab.image, lab.settings)).toEqual({ moves, moreCount: 1, obstacles: [] });
  });

  test('counts machines for internal topics, not brokers (P1)', () => {
    const lab = onHosts('a', 'b', 'a', 'c');
    create(lab, '__consumer_offsets', [0, 1, 3]);
    drain(lab, 3);
    expect(planDrains(lab.image, lab.settings)).toMatchObject({ moves: [{ replicas: [0, 1] }], obstacles: [] });
  });

  test('keeps the copies of an internal topic while a broker that could take one is away, and the last one always', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    create(lab, '__consumer_offsets', [0, 1]);
    lab.run({ kind: 'fenceBroker', brokerId: 2, brokerEpoch: lab.image.broker(brokerId(2))?.epoch ?? -1 });
    drain(lab, 1);
    expect(planDrains(lab.image, lab.settings).moves).toEqual([]);
    for (const id of [0, 2]) drain(lab, id);
    expect(planDrains(lab.image, lab.settings).moves).toEqual([]);
  });

  test('never takes brokers that are away, cordoned or drained, and says what can not leave', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2, 3]);
    create(lab, 't', ...Array.from({ length: 7 }, () => [0, 1]));
    drain(lab, 1);
    lab.run({ kind: 'setBrokerPlacement', brokerId: 2, cordoned: true, draining: false });
    lab.run({ kind: 'fenceBroker', brokerId: 3, brokerEpoch: lab.image.broker(brokerId(3))?.epoch ?? -1 });
    const { moves, obstacles } = planDrains(lab.image, lab.settings);
    expect(moves).toEqual([]);
    expect(obstacles).toHaveLength(6);
    expect(obstacles[0]).toBe("t-0 can't leave broker 1: no other broker may take it");
    expect(obstacles[5]).toBe('nor can 2 more replicas leave theirs');
  });

  test('is made for few at a time and counts the rest', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    create(lab, 't', ...Array.from({ length: 100 }, () => [0, 1]));
    drain(lab, 1);
    const { moves, moreCount } = planDrains(lab.image, lab.settings);
    expect([moves.length, moreCount]).toEqual([40, 60]);
  });
});

describe('a plan for balance', () => {
  test('moves the least, whatever the cluster looks like, until no broker has two more than another', () => {
    const cluster = fc.integer({ min: 1, max: 5 }).chain((brokerCount) =>
      fc.record({
        brokerCount: fc.constant(brokerCount),
        replicas: fc.array(
          fc.shuffledSubarray(
            Array.from({ length: brokerCount }, (_, id) => id),
            { minLength: 1 },
          ),
          {
            minLength: 1,
            maxLength: 12,
          },
        ),
      }),
    );
    fc.assert(
      fc.property(cluster, ({ brokerCount, replicas }) => {
        const ids = Array.from({ length: brokerCount }, (_, id) => id);
        const lab = MetadataLab.withBrokers(ids);
        // With as many replicas each: Kafka's topics have that.
        for (const [index, list] of replicas.entries()) create(lab, `t${String(index).padStart(2, '0')}`, list);
        const planned = after(lab, planRebalance(lab.image, lab.settings));
        const counts = loads(planned, ids);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        const gained = replicas.map((list, at) => planned[at]?.filter((id) => !list.includes(id)).length ?? 0);
        const before = loads(replicas, ids).sort((a, b) => b - a);
        const wanted = [...counts].sort((a, b) => b - a);
        const least = before.reduce((sum, load, at) => sum + Math.max(0, load - (wanted[at] ?? 0)), 0);
        expect(gained.reduce((sum, count) => sum + count, 0)).toBe(least);
        for (const list of planned) expect(new Set(list).size).toBe(list.length);
      }),
      { numRuns: 200 },
    );
  });

  test('has an end where machines forbid that all have their part, and evens out who is first all the same', () => {
    const lab = onHosts('a', 'b', 'c', 'a');
    create(lab, 't', ...Array.from({ length: 8 }, () => [1, 2, 0]));
    const plan = planRebalance(lab.image, lab.settings);
    const planned = after(lab, plan);
    // Two on one machine have the part of one.
    expect(loads(planned, [0, 1, 2, 3])).toEqual([4, 8, 8, 4]);
    expect(plan.moreCount).toBe(0);
    const firsts = [0, 1, 2, 3].map((id) => planned.filter(([first]) => first === id).length);
    expect(Math.max(...firsts)).toBeLessThanOrEqual(4);
  });

  test('evens out who is first, without a copy', () => {
    const lab = MetadataLab.withBrokers([0, 1]);
    create(lab, 't', [0, 1], [0, 1], [0, 1], [0, 1]);
    const planned = after(lab, planRebalance(lab.image, lab.settings));
    expect(planned.filter(([first]) => first === 0)).toHaveLength(2);
    expect(planned.map((list) => [...list].sort())).toEqual(Array.from({ length: 4 }, () => [0, 1]));
  });

  test('raises internal topics to three replicas where there are brokers enough', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2, 3]);
    create(lab, '__consumer_offsets', [0], [1]);
    create(lab, 'own', [2], [3]);
    const planned = after(lab, planRebalance(lab.image, lab.settings));
    expect(planned.map((list) => list.length)).toEqual([3, 3, 1, 1]);
    const two = MetadataLab.withBrokers([0, 1]);
    create(two, '__consumer_offsets', [0]);
    expect(after(two, planRebalance(two.image, two.settings)).map((list) => list.length)).toEqual([2]);
  });

  test('leaves machines apart that are apart', () => {
    const lab = onHosts('a', 'b', 'c', 'b');
    create(lab, 't', [0, 1], [0, 1], [0, 1], [2, 1]);
    for (const list of after(lab, planRebalance(lab.image, lab.settings)))
      expect(new Set(list.map((id) => ['a', 'b', 'c', 'b'][id])).size).toBe(2);
  });
});

const PARTITION = {
  leader: -1,
  leaderEpoch: 0,
  partitionEpoch: 0,
  durableFromEpoch: -1,
  directories: [],
  isr: [],
  elr: [],
  lastKnownElr: [],
  addingReplicas: [],
  removingReplicas: [],
};

describe('a plan of a large cluster', () => {
  /** 5,000 partitions on brokers 0 and 1, in topics of ten; broker 2 has none. */
  function large(): MetadataLab {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    const lists = Array.from({ length: 10 }, (_, index) => (index < 5 ? [0, 1] : [1, 0]));
    for (let index = 0; index < 500; index += 1) create(lab, `t${index}`, ...lists);
    return lab;
  }

  test('is made in steps of a thousand partitions', () => {
    const lab = large();
    expect(whole(rebalanceOf(lab.image, lab.settings)).stepCount).toBeGreaterThanOrEqual(6);
    // Brokers 0 and 1 have everything already: nothing can leave.
    lab.run({ kind: 'setBrokerPlacement', brokerId: 2, cordoned: true, draining: false });
    drain(lab, 1);
    const { value, stepCount } = whole(drainsOf(lab.image, lab.settings));
    expect(stepCount).toBeGreaterThanOrEqual(6);
    expect(value).toMatchObject({ moves: [], moreCount: 0 });
    expect(value.obstacles.at(-1)).toBe('nor can 4995 more replicas leave theirs');
  });

  test('evens out who is first, and compares topics, in steps too', () => {
    const lab = MetadataLab.withBrokers([0, 1]);
    const partitions = (replicas: readonly number[], count: number) =>
      Array.from({ length: count }, (_, index) => ({ ...PARTITION, index, replicas }));
    const add = (id: number, replicas: readonly number[], count: number): void => {
      const topicId = sampleId(id);
      const records: readonly MetadataRecord[] = [
        { kind: 'topic', topicId, name: `t${id}` },
        { kind: 'partitions', topicId, partitions: partitions(replicas, count) },
      ];
      lab.image.apply(records, lab.image.offset + 1);
    };
    add(1, [0, 1], 5000);
    const even = whole(rebalanceOf(lab.image, lab.settings));
    expect([even.value.moves.length, even.stepCount]).toEqual([2500, 1 + 5 + 5]);
    for (let id = 2; id < 11_000; id += 1) add(id, [0], 1);
    const uneven = whole(rebalanceOf(lab.image, lab.settings));
    expect([uneven.value.moves.length, uneven.stepCount]).toEqual([40, 1 + 15 + 40]);
  });

  test('ends with forty moves of a drain, and counts the replicas that have to follow', () => {
    const lab = large();
    drain(lab, 1);
    const { value, stepCount } = whole(drainsOf(lab.image, lab.settings));
    expect([value.moves.length, value.moreCount, stepCount]).toEqual([40, 4960, 1]);
  });
});

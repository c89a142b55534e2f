import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/properties.ts';
import type { TopicPartitions } from '../../broker/core/group/commands.ts';
import { type Assignment, type AssignmentInput, assignPartitions } from '../../broker/core/group/share/assignor.ts';

interface Member {
  readonly memberId: string;
  readonly topicIds: readonly string[];
  readonly current: readonly TopicPartitions[];
}

const places = (topics: readonly TopicPartitions[]): string[] =>
  topics.flatMap(({ topicId, partitions }) => partitions.map((partition) => `${topicId}:${partition}`));
const sizes = (assignment: Assignment): number[] => [...assignment.values()].map((topics) => places(topics).length);
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** How many members have each partition. */
function holders(assignment: Assignment): Map<string, number> {
  const counts = new Map<string, number>();
  for (const topics of assignment.values())
    for (const place of places(topics)) counts.set(place, (counts.get(place) ?? 0) + 1);
  return counts;
}

/** Feeds an assignment back in as what the members have, with other members and topics. */
function again(input: AssignmentInput, before: Assignment): AssignmentInput {
  return {
    topics: input.topics,
    members: input.members.map((member) => ({ ...member, current: before.get(member.memberId) ?? member.current })),
  };
}

const topicsArbitrary = fc
  .array(fc.nat(8), { minLength: 1, maxLength: 4 })
  .map((counts) => counts.map((count, index) => ({ topicId: `topic${index}`, partitions: range(count + 1) })));

const evenInput = fc
  .record({
    topics: topicsArbitrary,
    memberCount: fc.integer({ min: 1, max: 25 }),
    seed: fc.array(fc.nat(1_000), { maxLength: 40 }),
  })
  .map(
    ({ topics, memberCount, seed }): AssignmentInput => ({
      topics,
      members: membersOf(
        topics,
        range(memberCount).map(() => topics.map(({ topicId }) => topicId)),
        seed,
      ),
    }),
  );

const mixedInput = fc
  .record({
    topics: topicsArbitrary,
    subscriptions: fc.array(fc.subarray(['topic0', 'topic1', 'topic2', 'topic3', 'unknown']), {
      minLength: 1,
      maxLength: 15,
    }),
    seed: fc.array(fc.nat(1_000), { maxLength: 40 }),
  })
  .map(
    ({ topics, subscriptions, seed }): AssignmentInput => ({ topics, members: membersOf(topics, subscriptions, seed) }),
  );

/** Members with arbitrary earlier partitions, also of topics they left and that are gone. */
function membersOf(
  topics: readonly TopicPartitions[],
  subscriptions: readonly (readonly string[])[],
  seed: readonly number[],
): Member[] {
  const all = [...places(topics), 'topic0:99', 'gone:0'];
  return subscriptions.map((topicIds, index) => {
    const own = seed
      .filter((number) => number % subscriptions.length === index)
      .map((number) => all[number % all.length] ?? '');
    const current = [...new Set(own)].map((place) => ({
      topicId: place.split(':')[0] ?? '',
      partitions: [Number(place.split(':')[1])],
    }));
    return { memberId: `m${String(index).padStart(2, '0')}`, topicIds, current };
  });
}

describe('C8: members with the same subscription', () => {
  test('have equally many partitions, give or take one, and every partition has ⌈members / partitions⌉ members', () => {
    fc.assert(
      fc.property(evenInput, (input) => {
        const assignment = assignPartitions(input);
        const all = places(input.topics);
        expect(Math.max(...sizes(assignment)) - Math.min(...sizes(assignment))).toBeLessThanOrEqual(1);
        const sharing = Math.ceil(input.members.length / all.length);
        expect([...holders(assignment)].sort()).toEqual(all.map((place): [string, number] => [place, sharing]).sort());
        for (const topics of assignment.values()) expect(new Set(places(topics)).size).toBe(places(topics).length);
      }),
    );
  });

  test('keep everything when nothing changed, and as much as balance allows when a member goes', () => {
    fc.assert(
      fc.property(evenInput, (input) => {
        const before = assignPartitions(input);
        expect(assignPartitions(again(input, before))).toEqual(before);
        const [, ...rest] = input.members;
        const after = assignPartitions({ ...again(input, before), members: again(input, before).members.slice(1) });
        const sharing = Math.ceil(rest.length / places(input.topics).length);
        if (sharing === 1 && input.members.length <= places(input.topics).length) {
          // One member less than partitions: nobody has to give anything up.
          for (const { memberId } of rest) {
            const kept = new Set(places(after.get(memberId) ?? []));
            for (const place of places(before.get(memberId) ?? [])) expect(kept).toContain(place);
          }
        }
      }),
    );
  });

  test('move no more than a new member needs', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 60 }), (memberCount, partitionCount) => {
        fc.pre(memberCount < partitionCount);
        const topics = [{ topicId: 't', partitions: range(partitionCount) }];
        const members = membersOf(
          topics,
          range(memberCount).map(() => ['t']),
          [],
        );
        const before = assignPartitions({ topics, members });
        const joined = [
          ...members.map((member) => ({ ...member, current: before.get(member.memberId) ?? [] })),
          { memberId: 'a-new', topicIds: ['t'], current: [] },
        ];
        const after = assignPartitions({ topics, members: joined });
        let lost = 0;
        for (const { memberId } of members) {
          const kept = new Set(places(after.get(memberId) ?? []));
          lost += places(before.get(memberId) ?? []).filter((place) => !kept.has(place)).length;
        }
        expect(lost).toBe(places(after.get('a-new') ?? []).length);
      }),
    );
  });
});

describe('C9: members with different subscriptions', () => {
  test('get only what they subscribe to; every wanted partition has a member and every member that can have one has a partition', () => {
    fc.assert(
      fc.property(mixedInput, (input) => {
        const assignment = assignPartitions(input);
        const wanted = new Set(input.members.flatMap(({ topicIds }) => topicIds));
        expect([...holders(assignment).keys()].sort()).toEqual(
          places(input.topics.filter(({ topicId }) => wanted.has(topicId))).sort(),
        );
        for (const { memberId, topicIds } of input.members) {
          const own = assignment.get(memberId) ?? [];
          for (const { topicId } of own) expect(topicIds).toContain(topicId);
          const canHave = input.topics.some(({ topicId }) => topicIds.includes(topicId));
          expect(own.length > 0).toBe(canHave);
        }
      }),
    );
  });

  test('keep everything when nothing changed', () => {
    fc.assert(
      fc.property(mixedInput, (input) => {
        const before = assignPartitions(input);
        expect(assignPartitions(again(input, before))).toEqual(before);
      }),
    );
  });

  test('have no partition that somebody with two fewer could take', () => {
    fc.assert(
      fc.property(mixedInput, (input) => {
        const assignment = assignPartitions(input);
        const size = (memberId: string): number => places(assignment.get(memberId) ?? []).length;
        for (const { memberId } of input.members) {
          for (const { topicId, partitions } of assignment.get(memberId) ?? []) {
            for (const partition of partitions) {
              const takers = input.members.filter(
                (other) =>
                  other.topicIds.includes(topicId) &&
                  !places(assignment.get(other.memberId) ?? []).includes(`${topicId}:${partition}`),
              );
              for (const taker of takers) expect(size(memberId) - size(taker.memberId)).toBeLessThan(2);
            }
          }
        }
      }),
    );
  });
});

describe('the checkers have teeth', () => {
  test('members that keep too much are noticed', () => {
    const uneven = fc.property(evenInput, (input) => {
      const counts = sizes(assignPartitions(input, new Set(['no-revocation'])));
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    });
    expect(fc.check(uneven, { numRuns: 200 }).failed).toBe(true);
  });

  test('members left with nothing are noticed', () => {
    const idle = fc.property(mixedInput, (input) => {
      const assignment = assignPartitions(input, new Set(['idle-members']));
      for (const { memberId, topicIds } of input.members) {
        const canHave = input.topics.some(({ topicId }) => topicIds.includes(topicId));
        expect((assignment.get(memberId) ?? []).length > 0).toBe(canHave);
      }
    });
    expect(fc.check(idle, { numRuns: 200 }).failed).toBe(true);
  });
});

test('a large group is assigned within the time that one turn of the loop has', () => {
  const topics = range(10).map((index) => ({ topicId: `t${index}`, partitions: range(100) }));
  const members = range(200).map((index) => ({
    memberId: `m${index}`,
    topicIds: topics.map(({ topicId }) => topicId),
    current: [],
  }));
  // The least of some: what else the machine does only makes it longer.
  const leastMs = Math.min(
    ...range(20).map(() => {
      const startedMs = performance.now();
      assignPartitions({ topics, members });
      return performance.now() - startedMs;
    }),
  );
  expect(leastMs).toBeLessThan(60);
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { GroupBench } from '../unit/core/group/bench.ts';
import { GroupActor, type GroupAction, groupActions } from '../unit/core/group/actor.ts';

const HOUR_MS = 3_600_000;

function play(actions: readonly GroupAction[], check: (bench: GroupBench) => void = () => {}): GroupBench {
  const bench = new GroupBench({
    'offsets.retention.minutes': '10',
    'offsets.retention.check.interval.ms': '60000',
    'group.max.size': '4',
    'group.share.max.size': '3',
  });
  const actor = new GroupActor(bench);
  for (const action of actions) {
    actor.act(action);
    check(bench);
  }
  return bench;
}

describe('C1: whatever members do', () => {
  test('the live state is what a replay of the records gives, at any prefix', () => {
    fc.assert(
      fc.property(groupActions, (actions) => {
        const states: [number, string][] = [];
        const bench = play(actions, ({ log, shard }) => states.push([log.length, shard.describeDurable()]));
        for (const [recordCount, state] of states) expect(bench.replayed(recordCount).describeDurable()).toBe(state);
      }),
      { numRuns: 150 },
    );
  });

  test('a successor that loads any prefix serves on', () => {
    fc.assert(
      fc.property(groupActions, fc.nat(1_000), groupActions, (before, cut, after) => {
        const bench = play(before);
        bench.log.length = Math.min(cut, bench.log.length);
        bench.failOver();
        expect(bench.replayed().describeDurable()).toBe(bench.shard.describeDurable());
        const actor = new GroupActor(bench);
        for (const action of after) actor.act(action);
        expect(bench.replayed().describeDurable()).toBe(bench.shard.describeDurable());
      }),
      { numRuns: 100 },
    );
  });
});

describe('C2: every call', () => {
  test('is answered once, however the members behave', () => {
    fc.assert(
      fc.property(groupActions, (actions) => {
        const bench = play(actions.filter(({ kind }) => kind !== 'failOver'));
        bench.shareStateCode = 0;
        while (bench.effects.length > 0) bench.answerEffect(0);
        bench.advance(HOUR_MS);
        for (const { name, call } of bench.calls.values())
          expect(`${name} ${call.response === null ? 'waits' : 'answered'}`).toBe(`${name} answered`);
      }),
      { numRuns: 150 },
    );
  });
});

describe('C6: whatever members of share groups do', () => {
  test('only partitions with share state are assigned, and an assigned partition has a member that subscribes to it', () => {
    fc.assert(
      fc.property(groupActions, (actions) => {
        play(actions, (bench) => {
          for (const groupId of ['g', 'h', 'share-g', 'share-h']) {
            const known = new Map(
              (bench.shard.inspectShareGroup(groupId)?.initialized ?? []).map(({ topicId, partitions }) => [
                topicId,
                new Set(partitions),
              ]),
            );
            for (const { topicPartitions } of bench.shard.inspectShareGroup(groupId)?.targets ?? []) {
              for (const { topicId, partitions } of topicPartitions) {
                const isDeleted = bench.view.topics().every(({ id }) => id !== topicId);
                for (const partition of partitions)
                  expect(isDeleted || known.get(topicId)?.has(partition) === true).toBe(true);
              }
            }
          }
        });
      }),
      { numRuns: 100 },
    );
  });
});

describe('C7: once the share coordinators answer again', () => {
  test('every partition that a share group subscribes to gets its state, and a member', () => {
    fc.assert(
      fc.property(groupActions, (actions) => {
        const bench = play(actions);
        bench.shareStateCode = 0;
        while (bench.effects.length > 0) bench.answerEffect(0);
        bench.advance(31_000);
        for (const groupId of ['g', 'h', 'share-g', 'share-h']) {
          const group = bench.shard.inspectShareGroup(groupId);
          if (group === null || group.targets.length === 0) continue;
          const subscribed = bench.send({ kind: 'describeShareGroup', groupId }).response?.members ?? [];
          const names = new Set(subscribed.flatMap(({ subscribedTopicNames }) => subscribedTopicNames));
          const wanted = bench.view.topics().filter(({ name }) => names.has(name));
          const places = wanted.flatMap(({ id, partitions }) => partitions.map(({ index }) => `${id}:${index}`));
          const assigned = group.targets.flatMap(({ topicPartitions }) =>
            topicPartitions.flatMap(({ topicId, partitions }) =>
              partitions.map((partition) => `${topicId}:${partition}`),
            ),
          );
          expect(places.filter((place) => !assigned.includes(place))).toEqual([]);
        }
      }),
      { numRuns: 150 },
    );
  });
});

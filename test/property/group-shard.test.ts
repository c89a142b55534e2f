import { describe, expect, test } from '@jest/globals';
import { fc } from '../support/properties.ts';
import { NO_BUGS, type PlantedBug, type PlantedBugs } from '../../broker/core/group/planted-bugs.ts';
import { GroupActor, type GroupAction, groupActions } from '../unit/core/group/actor.ts';
import { GroupBench } from '../unit/core/group/bench.ts';

const HOUR_MS = 3_600_000;
const GROUP_IDS = ['g', 'h', 'share-g', 'share-h'];
/** Each planted bug has to be caught within this many histories. */
const TEETH_RUNS = 2_000;

function play(actions: readonly GroupAction[], bugs: PlantedBugs, check: (bench: GroupBench) => void): GroupBench {
  const settings = {
    'offsets.retention.minutes': '10',
    'offsets.retention.check.interval.ms': '60000',
    'group.max.size': '4',
    'group.share.max.size': '3',
  };
  const bench = new GroupBench(settings, bugs);
  const actor = new GroupActor(bench);
  for (const action of actions) {
    actor.act(action);
    check(bench);
  }
  return bench;
}

/** The share coordinators answer again, at once. */
function recover(bench: GroupBench): void {
  bench.shareStateCode = 0;
  while (bench.effects.length > 0) bench.answerEffect(0);
}

const placesOf = (topics: readonly { readonly topicId: string; readonly partitions: readonly number[] }[]): string[] =>
  topics.flatMap(({ topicId, partitions }) => partitions.map((partition) => `${topicId}:${partition}`));

/** What has to hold for every history; throws when it does not. */
const CHECKS = {
  'C1: the live state is what a replay of the records gives, at any prefix': (actions, bugs) => {
    const states: [number, string][] = [];
    const bench = play(actions, bugs, ({ log, shard }) => states.push([log.length, shard.describeDurable()]));
    for (const [recordCount, state] of states) expect(bench.replayed(recordCount).describeDurable()).toBe(state);
  },
  'C2: every call is answered once, however the members behave': (actions, bugs) => {
    const withoutMoves = actions.filter(({ kind }) => kind !== 'failOver');
    const bench = play(withoutMoves, bugs, () => {});
    recover(bench);
    bench.advance(HOUR_MS);
    const waiting = [...bench.calls.values()].filter(({ call }) => call.response === null).map(({ name }) => name);
    expect(waiting).toEqual([]);
  },
  'C6: only partitions with share state are assigned': (actions, bugs) => {
    play(actions, bugs, (bench) => {
      for (const groupId of GROUP_IDS) {
        const group = bench.shard.inspectShareGroup(groupId);
        const known = new Set(placesOf(group?.initialized ?? []));
        const existing = new Set<string>(bench.view.topics().map(({ id }) => id));
        for (const { topicPartitions } of group?.targets ?? []) {
          const assigned = placesOf(topicPartitions.filter(({ topicId }) => existing.has(topicId)));
          expect(assigned.filter((place) => !known.has(place))).toEqual([]);
        }
      }
    });
  },
  'C15: partitions that a known topic gets begin at 0': (actions, bugs) => {
    const known = new Map<string, ReadonlySet<string>>();
    let seen = 0;
    let index = -1;
    play(actions, bugs, (bench) => {
      index += 1;
      for (const event of bench.events.slice(seen)) {
        const [, groupId = '', topics = ''] = /^effect initializeShareState (\S+) (.*)$/.exec(event) ?? [];
        if (actions[index]?.kind === 'alterOffsets') continue;
        for (const [, topicId = '', partitions = ''] of topics.matchAll(/(\S+)\(([^)]*)\)/g))
          if (known.get(groupId)?.has(topicId) === true) expect(partitions).not.toContain('@-1');
      }
      seen = bench.events.length;
      for (const groupId of GROUP_IDS) {
        const initialized = bench.shard.inspectShareGroup(groupId)?.initialized ?? [];
        known.set(groupId, new Set(initialized.map(({ topicId }) => topicId)));
      }
    });
  },
  'C7: once the share coordinators answer, every subscribed partition has state and a member': (actions, bugs) => {
    const bench = play(actions, bugs, () => {});
    recover(bench);
    bench.advance(31_000);
    for (const groupId of GROUP_IDS) {
      const targets = bench.shard.inspectShareGroup(groupId)?.targets ?? [];
      const members = bench.send({ kind: 'describeShareGroup', groupId }).response?.members ?? [];
      const names = new Set(members.flatMap(({ subscribedTopicNames }) => subscribedTopicNames));
      const topics = bench.view.topics().filter(({ name }) => names.has(name));
      const wanted = topics.flatMap(({ id, partitions }) => partitions.map(({ index }) => `${id}:${index}`));
      const assigned = new Set(targets.flatMap(({ topicPartitions }) => placesOf(topicPartitions)));
      expect(wanted.filter((place) => !assigned.has(place))).toEqual([]);
    }
  },
} satisfies Readonly<Record<string, (actions: readonly GroupAction[], bugs: PlantedBugs) => void>>;

type CheckName = keyof typeof CHECKS;
const names = Object.keys(CHECKS) as CheckName[];

describe('whatever members do', () => {
  test.each(names)('%s', (name) => {
    fc.assert(
      fc.property(groupActions, (actions) => CHECKS[name](actions, NO_BUGS)),
      { numRuns: 120 },
    );
  });

  test('a successor that loads any prefix of the log serves on', () => {
    fc.assert(
      fc.property(groupActions, fc.nat(1_000), groupActions, (before, cut, after) => {
        const bench = play(before, NO_BUGS, () => {});
        bench.log.length = Math.min(cut, bench.log.length);
        bench.failOver();
        expect(bench.replayed().describeDurable()).toBe(bench.shard.describeDurable());
        const actor = new GroupActor(bench);
        for (const action of after) actor.act(action);
        expect(bench.replayed().describeDurable()).toBe(bench.shard.describeDurable());
      }),
      { numRuns: 80 },
    );
  });
});

describe('the checkers have teeth', () => {
  const planted: readonly (readonly [PlantedBug, string])[] = [
    ['epoch-unrecorded', 'C1'],
    ['interrupted-sync-forgotten', 'C2'],
    ['state-unawaited', 'C6'],
    ['state-not-retried', 'C7'],
    ['new-partition-at-latest', 'C15'],
  ];
  test.each(planted)('%s is noticed by %s', (bug, number) => {
    const name = names.find((each) => each.startsWith(number));
    if (name === undefined) throw new Error(`no check ${number}`);
    const details = fc.check(
      fc.property(groupActions, (actions) => CHECKS[name](actions, new Set([bug]))),
      { numRuns: TEETH_RUNS, endOnFailure: true },
    );
    expect(details.failed).toBe(true);
  });
});

import { describe, expect, it } from '@jest/globals';
import { fc } from '../support/properties.ts';
import type { AnyResource } from '../../operator/api/kinds.ts';
import { isDynamicSetting } from '../../operator/api/settings.ts';
import { type Desired, desiredOf, resolveOwnership } from '../../operator/core/desired.ts';
import { plan } from '../../operator/core/plan.ts';
import { wantedNodes } from '../../operator/core/plan-nodes.ts';
import type { Observed } from '../../operator/core/observed.ts';
import { cluster, group, topic } from '../support/operator-manifests.ts';
import { PerfectCluster } from '../support/operator-model.ts';
import { copies, events, Fleet, SHARP, type Sight } from './operator-fleet.ts';

const NAMES = ['a', 'b', 'c'] as const;
const STEPS_MAX = 200;

const name = fc.constantFrom(...NAMES);
const config = (...keys: string[]) =>
  fc.dictionary(fc.constantFrom(...keys), fc.constantFrom('1', '2')).map((one) => new Map(Object.entries(one)));
const topics = fc.record(
  {
    topicName: name,
    partitions: fc.integer({ min: 1, max: 3 }),
    replicationFactor: fc.integer({ min: 1, max: 3 }),
    config: config('retention.ms', 'segment.bytes'),
  },
  { requiredKeys: ['config'] },
);
const groups = fc.record(
  {
    groupId: name,
    topics: fc.uniqueArray(name, { minLength: 1 }),
    createTopics: fc.record({ partitions: fc.integer({ min: 1, max: 3 }) }, { requiredKeys: [] }),
    config: config('share.delivery.count.limit', 'share.auto.offset.reset'),
  },
  { requiredKeys: ['topics', 'config'] },
);
const manifests = fc
  .record({
    cluster: config('num.partitions', 'log.retention.ms').map((one) => cluster(Object.fromEntries(one))),
    topics: fc.array(topics, { maxLength: 4 }).map((all) => all.map((spec, index) => topic(`t${index}`, spec))),
    groups: fc
      .array(groups, { maxLength: 4 })
      .map((all) => all.map((spec, index) => group(`g${index}`, spec.topics, spec))),
  })
  .map((all): Desired => {
    const resources: AnyResource[] = [all.cluster, ...all.topics, ...all.groups];
    const [one] = desiredOf(resources);
    if (one === undefined) throw new Error('there is a Cluster');
    return one;
  });

function converge(desired: Desired, world: PerfectCluster): number {
  for (let taken = 0; taken < STEPS_MAX; taken += 1) {
    const [step] = plan(desired, world.observe(), isDynamicSetting).steps;
    if (step === undefined) return taken;
    world.carryOut(step);
  }
  throw new Error('the plan does not end');
}

describe('plans', () => {
  it('come to an end from any earlier manifests, and then are empty and ready', () => {
    fc.assert(
      fc.property(fc.array(manifests, { minLength: 1, maxLength: 3 }), (history) => {
        const world = new PerfectCluster();
        for (const desired of history) {
          converge(desired, world);
          expect(converge(desired, world)).toBe(0);
          expect(plan(desired, world.observe(), isDynamicSetting)).toMatchObject({ steps: [], ready: true });
        }
      }),
    );
  });

  it('never shrink a topic, and alter only topics that a Topic names', () => {
    fc.assert(
      fc.property(manifests, manifests, (before, after) => {
        const world = new PerfectCluster();
        converge(before, world);
        const old = new Map(world.topics);
        converge(after, world);
        const declared = new Set(after.topics.map((one) => one.spec.topicName ?? one.metadata.name));
        for (const [topicName, was] of old) {
          const is = world.topics.get(topicName);
          expect(is?.partitions).toBeGreaterThanOrEqual(was.partitions);
          if (!declared.has(topicName)) expect(is).toEqual(was);
        }
      }),
    );
  });

  it('begin a group once in each partition of its topics, where its settings say or at the first record', () => {
    fc.assert(
      fc.property(fc.array(manifests, { minLength: 1, maxLength: 3 }), (history) => {
        const world = new PerfectCluster();
        const resets = new Set(['earliest']);
        for (const desired of history) {
          for (const { spec } of desired.shareGroups)
            resets.add(spec.config.get('share.auto.offset.reset') ?? 'earliest');
          converge(desired, world);
          for (const [id, owner] of resolveOwnership(desired).groups) {
            const places = owner.spec.topics.flatMap((topicName) =>
              Array.from({ length: world.topics.get(topicName)?.partitions ?? 0 }, (_, n) => `${id} ${topicName}-${n}`),
            );
            expect(places.filter((place) => !world.begun.has(place))).toEqual([]);
          }
        }
        for (const [, starts] of world.begun) {
          expect(starts).toHaveLength(1);
          expect(resets.has(starts[0] ?? '')).toBe(true);
        }
      }),
    );
  });

  it('do not depend on the order in which manifests of different names are read', () => {
    fc.assert(
      fc.property(manifests, (desired) => {
        const ids = [...desired.topics.map((one) => one.spec.topicName ?? one.metadata.name)];
        fc.pre(new Set(ids).size === ids.length);
        const turned: Desired = { ...desired, topics: desired.topics.toReversed() };
        const [one, other] = [new PerfectCluster(), new PerfectCluster()];
        converge(desired, one);
        converge(turned, other);
        expect(other.topics).toEqual(one.topics);
      }),
    );
  });
});

describe('plans for several nodes', () => {
  const shapes = fc.record({
    brokers: fc.integer({ min: 1, max: 5 }),
    controllers: fc.constantFrom(null, 1, 3, 5),
    /** Null: the cluster is not there yet. */
    there: fc.option(fc.array(copies, { maxLength: 3 })),
    events: fc.array(events, { maxLength: 12 }),
  });
  type Shape = typeof shapes extends fc.Arbitrary<infer S> ? S : never;

  function expectToEnd({ brokers, controllers, there, events: happened }: Shape, sight = SHARP): Fleet {
    const fleet = new Fleet(brokers, controllers, sight);
    while (there !== null && fleet.step());
    for (const event of [...(there ?? []), ...happened]) fleet.take(event);
    fleet.settle();
    for (let turn = 0; fleet.step(); turn += 1) expect(turn).toBeLessThan(STEPS_MAX);
    return fleet;
  }

  it('keep a quorum, min ISR and ELR, take down one node that serves at a time, and end with the voters that are wanted', () => {
    let judgedCount = 0;
    fc.assert(
      fc.property(shapes, (shape) => {
        const fleet = expectToEnd(shape);
        expect(fleet.plan()).toMatchObject({ steps: [], conditions: [], ready: true });
        const { nodes, voters } = fleet.world;
        const [wanted] = wantedNodes(fleet.cluster, isDynamicSetting);
        expect(voters.map((voter) => voter.id).sort((a, b) => a - b)).toEqual(wanted?.voters);
        for (const { id, directoryId } of voters) expect(directoryId).toBe(`d${id}.${nodes.get(id)?.generation}`);
        expect([...nodes.keys()].sort((a, b) => a - b)).toEqual(
          wantedNodes(fleet.cluster, isDynamicSetting).map(({ id }) => id),
        );
        expect([...nodes.values()].map((node) => node.mark).filter((mark) => mark !== null)).toEqual([]);
        expect(fleet.world.draining.size).toBe(0);
        expect([...nodes.values()].reduce((sum, node) => sum + node.replicas, 0)).toBe(fleet.replicas);
        for (let tick = 0; tick < 2; tick += 1) fleet.world.tick();
        for (const { replicas, isr, elr } of fleet.world.partitions.samples().values()) {
          expect([...isr].sort()).toEqual([...replicas].sort());
          expect(elr).toEqual([]);
          expect(replicas.filter((id) => !nodes.has(id))).toEqual([]);
        }
        judgedCount += fleet.judgedCount;
      }),
      {
        numRuns: 300,
        // One that is drained and down still holds what it held.
        examples: [
          [
            {
              brokers: 2,
              controllers: null,
              there: null,
              events: [
                { kind: 'steps', count: 4 },
                { kind: 'fill', node: 7, replicas: 1 },
                { kind: 'shrink', brokers: 1 },
                { kind: 'crash', node: 1, disk: 'kept' },
              ],
            },
          ],
        ],
      },
    );
    expect(judgedCount).toBeGreaterThan(100);
  });

  /** Reasons without those that partitions give. */
  const apart = (found: ReadonlyMap<number, readonly string[]>): ReadonlyMap<number, readonly string[]> =>
    new Map([...found].map(([id, reasons]) => [id, reasons.filter((reason) => !reason.startsWith('p'))]));
  type Admin = NonNullable<Observed['admin']>;
  const blind =
    (change: (admin: Admin) => Partial<Admin>): Sight =>
    (observed) =>
      observed.admin === null ? observed : { ...observed, admin: { ...observed.admin, ...change(observed.admin) } };

  it.each<readonly [string, Sight, RegExp]>([
    ['what a restart does to partitions', blind(({ obstacles }) => ({ obstacles: apart(obstacles) })), /in sync, of/],
    ['what is lost with a disk', blind(({ losses }) => ({ losses: apart(losses) })), /in sync, of|acknowledged/],
    [
      'what brokers hold',
      blind(({ members }) => ({ members: new Map([...members.keys()].map((id) => [id, 0])) })),
      /Expected: 0/,
    ],
    [
      'which nodes are down',
      ({ host, ...rest }) => ({
        ...rest,
        host: {
          ...host,
          nodes: host.nodes.map((node) =>
            node.phase === 'stopped' ? node : { ...node, ready: true, phase: 'running' },
          ),
        },
      }),
      /Expected: true/,
    ],
  ])('that do not see %s are found out', (_what, sight, breach) => {
    const found = fc.check(
      fc.property(shapes, (shape) => {
        expectToEnd(shape, sight);
      }),
      { numRuns: 300, endOnFailure: true },
    );
    expect(String(found.errorInstance)).toMatch(breach);
  });
});

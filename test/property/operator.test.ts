import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AnyResource } from '../../operator/api/kinds.ts';
import { isDynamicSetting } from '../../operator/api/settings.ts';
import { type Desired, desiredOf } from '../../operator/core/desired.ts';
import { plan } from '../../operator/core/plan.ts';
import { cluster, group, PerfectCluster, topic } from '../support/operator-model.ts';

const NAMES = ['a', 'b', 'c'] as const;
const STEPS_MAX = 200;

const name = fc.constantFrom(...NAMES);
const config = (...keys: string[]) =>
  fc.dictionary(fc.constantFrom(...keys), fc.constantFrom('1', '2')).map((one) => new Map(Object.entries(one)));
const topics = fc.record(
  { topicName: name, partitions: fc.integer({ min: 1, max: 3 }), config: config('retention.ms', 'segment.bytes') },
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

import { describe, expect, it } from '@jest/globals';
import { fc } from '../support/properties.ts';
import { isDynamicSetting } from '../../operator/api/settings.ts';
import type { Desired } from '../../operator/core/desired.ts';
import { plan } from '../../operator/core/plan.ts';
import { rehearse } from '../../operator/core/rehearsal.ts';
import { describeStep } from '../../operator/core/steps.ts';
import { cluster, group, topic } from '../support/operator-manifests.ts';
import { PerfectCluster } from '../support/operator-model.ts';

const STEPS_MAX = 300;
const name = fc.constantFrom('a', 'b', 'c');
const config = (...keys: string[]) => fc.dictionary(fc.constantFrom(...keys), fc.constantFrom('1', '2'));

const topics = fc.array(
  fc.record(
    {
      topicName: name,
      partitions: fc.integer({ min: 1, max: 3 }),
      replicationFactor: fc.integer({ min: 1, max: 3 }),
      config: config('retention.ms', 'segment.bytes').map((one) => new Map(Object.entries(one))),
    },
    { requiredKeys: ['config'] },
  ),
  { maxLength: 3 },
);
const groups = fc.array(
  fc.record(
    {
      groupId: name,
      topics: fc.uniqueArray(name, { minLength: 1 }),
      createTopics: fc.record({ partitions: fc.integer({ min: 1, max: 3 }) }, { requiredKeys: [] }),
      config: config('share.delivery.count.limit').map((one) => new Map(Object.entries(one))),
    },
    { requiredKeys: ['topics', 'config'] },
  ),
  { maxLength: 3 },
);

/** A cluster of some nodes, what is in it, and whether its static settings and what asks for restarts are others than before. */
const shapes = fc.record({
  brokers: fc.integer({ min: 1, max: 5 }),
  partitions: fc.constantFrom('1', '2'),
  retention: fc.constantFrom('60000', '70000'),
  restart: fc.constantFrom('a', 'b'),
  topics,
  groups,
  deletes: fc.boolean(),
  replaced: fc.constantFrom(null, '0', '1'),
});
/** What is the case with its last broker. */
const worlds = fc.record({ replicas: fc.nat(5), drain: fc.boolean() });
type Shape = typeof shapes extends fc.Arbitrary<infer S> ? S : never;

function desiredOf(shape: Shape, controllers: number | null): Desired {
  const own = controllers === null ? {} : { controllers };
  const settings = { 'num.partitions': shape.partitions, 'log.retention.ms': shape.retention };
  const members = {
    topics: shape.topics.map((spec, at) => topic(`t${at}`, spec)),
    shareGroups: shape.groups.map((spec, at) => group(`g${at}`, spec.topics, spec)),
  };
  const ending = shape.deletes ? { ending: new Set([...members.topics, ...members.shareGroups].slice(0, 1)) } : {};
  const replaced: Readonly<Record<string, string>> =
    shape.replaced === null ? {} : { 'weir.dev/replace-node': shape.replaced };
  const annotations = { 'weir.dev/restart': shape.restart, ...replaced };
  return { cluster: cluster(settings, { brokers: shape.brokers, annotations, ...own }), ...members, ...ending };
}

/** Carries a plan out to its end; what was deleted is declared no more. */
function carryOut(desired: Desired, world: PerfectCluster): readonly string[] {
  const taken: string[] = [];
  for (let wishes = desired; taken.length < STEPS_MAX; ) {
    let [step] = plan(wishes, world.observe(), isDynamicSetting).steps;
    if (step === undefined) {
      world.tick();
      [step] = plan(wishes, world.observe(), isDynamicSetting).steps;
    }
    if (step === undefined) return taken;
    world.carryOut(step);
    taken.push(describeStep(step));
    if (step.kind === 'DeleteTopic' || step.kind === 'DeleteGroup')
      wishes = {
        ...wishes,
        topics: wishes.topics.filter((one) => wishes.ending?.has(one) !== true || step.kind !== 'DeleteTopic'),
        shareGroups: wishes.shareGroups.filter(
          (one) => wishes.ending?.has(one) !== true || step.kind !== 'DeleteGroup',
        ),
      };
  }
  throw new Error('the plan does not end');
}

describe('a rehearsal', () => {
  it('takes the steps that are taken where nothing goes wrong, and ends where they end', () => {
    fc.assert(
      fc.property(shapes, shapes, fc.constantFrom(null, 1, 3), worlds, (before, after, controllers, has) => {
        const world = new PerfectCluster();
        carryOut({ ...desiredOf({ ...before, replaced: null }, controllers), ending: new Set() }, world);
        world.fill(before.brokers - 1, has.replicas);
        if (has.drain && before.brokers > 3) world.carryOut({ kind: 'Drain', ids: [before.brokers - 1] });
        // Three combined nodes never become fewer.
        const least = before.brokers >= 3 ? 3 : 1;
        // Whether a disk may be lost is known of those that are there.
        const replaced = before.brokers >= 3 ? after.replaced : null;
        const desired = desiredOf({ ...after, replaced, brokers: Math.max(least, after.brokers) }, controllers);
        const rehearsed = rehearse(desired, world.observe(), isDynamicSetting);
        const [told, taken] = [rehearsed.steps.map(describeStep), carryOut(desired, world)];
        // While one with a new disk catches up, others have their turn.
        if (replaced === null) expect(told).toEqual(taken);
        else expect(told.toSorted()).toEqual(taken.toSorted());
        expect(rehearsed.plan).toMatchObject({ steps: [], ready: true });
      }),
    );
  });

  it('makes a cluster of nothing', () => {
    fc.assert(
      fc.property(shapes, fc.constantFrom(null, 1, 3), (shape, controllers) => {
        const desired = { ...desiredOf({ ...shape, replaced: null }, controllers), ending: new Set<never>() };
        const nothing = new PerfectCluster().observe();
        const { steps, observed, plan: left } = rehearse(desired, nothing, isDynamicSetting);
        expect(left).toMatchObject({ steps: [], ready: true });
        expect(steps.map(({ kind }) => kind).slice(0, 2)).toEqual(['Form', 'AddNode']);
        expect(observed.admin?.topics.size).toBe(
          new Set(steps.flatMap((one) => (one.kind === 'EnsureTopic' && one.change.kind === 'create' ? one.topic : [])))
            .size,
        );
      }),
    );
  });
});

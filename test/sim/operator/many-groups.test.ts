import { expect, it } from '@jest/globals';
import { OperatorStage } from '../../support/kubernetes/operator-stage.ts';
import { at, clusterOf } from '../../support/kubernetes/rendered.ts';
import { TYPES } from '../../support/kubernetes/types.ts';
import { group, topic } from '../../support/operator-model.ts';

const GROUPS = 1_000;
const IN = { clusterRef: { name: 'orders' } } as const;
const three = clusterOf({ brokers: { replicas: 3, storage: { size: '1Gi' } } }, { name: 'orders', namespace: 'ns' });
const names = Array.from({ length: GROUPS }, (_, n) => `g${n}`);

it('a thousand ShareGroups of one Cluster are brought to what they should be in few looks and writes', async () => {
  const stage = new OperatorStage();
  stage.world.declare(three);
  stage.world.declare({ ...topic('jobs', { ...IN, partitions: 3 }), metadata: { name: 'jobs', namespace: 'ns' } });
  stage.start();
  await stage.calm();
  const { brokers, store } = stage.world;
  let looks = 0;
  const observe = brokers.admin.bind(brokers);
  brokers.admin = () => {
    looks += 1;
    return observe();
  };
  const before = stage.effects.length;
  for (const name of names) stage.world.declare({ ...group(name, ['jobs'], IN), metadata: { name, namespace: 'ns' } });
  await stage.calm();
  const ready = store
    .all(TYPES.shareGroups)
    .filter((one) => JSON.stringify(at(one, 'status', 'conditions')).includes('"type":"Ready","status":"True"'));
  expect(ready).toHaveLength(GROUPS);
  expect(brokers.begun.size).toBe(3 * GROUPS);
  const effects = stage.effects.slice(before);
  const count = (verb: RegExp): number => effects.filter((one) => verb.test(one)).length;
  expect(count(/^EnsureGroup/)).toBe(GROUPS);
  expect(count(/^BeginGroup/)).toBe(GROUPS);
  // Settings, then where it begins: a hundred a look, and some looks that only see that all is well.
  expect(looks).toBeLessThanOrEqual(60);
  // A status that says that it is at work on it and one that it is done, and an Event for each step.
  expect(count(/ShareGroup/)).toBeLessThanOrEqual(3 * GROUPS);
  expect(effects.length).toBeLessThanOrEqual(8 * GROUPS);
}, 120_000);

import { expect, it } from '@jest/globals';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import { OperatorStage } from '../../support/kubernetes/operator-stage.ts';
import { at, clusterOf } from '../../support/kubernetes/rendered.ts';
import { TYPES } from '../../support/kubernetes/types.ts';

const DAY_MS = 24 * 3_600_000;
/** Knows no level of `weir.version` that there is (`WEIR_LEVELS`). */
const OLD = '0.0.9';
const NEW = '0.1.0';

const three = (more: object) =>
  clusterOf({ brokers: { replicas: 3, storage: { size: '1Gi' } }, ...more }, { name: 'orders', namespace: 'ns' });

const statusOf = ({ world }: OperatorStage): unknown => at(world.store.find(TYPES.clusters, 'ns', 'orders'), 'status');

function condition(stage: OperatorStage, type: string): unknown {
  const all = at(statusOf(stage), 'conditions') as readonly { readonly type: string }[];
  return all.find((one) => one.type === type);
}

/** Images that pods have, and those that come will have. */
function images({ world: { store } }: OperatorStage): readonly string[] {
  const made = at(store.find(TYPES.statefulSets, 'ns', 'orders-broker'), 'spec', 'template');
  const all = [...store.all(TYPES.pods), made].map((one) => String(at(one, 'spec', 'containers', 0, 'image')));
  return [...new Set(all.map((image) => image.replace(/^.*:/, '')))];
}

const ends = ({ effects }: OperatorStage, from: number): number =>
  effects.slice(from).filter((one) => /^(evict|delete) Pod /.test(one)).length;

const raises = ({ world }: OperatorStage): number => world.calls.filter((one) => one === 'RaiseFeature').length;

/** All nodes run a version that can work at this level, and one is in force. */
function canWork(stage: OperatorStage, next: number): void {
  stage.world.brokers.features = { level: stage.world.brokers.features?.level ?? 0, next };
}

async function declare(stage: OperatorStage, more: object): Promise<number> {
  const from = stage.effects.length;
  stage.world.declare(three(more));
  await stage.calm();
  return ends(stage, from);
}

it('nodes go to a new version and back, until its level is in force: then going back is refused, and nothing restarted', async () => {
  const stage = new OperatorStage();
  stage.world.declare(three({ version: OLD }));
  canWork(stage, 0);
  stage.start();
  await stage.calm();
  expect(statusOf(stage)).toMatchObject({ version: OLD, featureLevel: 0 });

  expect(await declare(stage, { version: NEW })).toBe(3);
  canWork(stage, 3);
  await stage.calm();
  expect(statusOf(stage)).toMatchObject({ version: NEW, featureLevel: 0, nextFeatureLevel: { level: 3 } });
  expect(condition(stage, 'FeaturePending')).toMatchObject({ status: 'True' });
  expect(condition(stage, 'Ready')).toMatchObject({ status: 'True' });

  expect(await declare(stage, { version: OLD })).toBe(3);
  canWork(stage, 0);
  await stage.calm();
  expect(statusOf(stage)).toMatchObject({ version: OLD, featureLevel: 0 });
  expect(statusOf(stage)).not.toHaveProperty('nextFeatureLevel');

  await declare(stage, { version: NEW });
  canWork(stage, 3);
  await stage.calm();
  // Half of the day passes under one operator, the other half under the next.
  stage.wallMs += DAY_MS / 2;
  await stage.pass(60_000);
  expect(raises(stage)).toBe(0);
  await stage.kill();
  stage.start();
  stage.wallMs += DAY_MS / 2;
  await stage.pass(60_000);
  expect(raises(stage)).toBe(1);
  expect(statusOf(stage)).toMatchObject({ featureLevel: 3 });
  expect(statusOf(stage)).not.toHaveProperty('nextFeatureLevel');
  expect(stage.world.store.all(TYPES.events).map((one) => one['reason'])).toContain('FeatureRaised');

  expect(await declare(stage, { version: OLD })).toBe(0);
  expect(images(stage)).toEqual([NEW]);
  expect(condition(stage, 'Stalled')).toMatchObject({
    reason: 'VersionTooOld',
    message: expect.stringContaining('may not know weir.version 3, which came with 0.1.0'),
  });
  // A pod that goes for another reason comes back as it was.
  stage.world.store.delete(TYPES.pods, { namespace: 'ns', name: 'orders-broker-1' });
  await stage.calm();
  expect(images(stage)).toEqual([NEW]);
  expect(await declare(stage, { version: NEW })).toBe(0);
  expect(condition(stage, 'Ready')).toMatchObject({ status: 'True' });
});

it('without its status a cluster waits a day more, and is taken back nowhere before its level is known', async () => {
  const stage = new OperatorStage();
  stage.world.declare(three({ version: NEW }));
  canWork(stage, 3);
  stage.start();
  await stage.calm();
  stage.wallMs += DAY_MS - 3_600_000;
  await stage.kill();
  const somebody = { manager: 'somebody', subresource: 'status' } as const;
  stage.world.store.update(
    TYPES.clusters,
    { namespace: 'ns', name: 'orders' },
    somebody,
    ({ status: _gone, ...rest }) => rest as KubernetesObject,
  );
  stage.start();
  const from = stage.effects.length;
  await stage.pass(60_000);
  stage.wallMs += 3_600_000;
  await stage.pass(60_000);
  expect([raises(stage), ends(stage, from)]).toEqual([0, 0]);
  stage.wallMs += DAY_MS;
  await stage.pass(60_000);
  expect(raises(stage)).toBe(1);
});

it('an operator of a version that is two steps ahead leaves nodes as they are, and says so', async () => {
  const stage = new OperatorStage();
  stage.world.declare(three({ version: '1.0.0' }));
  stage.start();
  await stage.calm();
  // Its own version is 1.2.3.
  expect(await declare(stage, {})).toBe(0);
  expect(images(stage)).toEqual(['1.0.0']);
  expect(condition(stage, 'Stalled')).toMatchObject({ reason: 'VersionSkipped' });
  expect(condition(stage, 'Available')).toMatchObject({ status: 'True' });
  expect(await declare(stage, { version: '1.1.0' })).toBe(3);
  expect(await declare(stage, {})).toBe(3);
  expect(condition(stage, 'Ready')).toMatchObject({ status: 'True' });
});

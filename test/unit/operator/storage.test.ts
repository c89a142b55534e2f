import { describe, expect, it } from '@jest/globals';
import { OperatorStage } from '../../support/kubernetes/operator-stage.ts';
import { at, clusterOf } from '../../support/kubernetes/rendered.ts';
import { TYPES } from '../../support/kubernetes/types.ts';

const orders = (onDelete?: 'Retain' | 'Delete') =>
  clusterOf(
    {
      brokers: { replicas: 3, storage: { size: '1Gi' } },
      ...(onDelete === undefined ? {} : { storage: { onDelete } }),
    },
    { name: 'orders', namespace: 'ns' },
  );

async function settled(...declared: readonly ReturnType<typeof orders>[]): Promise<OperatorStage> {
  const stage = new OperatorStage();
  stage.start();
  for (const manifest of declared) {
    stage.world.declare(manifest);
    await stage.calm();
  }
  return stage;
}

const claims = ({ world }: OperatorStage): readonly string[] =>
  world.store.all(TYPES.claims).map(({ metadata }) => metadata.name);
const ALL = ['data-orders-broker-0', 'data-orders-broker-1', 'data-orders-broker-2'];

async function end(stage: OperatorStage): Promise<void> {
  stage.world.store.delete(TYPES.clusters, { namespace: 'ns', name: 'orders' });
  await stage.calm();
  const left = [TYPES.pods, TYPES.services, TYPES.statefulSets, TYPES.configMaps, TYPES.budgets];
  expect(left.flatMap((type) => stage.world.store.all(type))).toEqual([]);
}

describe('a Cluster that is deleted', () => {
  it('leaves its volumes, which one of its name takes up again with the identity that they carry', async () => {
    const stage = await settled(orders());
    const idOf = (): unknown => at(stage.world.store.find(TYPES.clusters, 'ns', 'orders'), 'status', 'clusterId');
    const before = idOf();
    await end(stage);
    expect(claims(stage)).toEqual(ALL);
    stage.world.declare(orders());
    await stage.calm();
    expect(idOf()).toBe(before);
    expect(claims(stage)).toEqual(ALL);
    const status = stage.world.store.find(TYPES.clusters, 'ns', 'orders')?.['status'];
    const conditions = at(status, 'conditions') as readonly { readonly type: string; readonly status: string }[];
    expect(conditions.find(({ type }) => type === 'Ready')?.status).toBe('True');
  });

  it('takes its volumes with it where it says so, by what it said last', async () => {
    const kept = async (...said: readonly ReturnType<typeof orders>[]): Promise<readonly string[]> => {
      const stage = await settled(...said);
      await end(stage);
      return claims(stage);
    };
    expect(await kept(orders('Delete'))).toEqual([]);
    expect(await kept(orders(), orders('Delete'))).toEqual([]);
    expect(await kept(orders('Delete'), orders('Retain'))).toEqual(ALL);
  });
});

describe('a controller whose disk went with its pod', () => {
  const onEmptyDirs = clusterOf({ brokers: { replicas: 3 } }, { name: 'orders', namespace: 'ns' });
  const pod = (id: number) => ({ namespace: 'ns', name: `orders-broker-${id}` });
  const isReady = ({ world }: OperatorStage, id: number): boolean => {
    const found = world.store.find(TYPES.pods, 'ns', pod(id).name);
    return at(found, 'status', 'conditions', 0, 'status') === 'True';
  };
  const voters = ({ world }: OperatorStage) => world.brokers.voters.map(({ directoryId }) => directoryId).sort();

  it('is not ready before it votes with the new one, which waits for no readiness', async () => {
    const stage = await settled(onEmptyDirs);
    expect(voters(stage)).toEqual(['d0.0', 'd1.0', 'd2.0']);
    await stage.stop();
    stage.world.store.delete(TYPES.pods, pod(1));
    await stage.pass(600_000);
    expect([0, 1, 2].map((id) => isReady(stage, id))).toEqual([true, false, true]);
    stage.start();
    await stage.calm();
    expect(voters(stage)).toEqual(['d0.0', 'd1.1', 'd2.0']);
    expect([0, 1, 2].map((id) => isReady(stage, id))).toEqual([true, true, true]);
  });
});

describe('a Cluster whose disks are gone', () => {
  const conditionOf = (stage: OperatorStage, type: string): unknown => {
    const status = stage.world.store.find(TYPES.clusters, 'ns', 'orders')?.['status'];
    return (at(status, 'conditions') as readonly { readonly type: string }[]).find((one) => one.type === type);
  };
  const lose = (stage: OperatorStage, ids: readonly number[]): void => {
    for (const id of ids) stage.world.store.delete(TYPES.claims, { namespace: 'ns', name: `data-orders-broker-${id}` });
    for (const id of ids) stage.world.store.delete(TYPES.pods, { namespace: 'ns', name: `orders-broker-${id}` });
  };
  it('says so when it was all of them, and nothing is done', async () => {
    const stage = await settled(orders());
    const from = stage.effects.length;
    lose(stage, [0, 1, 2]);
    await stage.pass(60_000);
    expect(conditionOf(stage, 'Stalled')).toMatchObject({
      reason: 'QuorumLost',
      message: expect.stringContaining('the disk of every controller (node 0, 1, 2) is empty'),
    });
    expect(conditionOf(stage, 'Ready')).toMatchObject({ status: 'False' });
    stage.world.declare(
      clusterOf(
        { brokers: { replicas: 3, storage: { size: '1Gi' } }, config: { 'socket.request.max.bytes': '100000000' } },
        { name: 'orders', namespace: 'ns' },
      ),
    );
    await stage.pass(60_000);
    expect(stage.effects.slice(from).filter((one) => /^(evict|delete) (Pod|PersistentVolumeClaim) /.test(one))).toEqual(
      [],
    );
  });

  it('does not while one is left', async () => {
    const stage = await settled(orders());
    lose(stage, [1, 2]);
    await stage.pass(60_000);
    expect(conditionOf(stage, 'Stalled')).toBeUndefined();
    expect(conditionOf(stage, 'Ready')).toMatchObject({ status: 'Unknown' });
  });
});

import { describe, expect, it } from '@jest/globals';
import { OperatorStage } from '../../support/kubernetes/operator-stage.ts';
import { at, clusterOf } from '../../support/kubernetes/rendered.ts';
import { TYPES } from '../../support/kubernetes/types.ts';

const three = (version?: string) =>
  clusterOf(
    { brokers: { replicas: 3, storage: { size: '1Gi' } }, ...(version === undefined ? {} : { version }) },
    { name: 'orders', namespace: 'ns' },
  );

/** A stage where this Cluster is all that it should be. */
async function settled(): Promise<OperatorStage> {
  const stage = new OperatorStage();
  stage.world.declare(three());
  stage.start();
  await stage.calm();
  return stage;
}

/** A condition of the Cluster; undefined: it has none of the type. */
const condition = ({ world }: OperatorStage, type: string): unknown => {
  const status = at(world.store.find(TYPES.clusters, 'ns', 'orders'), 'status', 'conditions');
  return (status as readonly { readonly type: string }[]).find((one) => one.type === type);
};
/** What was done to pods. */
const ends = ({ effects }: OperatorStage, from: number): readonly string[] =>
  effects.slice(from).filter((one) => /^(evict|delete) Pod /.test(one));

describe('a roll on Kubernetes', () => {
  it('stops at the first pod that does not come up, with its last words, and goes on with another version', async () => {
    const stage = await settled();
    stage.world.badImages.set('registry.example.com/weir:1.2.4', 'unknown setting x');
    let from = stage.effects.length;
    stage.world.declare(three('1.2.4'));
    await stage.calm(120_000);
    expect(ends(stage, from)).toEqual(['evict Pod ns/orders-broker-1']);
    expect(condition(stage, 'Stalled')).toMatchObject({
      reason: 'RolloutBlocked',
      message: expect.stringContaining('Error (exit code 1): weir: unknown setting x'),
    });
    expect(condition(stage, 'Available')).toMatchObject({ status: 'True' });
    expect(stage.world.store.all(TYPES.events).map((one) => one['reason'])).toContain('RolloutBlocked');
    from = stage.effects.length;
    stage.world.declare(three('1.2.5'));
    await stage.calm();
    expect(ends(stage, from)).toEqual([
      'delete Pod ns/orders-broker-1',
      'evict Pod ns/orders-broker-2',
      'evict Pod ns/orders-broker-0',
    ]);
    expect(condition(stage, 'Stalled')).toBeUndefined();
    expect(condition(stage, 'Ready')).toMatchObject({ status: 'True' });
  });

  it('says that no machine takes a pod, in the words of the scheduler, while clients are served, and goes on when one does', async () => {
    const stage = await settled();
    const message = '0/3 nodes are available: 3 Insufficient cpu.';
    stage.world.unplaced.set(1, message);
    const from = stage.effects.length;
    stage.world.declare(three('1.2.4'));
    await stage.calm(120_000);
    expect(ends(stage, from)).toEqual(['evict Pod ns/orders-broker-1']);
    const said = {
      reason: 'Unschedulable',
      message: `node 1 waits for a machine: 0/3 nodes are available: 3 Insufficient cpu; no other one is restarted until it serves`,
    };
    for (const [type, status] of [
      ['Ready', 'False'],
      ['Reconciling', 'True'],
    ] as const)
      expect(condition(stage, type)).toMatchObject({ status, ...said });
    expect(condition(stage, 'Stalled')).toBeUndefined();
    expect(condition(stage, 'Available')).toMatchObject({ status: 'True' });
    stage.world.unplaced.clear();
    stage.world.settle();
    await stage.calm();
    expect(ends(stage, from).slice(1)).toEqual(['evict Pod ns/orders-broker-2', 'evict Pod ns/orders-broker-0']);
    expect(condition(stage, 'Ready')).toMatchObject({ status: 'True' });
  });

  it('tells of the version that nodes run', async () => {
    const stage = await settled();
    expect(at(stage.world.store.find(TYPES.clusters, 'ns', 'orders'), 'status', 'version')).toBe('1.2.3');
  });

  it('never forces a pod of a lost machine to go, and tells who can', async () => {
    const stage = await settled();
    const pod = { namespace: 'ns', name: 'orders-broker-1' };
    const writer = { manager: 'kubelet', subresource: '' } as const;
    const hold = (finalizers: readonly string[]) =>
      stage.world.store.update(TYPES.pods, pod, writer, (live) => ({
        ...live,
        metadata: { ...live.metadata, finalizers },
      }));
    hold(['a kubelet that is gone']);
    stage.world.store.delete(TYPES.pods, pod);
    const from = stage.effects.length;
    await stage.calm(120_000);
    expect(ends(stage, from)).toEqual([]);
    expect(condition(stage, 'Stalled')).toMatchObject({
      reason: 'BrokerLost',
      message: expect.stringContaining('kubectl delete pod orders-broker-1 --namespace ns --force --grace-period=0'),
    });
    hold([]);
    await stage.calm();
    expect(condition(stage, 'Stalled')).toBeUndefined();
    expect(condition(stage, 'Ready')).toMatchObject({ status: 'True' });
  });
});

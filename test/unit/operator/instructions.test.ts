import { describe, expect, it } from '@jest/globals';
import { at, clusterOf } from '../../support/kubernetes/rendered.ts';
import { OperatorStage } from '../../support/kubernetes/operator-stage.ts';
import { TYPES } from '../../support/kubernetes/types.ts';

const NAMED = { name: 'orders', namespace: 'ns' };
const three = (annotations: Readonly<Record<string, string>> = {}, spec: Parameters<typeof clusterOf>[0] = {}) => {
  const wanted = clusterOf({ brokers: { replicas: 3, storage: { size: '1Gi' } }, ...spec }, NAMED);
  return { ...wanted, metadata: { ...wanted.metadata, annotations: Object.fromEntries(Object.entries(annotations)) } };
};

/** A stage where this Cluster is all that it should be. */
async function settled(): Promise<OperatorStage> {
  const stage = new OperatorStage();
  declare(stage);
  stage.start();
  await stage.calm();
  return stage;
}

function declare(stage: OperatorStage, ...args: Parameters<typeof three>): void {
  stage.world.declare(three(...args) as never);
}

const uids = ({ world }: OperatorStage): readonly unknown[] =>
  world.store.all(TYPES.pods).map(({ metadata }) => metadata.uid);

/** What was done to pods, without what Kubernetes does. */
const evictions = ({ effects }: OperatorStage, from: number): readonly string[] =>
  effects.slice(from).filter((one) => one.startsWith('evict'));

/** Effects other than what is told: statuses and Events. */
const works = (stage: OperatorStage, from: number): readonly string[] =>
  stage.effects.slice(from).filter((one) => !one.startsWith('status ') && !one.startsWith('apply Event '));

const claimOf = ({ world }: OperatorStage, node: string): unknown =>
  world.store.find(TYPES.claims, 'ns', `data-orders-broker-${node}`)?.metadata.uid;

/** What all objects carry besides what they are. */
const annotationBytes = ({ world }: OperatorStage): number =>
  Object.values(TYPES)
    .filter((type) => type !== TYPES.events)
    .flatMap((type) => world.store.all(type))
    .reduce((sum, { metadata }) => sum + JSON.stringify(metadata.annotations ?? {}).length, 0);

describe('the annotations of a Cluster on Kubernetes', () => {
  it('restart: each pod is evicted once for each value, the active controller last, and none when it goes', async () => {
    const stage = await settled();
    const before = uids(stage);
    let from = stage.effects.length;
    declare(stage, { 'weir.dev/restart': 'a' });
    await stage.calm();
    expect(evictions(stage, from)).toEqual([1, 2, 0].map((id) => `evict Pod ns/orders-broker-${id}`));
    expect(uids(stage).filter((uid) => before.includes(uid))).toEqual([]);
    from = stage.effects.length;
    declare(stage);
    await stage.calm();
    expect(evictions(stage, from)).toEqual([]);
    declare(stage, { 'weir.dev/restart': 'b' });
    await stage.calm();
    expect(evictions(stage, from)).toHaveLength(3);
  });

  it('pause: nothing is written, not even what somebody took away, until it goes', async () => {
    const stage = await settled();
    const from = stage.effects.length;
    declare(stage, { 'weir.dev/pause': 'true', 'weir.dev/restart': 'a' });
    stage.world.store.delete(TYPES.services, { namespace: 'ns', name: 'orders-bootstrap' });
    stage.world.store.delete(TYPES.secrets, { namespace: 'ns', name: 'orders-node-tls' });
    await stage.calm(60_000);
    expect(works(stage, from)).toEqual([]);
    declare(stage, { 'weir.dev/restart': 'a' });
    await stage.calm();
    expect(evictions(stage, from)).toHaveLength(3);
    expect(stage.world.store.find(TYPES.services, 'ns', 'orders-bootstrap')).not.toBe(null);
  });

  it('pause: whoever is operator next asks the brokers as well', async () => {
    const stage = await settled();
    declare(stage, { 'weir.dev/pause': 'true' });
    await stage.calm();
    const available = (): unknown =>
      (at(stage.world.store.find(TYPES.clusters, 'ns', 'orders'), 'status', 'conditions') as readonly object[]).find(
        (one) => at(one, 'type') === 'Available',
      );
    expect(available()).toMatchObject({ status: 'True' });
    await stage.kill();
    const from = stage.effects.length;
    stage.start();
    await stage.calm(60_000);
    expect(available()).toMatchObject({ status: 'True' });
    expect(works(stage, from)).toEqual([]);
  });

  it('windows: pods that an earlier operator made in another way wait for one, and go on in the next', async () => {
    const maintenanceWindows = [{ start: '02:00', durationMinutes: 60, timeZone: 'UTC' }];
    const stage = await settled();
    declare(stage, {}, { maintenanceWindows });
    await stage.calm();
    for (const pod of stage.world.store.all(TYPES.pods)) {
      const annotations = { ...pod.metadata.annotations, 'weir.dev/pod-hash': 'of another making' };
      const writer = { manager: 'kubelet', subresource: '' } as const;
      stage.world.store.update(TYPES.pods, { namespace: 'ns', name: pod.metadata.name }, writer, (live) => ({
        ...live,
        metadata: { ...live.metadata, annotations },
      }));
    }
    const from = stage.effects.length;
    await stage.calm(120_000);
    expect(works(stage, from)).toEqual([]);
    stage.wallMs = Date.parse('2026-11-30T02:10:00Z');
    await stage.calm();
    expect(evictions(stage, from)).toHaveLength(3);
  });

  it('are remembered by objects: whoever is operator next does none of them again, however many there were', async () => {
    const stage = await settled();
    const { world } = stage;
    for (const id of [0, 1, 2]) world.brokers.fill(id, 3);
    const told = (value: string, node: string) => ({ 'weir.dev/restart': value, 'weir.dev/replace-node': node });
    const sizes: number[] = [];
    for (const [value, node] of [
      ['a', '1'],
      ['b', '2'],
      ['c', '1'],
      ['d', '2'],
    ] as const) {
      const before = claimOf(stage, node);
      declare(stage, told(value, node));
      await stage.calm();
      expect([value, claimOf(stage, node) === before]).toEqual([value, false]);
      sizes.push(annotationBytes(stage));
      await stage.stop();
      const from = stage.effects.length;
      stage.start();
      await stage.calm();
      expect([value, works(stage, from)]).toEqual([value, []]);
    }
    // The last of each is all that is kept.
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(100);
    const from = stage.effects.length;
    declare(stage, { 'weir.dev/adopt': 'observe' });
    world.store.delete(TYPES.services, { namespace: 'ns', name: 'orders-bootstrap' });
    await stage.calm();
    await stage.kill();
    stage.start();
    await stage.calm();
    expect(works(stage, from)).toEqual([]);
  });

  it('confirm: a number of brokers that was confirmed is no leave for whoever is operator next to take more', async () => {
    const stage = new OperatorStage();
    const sized = (replicas: number) => ({ brokers: { replicas, storage: { size: '1Gi' } } });
    declare(stage, {}, sized(5));
    stage.start();
    await stage.calm();
    const unsaid = (confirmed: string): void => {
      const { replicas: _replicas, ...brokers } = sized(3).brokers;
      const written = three({ 'weir.dev/confirm-scale-down': confirmed }, sized(3));
      stage.world.declare({ ...written, spec: { ...written.spec, brokers } } as never);
    };
    unsaid('4');
    await stage.calm();
    await stage.stop();
    stage.start();
    await stage.calm();
    expect(uids(stage)).toHaveLength(5);
    unsaid('3');
    await stage.calm();
    expect(uids(stage)).toHaveLength(3);
    await stage.stop();
    const from = stage.effects.length;
    stage.start();
    await stage.calm();
    expect(works(stage, from)).toEqual([]);
  });
});

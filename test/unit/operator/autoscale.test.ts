import { describe, expect, it } from '@jest/globals';
import { OperatorStage } from '../../support/kubernetes/operator-stage.ts';
import { SHARE_SESSIONS_MAX } from '../../support/kubernetes/kube-world.ts';
import { at, clusterOf } from '../../support/kubernetes/rendered.ts';
import { TYPES } from '../../support/kubernetes/types.ts';

const NAMED = { name: 'c', namespace: 'ns' };
const GIB = 2 ** 30;

/** A Cluster whose volumes may have 0.7 GiB of logs each, before a broker comes. */
const scaled = (autoscale: object = {}, annotations: Readonly<Record<string, string>> = {}, replicas = 3) => {
  const quick = { maxReplicas: 5, scaleIn: 'Drain', scaleOutSeconds: 10, scaleInSeconds: 10 };
  const brokers = { replicas, storage: { size: '1Gi' }, autoscale: { ...quick, ...autoscale } };
  return clusterOf({ brokers }, { ...NAMED, annotations });
};

async function staged(cluster = scaled(), logGib = 0): Promise<OperatorStage> {
  const stage = new OperatorStage();
  stage.world.logBytes = logGib * GIB;
  stage.world.declare(cluster);
  stage.start();
  await stage.calm();
  return stage;
}

const pods = ({ world }: OperatorStage): number => world.store.all(TYPES.pods).length;
const condition = ({ world }: OperatorStage, type: string): object | undefined => {
  const all = at(world.store.find(TYPES.clusters, 'ns', 'c'), 'status', 'conditions') as readonly object[];
  return all.find((one) => at(one, 'type') === type);
};
const events = ({ world }: OperatorStage, reason: string): readonly unknown[] =>
  world.store
    .all(TYPES.events)
    .flatMap((one) => (one['reason'] === reason ? [one['message']] : []))
    .sort();

describe('an operator that judges the load', () => {
  it('adds brokers one at a time until it is as it may be, tells why, and is ready as before', async () => {
    // Of five each has 0.66.
    const stage = await staged(scaled(), 3.3);
    await stage.pass(120_000);
    await stage.calm();
    expect(pods(stage)).toBe(5);
    expect(events(stage, 'ScalingOut')).toEqual([
      '4 brokers instead of 3: the logs of broker 0 take 110 % of its disk',
      '5 brokers instead of 4: the logs of broker 0 take 83 % of its disk',
    ]);
    expect(stage.operator.stats.scalings.entries()).toEqual([['ScalingOut', 2]]);
    expect(condition(stage, 'Ready')).toMatchObject({ status: 'True' });
    expect(condition(stage, 'ScalingLimited')).toBeUndefined();
  });

  it.each([
    ['bytes that go through', { bytesPerSecond: 3_300_000 }, '1100000 bytes go through broker 0 each second'],
    ['time that brokers are busy for', { busy: 3 * 0.65 }, 'broker 0 is busy for 65 % of the time'],
    [
      'members of share groups',
      { sessions: 3 * 0.65 * SHARE_SESSIONS_MAX },
      'broker 0 has 65 % of the share sessions that it takes',
    ],
  ])('adds a broker for %s, and takes it away when they end', async (_name, work, why) => {
    const stage = await staged(scaled({ throughput: '1M' }));
    Object.assign(stage.world.work, work);
    await stage.pass(120_000);
    expect([pods(stage), events(stage, 'ScalingOut')]).toEqual([4, [`4 brokers instead of 3: ${why}`]]);
    Object.assign(stage.world.work, { busy: 0, bytesPerSecond: 0, sessions: 0 });
    await stage.pass(120_000);
    await stage.calm();
    expect([pods(stage), events(stage, 'ScalingIn').length]).toEqual([3, 1]);
  });

  it('adds a broker sooner while a share group falls behind, and takes none away meanwhile', async () => {
    const stage = await staged();
    const falls = async (minutes: number, by: number, members: number): Promise<void> => {
      for (let minute = 0; minute < minutes; minute += 1) {
        const known = stage.world.brokers.groups.get('workers') ?? { config: new Map(), backlog: 10_000 };
        const backlog = Math.round((known.backlog ?? 0) * by);
        stage.world.brokers.groups.set('workers', { ...known, type: 'share', members, backlog });
        await stage.pass(60_000);
      }
    };
    stage.world.work.busy = 3 * 0.5;
    await falls(4, 1, 3);
    await falls(4, 1.2, 0);
    expect(pods(stage)).toBe(3);
    await falls(4, 1.2, 3);
    const why = 'broker 0 is busy for 50 % of the time, and share group workers falls behind';
    expect([pods(stage), events(stage, 'ScalingOut')]).toEqual([4, [`4 brokers instead of 3: ${why}`]]);
    stage.world.work.busy = 0;
    await falls(4, 1.2, 3);
    expect(pods(stage)).toBe(4);
    await falls(4, 1, 3);
    await stage.calm();
    expect(pods(stage)).toBe(3);
  });

  it('says when more are asked for than there may be', async () => {
    const stage = await staged(scaled({ maxReplicas: 4 }), 3.3);
    await stage.pass(120_000);
    expect([pods(stage), events(stage, 'AtMaxReplicas').length]).toEqual([4, 1]);
    expect(condition(stage, 'ScalingLimited')).toMatchObject({ status: 'True', reason: 'AtMaxReplicas' });
    expect(condition(stage, 'Ready')).toMatchObject({ status: 'True' });
    stage.world.declare(scaled({ maxReplicas: 5 }));
    await stage.pass(120_000);
    expect(pods(stage)).toBe(5);
    expect(condition(stage, 'ScalingLimited')).toBeUndefined();
  });

  it('takes none away where that is left to people, and says so once', async () => {
    const manual = { scaleIn: 'Manual' };
    const stage = await staged(scaled(manual), 2.25);
    stage.world.logBytes = GIB;
    await stage.pass(300_000);
    expect([pods(stage), events(stage, 'ScaleInManual').length]).toEqual([4, 1]);
    expect(condition(stage, 'ScalingLimited')).toMatchObject({ status: 'True', reason: 'ScaleInManual' });
    stage.world.declare(scaled(manual, { 'weir.dev/confirm-scale-down': '3' }));
    await stage.calm();
    await stage.calm();
    expect([pods(stage), events(stage, 'ScalingIn').length]).toEqual([3, 1]);
  });

  it('does nothing while something else is to be done, or it is held back', async () => {
    const stage = await staged();
    stage.world.broken.add(2);
    stage.world.brokers.crash(2, 'kept');
    stage.world.settle();
    stage.world.logBytes = 3.3 * GIB;
    await stage.pass(120_000);
    expect(pods(stage)).toBe(3);
    stage.world.declare(scaled({}, { 'weir.dev/pause': 'true' }));
    stage.world.broken.clear();
    stage.world.settle();
    await stage.pass(120_000);
    expect(pods(stage)).toBe(3);
    stage.world.declare(scaled({}, { 'weir.dev/pause': 'false' }));
    await stage.pass(60_000);
    expect(pods(stage)).toBeGreaterThan(3);
  });

  it('writes nothing while the load stays, and goes back to the floor when it ends', async () => {
    const stage = await staged(scaled(), 2.25);
    const before = stage.effects.length;
    await stage.pass(600_000);
    expect(stage.effects.slice(before)).toEqual([]);
    stage.world.logBytes = 0;
    await stage.pass(120_000);
    await stage.calm();
    expect(pods(stage)).toBe(3);
  });

  it('does not take a claim that is on its way out for a broker that is there', async () => {
    const stage = await staged(scaled(), 2.25);
    await stage.pass(60_000);
    expect(pods(stage)).toBe(4);
    stage.world.logBytes = 0;
    stage.world.claimsLinger = true;
    await stage.pass(60_000);
    expect(stage.world.store.all(TYPES.claims)).toHaveLength(4);
    expect(stage.world.store.find(TYPES.services, 'ns', 'c-broker-3')).toBeNull();
    expect(at(stage.world.store.find(TYPES.clusters, 'ns', 'c'), 'status', 'replicas')).toBe(3);
    stage.world.claimsLinger = false;
    stage.world.settle();
    await stage.calm();
    expect([pods(stage), stage.world.store.all(TYPES.claims).length]).toEqual([3, 3]);
    expect(events(stage, 'ScalingOut')).toHaveLength(1);
  });

  it('follows a floor that is raised at once', async () => {
    const stage = await staged();
    stage.world.declare(scaled({}, {}, 5));
    await stage.calm();
    expect(pods(stage)).toBe(5);
  });
});

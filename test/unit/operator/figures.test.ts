import { describe, expect, it } from '@jest/globals';
import type { ShareGroup, Topic } from '../../../operator/api/kinds.ts';
import { Looked } from '../../support/kubernetes/looked.ts';
import { clusterOf } from '../../support/kubernetes/rendered.ts';
import { TYPES } from '../../support/kubernetes/types.ts';
import { group, topic } from '../../support/operator-manifests.ts';

const three = clusterOf({ brokers: { replicas: 3, storage: { size: '1Gi' } } }, { name: 'orders', namespace: 'ns' });
const IN = { clusterRef: { name: 'orders' } } as const;

const topicOf = (name: string, spec: Partial<Topic['spec']> = {}): Topic => ({
  ...topic(name, { ...IN, ...spec }),
  metadata: { name, namespace: 'ns' },
});
const groupOf = (name: string, topics: readonly string[], spec: Partial<ShareGroup['spec']> = {}): ShareGroup => ({
  ...group(name, topics, { ...IN, ...spec }),
  metadata: { name, namespace: 'ns' },
});

async function settled(...more: readonly (Topic | ShareGroup)[]): Promise<Looked> {
  const looked = new Looked();
  for (const manifest of [three, ...more]) looked.stage.world.declare(manifest);
  looked.stage.start();
  await looked.stage.calm();
  return looked;
}

describe('the operator tells', () => {
  it("a share group's figures once a minute at most, and what is new about how it stands at once", async () => {
    const looked = await settled(topicOf('jobs'), groupOf('workers', ['jobs']));
    const { store, brokers } = looked.stage.world;
    const seen: { readonly ms: number; readonly says: string }[] = [];
    store.subscribe(({ type }) => {
      const says = looked.says(TYPES.shareGroups, 'workers').join();
      if (type === TYPES.shareGroups) seen.push({ ms: looked.stage.clock.monotonicMs(), says });
    });
    const known = brokers.groups.get('workers') ?? { type: 'share', config: new Map() };
    const told = async (backlog: number, subscriptions: readonly string[] = ['jobs']): Promise<void> => {
      brokers.groups.set('workers', { ...known, state: 'Stable', members: 1, backlog, subscriptions });
      looked.stage.world.declare(topicOf('jobs', { config: new Map([['retention.ms', String(backlog)]]) }));
      await looked.stage.pass(5_000);
    };
    await told(50);
    expect(looked.find(TYPES.shareGroups, 'workers')?.['status']).toMatchObject({ state: 'Stable' });
    for (let backlog = 100; backlog < 4_000; backlog += 100) await told(backlog);
    expect(seen.length).toBeGreaterThan(1);
    for (const [at, { ms }] of seen.slice(1).entries()) expect(ms - (seen[at]?.ms ?? 0)).toBeGreaterThanOrEqual(60_000);
    await looked.stage.pass(660_000);
    expect(looked.find(TYPES.shareGroups, 'workers')?.['status']).toMatchObject({ backlog: 3_900 });
    seen.length = 0;
    await told(4_321, ['other']);
    expect(seen.map(({ says }) => says)).toEqual([
      'Ready=True AsDeclared,SubscriptionDiffers=True SubscriptionDiffers',
    ]);
    expect(looked.find(TYPES.shareGroups, 'workers')?.['status']).toMatchObject({ members: 1, backlog: 4_300 });
  });

  it('nothing while records go through steadily, however many, and how many are left when that changes', async () => {
    const looked = await settled(topicOf('jobs'), groupOf('workers', ['jobs']));
    const { store, brokers } = looked.stage.world;
    const known = brokers.groups.get('workers') ?? { type: 'share', config: new Map() };
    /** So many minutes, each look finds the next of these. */
    const traffic = async (minutes: number, ...backlogs: readonly number[]): Promise<void> => {
      for (let look = 0; look < minutes * 2; look += 1) {
        const backlog = backlogs[look % backlogs.length] ?? 0;
        brokers.groups.set('workers', { ...known, state: 'Stable', members: 1, backlog });
        await looked.stage.pass(30_000);
      }
    };
    const steady = [2_000, 900, 5_200, 0, 3_100, 1_500];
    await traffic(3, ...steady);
    let writes = 0;
    store.subscribe(({ type }) => void (type === TYPES.shareGroups && (writes += 1)));
    await traffic(12, ...steady);
    expect(writes).toBe(0);
    await traffic(2, 900_000);
    expect(looked.find(TYPES.shareGroups, 'workers')?.['status']).toMatchObject({ backlog: 900_000 });
    await traffic(4, 400_000);
    expect(looked.find(TYPES.shareGroups, 'workers')?.['status']).toMatchObject({ backlog: 400_000 });
    await traffic(2, 0);
    expect(looked.find(TYPES.shareGroups, 'workers')?.['status']).toMatchObject({ backlog: 0 });
    expect(writes).toBe(3);
  });
});

import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Load } from './load.ts';
import { Ground } from './program.ts';
import { Stage } from './stage.ts';

const LINES = 50;
const PARTITIONS = 30;

const ground = new Ground();
const stage = new Stage(ground, 'shop');
const withCopies = (count: number): string => `apiVersion: weir.dev/v1alpha1
kind: Cluster
metadata: {name: shop}
spec: {brokers: {replicas: 3}, listeners: [{name: plain, port: 9092}], config: {min.insync.replicas: 2}}
---
apiVersion: weir.dev/v1alpha1
kind: Topic
metadata: {name: orders}
spec: {clusterRef: {name: shop}, partitions: ${PARTITIONS}, replicationFactor: ${count}}
---
apiVersion: weir.dev/v1alpha1
kind: ShareGroup
metadata: {name: workers}
spec: {clusterRef: {name: shop}, topics: [orders]}
`;

beforeAll(() => stage.start(withCopies(1)));
afterAll(async () => {
  await stage.stop();
  await ground.clean();
});

const edited = (count: number, says: RegExp): Promise<string> =>
  stage.after(() => writeFileSync(stage.file, withCopies(count)), says);
const all = (count: number) => Array.from({ length: PARTITIONS }, () => ({ all: count, inSync: count }));

describe('a topic whose number of copies changes in its manifest', () => {
  it('has them when everything is as the manifests say, and no client notices', async () => {
    const load = new Load(ground, { bootstrap: stage.bootstrap, topic: 'orders', group: 'workers' });
    await load.more(LINES);
    expect(await stage.probe(0).copies('orders')).toEqual(all(1));
    const said = await edited(3, /everything is as the manifests say/);
    expect(said).toContain('shop: Topic orders: give topic orders 3 copies');
    expect(await stage.probe(0).copies('orders')).toEqual(all(3));
    await load.more(LINES);
    await edited(2, /everything is as the manifests say/);
    expect(await stage.probe(0).copies('orders')).toEqual(all(2));
    await load.more(LINES);
    await load.end();
  }, 120_000);

  it('keeps what min.insync.replicas asks for, which is said', async () => {
    await edited(1, /topic orders has min\.insync\.replicas 2 and cannot have 1 of 2 copies; lower that first/);
    expect(await stage.probe(0).copies('orders')).toEqual(all(2));
  });
});

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isAlive, Ground } from './program.ts';
import { Load } from './load.ts';
import { eventually, Stage } from './stage.ts';

const QUICKSTART = readFileSync(new URL('../../examples/quickstart.yaml', import.meta.url), 'utf8');
const LINES = 50;

const ground = new Ground();
const stage = new Stage(ground, 'quickstart');
const withBrokers = (count: number): string => QUICKSTART.replace('replicas: 3', `replicas: ${count}`);

beforeAll(() => stage.start(QUICKSTART));
afterAll(async () => {
  await stage.stop();
  await ground.clean();
});

const becomes = (count: number): Promise<string> =>
  stage.after(() => writeFileSync(stage.file, withBrokers(count)), /everything is as the manifests say/);

/** Replicas on each broker, over all topics; none while one moves. */
async function spread(): Promise<Readonly<Record<number, number>> | null> {
  const probe = stage.probe(0);
  return (await probe.moving()) > 0 ? null : probe.spread();
}

describe('a cluster whose number of brokers changes while it serves', () => {
  it('has three copies of everything', async () => {
    const seen = await spread();
    expect(Object.keys(seen ?? {})).toEqual(['0', '1', '2']);
    expect(new Set(Object.values(seen ?? {})).size).toBe(1);
    expect(await stage.probe(0).topicSetting('jobs', 'min.insync.replicas')).toMatchObject({ value: '2' });
  });

  it('grows to five with a share of the partitions on each, and shrinks to three again, and no client notices', async () => {
    const load = new Load(ground, { bootstrap: stage.bootstrap, topic: 'jobs', group: 'workers' });
    await load.more(LINES);
    const grown = await becomes(5);
    expect(grown).toContain('give nodes 3, 4 a share of the partitions');
    await eventually('five brokers have replicas', async () => Object.keys((await spread()) ?? {}).length === 5);
    await load.more(LINES);
    const [pids, before] = [[0, 1, 2].map((node) => stage.pid(node)), [3, 4].map((node) => stage.pid(node))];
    const shrunk = await becomes(3);
    const steps = [...shrunk.matchAll(/quickstart: (drain|stop|forget) nodes? (\d+(?:, \d+)*)/g)].map(
      ([, verb, ids]) => `${verb} ${ids}`,
    );
    expect(steps.at(0)).toBe('drain 3, 4');
    expect(steps.filter((step) => !step.startsWith('drain'))).toEqual(['stop 4', 'forget 4', 'stop 3', 'forget 3']);
    await load.more(LINES);
    await load.end();
    const probe = stage.probe(0);
    expect(Object.keys((await spread()) ?? {})).toEqual(['0', '1', '2']);
    expect(await probe.brokers()).toEqual([0, 1, 2]);
    expect((await probe.quorum()).voters.map((voter) => voter.id)).toEqual([0, 1, 2]);
    expect([0, 1, 2].map((node) => stage.pid(node))).toEqual(pids);
    expect(before.map(isAlive)).toEqual([false, false]);
    for (const node of [3, 4]) expect(existsSync(join(stage.data, 'quickstart', `node-${node}`))).toBe(false);
  }, 180_000);

  it('is restarted one node after the other for a static setting, when the others can spare it, and no client notices', async () => {
    const load = new Load(ground, { bootstrap: stage.bootstrap, topic: 'jobs', group: 'workers' });
    await load.more(LINES);
    const pids = [0, 1, 2].map((node) => stage.pid(node));
    const edit = (): void => writeFileSync(stage.file, QUICKSTART.replace('config: {', 'config: {num.partitions: 3, '));
    await stage.after(edit, /everything is as the manifests say/);
    await load.more(LINES);
    await load.end();
    for (const node of [0, 1, 2]) expect(stage.pid(node)).not.toBe(pids[node]);
  }, 120_000);

  it('refuses to become one: three brokers are its controllers', async () => {
    const said = await stage.after(
      () => writeFileSync(stage.file, withBrokers(1)),
      /cannot be applied; everything stays as it was/,
    );
    expect(said).toContain('spec.brokers.replicas must stay at least 3: brokers 0 to 2 of this Cluster are its');
  });

  it('finishes a removal that was interrupted, when it starts again', async () => {
    await becomes(4);
    await eventually('four brokers have replicas', async () => Object.keys((await spread()) ?? {}).length === 4);
    await stage.stop();
    await stage.start(QUICKSTART);
    expect(stage.fleet?.all).toMatch(/start node 3[^]*drain node 3[^]*stop node 3[^]*forget node 3/);
    expect(Object.keys((await spread()) ?? {})).toEqual(['0', '1', '2']);
  }, 120_000);
});

const INTERNAL = ['__consumer_offsets', '__share_group_state'];

describe.each(['', ', config: {min.insync.replicas: 2}'])('one broker%s', (rest) => {
  const solo = (brokers: number): string =>
    [
      `kind: Cluster\nmetadata: {name: solo}\nspec: {brokers: {replicas: ${brokers}}${rest}}`,
      'kind: Topic\nmetadata: {name: jobs}\nspec: {clusterRef: {name: solo}, partitions: 2}',
      'kind: ShareGroup\nmetadata: {name: workers}\nspec: {clusterRef: {name: solo}, topics: [jobs]}',
    ]
      .map((document) => `apiVersion: weir.dev/v1alpha1\n${document}\n`)
      .join('---\n');

  it('becomes three with three copies of what coordinators keep, two of them in sync, and commits go on', async () => {
    const one = new Stage(ground, 'solo');
    await one.start(solo(1));
    const load = new Load(ground, { bootstrap: one.bootstrap, topic: 'jobs', group: 'workers' });
    await load.more(LINES);
    const probe = one.probe(0);
    let committed = 0;
    const commit = (): Promise<void> =>
      eventually('an offset is committed', async () => {
        await probe.commit('readers', 'jobs', committed + 1);
        committed += 1;
        return true;
      });
    await commit();
    const least = (): Promise<readonly (string | null)[]> =>
      Promise.all(INTERNAL.map(async (name) => (await probe.topicSetting(name, 'min.insync.replicas')).value));
    expect(await least()).toEqual(['1', '1']);
    let isGrown = false;
    const growing = one
      .after(() => writeFileSync(one.file, solo(3)), /everything is as the manifests say/)
      .finally(() => (isGrown = true));
    while (!isGrown) await commit();
    await growing;
    for (const name of INTERNAL) {
      expect(new Set((await probe.copies(name)).map(({ all }) => all))).toEqual(new Set([3]));
      expect(await probe.topicSetting(name, 'min.insync.replicas')).toEqual({ value: '2', own: true });
    }
    await commit();
    await load.more(LINES);
    await load.end();
    await one.stop();
  }, 180_000);
});

const pair = (brokers: number, copies: number): string =>
  [
    `kind: Cluster\nmetadata: {name: pair}\nspec: {brokers: {replicas: ${brokers}}, config: {default.replication.factor: ${copies}}}`,
    'kind: Topic\nmetadata: {name: jobs}\nspec: {clusterRef: {name: pair}, partitions: 4}',
    'kind: ShareGroup\nmetadata: {name: workers}\nspec: {clusterRef: {name: pair}, topics: [jobs]}',
  ]
    .map((document) => `apiVersion: weir.dev/v1alpha1\n${document}\n`)
    .join('---\n');

describe('two brokers', () => {
  it('stay while one alone could not have all copies, which is said, and go on when they may', async () => {
    const two = new Stage(ground, 'pair');
    await two.start(pair(2, 2));
    await two.after(() => writeFileSync(two.file, pair(1, 2)), /drain node 1: jobs-\d .*; trying again/);
    expect(isAlive(two.pid(1))).toBe(true);
    const kept = await two.after(() => writeFileSync(two.file, pair(2, 2)), /everything is as the manifests say/);
    expect(kept).toContain('keep node 1');
    // The topic's, and those of the topics that groups begin in, which may be there by now.
    const counts = await two.probe(0).spread();
    expect(counts).toEqual({ 0: counts[1], 1: counts[1] });
    expect(counts[0]).toBeGreaterThanOrEqual(4);
    await two.stop();
  }, 120_000);

  it('become one, with all records', async () => {
    const two = new Stage(ground, 'pair');
    await two.start(pair(2, 1));
    const load = new Load(ground, { bootstrap: two.bootstrap, topic: 'jobs', group: 'workers' });
    await load.more(LINES);
    const said = await two.after(() => writeFileSync(two.file, pair(1, 1)), /everything is as the manifests say/);
    expect(said).toMatch(/drain node 1[^]*stop node 1[^]*forget node 1/);
    await load.more(LINES);
    await load.end();
    expect(Object.keys(await two.probe(0).spread())).toEqual(['0']);
    expect((await two.probe(0).quorum()).voters.map((voter) => voter.id)).toEqual([0]);
    await two.stop();
  }, 120_000);
});

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ground, isAlive, until } from './program.ts';
import { eventually, Stage } from './stage.ts';

const EXAMPLE = readFileSync(new URL('../../examples/three-nodes.yaml', import.meta.url), 'utf8');
const LINES = Array.from({ length: 30 }, (_, n) => `line ${n}`);

const ground = new Ground();
afterAll(() => ground.clean());

async function put(bootstrap: string, topic: string, lines: readonly string[]): Promise<void> {
  const program = ground.run(['put', topic, '-b', bootstrap], lines.map((line) => `${line}\n`).join(''));
  expect(await program.ended()).toBe(0);
}

describe('three nodes, each broker and controller', () => {
  const stage = new Stage(ground, 'trio');

  beforeAll(() => stage.start(EXAMPLE));

  it('are ready with three addresses, three voters and partitions on all of them', async () => {
    expect(stage.bootstrap.split(',')).toHaveLength(3);
    for (const node of [0, 1, 2]) {
      const probe = stage.probe(node);
      expect(await probe.brokers()).toEqual([0, 1, 2]);
      expect((await probe.quorum()).voters.map((voter) => voter.id)).toEqual([0, 1, 2]);
      expect([...new Set((await probe.topic('jobs'))?.leaders)].sort()).toEqual([0, 1, 2]);
    }
  });

  it('show a topic to whom it was created by, on whichever broker', async () => {
    for (const node of [0, 1, 2]) {
      const probe = stage.probe(node);
      const id = await probe.createTopic(`from-${node}`);
      expect((await probe.topic(`from-${node}`))?.id).toBe(id);
    }
  });

  it('go on when one is killed; its partitions come back with it, and all their records', async () => {
    await put(stage.bootstrap, 'jobs', LINES);
    const before = stage.pid(1);
    const kill = (): void => void process.kill(before, 'SIGKILL');
    const said = stage.after(kill, /node 1 of cluster trio ended \(SIGKILL\)[^]*everything is as the manifests say/);
    const other = stage.probe(2);
    await eventually('another broker creates a topic', async () => (await other.createTopic('meanwhile')) !== '');
    await said;
    expect(stage.pid(1)).not.toBe(before);
    expect(await other.countOf('jobs')).toBe(LINES.length);
  });

  it('are restarted one after the other for a static setting, the active controller last', async () => {
    const { leaderId } = await stage.probe(0).quorum();
    const pids = [0, 1, 2].map((node) => stage.pid(node));
    const said = await stage.after(
      () => writeFileSync(stage.file, EXAMPLE.replace('port: 9092}]', 'port: 9092}], config: {num.partitions: 3}')),
      /everything is as the manifests say/,
    );
    const order = [...said.matchAll(/restart node (\d): its settings changed/g)].map((match) => Number(match[1]));
    expect(order.toSorted()).toEqual([0, 1, 2]);
    expect(order.at(-1)).toBe(leaderId);
    for (const node of [0, 1, 2]) expect(stage.pid(node)).not.toBe(pids[node]);
  });

  it('refuse to become two, and go on', async () => {
    const edit = (): void => writeFileSync(stage.file, EXAMPLE.replace('replicas: 3', 'replicas: 2'));
    const said = await stage.after(edit, /cannot be applied; everything stays as it was/);
    expect(said).toContain('spec.brokers.replicas must stay at least 3: brokers 0 to 2 of this Cluster are its');
    expect(isAlive(stage.pid(2))).toBe(true);
  });

  it('leave nothing behind, and have everything when they start again', async () => {
    await put(stage.bootstrap, 'jobs', LINES);
    const pids = [0, 1, 2].map((node) => stage.pid(node));
    await stage.stop();
    for (const [node, pid] of pids.entries()) {
      expect(isAlive(pid)).toBe(false);
      expect(existsSync(stage.pidFile(node))).toBe(false);
    }
    await stage.start(EXAMPLE);
    expect(await stage.probe(1).countOf('jobs')).toBe(2 * LINES.length);
    await stage.stop();
  });

  it('say at the start which size the data has when the manifest has a smaller one', async () => {
    writeFileSync(stage.file, EXAMPLE.replace('replicas: 3', 'replicas: 1'));
    const again = ground.run(['local', '-f', stage.file, '--data', stage.data, '--port', '0']);
    expect(await again.ended()).toBe(1);
    expect(again.err).toBe(
      'weir: Cluster trio: spec.brokers.replicas must be at least 3, not 1: brokers 0 to 2 of this cluster are its controllers\n',
    );
  });
});

const cluster = (name: string, brokers: number, rest = ''): string =>
  `apiVersion: weir.dev/v1alpha1\nkind: Cluster\nmetadata: {name: ${name}}\nspec: {brokers: {replicas: ${brokers}}${rest}}\n`;
const TOPIC = (name: string): string =>
  `---\napiVersion: weir.dev/v1alpha1\nkind: Topic\nmetadata: {name: jobs}\nspec: {clusterRef: {name: ${name}}, partitions: 2}\n---\napiVersion: weir.dev/v1alpha1\nkind: ShareGroup\nmetadata: {name: workers}\nspec: {clusterRef: {name: ${name}}, topics: [jobs]}\n`;

describe('one node', () => {
  const stage = new Stage(ground, 'solo');
  afterAll(() => stage.stop());

  it('becomes three while it serves, with all that it had', async () => {
    await stage.start(cluster('solo', 1) + TOPIC('solo'));
    await put(stage.bootstrap, 'jobs', LINES);
    const pid = stage.pid(0);
    const grow = (): void => writeFileSync(stage.file, cluster('solo', 3) + TOPIC('solo'));
    const said = await stage.after(grow, /everything is as the manifests say/);
    for (const node of [1, 2]) expect(said).toMatch(new RegExp(`start node ${node}[^]*make node ${node} a voter`));
    expect(stage.pid(0)).toBe(pid);
    const probe = stage.probe(0);
    expect((await probe.quorum()).voters.map((voter) => voter.id)).toEqual([0, 1, 2]);
    await probe.createTopic('wide', 6);
    expect([...new Set((await probe.topic('wide'))?.leaders)].sort()).toEqual([0, 1, 2]);
    expect(await probe.countOf('jobs')).toBe(LINES.length);
  });

  it('may be stopped then: the two others decide without it', async () => {
    const pid = stage.pid(0);
    const probe = stage.probe(1);
    process.kill(pid, 'SIGSTOP');
    try {
      await eventually('a topic is created', async () => (await probe.createTopic('without-the-first')) !== '');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await eventually('the first one follows', async () => (await stage.probe(0).topic('without-the-first')) !== null);
  });
});

describe('brokers beside controllers of their own', () => {
  const stage = new Stage(ground, 'apart');

  beforeAll(() => stage.start(cluster('apart', 2, ', controllers: {replicas: 3}') + TOPIC('apart')));

  it('are ready with controllers 1000 to 1002 as voters', async () => {
    expect(stage.bootstrap.split(',')).toHaveLength(2);
    for (const node of [0, 1]) {
      expect((await stage.probe(node).quorum()).voters.map((voter) => voter.id)).toEqual([1000, 1001, 1002]);
    }
  });

  it('go on under another controller when the active one is killed', async () => {
    const probe = stage.probe(0);
    const { leaderId } = await probe.quorum();
    const kill = (): void => void process.kill(stage.pid(leaderId), 'SIGKILL');
    const said = stage.after(kill, /everything is as the manifests say/);
    await eventually('a topic is created', async () => (await probe.createTopic('after')) !== '');
    await eventually('another controller leads', async () => (await probe.quorum()).leaderId !== leaderId);
    await said;
  });

  it('exchange the disk of a controller that was lost', async () => {
    await put(stage.bootstrap, 'jobs', LINES);
    await stage.stop();
    const disk = (): string => readFileSync(join(stage.directoryOf(1001), 'meta.properties'), 'utf8');
    const before = disk();
    rmSync(stage.directoryOf(1001), { recursive: true });
    await stage.start(cluster('apart', 2, ', controllers: {replicas: 3}') + TOPIC('apart'));
    expect(stage.fleet?.err).toContain('node 1001 of cluster apart has lost its data: it starts with an empty disk');
    expect(stage.fleet?.err).toMatch(/remove the lost disk of node 1001 from the voters[^]*make node 1001 a voter/);
    const directoryId = /directory\.id=(\S+)/.exec(disk())?.[1] ?? '';
    expect(before).not.toContain(directoryId);
    expect((await stage.probe(1).quorum()).voters).toContainEqual({ id: 1001, directoryId });
    expect(await stage.probe(0).countOf('jobs')).toBe(LINES.length);
  });

  it('do not begin anew when every controller has lost its disk', async () => {
    await stage.stop();
    for (const node of [1000, 1001, 1002]) rmSync(stage.directoryOf(node), { recursive: true });
    const again = ground.run(['local', '-f', stage.file, '--data', stage.data, '--port', '0']);
    expect(await again.ended()).toBe(1);
    expect(again.err).toMatch(/cluster apart has data, but .*node-1000\/data is gone: restore it, or delete/);
  });
});

describe('processes of several nodes', () => {
  it('show the demonstration to its good end', async () => {
    const demo = ground.run(['local', '-f', 'examples/three-nodes.yaml', '--data', ground.directory(), '--demo']);
    expect(await demo.ended()).toBe(0);
  });

  it('end when the fleet is killed', async () => {
    const stage = new Stage(ground, 'orphans');
    await stage.start(cluster('orphans', 3));
    const pids = [0, 1, 2].map((node) => stage.pid(node));
    stage.fleet?.kill('SIGKILL');
    await until('the brokers are gone', () => pids.every((pid) => !isAlive(pid)));
  });
});

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ground, isAlive, type Program, until } from './program.ts';

const QUICKSTART = readFileSync(new URL('../../examples/quickstart.yaml', import.meta.url), 'utf8');
/** The same with one broker. */
const ONE = QUICKSTART.replace(/^spec: \{brokers.*$/m, 'spec: {brokers: {replicas: 1}}');
const READY = /weir: cluster quickstart ready in (\d+) ms: bootstrap (\S+)/;
/** A broker notices its parent's death and stops within this (the figure; a test's ceiling is three times as much). */
const ORPHAN_LIFE_MS = 2_000;

const ground = new Ground();
afterAll(() => ground.clean());

const pidFile = (data: string): string => join(data, 'quickstart', 'node-0', 'pid');
const brokerPid = (data: string): number => Number(readFileSync(pidFile(data), 'utf8'));

describe('a running fleet', () => {
  const data = ground.directory();
  const file = join(data, 'manifest.yaml');
  let fleet: Program;
  let bootstrap = '';

  beforeAll(async () => {
    writeFileSync(file, ONE);
    fleet = ground.run(['local', '-f', file, '--data', data, '--port', String(await ground.port(false)), '--verbose']);
    bootstrap = (await fleet.says(READY))[2] ?? '';
  });

  it('says in how many milliseconds it was ready and what to try', async () => {
    await fleet.says(/Ctrl-C stops it/);
    expect(fleet.out).toMatch(READY);
    expect(fleet.out).toContain(`put jobs --bootstrap ${bootstrap}`);
    expect(fleet.out).toContain(`take workers --topic jobs --bootstrap ${bootstrap}`);
  });

  it('has the pid of its broker in the directory of the node', () => {
    expect(isAlive(brokerPid(data))).toBe(true);
  });

  it('takes lines and gives each of them to one member', async () => {
    const put = ground.run(['put', 'jobs', '-b', bootstrap], 'one\ntwo\nthree\n');
    expect(await put.ended()).toBe(0);
    expect(put.err).toBe('weir: 3 lines put into jobs\n');
    const take = ground.run(['take', 'workers', '--topic', 'jobs', '-b', bootstrap, '--max', '3']);
    expect(await take.ended()).toBe(0);
    expect(take.out.trim().split('\n').sort()).toEqual(['one', 'three', 'two']);
    expect(take.err).toBe('weir: 3 records acknowledged\n');
  });

  it('gives a released line again, with a higher count, and a rejected one never', async () => {
    expect(await ground.run(['put', 'jobs', '-b', bootstrap], 'again\n').ended()).toBe(0);
    const takeOnce = async (ack: string): Promise<unknown> => {
      const take = ground.run(['take', 'workers', '-t', 'jobs', '-b', bootstrap, '--max', '1', '--ack', ack, '--json']);
      expect(await take.ended()).toBe(0);
      return JSON.parse(take.out.split('\n').find((line) => line.includes('"delivered"')) ?? '{}');
    };
    expect(await takeOnce('release')).toMatchObject({ value: 'again', deliveryCount: 1 });
    expect(await takeOnce('reject')).toMatchObject({ value: 'again', deliveryCount: 2 });
    const rest = ground.run(['take', 'workers', '-t', 'jobs', '-b', bootstrap, '--idle', '1']);
    expect(await rest.ended()).toBe(0);
    expect(rest.out).toBe('');
  });

  it('tells a put into a topic that is not there what to do', async () => {
    const put = ground.run(['put', 'nowhere', '-b', bootstrap], 'x\n');
    expect(await put.ended()).toBe(1);
    expect(put.err).toBe(
      `weir: 0 lines put into nowhere, then: topic nowhere: UNKNOWN_TOPIC_OR_PARTITION\n      Declare the topic in a manifest, or let the broker create it with --create. Is ${bootstrap} the right cluster?\n`,
    );
  });

  it('does nothing when the same manifests are applied again', async () => {
    const from = fleet.all.length;
    writeFileSync(file, `${ONE}# the same\n`);
    await fleet.says(/weir: quickstart: nothing to do/, from);
  });

  it('follows an edit', async () => {
    const from = fleet.all.length;
    const topic =
      '---\napiVersion: weir.dev/v1alpha1\nkind: Topic\nmetadata: {name: orders}\nspec: {clusterRef: {name: quickstart}, partitions: 2, config: {retention.ms: 60000}}\n';
    writeFileSync(file, ONE.replace('share.auto.offset.reset: earliest', 'share.delivery.count.limit: 3') + topic);
    await fleet.says(/Topic orders: create topic orders with 2 partitions/, from);
    await fleet.says(/ShareGroup workers: set for group workers: share\.delivery\.count\.limit=3/, from);
    await fleet.says(/everything is as the manifests say/, from);
  });

  it('refuses an edit that is wrong and stays as it was', async () => {
    const from = fleet.all.length;
    writeFileSync(file, ONE.replace('partitions: 4', 'partition: 4'));
    await fleet.says(
      /manifest\.yaml:9: ShareGroup workers: spec\.createTopics\.partition is not a known field; did you mean partitions\?/,
      from,
    );
    expect(isAlive(brokerPid(data))).toBe(true);
  });

  it('refuses a second owner of its data and names the first', async () => {
    const second = ground.run(['local', '-f', file.replace('manifest', 'other'), '--data', data]);
    expect(await second.ended()).toBe(1);
    writeFileSync(file, ONE);
    const third = ground.run(['local', '-f', file, '--data', data]);
    expect(await third.ended()).toBe(1);
    expect(third.err).toMatch(
      new RegExp(
        `the data directory ${data} is in use by process ${fleet.pid} \\(since .*\\); stop it or choose another with --data`,
      ),
    );
  });

  it('starts a broker again that was killed, with all that it had', async () => {
    const from = fleet.all.length;
    expect(await ground.run(['put', 'jobs', '-b', bootstrap], 'survivor\n').ended()).toBe(0);
    const before = brokerPid(data);
    process.kill(before, 'SIGKILL');
    await fleet.says(/node 0 of cluster quickstart ended \(SIGKILL\); starting it again in 100 ms/, from);
    const take = ground.run(['take', 'workers', '-t', 'jobs', '-b', bootstrap, '--max', '1']);
    expect(await take.ended()).toBe(0);
    expect(take.out).toBe('survivor\n');
    expect(brokerPid(data)).not.toBe(before);
  });

  it('stops cleanly when it is asked to, and starts again with nothing to do', async () => {
    const pid = brokerPid(data);
    fleet.kill('SIGTERM');
    expect(await fleet.ended()).toBe(0);
    expect(isAlive(pid)).toBe(false);
    expect(existsSync(pidFile(data))).toBe(false);
    expect(existsSync(join(data, 'owner.json'))).toBe(false);
    const again = ground.run([
      'local',
      '-f',
      file,
      '--data',
      data,
      '--port',
      bootstrap.split(':')[1] ?? '',
      '--verbose',
    ]);
    await again.says(READY);
    expect(again.err.split('\n').filter((line) => line.startsWith('weir: quickstart:'))).toEqual([
      'weir: quickstart: start node 0',
    ]);
    again.kill('SIGINT');
    expect(await again.ended()).toBe(0);
  });
});

describe('two clusters in one file', () => {
  const data = ground.directory();
  const file = join(data, 'manifest.yaml');
  const cluster = (name: string, config: string): string =>
    `apiVersion: weir.dev/v1alpha1\nkind: Cluster\nmetadata: {name: ${name}}\nspec: {brokers: {replicas: 1}, config: {${config}}}\n---\n`;
  let fleet: Program;

  beforeAll(async () => {
    writeFileSync(file, cluster('one', '') + cluster('two', ''));
    fleet = ground.run(['local', '-f', file, '--data', data, '--port', '0']);
    await fleet.says(/weir: cluster one ready/);
    await fleet.says(/weir: cluster two ready/);
  });

  it('have directories and ports of their own', () => {
    const ports = [...fleet.out.matchAll(/bootstrap 127\.0\.0\.1:(\d+)/g)].map((match) => match[1]);
    expect(new Set(ports).size).toBe(2);
    for (const name of ['one', 'two']) expect(existsSync(join(data, name, 'node-0', 'pid'))).toBe(true);
  });

  it('are restarted for a setting that brokers read at their start, and not for one that they take while running', async () => {
    const pidOf = (name: string): string => readFileSync(join(data, name, 'node-0', 'pid'), 'utf8');
    const [one, two] = [pidOf('one'), pidOf('two')];
    const from = fleet.all.length;
    writeFileSync(file, cluster('one', 'num.partitions: 3') + cluster('two', 'log.retention.ms: 70000'));
    await fleet.says(/weir: one: restart node 0: its settings changed/, from);
    await fleet.says(/weir: two: set for the cluster: log\.retention\.ms=70000/, from);
    await fleet.says(/weir: one: everything is as the manifests say/, from);
    expect(pidOf('one')).not.toBe(one);
    expect(pidOf('two')).toBe(two);
  });

  it('stop when their manifest is gone, and keep their data', async () => {
    const from = fleet.all.length;
    writeFileSync(file, cluster('one', 'num.partitions: 3').replace('spec: {', 'spec: {version: 9.8.7, '));
    await fleet.says(
      /manifest.*:4: Cluster one: spec\.version is for Kubernetes; it has no effect on one machine/,
      from,
    );
    await fleet.says(/weir: cluster two is stopped; its data stays/, from);
    expect(existsSync(join(data, 'two', 'node-0', 'pid'))).toBe(false);
    expect(existsSync(join(data, 'two', 'node-0', 'data'))).toBe(true);
    fleet.kill('SIGTERM');
    expect(await fleet.ended()).toBe(0);
  });

  it('are not formed anew when their data is gone', async () => {
    rmSync(join(data, 'one', 'node-0', 'data'), { recursive: true });
    const again = ground.run(['local', '-f', file, '--data', data, '--port', '0']);
    expect(await again.ended()).toBe(1);
    expect(again.err).toMatch(
      /cluster one has data, but .*node-0\/data is gone: restore it, or delete .*\/one to begin anew/,
    );
  });
});

describe('weir local', () => {
  it('leaves no broker behind when it is killed, and its data can be used again at once', async () => {
    const data = ground.directory();
    const args = ['local', '-f', 'examples/quickstart.yaml', '--data', data, '--port', '0'];
    const first = ground.run(args);
    await first.says(READY);
    const pid = brokerPid(data);
    const killedMs = performance.now();
    first.kill('SIGKILL');
    await until('the broker is gone', () => !isAlive(pid));
    expect(performance.now() - killedMs).toBeLessThan(3 * ORPHAN_LIFE_MS);
    const second = ground.run(args);
    await second.says(READY);
    second.kill('SIGTERM');
    expect(await second.ended()).toBe(0);
  });

  it('does not take somebody else for its broker when a process id came again', async () => {
    const data = ground.directory();
    mkdirSync(join(data, 'quickstart', 'node-0'), { recursive: true });
    writeFileSync(pidFile(data), `${process.pid}\n`);
    const fleet = ground.run(['local', '-f', 'examples/quickstart.yaml', '--data', data, '--port', '0']);
    await fleet.says(READY);
    fleet.kill('SIGTERM');
    expect(await fleet.ended()).toBe(0);
  });

  it('names a port that is taken', async () => {
    const port = await ground.port(true);
    const fleet = ground.run([
      'local',
      '-f',
      'examples/quickstart.yaml',
      '--data',
      ground.directory(),
      '--port',
      String(port),
    ]);
    expect(await fleet.ended()).toBe(1);
    expect(fleet.err).toBe(
      `weir: port ${port} on 127.0.0.1 is taken by another program (listener plain of node 0 of cluster quickstart needs it); stop that program or choose another port with --port\n`,
    );
  });

  it('refuses wrong manifests with every line and no stack', async () => {
    const file = join(ground.directory(), 'bad.yaml');
    writeFileSync(file, ONE.replace('replicas: 1', 'replicas: 0').replace('topics: [jobs]', 'topics: []'));
    const fleet = ground.run(['local', '-f', file, '--data', ground.directory()]);
    expect(await fleet.ended()).toBe(1);
    expect(fleet.err).toBe(
      `weir: 2 errors in the manifests\n      ${file}:4: Cluster quickstart: spec.brokers.replicas must be between 1 and 1000, not 0\n      ${file}:9: ShareGroup workers: spec.topics must not be empty\n`,
    );
  });

  it('demonstrates that a killed member loses nothing', async () => {
    const demo = ground.run(['local', '-f', 'examples/quickstart.yaml', '--data', ground.directory(), '--demo']);
    expect(await demo.ended()).toBe(0);
    expect(demo.out).toMatch(/works on line \d+ and holds \d+ more: kill -9/);
    expect(demo.out.trimEnd().split('\n').at(-1)).toBe('every line acknowledged once');
  });
});

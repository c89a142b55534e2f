import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KafkaAdmin } from '../../broker/cli/local/kafka-admin.ts';
import { partitionForKey } from '../../broker/core/coordinator/partitioner.ts';
import { isOperatorError } from '../../operator/ports/operator-error.ts';
import { Ground, type Program, until } from './program.ts';
import { eventually, Stage } from './stage.ts';

const EXAMPLE = readFileSync(new URL('../../examples/three-nodes.yaml', import.meta.url), 'utf8');
const PARTITIONS = [0, 1, 2, 3, 4, 5];
const GROUPS = ['workers', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
/** Its dead letters go to a topic of their own, which another group reads. */
const LETTERS = `apiVersion: weir.dev/v1alpha1
kind: Topic
metadata: {name: dlq.jobs}
spec: {clusterRef: {name: trio}, partitions: 6, config: {errors.deadletterqueue.group.enable: "true"}}
---
apiVersion: weir.dev/v1alpha1
kind: ShareGroup
metadata: {name: strict}
spec:
  clusterRef: {name: trio}
  topics: [jobs]
  config: {errors.deadletterqueue.topic.name: dlq.jobs, errors.deadletterqueue.copy.record.enable: "true"}
---
apiVersion: weir.dev/v1alpha1
kind: ShareGroup
metadata: {name: mourners}
spec: {clusterRef: {name: trio}, topics: [dlq.jobs]}
`;
/** A group that is not declared would begin behind what is there. */
const MANIFEST = [
  EXAMPLE,
  LETTERS,
  ...GROUPS.slice(1).map(
    (name) =>
      `apiVersion: weir.dev/v1alpha1\nkind: ShareGroup\nmetadata: {name: ${name}}\nspec: {clusterRef: {name: trio}, topics: [jobs]}\n`,
  ),
].join('---\n');

const ground = new Ground();
const stage = new Stage(ground, 'trio');
/** Everything that was put so far. */
const put: string[] = [];

beforeAll(() => stage.start(MANIFEST));
afterAll(async () => {
  await stage.stop();
  await ground.clean();
});

/** Puts some lines into every partition. */
async function produce(): Promise<void> {
  const lines = Array.from({ length: 60 }, (_, n) => `line ${put.length + n}`);
  put.push(...lines);
  const text = lines.map((line, n) => `key ${n}\t${line}\n`).join('');
  const program = ground.run(['put', 'jobs', '-b', stage.bootstrap, '--key', '\t'], text);
  expect(await program.ended()).toBe(0);
}

function take(group: string, max: number, bootstrap = stage.bootstrap): Program {
  return ground.run(['take', group, '-t', 'jobs', '-b', bootstrap, '--max', String(max), '--json']);
}

interface Settled {
  readonly partition: number;
  readonly value: string;
}

/** What a program told of the records that it took, one object for each. */
function told(program: Program, wanted: string): Settled[] {
  const lines = program.out.split('\n').filter((one) => one.startsWith('{'));
  return lines.map((one) => JSON.parse(one)).filter(({ event }) => event === wanted);
}

/** What a member took and the brokers keep as taken. */
function settled(program: Program): Settled[] {
  const values = new Map<string, string>();
  const done: Settled[] = [];
  for (const line of program.out.split('\n').filter((one) => one.startsWith('{'))) {
    const { event, partition, offset, value = '' } = JSON.parse(line);
    const place = `${partition}:${offset}`;
    if (event === 'acknowledging') values.set(place, value);
    if (event === 'acknowledged') done.push({ partition, value: values.get(place) ?? '' });
  }
  return done;
}

const valuesOf = (program: Program): string[] => settled(program).map(({ value }) => value);

/** Trying again helps as long as it is not fatal: the coordinator may be on its way elsewhere. */
const codeOf = (failed: Promise<unknown>): Promise<string> =>
  failed.then(
    () => 'NONE',
    (error: unknown) => (isOperatorError(error) && !error.fatal ? error.code : String(error)),
  );

describe('a share group over three brokers', () => {
  it('takes every record once, whichever brokers lead a partition and keep its state', async () => {
    await produce();
    const first = take('workers', 25);
    expect(await first.ended()).toBe(0);
    const second = take('workers', put.length - 25);
    expect(await second.ended()).toBe(0);
    expect([...valuesOf(first), ...valuesOf(second)].toSorted()).toEqual(put.toSorted());
    expect(new Set([...settled(first), ...settled(second)].map(({ partition }) => partition)).size).toBe(6);
  });

  it('goes on with what it knew when a broker was killed and came back', async () => {
    await produce();
    const first = take('workers', 25);
    expect(await first.ended()).toBe(0);
    const kill = (): void => void process.kill(stage.pid(1), 'SIGKILL');
    await stage.after(kill, /node 1 of cluster trio ended \(SIGKILL\)[^]*everything is as the manifests say/);
    const second = take('workers', 35);
    expect(await second.ended()).toBe(0);
    expect([...valuesOf(first), ...valuesOf(second)].toSorted()).toEqual(put.slice(60).toSorted());
  });

  it('is deleted with all that is known of it once it has no members, as a topic is', async () => {
    const bootstrap = stage.bootstrap.split(',').map((one) => one.split(':'));
    const admin = new KafkaAdmin(bootstrap.map(([host = '', port]) => ({ host, port: Number(port) })));
    const question = { topics: ['jobs', 'spare'], copies: new Map(), groups: ['h'], settings: [] };
    const ofNodes = {
      brokers: [0, 1, 2],
      quorum: true,
      members: [],
      restarts: [],
      replacements: [],
      advertised: false,
      features: false,
    };
    const observe = () => admin.observe({ ...question, ...ofNodes });
    try {
      const member = take('h', 100_000);
      await eventually('it has a member', async () => (await observe()).groups.get('h')?.state === 'Stable');
      expect(await codeOf(admin.deleteGroup('h'))).toBe('NON_EMPTY_GROUP');
      member.kill('SIGTERM');
      await member.ended();
      await eventually('it is deleted', async () => (await codeOf(admin.deleteGroup('h'))) === 'NONE');
      expect((await observe()).groups.get('h')).not.toHaveProperty('state');
      expect(await codeOf(admin.deleteGroup('h'))).toBe('NONE');
      const unset = [...((await observe()).groups.get('h')?.config.keys() ?? [])];
      // The fleet says what its manifests say: it sets again what was taken away.
      expect(unset).toEqual(['share.auto.offset.reset']);
      await admin.createTopic({ name: 'spare', partitions: 3, replicationFactor: 3, config: new Map() });
      await eventually('it is there', async () => (await observe()).topics.get('spare')?.partitions === 3);
      await admin.deleteTopic('spare');
      await eventually('it is gone', async () => !(await observe()).topics.has('spare'));
      await admin.deleteTopic('spare');
    } finally {
      await admin.close();
    }
  });

  it('leaves dead letters with what it rejects, whichever brokers lead their topic', async () => {
    const count = String(put.length);
    const rejecting = ground.run([
      'take',
      'strict',
      '-t',
      'jobs',
      '-b',
      stage.bootstrap,
      '--ack',
      'reject',
      '--max',
      count,
      '--json',
    ]);
    expect(await rejecting.ended()).toBe(0);
    const reader = ground.run(['take', 'mourners', '-t', 'dlq.jobs', '-b', stage.bootstrap, '--max', count, '--json']);
    expect(await reader.ended()).toBe(0);
    const letters = told(reader, 'delivered');
    expect(letters.map(({ value }) => value).toSorted()).toEqual(put.toSorted());
    const places = told(rejecting, 'delivered').map(({ partition, value }) => `${partition} ${value}`);
    expect(letters.map(({ partition, value }) => `${partition} ${value}`).toSorted()).toEqual(places.toSorted());
  });

  it('goes on at the other brokers while its coordinator does not answer, and has the rest when it does', async () => {
    const probe = stage.probe(0);
    const jobs = await probe.topic('jobs');
    const members = await probe.topic('__consumer_offsets');
    if (jobs === null || members === null) throw new Error('a topic is missing');
    // The topic itself has one copy, what groups know of it has three.
    const free = PARTITIONS.filter((partition) => jobs.leaders[partition] !== 2);
    const { leaders } = members;
    const group = GROUPS.slice(1).find((name) => leaders[partitionForKey(name, leaders.length)] === 2);
    if (group === undefined) throw new Error('no group has its coordinator there');
    // A topic that is new to a group has to get the state of all its partitions first.
    const first = take(group, 1);
    expect(await first.ended()).toBe(0);
    const pid = stage.pid(2);
    process.kill(pid, 'SIGSTOP');
    let member: Program;
    try {
      await eventually('the silent broker is fenced', async () => !(await probe.brokers()).includes(2));
      member = take(group, put.length - 1, stage.bootstrap.split(',').slice(0, 2).join(','));
      await until(
        'the others gave what they have',
        () => {
          const seen = new Set(settled(member).map(({ partition }) => partition));
          return free.every((partition) => seen.has(partition));
        },
        () => `free: ${free.join()}\n${member.all}`,
      );
      expect(settled(member).filter(({ partition }) => !free.includes(partition))).toEqual([]);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    expect(await member.ended()).toBe(0);
    expect([...valuesOf(first), ...valuesOf(member)].toSorted()).toEqual(put.toSorted());
  }, 150_000);
});

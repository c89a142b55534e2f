import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { KafkaAdmin } from '../../broker/cli/local/kafka-admin.ts';
import type { GroupObservation } from '../../operator/core/observed.ts';
import { Ground, type Program } from './program.ts';
import { eventually, Stage } from './stage.ts';

const ground = new Ground();
const stage = new Stage(ground, 'trio');
let admin: KafkaAdmin;

const FLEET = `apiVersion: weir.dev/v1alpha1
kind: Cluster
metadata: {name: trio}
spec: {brokers: {replicas: 3}, listeners: [{name: plain, port: 9092}]}
---
apiVersion: weir.dev/v1alpha1
kind: Topic
metadata: {name: jobs}
spec: {clusterRef: {name: trio}, partitions: PARTITIONS}
`;
const manifest = (partitions: number, ...groups: readonly string[]): string =>
  [
    FLEET.replace('PARTITIONS', String(partitions)),
    ...groups.map((group) => {
      const [name = '', reset = ''] = group.split(' ');
      const config = reset === '' ? '' : `, config: {share.auto.offset.reset: "${reset}"}`;
      return `apiVersion: weir.dev/v1alpha1\nkind: ShareGroup\nmetadata: {name: ${name}}\nspec: {clusterRef: {name: trio}, topics: [jobs]${config}}\n`;
    }),
  ].join('---\n');

beforeAll(async () => {
  await stage.start(manifest(3));
  const bootstrap = stage.bootstrap.split(',').map((one) => one.split(':'));
  admin = new KafkaAdmin(bootstrap.map(([host = '', port]) => ({ host, port: Number(port) })));
});
afterAll(async () => {
  await admin.close();
  await stage.stop();
  await ground.clean();
});

async function produce(count: number): Promise<void> {
  const text = Array.from({ length: count }, (_, n) => `key ${n}\tline ${n}\n`).join('');
  expect(await ground.run(['put', 'jobs', '-b', stage.bootstrap, '--key', '\t'], text).ended()).toBe(0);
}

const take = (group: string, max: number): Program =>
  ground.run(['take', group, '-t', 'jobs', '-b', stage.bootstrap, '--max', String(max)]);

async function seen(group: string): Promise<GroupObservation | undefined> {
  const nothing = {
    settings: [],
    quorum: false,
    members: [],
    restarts: [],
    replacements: [],
    advertised: false,
    features: false,
  };
  const question = { topics: [], copies: new Map(), groups: [group], brokers: [0, 1, 2], ...nothing };
  return (await admin.observe(question)).groups.get(group);
}

/** `partitions begun, backlog`. */
async function progress(group: string): Promise<string> {
  const { begun, backlog } = (await seen(group)) ?? {};
  return `${[...(begun?.get('jobs') ?? [])].sort().join('+')}, ${backlog}`;
}

const declare = (text: string): Promise<string> =>
  stage.after(() => writeFileSync(stage.file, text), /everything is as the manifests say|nothing to do/);

it('a declared group begins where its settings say before anybody comes, and keeps its place whatever is declared later', async () => {
  await produce(30);
  const groups = ['early', 'late latest', 'young by_duration:PT1H', 'old by_duration:PT0S'];
  await declare(manifest(3, ...groups));
  expect(await progress('early')).toBe('0+1+2, 30');
  expect(await progress('late')).toBe('0+1+2, 0');
  expect(await progress('young')).toBe('0+1+2, 30');
  expect(await progress('old')).toBe('0+1+2, 0');
  expect(await seen('early')).toMatchObject({ type: 'share', state: 'Empty', members: 0 });
  await produce(6);
  expect(await progress('late')).toBe('0+1+2, 6');

  const member = take('early', 36);
  expect(await member.ended()).toBe(0);
  await eventually('nobody is in it', async () => (await seen('early'))?.state === 'Empty');
  expect(await progress('early')).toBe('0+1+2, 0');
  await declare(manifest(3, 'early', 'late latest', 'young latest', 'old by_duration:PT0S'));
  expect(await progress('early')).toBe('0+1+2, 0');
  expect(await progress('young')).toBe('0+1+2, 36');

  // A partition that comes later begins at its first record, in a group that begins at the end of others as well.
  await declare(manifest(4, 'early', 'late latest'));
  await produce(80);
  for (const group of ['early', 'late']) expect(await progress(group)).toMatch(/^0\+1\+2\+3, \d+$/);
  expect(await progress('early')).toBe('0+1+2+3, 80');
  expect(await progress('late')).toBe('0+1+2+3, 86');
}, 120_000);

it('tells of the members of a group, and what they subscribe to', async () => {
  const member = ground.run(['take', 'watched', '-t', 'jobs', '-b', stage.bootstrap]);
  await eventually('it is a member', async () => (await seen('watched'))?.members === 1);
  expect((await seen('watched'))?.subscriptions).toEqual(['jobs']);
  const told = await stage.after(
    () =>
      writeFileSync(
        stage.file,
        `${manifest(4)}---\n${manifest(4, 'watched').split('---\n')[2]?.replace('[jobs]', '[other]')}`,
      ),
    /SubscriptionDiffers: [^\n]*/,
  );
  expect(told).toContain(
    'members subscribe to jobs as well, which spec.topics does not name; no member subscribes to other',
  );
  member.kill('SIGTERM');
  await member.ended();
  await eventually('nobody is in it', async () => (await seen('watched'))?.members === 0);
}, 120_000);

it('begins no group anew that somebody was in, though it was asked to', async () => {
  await eventually('nobody is in it', async () => (await seen('early'))?.state === 'Empty');
  const rest = take('early', 80);
  expect(await rest.ended()).toBe(0);
  await eventually('nobody is in it', async () => (await seen('early'))?.state === 'Empty');
  await admin.beginGroup('early', [{ topic: 'jobs', partitions: [0, 1, 2, 3], at: 'earliest' }]);
  expect(await progress('early')).toBe('0+1+2+3, 0');
  const member = take('busy', 1_000_000);
  await eventually('it is a member', async () => (await seen('busy'))?.members === 1);
  // What somebody is in has begun by itself, or is about to.
  await admin.beginGroup('busy', [{ topic: 'jobs', partitions: [0], at: 'earliest' }]);
  member.kill('SIGTERM');
  await member.ended();
}, 120_000);

// Topics and ShareGroups of an API server in memory, as topics and groups of real brokers: what their deletion does and doesn't do.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Calls } from '../../broker/cli/local/calls.ts';
import { KafkaAdmin } from '../../broker/cli/local/kafka-admin.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import type { AnyResource, ShareGroup, Topic } from '../../operator/api/kinds.ts';
import type { StatusOf } from '../../operator/core/conditions.ts';
import type { AdminObservation } from '../../operator/core/observed.ts';
import { systemClock } from '../../operator/io/system-clock.ts';
import { Operator } from '../../operator/main.ts';
import type { ClusterDialer } from '../../operator/ports/cluster-dialer.ts';
import { KubeWorld } from '../support/kubernetes/kube-world.ts';
import { MemoryApi } from '../support/kubernetes/memory-api.ts';
import { certify } from '../support/kubernetes/operator-stage.ts';
import { clusterOf, SITE } from '../support/kubernetes/rendered.ts';
import type { ServedType } from '../support/kubernetes/store.ts';
import { TYPES } from '../support/kubernetes/types.ts';
import { group, topic } from '../support/operator-manifests.ts';
import { Ground } from './program.ts';
import { eventually, Stage } from './stage.ts';

const NODES = [0, 1, 2];
const FLEET = `apiVersion: weir.dev/v1alpha1
kind: Cluster
metadata: {name: trio}
spec: {brokers: {replicas: 3}, listeners: [{name: plain, port: 9092}]}
`;
const IN = { clusterRef: { name: 'orders' } } as const;
const at = (name: string) => ({ metadata: { name, namespace: 'ns' } });
const topicOf = (name: string, spec: Partial<Topic['spec']> = {}): Topic => ({
  ...topic(name, { ...IN, ...spec }),
  ...at(name),
});
const groupOf = (name: string, topics: readonly string[], spec: Partial<ShareGroup['spec']> = {}): ShareGroup => ({
  ...group(name, topics, { ...IN, ...spec }),
  ...at(name),
});

const ground = new Ground();
const stage = new Stage(ground, 'trio');
const world = new KubeWorld();
const told: string[] = [];
let operator: Operator;
let admin: KafkaAdmin;
/** Each broker by itself. */
let brokers: readonly Calls[] = [];

/** The pods' nodes are the processes of the fleet. */
function dialer(open: () => KafkaAdmin): ClusterDialer {
  return {
    connect: async () => open(),
    diskOf: async (_cluster, { id }) => {
      const meta = readFileSync(join(stage.directoryOf(id), 'meta.properties'), 'utf8');
      return /^directory\.id=(\S+)$/m.exec(meta)?.[1] ?? '';
    },
    hasNoMetadata: async () => false,
  };
}

beforeAll(async () => {
  await stage.start(FLEET);
  const bootstrap = stage.bootstrap.split(',').map((one) => one.split(':'));
  const open = (): KafkaAdmin => new KafkaAdmin(bootstrap.map(([host = '', port]) => ({ host, port: Number(port) })));
  admin = open();
  brokers = bootstrap.map(
    ([host = '', port]) => new Calls([{ host, port: Number(port) }], { clientId: 'test', requestTimeoutMs: 10_000 }),
  );
  const lease = { namespace: 'weir-system', name: 'weir-operator' };
  operator = new Operator(
    {
      api: new MemoryApi(world.store),
      leaseApi: new MemoryApi(world.store),
      dialer: dialer(open),
      certify,
      clock: systemClock,
      random: Math.random,
      wallMs: Date.now,
      wallTime: () => new Date().toISOString().replace('Z', '000Z'),
    },
    { namespaces: [], lease, identity: 'here', site: SITE, workers: 1 },
    {
      lead: () => told.push('leads'),
      lost: (why) => told.push(`lost: ${why}`),
      trouble: (what, error) => told.push(`${what}: ${error.code}: ${error.message}`),
    },
  );
  world.declare(clusterOf({ brokers: { replicas: 3 } }, at('orders').metadata));
}, 120_000);
afterAll(async () => {
  await operator.stop();
  await admin.close();
  for (const broker of brokers) broker.close();
  await stage.stop();
  await ground.clean();
});

const status = (type: ServedType, name: string): StatusOf<'Topic'> & StatusOf<'ShareGroup'> =>
  (world.store.find(type, 'ns', name)?.['status'] ?? {}) as StatusOf<'Topic'> & StatusOf<'ShareGroup'>;
const says = (type: ServedType, name: string): string =>
  (status(type, name).conditions ?? []).map((one) => `${one.type}=${one.status} ${one.message}`).join('; ');
const isThere = (type: ServedType, name: string): boolean => world.store.find(type, 'ns', name) !== null;
const finalizers = (type: ServedType, name: string): readonly string[] =>
  world.store.find(type, 'ns', name)?.metadata.finalizers ?? [];

/** What the brokers have. */
function seen(topics: readonly string[], groups: readonly string[]): Promise<AdminObservation> {
  const nothing = {
    settings: [],
    quorum: false,
    members: [],
    restarts: [],
    replacements: [],
    advertised: false,
    features: false,
  };
  return admin.observe({ topics, copies: new Map(), groups, brokers: NODES, ...nothing });
}

async function settled(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  try {
    await eventually(what, async () => isSo());
  } catch (error) {
    throw new Error(`${String(error)}\n${told.slice(-10).join('\n')}`, { cause: error });
  }
}

async function declared(...manifests: readonly AnyResource[]): Promise<void> {
  for (const one of manifests) world.declare(one);
  for (const { kind, metadata } of manifests) {
    const type = kind === 'Topic' ? TYPES.topics : TYPES.shareGroups;
    await settled(`${kind} ${metadata.name} is ready`, () => says(type, metadata.name).includes('Ready=True'));
  }
}

const remove = (type: ServedType, name: string): void => void world.store.delete(type, { namespace: 'ns', name });

it('makes what is declared, says how it stands, and leaves what says Retain as it is', async () => {
  await declared(topicOf('kept', { partitions: 2 }), groupOf('stays', ['kept']));
  expect(status(TYPES.topics, 'kept')).toMatchObject({ partitions: 2, replicationFactor: 1 });
  expect(status(TYPES.shareGroups, 'stays')).toMatchObject({ state: 'Empty', members: 0, backlog: 0 });
  expect([...finalizers(TYPES.topics, 'kept'), ...finalizers(TYPES.shareGroups, 'stays')]).toEqual([]);
  remove(TYPES.topics, 'kept');
  remove(TYPES.shareGroups, 'stays');
  await declared(topicOf('next'));
  const { topics, groups } = await seen(['kept'], ['stays']);
  expect(topics.get('kept')?.partitions).toBe(2);
  expect([...(groups.get('stays')?.begun?.get('kept') ?? [])]).toEqual([0, 1]);
  // Nobody declares it any more, and the controller tells of it all the same.
  await settled('the Cluster tells of both', () =>
    says(TYPES.clusters, 'orders').includes(
      'ReplicationSufficient=False one broker less is too few for topics kept, next: ',
    ),
  );
  expect(says(TYPES.clusters, 'orders')).toContain('Available=True clients are served;');
}, 120_000);

it('deletes a topic and a group with what says Delete, and the object goes when they are gone', async () => {
  const policy = { deletionPolicy: 'Delete' } as const;
  await declared(topicOf('gone', policy), groupOf('ends', ['gone'], policy));
  expect([...finalizers(TYPES.topics, 'gone'), ...finalizers(TYPES.shareGroups, 'ends')]).toEqual([
    'weir.dev/delete',
    'weir.dev/delete',
  ]);
  const member = ground.run(['take', 'ends', '-t', 'gone', '-b', stage.bootstrap]);
  await settled('it has a member', async () => (await seen([], ['ends'])).groups.get('ends')?.members === 1);
  remove(TYPES.shareGroups, 'ends');
  await settled('it says what it waits for', () => says(TYPES.shareGroups, 'ends').includes('group ends has members'));
  expect(isThere(TYPES.shareGroups, 'ends')).toBe(true);
  member.kill('SIGTERM');
  await member.ended();
  await settled('the group is gone', () => !isThere(TYPES.shareGroups, 'ends'));
  const after = await seen([], ['ends']);
  expect(after.groups.get('ends')).toMatchObject({ type: null, config: new Map(), begun: new Map() });
  remove(TYPES.topics, 'gone');
  await settled('the topic is gone', () => !isThere(TYPES.topics, 'gone'));
  expect((await seen(['gone'], [])).topics.has('gone')).toBe(false);
}, 120_000);

it('leaves a group of another type alone, and lets its object go', async () => {
  const about = () => ({ topics: [{ name: 'next' }], allowAutoTopicCreation: false });
  const [first] = await Promise.all(brokers.map((one) => one.call(ApiKey.Metadata, about)));
  const topicId = first?.topics[0]?.topicId ?? '';
  const commit = {
    groupId: 'readers',
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [
      { name: 'next', topicId, partitions: [{ partitionIndex: 0, committedOffset: 0, committedMetadata: null }] },
    ],
  };
  // One of them is its coordinator.
  await settled('it has committed', async () => {
    const answers = await Promise.all(brokers.map((one) => one.call(ApiKey.OffsetCommit, () => commit)));
    return answers.some(({ topics }) => topics[0]?.partitions[0]?.errorCode === 0);
  });
  world.declare(groupOf('readers', ['next'], { deletionPolicy: 'Delete' }));
  await settled('it is no share group', () =>
    says(TYPES.shareGroups, 'readers').includes('share group needs another id'),
  );
  remove(TYPES.shareGroups, 'readers');
  await settled('the object is gone', () => !isThere(TYPES.shareGroups, 'readers'));
  expect((await seen([], ['readers'])).groups.get('readers')?.type).not.toBe('share');
}, 120_000);

it('deletes nothing of a Cluster that goes, and lets what belonged to it go', async () => {
  await declared(topicOf('last', { deletionPolicy: 'Delete' }));
  remove(TYPES.clusters, 'orders');
  remove(TYPES.topics, 'last');
  await settled('the object is gone', () => !isThere(TYPES.topics, 'last'));
  expect((await seen(['last'], [])).topics.has('last')).toBe(true);
}, 120_000);

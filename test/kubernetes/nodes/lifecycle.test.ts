// The life of a cluster on three real nodes, from `helm install` to the end of its namespace, while records go through it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { API_VERSION } from '../../../operator/api/names.ts';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import type { Crash } from '../../faults/history.ts';
import { randomFrom } from '../../faults/quorum-strikes.ts';
import { at } from '../../support/kubernetes/rendered.ts';
import { waitFor } from '../../wire/harness/wait.ts';
import { type ClientImages, ensureClientImages } from '../clients/images.ts';
import { ClientLoad } from '../clients/load.ts';
import type { StartClient } from '../clients/running.ts';
import { type AuditEntry, describeEntry } from '../harness/audit.ts';
import { EXAMPLES } from '../harness/charts.ts';
import { CLIENTS, clientsInPods } from '../harness/nodes/client-pods.ts';
import { ClusterView } from '../harness/nodes/cluster-view.ts';
import type { Nodes } from '../harness/nodes/nodes.ts';
import { startOperatedNodes } from '../harness/nodes/operated.ts';
import { isReachedFromOutside, loadFromOutside } from '../harness/nodes/outside.ts';
import { tryOut } from '../harness/nodes/trial.ts';
import { usageOf } from '../harness/nodes/usage.ts';
import { SYSTEM } from '../harness/operated.ts';

/** 0: the short form. */
const MINUTES = Number(process.env['WEIR_TEST_MINUTES'] ?? 0);
/** A short run must not find by chance what the one before did not. */
const SEED = Number(process.env['WEIR_TEST_SEED'] ?? (MINUTES === 0 ? 7 : Date.now() % 100_000));
const STEP_MS = 180_000;
const OPERATOR = 'system:serviceaccount:weir-system:weir-operator';
/** Another name of the same image, and the name of one that does not work. */
const [NEXT, BROKEN] = ['0.1.1', '0.1.2'];
/** Whose power stays. */
const CLIENT_NODE = 'node-1';
const PARTITIONS = 6;
/** Records a second: the gaps of a partition are told to a sixteenth of a second. */
const RATE = 100;
const LOCK_MS = 30_000;
/** Members may have been handed what they tell of so long before, by the leader of then. */
const ECHO_MS = 10_000;

let nodes: Nodes;
let orders: ClusterView;
let directory: string;
let images: ClientImages;
let start: StartClient;
let load: ClientLoad | null = null;
/** Of clients outside of the network of pods. */
let outside: ClientLoad | null = null;
/** When leaderships may have moved. */
const crashes: Crash[] = [];
const random = randomFrom(SEED);
const below = (bound: number): number => Math.floor(random() * bound);
let failed: string | null = null;
const figures: string[] = [];

const figure = (what: string, ms: number): void => void figures.push(`${what}: ${(ms / 1000).toFixed(1)} s`);

beforeAll(async () => {
  const startMs = performance.now();
  directory = await mkdtemp(join(tmpdir(), 'weir-lifecycle-'));
  images = await ensureClientImages();
  const operated = await startOperatedNodes();
  ({ nodes } = operated);
  const { repository, tag } = operated.image;
  figures.push(`seed ${SEED}`, `image with its Debian: ${Math.round(operated.imageBytes / 1e6)} MB`);
  for (const machine of nodes.machines) await machine.tag(`${repository}:${tag}`, `${repository}:${NEXT}`);
  await nodes.loadBroken(`${repository}:${BROKEN}`);
  start = await clientsInPods(nodes, images, { node: CLIENT_NODE, directory });
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  for (const namespace of ['first', 'shop'])
    await nodes.plane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } });
  orders = new ClusterView(nodes.plane, { name: 'orders', namespace: 'shop' });
  figure('set up', performance.now() - startMs);
}, 600_000);
afterAll(async () => {
  await outside?.abandon();
  await nodes?.stop();
  await rm(directory, { recursive: true, force: true });
  console.info(figures.join('\n'));
}, 120_000);

/** One step of the life: none is tried after one that failed, and what there was is told then. */
function step(title: string, work: () => Promise<void>, timeoutMs = STEP_MS): void {
  test(
    title,
    async () => {
      if (failed !== null) throw new Error(`not tried after: ${failed}`);
      const startMs = performance.now();
      try {
        await work();
      } catch (error) {
        failed = title;
        const ask = async (...args: readonly string[]): Promise<string> =>
          nodes.plane.kubectl(...args).catch((reason: unknown) => String(reason));
        const told = [
          await ask('get', 'pods,pvc,pv,nodes', '-A', '-o', 'wide'),
          await ask('describe', 'weir', '-A'),
          await ask('logs', ...SYSTEM, '-l', 'app.kubernetes.io/name=weir-operator', '--tail=40'),
        ];
        const clients = [load, outside].map((one) => one?.describe() ?? '');
        throw new Error([String(error), ...clients, ...told, nodes.describe()].join('\n'), { cause: error });
      }
      figure(`  (step) ${title}`, performance.now() - startMs);
    },
    timeoutMs,
  );
}

const declare = async (kind: string, name: string, spec: object): Promise<unknown> =>
  nodes.plane.apply({ apiVersion: API_VERSION, kind, metadata: { name, namespace: 'shop' }, spec });
const clusterRef = { name: 'orders' };
const cluster = (replicas: number): Promise<unknown> =>
  declare('Cluster', 'orders', {
    brokers: { replicas, storage: { size: '1Gi' } },
    listeners: [
      { name: 'plain', port: 9092 },
      { name: 'ports', port: 9094, type: 'nodeport' },
    ],
    config: { 'default.replication.factor': 1, 'min.insync.replicas': 1 },
  });

function running(): ClientLoad {
  if (load === null) throw new Error('no load');
  return load;
}

/** Does something while records go through; says for how long a partition had no acknowledgement at most. */
async function underLoad(what: string, work: () => Promise<void>): Promise<void> {
  const fromMs = Date.now();
  await work();
  const doneMs = Date.now();
  await running().progress(what);
  const untilMs = Date.now();
  crashes.push({ fromMs, untilMs: untilMs + ECHO_MS });
  figure(what, doneMs - fromMs);
  figure('  longest time without an acknowledgement', running().gapMs({ fromMs, untilMs }));
}

const uids = async (): Promise<readonly string[]> => (await orders.pods()).map(({ uid }) => uid);

/** Waits until each pod is another one than before, and the Cluster is ready. */
async function rolled(before: readonly string[]): Promise<void> {
  const isOther = async (): Promise<boolean> => !(await uids()).some((uid) => before.includes(uid));
  await waitFor('every pod is another one', isOther, { deadlineMs: 120_000, pollMs: 200 });
  await orders.ready();
}

step('helm installs the operator', async () => {
  await nodes.plane.kubectl('rollout', 'status', 'deployment/weir-operator', ...SYSTEM, '--timeout=120s');
});

step('examples/quickstart.yaml becomes a cluster of three nodes that takes records and hands them out', async () => {
  const first = new ClusterView(nodes.plane, { name: 'quickstart', namespace: 'first' });
  const startMs = performance.now();
  await first.kubectl('apply', '-f', join(EXAMPLES, 'quickstart.yaml'));
  await first.ready();
  figure('quickstart from apply to Ready', performance.now() - startMs);
  await first.ready('sharegroup', 'workers');
  expect((await first.pods()).map(({ node }) => node).sort()).toEqual(['node-1', 'node-2', 'node-3']);
  const { put, taken } = await tryOut(nodes, { bootstrap: first.bootstrap, topic: 'jobs', group: 'workers' });
  expect(taken).toEqual(put);
});

step('whose namespace is deleted', async () => {
  await nodes.plane.kubectl('delete', 'namespace', 'first', '--wait=false');
});

step('a cluster of one broker with a volume is ready, and records go through it', async () => {
  await cluster(1);
  await declare('Topic', 'jobs', { clusterRef, partitions: PARTITIONS });
  await declare('ShareGroup', 'workers', { clusterRef, topics: ['jobs'] });
  figure('one broker from apply to Ready', await orders.ready());
  await orders.ready('topic', 'jobs');
  await orders.ready('sharegroup', 'workers');
  const { bootstrap } = orders;
  const where = { bootstrap, topic: 'jobs', partitions: PARTITIONS, group: 'workers', lockMs: LOCK_MS };
  load = await ClientLoad.start({ start, rate: RATE, ...where });
});

step('it grows to three brokers, and to three copies', async () => {
  await underLoad('1 -> 3', async () => {
    await cluster(3);
    await orders.ready();
    await declare('Topic', 'jobs', { clusterRef, partitions: PARTITIONS, replicationFactor: 3 });
    await orders.ready('topic', 'jobs');
    await declare('Topic', 'jobs', {
      clusterRef,
      partitions: PARTITIONS,
      replicationFactor: 3,
      config: { 'min.insync.replicas': 2 },
    });
    await orders.ready('topic', 'jobs');
  });
  expect((await orders.pods()).map(({ node }) => node).sort()).toEqual(['node-1', 'node-2', 'node-3']);
});

step('it grows to five brokers, and shrinks to three, whose volumes alone stay', async () => {
  await underLoad('3 -> 5', async () => {
    await cluster(5);
    await orders.ready();
  });
  expect((await orders.claims()).size).toBe(5);
  await underLoad('5 -> 3', async () => {
    await cluster(3);
    await orders.ready();
  });
  expect([...(await orders.claims()).keys()]).toEqual([0, 1, 2].map((id) => `data-orders-broker-${id}`));
});

step('what it takes is told', async () => {
  const names = nodes.machines.map(({ name }) => name);
  const of = async (namespace: string, prefix: string): Promise<readonly string[]> =>
    usageOf(nodes.plane, { namespace, prefix, nodes: names });
  const [brokers, operators] = [await of('shop', 'orders-'), await of('weir-system', 'weir-operator')];
  expect([brokers.length, operators.length]).toEqual([3, 2]);
  figures.push(...brokers, ...operators);
});

step('a static setting takes a new pod of each broker', async () => {
  await underLoad('roll of a setting', async () => {
    const before = await uids();
    await orders.patch({ config: { 'queued.max.requests': 600 } });
    await rolled(before);
  });
});

step('so does another image', async () => {
  await underLoad('roll of an image', async () => {
    const before = await uids();
    await orders.patch({ version: NEXT });
    await rolled(before);
  });
  expect((await orders.pods()).map(({ image }) => image)).toEqual(Array.from({ length: 3 }, () => `weir:${NEXT}`));
});

step('an image that does not work stops at the first broker, and is taken back', async () => {
  const before = await orders.pods();
  await underLoad('broken image out and back', async () => {
    await orders.patch({ version: BROKEN });
    const isBlocked = async (): Promise<boolean> => (await orders.condition('Stalled')) === 'True RolloutBlocked';
    await waitFor('the roll is blocked', isBlocked, { deadlineMs: 120_000, pollMs: 200 });
    const others = (await uids()).filter((uid) => !before.some((one) => one.uid === uid));
    expect(others).toHaveLength(1);
    await running().progress('the roll that is blocked');
    await orders.patch({ version: NEXT });
    await orders.ready();
  });
  const after = await orders.pods();
  expect(after.map(({ image }) => image)).toEqual(before.map(({ image }) => image));
  expect(after.filter(({ uid }) => before.some((one) => one.uid === uid))).toHaveLength(2);
});

step('clients outside of the network of pods come through the ports of nodes', async () => {
  const spec = { clusterRef, partitions: PARTITIONS, replicationFactor: 3, config: { 'min.insync.replicas': 2 } };
  await declare('Topic', 'parcels', spec);
  await declare('ShareGroup', 'couriers', { clusterRef, topics: ['parcels'] });
  await orders.ready('topic', 'parcels');
  await orders.ready('sharegroup', 'couriers');
  const where = { cluster: orders, listener: 'ports' };
  const what = { topic: 'parcels', partitions: PARTITIONS, group: 'couriers', lockMs: LOCK_MS, rate: RATE };
  outside = await loadFromOutside({ nodes, images, directory }, where, what);
  for (const { address } of await orders.pods()) expect(await isReachedFromOutside(nodes, address)).toBe(false);
});

step('a broker that is killed comes back in its pod', async () => {
  const before = await orders.pod('orders-broker-1');
  await underLoad('broker killed', async () => {
    await nodes.machine(before.node).killContainers(before.uid);
    await waitFor('it is ready again', async () => {
      const { uid, isReady, restarts } = await orders.pod(before.name);
      return uid === before.uid && isReady && restarts === before.restarts + 1;
    });
    await orders.ready();
  });
});

step('a pod that is deleted comes back with its volume', async () => {
  const [pod, claims] = [await orders.pod('orders-broker-0'), await orders.claims()];
  await underLoad('pod deleted', async () => {
    await orders.kubectl('delete', 'pod', pod.name);
    await rolledOne(pod);
  });
  expect(await orders.claims()).toEqual(claims);
});

/** Waits until a pod has a successor, and the Cluster is ready. */
async function rolledOne({ name, uid }: { readonly name: string; readonly uid: string }): Promise<void> {
  const isOther = async (): Promise<boolean> => {
    const now = (await orders.pods()).find((one) => one.name === name);
    return now !== undefined && now.uid !== uid && now.isReady;
  };
  await waitFor(`${name} is another one`, isOther, { deadlineMs: 120_000, pollMs: 200 });
  await orders.ready();
}

step('whoever came through the ports of nodes saw no error and lost nothing', async () => {
  await outside?.progress('a pod is another one');
  const judged = await outside?.finish(crashes);
  expect(judged?.violations).toEqual([]);
  figures.push(`outside: ${judged?.history.acknowledged.length} records acknowledged`);
});

step('a broker whose pod and claim are deleted comes back on a new disk', async () => {
  const [pod, claims] = [await orders.pod('orders-broker-2'), await orders.claims()];
  const own = `data-${pod.name}`;
  await underLoad('pod and claim deleted', async () => {
    await orders.kubectl('delete', 'pvc', own, '--wait=false');
    await orders.kubectl('delete', 'pod', pod.name);
    await rolledOne(pod);
    await orders.ready('topic', 'jobs');
  });
  const after = await orders.claims();
  expect([...after].filter(([name, uid]) => claims.get(name) !== uid).map(([name]) => name)).toEqual([own]);
});

step('a node whose power is cut is missed by nobody, and comes back with its disk', async () => {
  const victim = pick((await orders.pods()).filter(({ node }) => node !== CLIENT_NODE));
  const [pods, claims] = [await uids(), await orders.claims()];
  await underLoad('power cut and return', async () => {
    await nodes.cutPower(victim.node);
    await running().progress('the power cut');
    await nodes.plane.kubectl('wait', '--for=condition=Ready=Unknown', `node/${victim.node}`, '--timeout=90s');
    await running().progress('the node is missed');
    await nodes.restorePower(victim.node);
    await waitFor('its broker is ready', async () => (await orders.pod(victim.name)).isReady, { deadlineMs: 90_000 });
    await orders.ready();
  });
  expect([await uids(), await orders.claims()]).toEqual([pods, claims]);
});

function pick<T>(list: readonly T[]): T {
  const found = list[below(list.length)];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
}

/** Events of the long form, each of which ends with a Cluster that is ready. */
const EVENTS: Readonly<Record<string, () => Promise<void>>> = {
  'scale out and in': async () => {
    for (const replicas of [5, 3]) {
      await orders.patch({ brokers: { replicas } });
      await orders.ready();
    }
  },
  roll: async () => {
    const before = await uids();
    await orders.kubectl(
      'annotate',
      '--overwrite',
      'wcl',
      'orders',
      `weir.dev/restart=${before.join('').slice(0, 90)}`,
    );
    await rolled(before);
  },
  'pod deleted': async () => {
    const pod = pick(await orders.pods());
    await orders.kubectl('delete', 'pod', pod.name);
    await rolledOne(pod);
  },
  'new disk': async () => {
    const pod = pick(await orders.pods());
    const before = await orders.claims();
    await orders.kubectl('annotate', '--overwrite', 'wcl', 'orders', `weir.dev/replace-node=${pod.name.slice(-1)}`);
    await rolledOne(pod);
    expect((await orders.claims()).get(`data-${pod.name}`)).not.toBe(before.get(`data-${pod.name}`));
    await orders.kubectl('annotate', 'wcl', 'orders', 'weir.dev/replace-node-');
  },
  'power cut': async () => {
    const { name } = pick(nodes.machines.filter((one) => one.name !== CLIENT_NODE));
    await nodes.cutPower(name);
    await delay(below(20_000));
    await nodes.restorePower(name);
    await waitFor('its pods are ready', async () => (await orders.pods()).every(({ isReady }) => isReady));
    await orders.ready();
  },
};

const holder = async (): Promise<string> =>
  String(at(await nodes.plane.get('lease', 'weir-operator', ...SYSTEM), 'spec', 'holderIdentity'));

/** Whichever operator works is killed at some moment, and another one works. */
async function killOperator(): Promise<void> {
  await delay(below(20_000));
  let killed = '';
  // The one that works may be on a node without power: then another one soon does.
  await waitFor(
    'the operator that works is killed',
    async () => {
      killed = await holder();
      const { items } = await nodes.plane.get('pods', ...SYSTEM);
      const pod = (items as readonly KubernetesObject[]).find(({ metadata: { name } }) => killed.startsWith(name));
      if (pod === undefined) return false;
      const { name, uid = '' } = pod.metadata;
      await nodes.machine(String(at(pod, 'spec', 'nodeName'))).killContainers(uid);
      // In the same pod it would be started later each time, after minutes in the end.
      await nodes.plane.kubectl('delete', 'pod', name, ...SYSTEM, '--grace-period=0', '--force', '--wait=false');
      return true;
    },
    { deadlineMs: 120_000, pollMs: 500 },
  );
  await waitFor('another operator works', async () => (await holder()) !== killed, {
    deadlineMs: 120_000,
    pollMs: 500,
  });
}

if (MINUTES > 0)
  step(
    'all of it again in any order, and the operator is killed in the midst of it',
    async () => {
      const end = performance.now() + MINUTES * 60_000;
      while (performance.now() < end) {
        const [name, event] = pick(Object.entries(EVENTS));
        await underLoad(name, async () => void (await Promise.all([event(), killOperator()])));
      }
    },
    MINUTES * 60_000 + 10 * STEP_MS,
  );

step('volumes grow, and nothing restarts', async () => {
  const before = await uids();
  await underLoad('volumes grown', async () => {
    await orders.patch({ brokers: { storage: { size: '2Gi' } } });
    const sizes = async (): Promise<string> =>
      orders.kubectl('get', 'pvc', '-o', 'jsonpath={.items[*].status.capacity.storage}');
    await waitFor('they have grown', async () => (await sizes()) === '2Gi 2Gi 2Gi');
    await orders.ready();
  });
  expect(await uids()).toEqual(before);
});

step('a status that is lost is found again, and nothing restarts', async () => {
  const before = await orders.pods();
  await running().progress('volumes grew');
  const nothing = JSON.stringify([{ op: 'remove', path: '/status' }]);
  await orders.kubectl('patch', 'wcl', 'orders', '--subresource=status', '--type=json', '-p', nothing);
  await orders.ready();
  await running().progress('the status is lost');
  expect(await orders.pods()).toEqual(before);
  expect(await orders.condition('Ready')).toMatch(/^True /);
});

step('a Cluster that is deleted and applied again has every record', async () => {
  await running().end();
  const claims = await orders.claims();
  await orders.kubectl('delete', 'wcl', 'orders', '--timeout=120s');
  await orders.gone();
  expect(await orders.claims()).toEqual(claims);
  const [claim = ''] = claims.keys();
  const id = await orders.kubectl('get', 'pvc', claim, '-o', 'jsonpath={.metadata.annotations.weir\\.dev/cluster-id}');
  const belongsTo = (cluster: string): Promise<string> =>
    orders.kubectl('annotate', '--overwrite', 'pvc', claim, `weir.dev/cluster-id=${cluster}`);
  await belongsTo(id.split('').reverse().join(''));
  await cluster(3);
  await waitFor('it has nothing to do with the volume of another cluster', async () => {
    return (await orders.condition('Stalled')) === 'True ClaimsDisagree';
  });
  expect(await orders.pods()).toEqual([]);
  await belongsTo(id);
  figure('with its own volumes again, to Ready', await orders.ready());
  await orders.ready('sharegroup', 'workers');
  expect(await orders.claims()).toEqual(claims);
  const { history, violations } = await running().judge(crashes);
  expect(violations).toEqual([]);
  figures.push(`${history.acknowledged.length} records acknowledged, ${history.acquired.length} deliveries`);
});

step('nothing is left after their namespaces', async () => {
  await nodes.plane.kubectl('delete', 'namespace', 'first', 'shop', CLIENTS, '--ignore-not-found', '--timeout=120s');
  const left = async (): Promise<string> =>
    nodes.plane.kubectl(
      'get',
      'pods,pvc,pv,weir',
      '-A',
      '-o',
      'name',
      '--field-selector',
      'metadata.namespace!=weir-system',
    );
  await waitFor('nothing is left', async () => (await left()).trim() === '');
  expect(await nodes.volumes()).toEqual([]);
});

test('the operator was denied nothing', async () => {
  const entries = (await nodes.plane.audit()).filter(({ user }) => user.username === OPERATOR);
  expect(entries.length).toBeGreaterThan(0);
  // What a namespace refuses that is about to go is not for want of a right.
  const isDenied = (one: AuditEntry): boolean => one.annotations?.['authorization.k8s.io/decision'] === 'forbid';
  expect(entries.filter(isDenied).map(describeEntry)).toEqual([]);
});

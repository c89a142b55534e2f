// Clients outside of Kubernetes (O18): each of the three ways in, over what stands in for machines' ports, load balancers and a proxy that
// goes by names.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Calls } from '../../broker/cli/local/calls.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { API_VERSION } from '../../operator/api/names.ts';
import { pathOf } from '../../operator/io/kubernetes/api-client.ts';
import type { KubernetesObject } from '../../operator/ports/kubernetes.ts';
import { createAuthority } from '../support/certificates.ts';
import { at } from '../support/kubernetes/rendered.ts';
import { TYPES } from '../support/kubernetes/types.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { type ClientImages, ensureClientImages } from './clients/images.ts';
import { ClientLoad } from './clients/load.ts';
import { clientsHere } from './clients/running.ts';
import { brokersOf } from './harness/brokers.ts';
import type { ControlPlane } from './harness/control-plane.ts';
import { Doors, type Place } from './harness/doors.ts';
import type { Kubelet } from './harness/kubelet.ts';
import { type Operated, startOperated } from './harness/operated.ts';

const STEP_MS = 400_000;
const CLUSTER = 'reached';
const INSIDE = `${CLUSTER}-bootstrap.default.svc.cluster.local:9092`;
const IDS = [0, 1, 2];
const PARTITIONS = 3;
const LOCK_MS = 30_000;
const PORTS = { balanced: 9094, ports: 9095, named: 9096 } as const;
const NAMES = { bootstrap: 'bootstrap.kafka.test', node: 'b-{id}.kafka.test', port: 9443 } as const;
const READY = ['--for=condition=Ready', '--timeout=180s'] as const;

let directory: string;
let images: ClientImages;
let operated: Operated;
let plane: ControlPlane;
let kubelet: Kubelet;
const doors = new Doors();
let uids: readonly string[];

const declared = (kind: string, name: string, spec: object) => ({
  apiVersion: API_VERSION,
  kind,
  metadata: { name },
  spec,
});

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-outside-'));
  images = await ensureClientImages();
  operated = await startOperated();
  ({ plane, kubelet } = operated);
  const listeners = [
    { name: 'plain', port: 9092 },
    { name: 'balanced', port: PORTS.balanced, type: 'loadbalancer' },
    { name: 'ports', port: PORTS.ports, type: 'nodeport' },
    { name: 'named', port: PORTS.named, type: 'hosts', hosts: NAMES },
  ];
  await plane.apply(declared('Cluster', CLUSTER, { brokers: { replicas: 3 }, listeners }));
  await plane.kubectl('wait', `cluster.weir.dev/${CLUSTER}`, ...READY);
  uids = await uidsOf();
}, STEP_MS);
afterAll(async () => {
  await doors.close();
  await operated?.stop();
  await rm(directory, { recursive: true, force: true });
}, 120_000);

/** A test of which pods' last words are told when it fails. */
function step(title: string, work: () => Promise<void>): void {
  const told = async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      const objects = await plane.kubectl('describe', 'weir', '-A');
      throw new Error([String(error), objects, kubelet.describe()].join('\n'), { cause: error });
    }
  };
  test(title, told, STEP_MS);
}

/** Pods that are there, with how often they were started again: what is told of them changes none. */
async function uidsOf(): Promise<readonly string[]> {
  const pods = await brokersOf(plane, CLUSTER);
  return pods.map(
    ({ metadata: { uid }, status }) => `${uid} ${String(at(status, 'containerStatuses', 0, 'restartCount'))}`,
  );
}

const service = (name: string): Promise<KubernetesObject> => plane.get('service', name);
const nodeService = (listener: string, id: number): string => `${CLUSTER}-broker-${id}-${listener}`;
const anyService = (listener: string): string => `${CLUSTER}-bootstrap-${listener}`;

/** Where the pod of a broker listens, if it is on this machine. */
async function podAt(id: number, port: number, machine?: string): Promise<Place | null> {
  const pod = (await brokersOf(plane, CLUSTER)).find(({ metadata }) => metadata.name === `${CLUSTER}-broker-${id}`);
  const isThere = machine === undefined || at(pod, 'spec', 'nodeName') === machine;
  return pod === undefined || !isThere ? null : { host: String(at(pod, 'status', 'podIP')), port };
}

/** Where brokers say that clients find each of them, to one who asked at a place. */
async function toldAt(place: Place): Promise<readonly string[]> {
  const calls = new Calls([place], { clientId: 'outside', requestTimeoutMs: 5_000 });
  try {
    const { brokers } = await calls.call(ApiKey.Metadata, () => ({ topics: [] }), { minVersion: 2 });
    return brokers.toSorted((a, b) => a.nodeId - b.nodeId).map(({ host, port }) => `${host}:${port}`);
  } finally {
    calls.close();
  }
}

/** Clients of a topic of their own begin; `hosts` are the names that they know. */
async function load(
  name: string,
  where: { readonly bootstrap: string; readonly inside?: string; readonly settings?: Readonly<Record<string, string>> },
  hosts = '',
): Promise<ClientLoad> {
  const clusterRef = { name: CLUSTER };
  const config = { 'min.insync.replicas': '2' };
  await plane.apply(
    declared('Topic', name, { clusterRef, partitions: PARTITIONS, replicationFactor: 3, config }),
    declared('ShareGroup', name, { clusterRef, topics: [name] }),
  );
  for (const kind of ['topic', 'sharegroup']) await plane.kubectl('wait', `${kind}.weir.dev/${name}`, ...READY);
  const own = join(directory, name);
  await mkdir(own, { recursive: true });
  const hostsFile = join(own, 'hosts');
  await writeFile(hostsFile, `127.0.0.1 localhost\n${hosts}`);
  const start = clientsHere(images, { directory: own, hostsFile });
  return ClientLoad.start({ start, ...where, topic: name, partitions: PARTITIONS, group: name, lockMs: LOCK_MS });
}

/** The clients' work comes to its end, and what they saw is right. */
async function ends(clients: ClientLoad): Promise<void> {
  try {
    const { history, violations } = await clients.finish([]);
    expect(violations).toEqual([]);
    expect(history.acknowledged.length).toBeGreaterThan(PARTITIONS);
  } finally {
    await clients.abandon();
  }
}

/** Gives the Service of a load balancer an address, at which it can be reached from then on. */
async function balance(name: string, target: () => Promise<Place | null>): Promise<string> {
  const host = kubelet.freeAddress();
  await doors.open({ host, port: PORTS.balanced }, target);
  await plane.patchStatus(pathOf(TYPES.services, { namespace: 'default', name }), {
    loadBalancer: { ingress: [{ ip: host }] },
  });
  return host;
}

step('who has no load balancer yet is told so, and served inside', async () => {
  const { status } = await plane.get('clusters.weir.dev', CLUSTER);
  const conditions = at(status, 'conditions');
  const pending = Array.isArray(conditions)
    ? conditions.find((one: unknown) => at(one, 'type') === 'AddressPending')
    : null;
  expect(pending).toMatchObject({
    status: 'True',
    message: expect.stringContaining('listener balanced of node 0, 1, 2'),
  });
});

step('clients come through load balancers as they get addresses, and other ones, and no pod is made anew', async () => {
  const { balanced: port } = PORTS;
  let next = 0;
  const anyPod = async (): Promise<Place | null> => podAt((next += 1) % IDS.length, port);
  const any = { host: await balance(anyService('balanced'), anyPod), port };
  const addresses: string[] = [];
  for (const id of IDS) addresses.push(`${await balance(nodeService('balanced', id), () => podAt(id, port))}:${port}`);
  const areTold = (): Promise<unknown> =>
    waitFor('all brokers tell where the load balancers are', async () => {
      const all = await Promise.all(IDS.map(async () => toldAt(any)));
      return all.every((told) => told.join() === addresses.join());
    });
  await areTold();
  const clients = await load('balanced', { bootstrap: `${any.host}:${port}` });
  addresses[1] = `${await balance(nodeService('balanced', 1), () => podAt(1, port))}:${port}`;
  await areTold();
  await clients.progress('another load balancer');
  await ends(clients);
  for (const address of addresses) expect(doors.counts.get(address.split(':')[0] ?? '')).toBeGreaterThan(0);
  expect(await uidsOf()).toEqual(uids);
});

step('clients come through the ports of machines', async () => {
  const portOf = async (name: string): Promise<number> =>
    Number(at(await service(name), 'spec', 'ports', 0, 'nodePort'));
  const pods = await brokersOf(plane, CLUSTER);
  const machines = pods.map(({ spec }) => String(at(spec, 'nodeName')));
  const { ports: port } = PORTS;
  const anyPort = await portOf(anyService('ports'));
  const addresses: string[] = [];
  for (const machine of machines) {
    const host = kubelet.machineAddress(machine);
    await doors.open({ host, port: anyPort }, () => podAt(0, port));
    // Traffic to one broker is taken by its own machine alone.
    for (const id of IDS)
      await doors.open({ host, port: await portOf(nodeService('ports', id)) }, () => podAt(id, port, machine));
  }
  for (const id of IDS)
    addresses.push(`${kubelet.machineAddress(machines[id] ?? '')}:${await portOf(nodeService('ports', id))}`);
  const [first = ''] = machines;
  const any = { host: kubelet.machineAddress(first), port: anyPort };
  await waitFor('brokers tell of the ports', async () => (await toldAt(any)).join() === addresses.join());
  await ends(await load('ports', { bootstrap: `${any.host}:${any.port}` }));
  for (const machine of machines) expect(doors.counts.get(kubelet.machineAddress(machine))).toBeGreaterThan(0);
  expect(await uidsOf()).toEqual(uids);
});

step('clients come through names that a proxy goes by', async () => {
  const names = [NAMES.bootstrap, ...IDS.map((id) => NAMES.node.replace('{id}', String(id)))];
  const authority = createAuthority('outside');
  const { named: port } = PORTS;
  const host = kubelet.freeAddress();
  await doors.openByName({ host, port: NAMES.port }, authority.issue(...names), async (name) => {
    const id = names.indexOf(name) - 1;
    return id < -1 ? null : podAt(Math.max(id, 0), port);
  });
  const own = join(directory, 'named', 'producer');
  await mkdir(own, { recursive: true });
  await writeFile(join(own, 'ca.pem'), authority.ca);
  const settings = {
    'security.protocol': 'SSL',
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': '/out/ca.pem',
  };
  const inside = await readFile(kubelet.hostsFile, 'utf8');
  const bootstrap = `${NAMES.bootstrap}:${NAMES.port}`;
  const clients = await load('named', { bootstrap, inside: INSIDE, settings }, `${host} ${names.join(' ')}\n${inside}`);
  await ends(clients);
  for (const name of names) expect([name, doors.counts.get(name) ?? 0]).not.toEqual([name, 0]);
  expect(await uidsOf()).toEqual(uids);
});

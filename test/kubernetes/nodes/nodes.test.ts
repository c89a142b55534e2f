// The nodes that the other tests here rely on: pods run, names lead to them, a cut node comes back, and nothing stays behind.
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mustRun } from '../../setup/run.ts';
import { waitFor } from '../../wire/harness/wait.ts';
import { Nodes, PAUSE } from '../harness/nodes/nodes.ts';

const OWN = `weir-nodes-${process.pid}`;
const CLAIM = {
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
};
const WAITING = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'waiting' },
  spec: {
    serviceName: 'waiting',
    replicas: 2,
    podManagementPolicy: 'Parallel',
    selector: { matchLabels: { app: 'waiting' } },
    template: {
      metadata: { labels: { app: 'waiting' } },
      spec: {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'kubernetes.io/hostname',
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchLabels: { app: 'waiting' } },
          },
        ],
        containers: [{ name: 'waiting', image: PAUSE, volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
      },
    },
    volumeClaimTemplates: [CLAIM],
  },
};

/** Where containerd and kubelets write whatever they are told. */
const ELSEWHERE = [
  '/run/containerd/s',
  '/var/lib/cni/results',
  '/var/log/containers',
  '/var/lib/kubelet/device-plugins',
];
const elsewhere = async (): Promise<readonly string[]> =>
  (await Promise.all(ELSEWHERE.map(async (path) => readdir(path).catch(() => [])))).flat();

let nodes: Nodes;
let before: readonly string[];

beforeAll(async () => {
  before = await elsewhere();
  nodes = await Nodes.start(2);
}, 300_000);
afterAll(async () => nodes?.stop(), 60_000);

const ready = (name: string, value = 'True'): Promise<string> =>
  nodes.plane.kubectl('wait', `--for=condition=Ready=${value}`, name, '--timeout=60s');

test('pods run on different nodes, with volumes of theirs', async () => {
  const service = { clusterIP: 'None', selector: { app: 'waiting' }, ports: [{ port: 80 }] };
  await nodes.plane.apply({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'waiting' }, spec: service }, WAITING);
  await waitFor('there are pods', async () => nodes.plane.kubectl('get', 'pod/waiting-0', 'pod/waiting-1'));
  for (const name of ['pod/waiting-0', 'pod/waiting-1']) await ready(name);
  const columns = 'jsonpath={.items[*].spec.nodeName}';
  expect((await nodes.plane.kubectl('get', 'pods', '-o', columns)).split(' ').sort()).toEqual(['node-1', 'node-2']);
  expect(await nodes.volumes()).toHaveLength(2);
}, 120_000);

test('who is beside them knows their names', async () => {
  const address = await nodes.plane.kubectl('get', 'pod/waiting-1', '-o', 'jsonpath={.status.podIP}');
  const found = async (): Promise<boolean> => {
    const lines: string[] = [];
    const name = 'waiting-1.waiting.default.svc.cluster.local';
    const child = await nodes.beside('getent', ['hosts', name], { onLine: (line) => lines.push(line) });
    await child.exited;
    return lines.some((line) => line.startsWith(`${address} `));
  };
  await waitFor('the name leads to the pod', found, { pollMs: 500 });
});

test('a node whose power is cut is missed, and comes back', async () => {
  await nodes.cutPower('node-2');
  await nodes.plane.kubectl('wait', '--for=condition=Ready=Unknown', 'node/node-2', '--timeout=60s');
  await nodes.restorePower('node-2');
  for (const name of ['pod/waiting-0', 'pod/waiting-1'])
    await ready(name).catch(async (error: unknown) => {
      const told = await nodes.plane.kubectl('describe', 'pods,nodes');
      throw new Error([String(error), told, nodes.describe()].join('\n'), { cause: error });
    });
}, 180_000);

test('nothing of them stays', async () => {
  await nodes.stop();
  expect(await elsewhere()).toEqual(before);
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  expect(mounts.split('\n').filter((line) => line.includes(OWN))).toEqual([]);
  expect((await readdir(tmpdir())).filter((name) => name.startsWith(`${OWN}-`))).toEqual([]);
  expect((await mustRun('ip', ['netns', 'list'])).includes(OWN)).toBe(false);
  const groups = await mustRun('find', ['/sys/fs/cgroup', '-maxdepth', '2', '-name', `${OWN}-*`]);
  expect(groups).toBe('');
  const processes = await mustRun('ps', ['-e', '-o', 'args']);
  expect(processes.split('\n').filter((line) => line.includes(OWN))).toEqual([]);
});

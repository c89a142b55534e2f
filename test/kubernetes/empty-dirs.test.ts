// Machines of a cluster whose disks go with its pods, drained one right after the other: the quorum must be whole again in between (O7).
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { API_VERSION } from '../../operator/api/names.ts';
import { PORTS } from '../../operator/io/kubernetes/objects/names.ts';
import { at } from '../support/kubernetes/rendered.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { brokersOf } from './harness/brokers.ts';
import { type Operated, startOperated, SYSTEM } from './harness/operated.ts';

const STEP_MS = 600_000;
const CLUSTER = 'spare';
const READY = ['--for=condition=Ready', '--timeout=180s'] as const;
const DRAIN = ['--ignore-daemonsets', '--delete-emptydir-data', '--force'] as const;

let operated: Operated;

beforeAll(async () => {
  operated = await startOperated();
  const of = (kind: string, name: string, spec: object) => ({
    apiVersion: API_VERSION,
    kind,
    metadata: { name },
    spec,
  });
  await operated.plane.apply(
    of('Cluster', CLUSTER, { brokers: { replicas: 3 }, config: { 'default.replication.factor': '3' } }),
    of('Topic', 'kept', { clusterRef: { name: CLUSTER }, partitions: 3 }),
  );
  await settled();
}, STEP_MS);
afterAll(() => operated?.stop(), 120_000);

async function settled(): Promise<void> {
  for (const one of [`cluster.weir.dev/${CLUSTER}`, 'topic.weir.dev/kept'])
    await operated.plane.kubectl('wait', one, ...READY);
}

async function operators(count: 0 | 1): Promise<void> {
  const { plane } = operated;
  await plane.kubectl('scale', 'deployment/weir-operator', ...SYSTEM, `--replicas=${count}`);
  if (count === 0) await plane.kubectl('wait', 'pod', '--all', ...SYSTEM, '--for=delete', '--timeout=60s');
}

const clusterId = async (): Promise<unknown> =>
  at((await operated.plane.get('clusters.weir.dev', CLUSTER))['status'], 'clusterId');

/** Why a broker is not ready. */
async function readinessOf(id: number): Promise<string> {
  const pod = (await brokersOf(operated.plane, CLUSTER)).find(({ metadata }) => metadata.name.endsWith(`-${id}`));
  const ip = at(pod, 'status', 'podIP');
  if (typeof ip !== 'string') return 'it does not run';
  const answer = await fetch(`http://${ip}:${PORTS.health}/readyz`).catch(() => null);
  return answer === null ? 'it does not answer' : answer.text();
}

test(
  'a drain takes no voter while another, back on an empty disk, does not vote yet',
  async () => {
    const { plane } = operated;
    const id = await clusterId();
    const pods = await brokersOf(plane, CLUSTER);
    const [first = '', second = '', third = ''] = pods.map((pod) => String(at(pod, 'spec', 'nodeName')));
    expect(new Set([first, second, third]).size).toBe(3);
    await operators(0);
    await plane.kubectl('drain', first, ...DRAIN, '--timeout=120s');
    await plane.kubectl('uncordon', first);
    await waitFor('it says what it lacks', async () => (await readinessOf(0)).includes('not the voter that it was'));
    const tried = await plane.tryKubectl(['drain', second, ...DRAIN, '--timeout=15s']);
    expect(tried).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('disruption budget') });
    await operators(1);
    for (const machine of [second, third]) {
      await plane.kubectl('drain', machine, ...DRAIN, '--timeout=180s');
      await plane.kubectl('uncordon', machine);
    }
    await settled();
    expect(await clusterId()).toBe(id);
    expect(await readinessOf(0)).toBe('ok\n');
  },
  STEP_MS,
);

// What an operator costs: `npm run bench -- --operator [--quick]`. Figures of reconciles come from the controllers over an API server
// and brokers in the same process; memory, start and the way of a change from `weir operator`, with a broker of its own as the Cluster.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { group, topic } from '../support/operator-manifests.ts';
import { ApiServer } from '../support/kubernetes/api-server.ts';
import { KubeWorld } from '../support/kubernetes/kube-world.ts';
import { MemoryApi } from '../support/kubernetes/memory-api.ts';
import { certify } from '../support/kubernetes/operator-stage.ts';
import { clusterOf, SITE } from '../support/kubernetes/rendered.ts';
import { TYPES } from '../support/kubernetes/types.ts';
import type { StatusOf } from '../../operator/core/conditions.ts';
import { systemClock } from '../../operator/io/system-clock.ts';
import { Operator } from '../../operator/main.ts';
import type { KubernetesObject } from '../../operator/ports/kubernetes.ts';
import { PodBroker } from './pod-broker.ts';
import { memoryOf } from './process.ts';

const NAMED = { name: 'c', namespace: 'default' };
const LEASE = { namespace: 'weir-system', name: 'weir-operator' };
const DEADLINE_MS = 120_000;
/** Listener of the broker, at the address of its pod. */
const BROKER_PORT = 39_092;
/** The operator of a process has listed everything and looked at it. */
const SETTLE_MS = 5000;

/** Lines for several numbers of ShareGroups. */
export async function measureOperator(options: {
  readonly directory: string;
  readonly program: string;
  readonly changes: number;
}): Promise<string> {
  const lines: string[] = [];
  for (const groups of [1, 1000]) lines.push(await measureProcess(groups, options));
  for (const groups of [1, 100, 1000]) lines.push(await measureReconciles(groups, options.changes));
  return lines.join('\n');
}

async function until(isSo: () => boolean, each: () => void = () => undefined): Promise<void> {
  if (!(await soon(isSo, 1, each))) throw new Error('the operator did not get there in time');
}

/** Looks every so many ms; false when it was not so in time. */
async function soon(isSo: () => boolean, everyMs: number, each: () => void = () => undefined): Promise<boolean> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!isSo()) {
    each();
    if (performance.now() > endMs) return false;
    await sleep(everyMs);
  }
  return true;
}

async function measureReconciles(groups: number, changes: number): Promise<string> {
  const world = new KubeWorld();
  const startMs = performance.now();
  const operator = new Operator(
    {
      api: new MemoryApi(world.store),
      leaseApi: new MemoryApi(world.store),
      dialer: world.dialer(),
      certify,
      clock: systemClock,
      random: Math.random,
      wallTime: () => new Date().toISOString().replace('Z', '000Z'),
      wallMs: Date.now,
    },
    { namespaces: [], lease: LEASE, identity: 'bench', site: SITE, workers: 4 },
    {
      lead: () => undefined,
      lost: () => undefined,
      trouble: () => undefined,
    },
  );
  const { stats } = operator;
  const looks: number[] = [];
  const look = stats.look.bind(stats);
  stats.look = async (key, work) => {
    const beginMs = performance.now();
    const result = await look(key, work);
    looks.push(performance.now() - beginMs);
    return result;
  };
  world.declare(clusterOf({ brokers: { replicas: 3, storage: { size: '1Gi' } } }, NAMED));
  world.declare(topic('t'));
  for (let n = 0; n < groups; n += 1) world.declare(group(`g${n}`, ['t']));
  const isDone = await soon(
    () => world.brokers.groups.size === groups && stats.steady > 0,
    1,
    () => {
      world.brokers.tick();
    },
  );
  const convergedMs = performance.now() - startMs;
  const calls = (): number => stats.calls.entries().reduce((sum, [, count]) => sum + count, 0);
  const waits: number[] = [];
  const [callsBefore, looksBefore] = [calls(), looks.length];
  for (let n = 1; isDone && n <= changes; n += 1) {
    const changeMs = performance.now();
    const config = new Map([['share.delivery.count.limit', String(2 + (n % 8))]]);
    world.declare(group('g0', ['t'], { config }));
    await until(() => world.brokers.groups.get('g0')?.config.get('share.delivery.count.limit') === String(2 + (n % 8)));
    waits.push(performance.now() - changeMs);
    await sleep(20);
  }
  const recent = looks.slice(looksBefore);
  const { size } = world.brokers.groups;
  const perLook = (calls() - callsBefore) / Math.max(1, recent.length);
  await operator.stop();
  if (!isDone) return `${groups} ShareGroups: ${size} as declared after ${DEADLINE_MS / 1000} s`;
  return [
    `${groups} ShareGroups: all as declared after ${(convergedMs / 1000).toFixed(1)} s`,
    `reconcile p50 ${at(recent, 0.5)} ms, p99 ${at(recent, 0.99)} ms`,
    `${perLook.toFixed(2)} API calls per reconcile`,
    `a change is applied after p50 ${at(waits, 0.5)} ms, p99 ${at(waits, 0.99)} ms`,
  ].join('; ');
}

function at(figures: readonly number[], part: number): string {
  const sorted = figures.toSorted((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN).toFixed(1);
}

/** The operator as users run it, over an API server in this process, and one broker as its Cluster. */
async function measureProcess(
  groups: number,
  { directory, program, changes }: { readonly directory: string; readonly program: string; readonly changes: number },
): Promise<string> {
  const server = new ApiServer();
  const url = await server.start();
  const { store } = server;
  const world = new KubeWorld(store);
  const own = join(directory, `${groups}-groups`);
  await mkdir(own);
  const broker = new PodBroker(store, { directory: own, program });
  world.declare(clusterOf({ brokers: { replicas: 1 }, listeners: [{ name: 'plain', port: BROKER_PORT }] }, NAMED));
  world.declare(topic('t'));
  for (let n = 0; n < groups; n += 1) world.declare(group(`g${n}`, ['t']));
  const kubeconfig = join(own, 'kubeconfig');
  await writeFile(kubeconfig, JSON.stringify(kubeconfigOf(url)));
  const startMs = performance.now();
  const args = [program, 'operator', '--kubeconfig', kubeconfig, '--http', '127.0.0.1:0'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => (text += String(chunk)));
  const isReady = (name: string): boolean => isReadyNow(store.find(TYPES.shareGroups, 'default', name));
  try {
    await until(() => text.includes('holds the Lease'));
    const leadMs = performance.now() - startMs;
    const ready = (): number => store.all(TYPES.shareGroups).filter(isReadyNow).length;
    const isDone = await soon(() => ready() === groups, 50);
    const doneMs = performance.now() - startMs;
    await sleep(SETTLE_MS);
    // The launcher runs the program in a process of its own where its Node is another one.
    const { rssMib, peakMib } = memoryOf(child.pid ?? 0);
    const waits: number[] = [];
    for (let n = 1; isDone && n <= changes; n += 1) {
      const changeMs = performance.now();
      const config = new Map([['share.delivery.count.limit', String(2 + (n % 8))]]);
      world.declare(group('g0', ['t'], { config }));
      await until(() => isReady('g0'));
      waits.push(performance.now() - changeMs);
      await sleep(20);
    }
    return [
      `${groups} ShareGroups on a Cluster of one broker: weir operator leads ${leadMs.toFixed(0)} ms after its start`,
      isDone
        ? `all are ready after ${(doneMs / 1000).toFixed(1)} s`
        : `${ready()} are ready after ${DEADLINE_MS / 1000} s`,
      `RSS ${rssMib.toFixed(0)} MiB, ${peakMib.toFixed(0)} MiB at most`,
      ...(isDone ? [`a change is applied and told after p50 ${at(waits, 0.5)} ms, p99 ${at(waits, 0.99)} ms`] : []),
    ].join('; ');
  } catch (error) {
    throw new Error(`${text.slice(-2000)}\n${broker.text.slice(-2000)}`, { cause: error });
  } finally {
    child.kill();
    await broker.stop();
    await server.stop();
  }
}

function kubeconfigOf(url: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'a',
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    clusters: [{ name: 'a', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'a', user: { token: 'x' } }],
  };
}

/** Whether it is as its manifest says now, by its status. */
function isReadyNow(object: KubernetesObject | null): boolean {
  const { status } = (object ?? {}) as { readonly status?: StatusOf<'ShareGroup'> };
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return status?.observedGeneration === object?.metadata.generation && ready?.status === 'True';
}

// What an operator costs: `npm run bench -- --operator [--quick]`. Figures of reconciles come from the controllers over an API server
// and brokers in the same process, memory and start from `weir operator` beside one.
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { group, topic } from '../support/operator-model.ts';
import { ApiServer } from '../support/kubernetes/api-server.ts';
import { KubeWorld } from '../support/kubernetes/kube-world.ts';
import { MemoryApi } from '../support/kubernetes/memory-api.ts';
import { certify } from '../support/kubernetes/operator-stage.ts';
import { clusterOf, SITE } from '../support/kubernetes/rendered.ts';
import { TYPES } from '../support/kubernetes/types.ts';
import { systemClock } from '../../operator/io/system-clock.ts';
import { Operator } from '../../operator/main.ts';
import { memoryOf } from './process.ts';

const NAMED = { name: 'c', namespace: 'default' };
const LEASE = { namespace: 'weir-system', name: 'weir-operator' };
const DEADLINE_MS = 120_000;
const WRITER = { manager: 'kubectl', subresource: '' } as const;
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
  // A thousand don't converge in a minute: every look writes one group and plans all of them.
  for (const groups of [1, 100]) lines.push(await measureReconciles(groups, options.changes));
  return lines.join('\n');
}

async function until(isSo: () => boolean, each: () => void = () => undefined): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!isSo()) {
    each();
    if (performance.now() > endMs) throw new Error('the operator did not get there in time');
    await sleep(1);
  }
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
  await until(
    () => world.brokers.groups.size === groups && stats.steady > 0,
    () => {
      world.brokers.tick();
    },
  );
  const convergedMs = performance.now() - startMs;
  const calls = (): number => stats.calls.entries().reduce((sum, [, count]) => sum + count, 0);
  const waits: number[] = [];
  const [callsBefore, looksBefore] = [calls(), looks.length];
  for (let n = 1; n <= changes; n += 1) {
    const changeMs = performance.now();
    const config = new Map([['share.delivery.count.limit', String(2 + (n % 8))]]);
    world.declare(group('g0', ['t'], { config }));
    await until(() => world.brokers.groups.get('g0')?.config.get('share.delivery.count.limit') === String(2 + (n % 8)));
    waits.push(performance.now() - changeMs);
    await sleep(20);
  }
  const recent = looks.slice(looksBefore);
  const perLook = (calls() - callsBefore) / Math.max(1, recent.length);
  await operator.stop();
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

async function measureProcess(
  groups: number,
  { directory, program }: { readonly directory: string; readonly program: string },
): Promise<string> {
  const server = new ApiServer();
  const url = await server.start();
  for (let n = 0; n < groups; n += 1) {
    const { spec } = group(`g${n}`, ['t']);
    const metadata = { name: `g${n}`, namespace: 'default' };
    const object = { apiVersion: 'weir.dev/v1alpha1', kind: 'ShareGroup', metadata, spec: { ...spec, config: {} } };
    server.store.create(TYPES.shareGroups, object, WRITER);
  }
  const kubeconfig = join(directory, 'kubeconfig');
  const cluster = { server: url, 'insecure-skip-tls-verify': true };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'a',
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    clusters: [{ name: 'a', cluster }],
    users: [{ name: 'a', user: { token: 'x' } }],
  };
  await writeFile(kubeconfig, JSON.stringify(config));
  const startMs = performance.now();
  const args = [program, 'operator', '--kubeconfig', kubeconfig, '--http', '127.0.0.1:0'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => (text += String(chunk)));
  try {
    await until(() => text.includes('holds the Lease'));
    const leadMs = performance.now() - startMs;
    await sleep(SETTLE_MS);
    // The launcher runs the program in a process of its own where its Node is another one.
    const { rssMib, peakMib } = memoryOf(child.pid ?? 0);
    return `${groups} ShareGroups: weir operator leads ${leadMs.toFixed(0)} ms after its start, RSS ${rssMib.toFixed(0)} MiB, ${peakMib.toFixed(0)} MiB at most`;
  } finally {
    child.kill();
    await server.stop();
  }
}

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from '@jest/globals';
import { run } from '../../broker/cli/run.ts';
import { PodDialer } from '../../broker/cli/operator/pod-dialer.ts';
import { encodeFormation } from '../../broker/core/config/formation.ts';
import { WEIR_LEVELS } from '../../broker/core/config/weir-levels.ts';
import { ApiServer } from '../support/kubernetes/api-server.ts';
import { KubeWorld } from '../support/kubernetes/kube-world.ts';
import { at, clusterOf } from '../support/kubernetes/rendered.ts';
import { TYPES } from '../support/kubernetes/types.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { Ground, until } from './program.ts';

const ground = new Ground();
const server = new ApiServer();
afterAll(async () => {
  await ground.clean();
  await server.stop();
});

/** A kubeconfig for a server; gives its path. */
function kubeconfigFor(url: string): string {
  const path = join(ground.directory(), 'config');
  const config = {
    'current-context': 'here',
    contexts: [{ name: 'here', context: { cluster: 'here', user: 'u' } }],
    clusters: [{ name: 'here', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: {} }],
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

/** Runs a verb in this process. */
async function weir(
  args: readonly string[],
  input = '',
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let [out, err] = ['', ''];
  const code = await run(args, {
    stdin: Readable.from([input]),
    out: (text) => (out += `${text}\n`),
    note: (text) => (err += `${text}\n`),
    isInteractive: false,
  });
  return { code, out, err };
}

const STATUS = { manager: 'weir-operator', subresource: 'status' } as const;

const holder = (): unknown =>
  at(server.store.find(TYPES.leases, 'weir-system', 'weir-operator'), 'spec', 'holderIdentity');

describe('weir operator', () => {
  it('works while it holds the Lease, gives it to the next one, and ends when it has lost it', async () => {
    const url = await server.start();
    const kubeconfig = kubeconfigFor(url);
    const world = new KubeWorld(server.store);
    const args = [
      'operator',
      '--kubeconfig',
      kubeconfig,
      '--lease-namespace',
      'weir-system',
      '--image',
      'weir:1',
      '--http',
      '127.0.0.1:0',
    ];
    const first = ground.run(args);
    await first.says(/holds the Lease and works/);
    world.declare(clusterOf({ brokers: { replicas: 1 } }, { name: 'orders', namespace: 'ns' }));
    await until('there is a pod', () => server.store.all(TYPES.pods).length === 1);
    const second = ground.run(args);
    await second.says(/a candidate for the Lease/);
    first.kill('SIGTERM');
    expect(await first.ended()).toBe(0);
    await second.says(/holds the Lease and works/);
    const lease = { namespace: 'weir-system', name: 'weir-operator' };
    server.store.update(TYPES.leases, lease, { manager: 'somebody', subresource: '' }, (live) => ({
      ...live,
      spec: { ...(live['spec'] as object), holderIdentity: 'another' },
    }));
    expect(await second.ended()).toBe(1);
    expect(second.all).toMatch(/has lost the Lease and ends/);
    expect(holder()).toBe('another');
    // What else an operator asks for keeps no renewal waiting.
    const connections = (ofLease: boolean) =>
      new Set(
        server.requests.flatMap(({ path, connection }) => (path.includes('/leases') === ofLease ? [connection] : [])),
      );
    const [renewing, others] = [connections(true), connections(false)];
    expect([renewing.size > 1, others.size > 1, renewing.isDisjointFrom(others)]).toEqual([true, true, true]);
  }, 180_000);

  it('plan: prints the way from nothing, beside a server and without one, and ends', async () => {
    const empty = new ApiServer();
    const kubeconfig = kubeconfigFor(await empty.start());
    const plan = ['operator', 'plan', '--kubeconfig', kubeconfig, '-f'];
    const beside = await weir([...plan, 'examples/quickstart.yaml']);
    expect([beside.code, beside.err]).toEqual([1, '']);
    const lines = beside.out.trim().split('\n');
    expect(lines[0]).toBe('Cluster quickstart, which is not there yet:');
    expect(lines).toContain('  ShareGroup workers: create topic jobs with 4 partitions');
    expect(empty.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
    await empty.stop();
    const without = ground.run([...plan, 'examples/quickstart.yaml']);
    expect([await without.ended(), without.out]).toEqual([1, beside.out]);
    expect(without.err).toMatch(/is not reachable.*: this is what would be done from nothing/);
    const input = 'apiVersion: weir.dev/v1alpha1\nkind: Topic\nmetadata: {name: a}\nspec: {clusterRef: {name: b}}\n';
    expect(await weir([...plan, '-'], input)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/standard input:4: Topic a: spec\.clusterRef\.name names Cluster b/),
    });
    // Addresses of pods are of either kind, and have no brackets.
    for (const http of ['127.0.0.1:0', ':0', 'fd00::1:0', '[fd00::1]:0'])
      expect((await weir(['operator', '--http', http, '--kubeconfig', 'nowhere'])).err).toMatch(/kubeconfig can't be/);
    expect((await weir(['operator', '--http', 'fd00::1:'])).err).toMatch(/--http must be/);
    for (const wrong of [['nowhere.yaml'], ['examples/quickstart.yaml', '--kubeconfig', 'nowhere']])
      expect((await weir(['operator', 'plan', '-f', ...wrong])).code).toBe(2);
  });

  it('ready: waits until an operator, a Cluster and brokers are ready, and says what is not', async () => {
    const own = new ApiServer();
    const kubeconfig = kubeconfigFor(await own.start());
    const world = new KubeWorld(own.store);
    const operator = ground.run(['operator', '--kubeconfig', kubeconfig, '--http', '127.0.0.1:0']);
    const [, http = ''] = await operator.says(/"http":(\d+)/);
    const out = `the operator at 127.0.0.1:${http} is ready\n`;
    const asked = ['operator', 'ready', '--http', `127.0.0.1:${http}`];
    expect(await weir(asked)).toEqual({ code: 0, out, err: '' });
    // Nobody is behind its pods.
    world.declare(clusterOf({ brokers: { replicas: 1 } }, { name: 'orders', namespace: 'ns' }));
    const cluster = ['operator', 'ready', '--kubeconfig', kubeconfig, '--cluster', 'orders', '--namespace', 'ns'];
    const waits = await weir([...cluster, '--timeout', '1']);
    expect([waits.code, waits.err]).toEqual([1, expect.stringMatching(/^weir: Cluster ns\/orders is not ready: /)]);
    operator.kill('SIGTERM');
    await operator.ended();
    expect((await weir([...asked, '--timeout', '1'])).err).toMatch(/ does not answer: .*ECONNREFUSED/);
    const judged = (behind: number): void => {
      const conditions = [{ type: 'Ready', status: 'True', message: 'all is well' }];
      own.store.update(TYPES.clusters, { namespace: 'ns', name: 'orders' }, STATUS, (live) => ({
        ...live,
        status: { observedGeneration: (live.metadata.generation ?? 0) - behind, conditions },
      }));
    };
    judged(0);
    const port = await ground.port(true);
    const silent = await weir([...cluster, '--bootstrap', `127.0.0.1:${port}`, '--timeout', '1']);
    expect([silent.code, silent.out]).toEqual([1, 'Cluster ns/orders is ready: all is well\n']);
    expect(silent.err).toMatch(new RegExp(`^weir: nobody answers at 127\\.0\\.0\\.1:${port}`));
    judged(1);
    const stale = await weir([...cluster, '--timeout', '1']);
    expect([stale.code, stale.err]).toEqual([1, expect.stringMatching(/no operator has seen it as it is now/)]);
    await own.stop();
  }, 120_000);

  it('asks brokers at the addresses of their pods, whatever they tell clients', async () => {
    const port = await ground.port(false);
    const directory = ground.directory();
    const file = join(directory, 'broker.properties');
    const settings = {
      'node.id': 0,
      listeners: `plain://127.0.0.1:${port}`,
      'advertised.listeners': `plain://nowhere.invalid.:${port}`,
      'log.dirs': join(directory, 'data'),
      'weir.grpc.port': port + 98,
      'weir.grpc.advertised.host': 'nowhere.invalid.',
    };
    writeFileSync(
      file,
      Object.entries(settings)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    const broker = ground.run(['broker', '--config', file]);
    await broker.says(/"event":"ready"/);
    const dialer = new PodDialer();
    const reach = { id: 0, host: '127.0.0.1', listenerPort: port, controlPort: port + 98, instance: 'a' };
    const meta = readFileSync(join(directory, 'data', 'meta.properties'), 'utf8');
    const told = (name: string): string => new RegExp(`^${name}=(\\S+)$`, 'm').exec(meta)?.[1] ?? '';
    const cluster = { namespace: 'ns', name: 'orders', clusterId: told('cluster.id'), tls: null };
    expect(await dialer.diskOf(cluster, reach)).toBe(told('directory.id'));
    await expect(dialer.diskOf(cluster, { ...reach, id: 1 })).rejects.toThrow('at 127.0.0.1 is node 0, not node 1');
    const admin = await dialer.connect(cluster, [reach]);
    const question = {
      topics: [],
      copies: new Map(),
      groups: [],
      settings: [],
      quorum: true,
      members: [],
      restarts: [0],
      replacements: [0],
      advertised: false,
      features: true,
    };
    const seen = await admin.observe({ ...question, brokers: [0, 1] });
    const features = { level: WEIR_LEVELS.length, next: WEIR_LEVELS.length };
    expect(seen).toMatchObject({ brokers: [0], quorum: { leaderId: 0 }, features });
    await admin.raiseFeature(WEIR_LEVELS.length);
    await expect(admin.raiseFeature(WEIR_LEVELS.length + 1)).rejects.toMatchObject({ code: 'INVALID_UPDATE_VERSION' });
    expect(seen.obstacles.has(0)).toBe(true);
    expect(seen.losses.has(0)).toBe(true);
    await admin.close();
    const ready = await weir(['operator', 'ready', '--bootstrap', `127.0.0.1:${port}`]);
    expect(ready).toEqual({ code: 0, out: `1 broker answers at 127.0.0.1:${port}\n`, err: '' });
  });

  it.each([
    ['has no metadata, and says so, where its cluster was formed', true],
    ['has some as soon as it has formed one', false],
  ])('asks a controller on an empty disk, which %s (O3)', async (_what, formed) => {
    const port = await ground.port(false);
    const directory = ground.directory();
    const clusterId = 'hEcOm4jcSU6sTYlH3TKGmQ';
    const record = join(directory, 'formation.json');
    const initialVoters = [{ id: 0, directoryId: 'AbcdefghijklmnopqrstuA' }];
    writeFileSync(record, encodeFormation({ clusterId, initialVoters, formed }));
    const settings = {
      'node.id': 0,
      listeners: `plain://127.0.0.1:${port}`,
      'log.dirs': join(directory, 'data'),
      'weir.grpc.port': port + 98,
      'weir.cluster.id': clusterId,
      'weir.formation.file': record,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(join(directory, 'broker.properties'), lines.join(''));
    ground.run(['broker', '--config', join(directory, 'broker.properties')]);
    const cluster = { namespace: 'ns', name: 'orders', clusterId, tls: null };
    const reach = { id: 0, host: '127.0.0.1', listenerPort: port, controlPort: port + 98, instance: 'a' };
    const dialer = new PodDialer();
    await waitFor('it says so', async () => (await dialer.hasNoMetadata(cluster, reach)) === formed);
  });
});

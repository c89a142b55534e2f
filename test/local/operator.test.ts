import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { PodDialer } from '../../broker/cli/operator/pod-dialer.ts';
import { ApiServer } from '../support/kubernetes/api-server.ts';
import { KubeWorld } from '../support/kubernetes/kube-world.ts';
import { at, clusterOf } from '../support/kubernetes/rendered.ts';
import { TYPES } from '../support/kubernetes/types.ts';
import { Ground, until } from './program.ts';

const ground = new Ground();
const server = new ApiServer();
afterAll(async () => {
  await ground.clean();
  await server.stop();
});

const holder = (): unknown =>
  at(server.store.find(TYPES.leases, 'weir-system', 'weir-operator'), 'spec', 'holderIdentity');

describe('weir operator', () => {
  it('works while it holds the Lease, gives it to the next one, and ends when it has lost it', async () => {
    const url = await server.start();
    const kubeconfig = join(ground.directory(), 'config');
    const config = {
      'current-context': 'here',
      contexts: [{ name: 'here', context: { cluster: 'here', user: 'u' } }],
      clusters: [{ name: 'here', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: {} }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
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
  }, 180_000);

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
    };
    const seen = await admin.observe({ ...question, brokers: [0, 1] });
    expect(seen).toMatchObject({ brokers: [0], quorum: { leaderId: 0 } });
    expect(seen.obstacles.has(0)).toBe(true);
    expect(seen.losses.has(0)).toBe(true);
    await admin.close();
  });
});

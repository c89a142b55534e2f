// The image's operator beside an API server in memory: what it makes of a Cluster needs all parts of the bundle.
import { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { KubernetesObject } from '../../operator/ports/kubernetes.ts';
import { ApiServer } from '../support/kubernetes/api-server.ts';
import { KubeWorld } from '../support/kubernetes/kube-world.ts';
import { at, clusterOf } from '../support/kubernetes/rendered.ts';
import { TYPES } from '../support/kubernetes/types.ts';
import { GiveUp, waitFor } from '../wire/harness/wait.ts';
import { ImageRoot } from './harness/container.ts';

const SETUP_MS = 40 * 60_000;
const READY_MS = 120_000;
const NODE = 'orders-broker-0';

let root: ImageRoot;
let directory: string;
const server = new ApiServer();
const world = new KubeWorld(server.store);

beforeAll(async () => {
  root = await ImageRoot.open();
  directory = await mkdtemp(join(tmpdir(), 'weir-image-test-'));
  const kubeconfig = {
    'current-context': 'here',
    contexts: [{ name: 'here', context: { cluster: 'here', user: 'somebody' } }],
    clusters: [{ name: 'here', cluster: { server: await server.start(), 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'somebody', user: {} }],
  };
  await mkdir(join(directory, 'kube'));
  await writeFile(join(directory, 'kube', 'config'), JSON.stringify(kubeconfig));
}, SETUP_MS);

afterAll(async () => {
  await root.close();
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

/** A PEM of a Secret. */
function pem(secret: KubernetesObject | null, key: string): string {
  return Buffer.from(String(at(secret, 'data', key)), 'base64').toString();
}
const secret = (name: string): KubernetesObject | null => server.store.find(TYPES.secrets, 'ns', name);

test(
  'makes of a Cluster its pod, with certificates of an authority of its own',
  async () => {
    const lines: string[] = [];
    const operator = await root.start({
      args: ['operator', '--kubeconfig', '/etc/weir/kube/config', '--lease-namespace', 'ns', '--http', '127.0.0.1:0'],
      volumes: { '/etc/weir/kube': join(directory, 'kube') },
      onLine: (line) => lines.push(line),
    });
    world.declare(clusterOf({ brokers: { replicas: 1 } }, { name: 'orders', namespace: 'ns' }));
    try {
      await waitFor(
        'there is a pod',
        () => {
          if (operator.exitCode !== null) throw new GiveUp('it has ended');
          return server.store.all(TYPES.pods).length === 1;
        },
        { deadlineMs: READY_MS },
      );
    } catch (error) {
      throw new Error([String(error), ...lines, operator.tail()].join('\n'), { cause: error });
    }
    const authority = new X509Certificate(pem(secret('orders-node-tls'), 'ca.crt'));
    expect([authority.ca, authority.verify(authority.publicKey)]).toEqual([true, true]);
    for (const [name, key] of [
      ['orders-node-tls', `${NODE}.crt`],
      ['orders-operator-tls', 'tls.crt'],
    ] as const) {
      const certificate = new X509Certificate(pem(secret(name), key));
      expect([key, certificate.verify(authority.publicKey)]).toEqual([key, true]);
      expect(certificate.subjectAltName).toMatch(/URI:weir:\/\/[^/]+\/(node\/\d|operator)/);
    }
    expect(lines.filter((line) => /"level":[56]0/.test(line))).toEqual([]);
  },
  2 * READY_MS,
);

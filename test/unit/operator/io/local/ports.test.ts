import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../../operator/api/kinds.ts';
import { assignPorts, checkPortFree, findFreePort } from '../../../../../operator/io/local/ports.ts';

function cluster(name: string, replicas: number, listeners: Readonly<Record<string, number>>): Cluster {
  return {
    kind: 'Cluster',
    metadata: { name, namespace: 'default' },
    spec: {
      brokers: { replicas },
      listeners: Object.entries(listeners).map(([listener, port]) => ({ name: listener, port })),
      config: new Map(),
    },
  };
}

const ports = (clusters: readonly Cluster[], base: number | null = null): string[] =>
  assignPorts(clusters, base).map((use) => `${use.cluster}/${use.node}/${use.listener}:${use.port}`);

describe('ports', () => {
  it('are those declared, ten further for each node', () => {
    expect(ports([cluster('a', 3, { plain: 9092 })])).toEqual(['a/0/plain:9092', 'a/1/plain:9102', 'a/2/plain:9112']);
  });

  it('all move with the first listener', () => {
    expect(ports([cluster('a', 1, { plain: 9092, other: 9094 }), cluster('b', 1, { plain: 9192 })], 19092)).toEqual([
      'a/0/plain:19092',
      'a/0/other:19094',
      'b/0/plain:19192',
    ]);
  });

  it.each([
    [
      'two clusters',
      [cluster('a', 1, { plain: 9092 }), cluster('b', 1, { plain: 9092 })],
      'port 9092 is wanted twice: by listener plain of node 0 of cluster a and by listener plain of node 0 of cluster b',
    ],
    [
      'two nodes',
      [cluster('a', 2, { plain: 9092, other: 9102 })],
      'port 9102 is wanted twice: by listener other of node 0 of cluster a and by listener plain of node 1 of cluster a',
    ],
  ])('that %s want are refused by name', (_name, clusters, message) => {
    expect(() => ports(clusters)).toThrow(message);
  });

  it('beyond the last port are refused', () => {
    expect(() => ports([cluster('a', 2, { plain: 65_530 })])).toThrow(
      'port 65540 of listener plain of node 1 of cluster a is not between 1 and 65535',
    );
  });

  it('that are taken are named', async () => {
    const server = createServer();
    const port = await findFreePort('127.0.0.1');
    await checkPortFree('127.0.0.1', port, 'x');
    await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port }, resolve));
    try {
      await expect(checkPortFree('127.0.0.1', port, 'listener plain')).rejects.toMatchObject({
        code: 'PORT_TAKEN',
        fatal: true,
        message: `port ${port} on 127.0.0.1 is taken by another program (listener plain needs it); stop that program or choose another port with --port`,
      });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

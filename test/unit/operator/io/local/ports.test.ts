import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../../operator/api/kinds.ts';
import { assignPorts, checkPortFree, findFreePort } from '../../../../../operator/io/local/ports.ts';

function cluster(
  name: string,
  replicas: number,
  listeners: Readonly<Record<string, number>>,
  controllers?: number,
): Cluster {
  return {
    kind: 'Cluster',
    metadata: { name, namespace: 'default' },
    spec: {
      brokers: { replicas },
      ...(controllers === undefined ? {} : { controllers: { replicas: controllers } }),
      listeners: Object.entries(listeners).map(([listener, port]) => ({ name: listener, port, type: 'internal' })),
      config: new Map(),
    },
  };
}

const ports = (clusters: readonly Cluster[], base: number | null = null): string[] =>
  assignPorts(clusters, base).map((use) => `${use.cluster}/${use.node}/${use.listener ?? '*'}:${use.port}`);

describe('ports', () => {
  it('are those declared, ten further for each node, and one for its control plane', () => {
    expect(ports([cluster('a', 3, { plain: 9092 })])).toEqual([
      'a/0/plain:9092',
      'a/0/*:9190',
      'a/1/plain:9102',
      'a/1/*:9200',
      'a/2/plain:9112',
      'a/2/*:9210',
    ]);
  });

  it('of controllers stay the same when brokers are added', () => {
    const own = (brokers: number): string[] =>
      ports([cluster('a', brokers, { plain: 9092 }, 3)]).filter((use) => use.startsWith('a/1'));
    expect(own(1)).toEqual(['a/1000/*:9195', 'a/1001/*:9205', 'a/1002/*:9215']);
    expect(own(20)).toEqual(expect.arrayContaining(own(1)));
  });

  it('all move with the first listener', () => {
    expect(ports([cluster('a', 1, { plain: 9092, other: 9094 }), cluster('b', 1, { plain: 9192 })], 19092)).toEqual([
      'a/0/plain:19092',
      'a/0/other:19094',
      'a/0/*:19190',
      'b/0/plain:19192',
      'b/0/*:19290',
    ]);
  });

  it.each([
    [
      'two clusters',
      [cluster('a', 1, { plain: 9092 }), cluster('b', 1, { plain: 9092 })],
      'port 9092 is wanted twice: by listener plain of node 0 of cluster a and by listener plain of node 0 of cluster b',
    ],
    [
      'a listener and a control plane',
      [cluster('a', 2, { plain: 9092, other: 9200 })],
      'port 9200 is wanted twice: by listener other of node 0 of cluster a and by the control plane of node 1 of cluster a',
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
    expect(() => ports([cluster('a', 2, { plain: 9092, other: 65_530 })])).toThrow(
      'port 65540 of listener other of node 1 of cluster a is not between 1 and 65535',
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

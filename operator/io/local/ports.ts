import { createServer } from 'node:net';
import type { Cluster } from '../../api/kinds.ts';
import { codeOf, OperatorError } from '../../ports/operator-error.ts';

/** A listener's port on one node. */
export interface PortUse {
  readonly cluster: string;
  readonly node: number;
  readonly listener: string;
  readonly port: number;
}

/** Distance between the ports of one listener on neighbouring nodes. */
export const PORT_STEP = 10;
const PORT_MAX = 65_535;

/**
 * The port of every listener of every node: declared + 10·node, all moved so that the first listener of the first
 * cluster has `basePort` (null: as declared). A clash or a port out of range is an `OperatorError` that names both.
 */
export function assignPorts(clusters: readonly Cluster[], basePort: number | null): readonly PortUse[] {
  const first = clusters[0]?.spec.listeners[0]?.port;
  const shift = basePort === null || first === undefined ? 0 : basePort - first;
  const uses: PortUse[] = [];
  const byPort = new Map<number, PortUse>();
  for (const cluster of clusters) {
    for (let node = 0; node < cluster.spec.brokers.replicas; node += 1) {
      for (const listener of cluster.spec.listeners) {
        const port = listener.port + shift + PORT_STEP * node;
        const use = { cluster: cluster.metadata.name, node, listener: listener.name, port };
        const other = byPort.get(port);
        if (other !== undefined)
          throw fault('PORT_CLASH', `port ${port} is wanted twice: by ${describe(other)} and by ${describe(use)}`);
        if (port < 1 || port > PORT_MAX)
          throw fault('PORT_RANGE', `port ${port} of ${describe(use)} is not between 1 and ${PORT_MAX}`);
        byPort.set(port, use);
        uses.push(use);
      }
    }
  }
  return uses;
}

function describe(use: PortUse): string {
  return `listener ${use.listener} of node ${use.node} of cluster ${use.cluster}`;
}

function fault(code: string, message: string): OperatorError {
  return new OperatorError(code, message, { fatal: true });
}

/** Fails with `PORT_TAKEN` when another program listens on the port (or it is not allowed, or not ours to use). */
export async function checkPortFree(host: string, port: number, what: string): Promise<void> {
  const code = await tryListen(host, port);
  if (code === '') return;
  if (code === 'EADDRINUSE') {
    throw fault(
      'PORT_TAKEN',
      `port ${port} on ${host} is taken by another program (${what} needs it); stop that program or choose another port with --port`,
    );
  }
  throw fault('PORT_REFUSED', `cannot listen on ${host} port ${port} for ${what}: ${code}`);
}

/** '' or the errno name. */
function tryListen(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => {
      resolve(codeOf(error) === '' ? 'EUNKNOWN' : codeOf(error));
    });
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => {
        resolve('');
      });
    });
  });
}

/** A port that nobody uses now. */
export function findFreePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port: 0 }, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => {
        resolve(port);
      });
    });
  });
}

import { createServer } from 'node:net';
import { type Cluster, FIRST_CONTROLLER_ID } from '../../api/kinds.ts';
import { codeOf, OperatorError } from '../../ports/operator-error.ts';

/** The port of a listener, or of the control plane, on one node. */
export interface PortUse {
  readonly cluster: string;
  readonly node: number;
  /** null: the control plane. */
  readonly listener: string | null;
  readonly port: number;
}

/** Distance between the ports of one listener on neighbouring nodes. */
const PORT_STEP = 10;
const PORT_MAX = 65_535;
/** From the first listener of a node to its control plane: 9092 to 9190 (O6). */
const CONTROL_DISTANCE = 98;
/** Controllers that are no brokers have theirs between those of the brokers. */
const OWN_CONTROLLER_SHIFT = 5;

/** What of each node of a cluster needs a port: its listeners, which only brokers have, and its control plane. */
export function portsNeeded(cluster: Cluster): readonly Omit<PortUse, 'port'>[] {
  const { brokers, controllers, listeners } = cluster.spec;
  const uses: Omit<PortUse, 'port'>[] = [];
  const add = (node: number, listener: string | null): void => {
    uses.push({ cluster: cluster.metadata.name, node, listener });
  };
  for (let node = 0; node < brokers.replicas; node += 1) {
    for (const { name } of listeners) add(node, name);
    add(node, null);
  }
  for (let n = 0; n < (controllers?.replicas ?? 0); n += 1) add(FIRST_CONTROLLER_ID + n, null);
  return uses;
}

/**
 * The port of everything that needs one: of a listener as declared + 10·node, of a control plane 98 beyond the first
 * listener's, all moved so that the first listener of the first cluster has `basePort` (null: as declared). A clash or a
 * port out of range is an `OperatorError` that names both.
 */
export function assignPorts(clusters: readonly Cluster[], basePort: number | null): readonly PortUse[] {
  const first = clusters[0]?.spec.listeners[0]?.port;
  const shift = basePort === null || first === undefined ? 0 : basePort - first;
  const uses: PortUse[] = [];
  const byPort = new Map<number, PortUse>();
  for (const cluster of clusters) {
    for (const needed of portsNeeded(cluster)) {
      const use = { ...needed, port: declaredPort(cluster, needed) + shift };
      const { port } = use;
      const other = byPort.get(port);
      if (other !== undefined)
        throw fault(
          'PORT_CLASH',
          `port ${port} is wanted twice: by ${describePort(other)} and by ${describePort(use)}`,
        );
      if (port < 1 || port > PORT_MAX)
        throw fault('PORT_RANGE', `port ${port} of ${describePort(use)} is not between 1 and ${PORT_MAX}`);
      byPort.set(port, use);
      uses.push(use);
    }
  }
  return uses;
}

function declaredPort(cluster: Cluster, { node, listener }: Omit<PortUse, 'port'>): number {
  const { listeners } = cluster.spec;
  if (listener !== null) return (listeners.find((one) => one.name === listener)?.port ?? 0) + PORT_STEP * node;
  const first = (listeners[0]?.port ?? 0) + CONTROL_DISTANCE;
  if (node < FIRST_CONTROLLER_ID) return first + PORT_STEP * node;
  return first + OWN_CONTROLLER_SHIFT + PORT_STEP * (node - FIRST_CONTROLLER_ID);
}

/** What a port is for, in words. */
export function describePort({ cluster, node, listener }: Omit<PortUse, 'port'>): string {
  const what = listener === null ? 'the control plane' : `listener ${listener}`;
  return `${what} of node ${node} of cluster ${cluster}`;
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

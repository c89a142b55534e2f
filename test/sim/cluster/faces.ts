import type { SimNode } from '../node.ts';
import type { Served } from '../stage.ts';
import type { Workload } from './workload.ts';

/** Brokers as their clients meet them. */
export function servedBy({ brokers: faces }: Pick<Workload, 'brokers'>, nodes: readonly SimNode[]): Served {
  const brokers = nodes.filter(({ id }) => faces.some((face) => face.id === id));
  return {
    bootstrap: faces,
    get isReady() {
      return brokers.every((node) => node.isReady);
    },
    addressOf,
    idAt: (address) => brokers.find((node) => node.address === address)?.id ?? -1,
    runs: (address) =>
      address === null || brokers.some((node) => node.address === address && (node.isReady || node.isStopping)),
  };
}

/** Address of a node's machine. */
export function addressOf(id: number): string {
  return `10.0.0.${id + 1}`;
}

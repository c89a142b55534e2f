import type { SimNode } from '../node.ts';
import type { World } from '../world.ts';

/** How long nodes have each other's disks, ms. */
const EXCHANGED_MS = 3000;

/** What disks are exchanged with. */
export interface ExchangeDeps {
  readonly world: World;
  /** Nodes that have another's disk: they must not run. */
  readonly exchanged: Set<number>;
  readonly problems: string[];
  readonly trouble: (node: SimNode, forMs: number) => void;
  readonly start: (node: SimNode) => void;
}

/** Two nodes get each other's disks, refuse them, and get their own back (V11). */
export function exchangeDisks(
  both: readonly [SimNode, SimNode],
  { world, exchanged, problems, trouble, start }: ExchangeDeps,
): void {
  const [node, other] = both;
  world.trace(`strike: nodes ${node.id} and ${other.id} exchange disks`);
  for (const one of both) {
    one.crash('process');
    one.disk.settle();
    exchanged.add(one.id);
    trouble(one, 10_000);
  }
  const [first, second] = [node.disk.image(), other.disk.image()];
  node.disk.restore(second);
  other.disk.restore(first);
  for (const one of both) one.start();
  world.schedule(EXCHANGED_MS, () => {
    for (const one of both) {
      if (one.isReady) problems.push(`V11: node ${one.id} works with the disk of another`);
      if (one.isAlive) one.crash('process');
    }
    node.disk.restore(first);
    other.disk.restore(second);
    for (const one of both) {
      exchanged.delete(one.id);
      start(one);
    }
  });
}

import { Buffer } from 'node:buffer';
import type { Prng } from '../../../broker/core/base/prng.ts';
import type { SimNode } from '../node.ts';
import type { World } from '../world.ts';

/** How far from the end of a log its tail reaches here, bytes. */
const TAIL_SIZE = 300;
const RECORDS_FILE = /\/(?<topic>[^/]+)-\d+\/\d+\.log$/;

/** What rots records. */
export interface LogRotDeps {
  readonly world: World;
  readonly prng: Prng;
  /** Topics whose partitions have several replicas. */
  readonly copied: ReadonlySet<string>;
}

/** Files with records that others have, too. */
function filesOf(
  node: SimNode,
  copied: ReadonlySet<string>,
): readonly { readonly path: string; readonly size: number }[] {
  return node.disk
    .files()
    .filter(({ path, size }) => size > 0 && copied.has(RECORDS_FILE.exec(path)?.groups?.['topic'] ?? ''));
}

/** Whether a node holds records that others have, too. */
export function holdsCopies(node: SimNode, { copied }: Pick<LogRotDeps, 'copied'>): boolean {
  return filesOf(node, copied).length > 0;
}

/**
 * A bit of each of some partitions' logs changes, at its end or anywhere, while the process is down. Gives what tells whether any is
 * still so: what nobody reads rots on.
 */
export function rotLogs(node: SimNode, { world, prng, copied }: LogRotDeps): () => boolean {
  const rots = filesOf(node, copied).filter(() => prng.chance(0.7));
  const spoiled = rots.map(({ path, size }) => {
    const reach = prng.chance(0.5) ? Math.min(TAIL_SIZE, size) : size;
    const position = size - 1 - prng.below(reach);
    world.trace(`strike: byte ${position} of ${size} of ${path} of node ${node.id} rots`);
    const rotten = (node.disk.peek(path)?.[position] ?? 0) ^ (1 << prng.below(8));
    node.disk.poke(path, position, Buffer.from([rotten]));
    return { path, position, rotten };
  });
  return () => {
    const there = new Set(node.disk.files().map(({ path }) => path));
    return spoiled.some(({ path, position, rotten }) => there.has(path) && node.disk.peek(path)?.[position] === rotten);
  };
}

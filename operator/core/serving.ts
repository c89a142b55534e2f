import type { AdminObservation, NodeObservation } from './observed.ts';

/**
 * Whether a node serves: it is ready, or a broker that is not fenced, as one is that serves while the quorum misses it as a controller (O7).
 * Whoever is counted as serving here may hold what nobody else has.
 */
export function serves(node: NodeObservation | undefined, admin: AdminObservation | null): boolean {
  if (node === undefined) return false;
  return node.ready || (node.phase !== 'stopped' && admin?.unfenced.includes(node.id) === true);
}

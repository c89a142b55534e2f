import type { Formation } from '../../broker/core/config/formation.ts';
import type { Cluster } from '../api/kinds.ts';
import type { Condition } from '../core/desired.ts';
import type { HostObservation, NodeMark } from '../core/observed.ts';
import type { NodeSpec } from '../core/steps.ts';

/** What was in the way of preparing: somebody has to change something first. */
export interface Prepared {
  /** Why nothing may be done. */
  readonly blocked: readonly Condition[];
  /** What can't be as the manifest has it: no node is touched meanwhile, and topics and groups are worked on. */
  readonly refused: readonly Condition[];
}

/** Nothing was. */
export const PREPARED: Prepared = { blocked: [], refused: [] };

/**
 * Where the nodes of one cluster live: pods, or processes of this machine. Each call returns when the change is under
 * way, not when it is complete: the next observation tells. Failures are `OperatorError`s.
 */
export interface NodeHost {
  /**
   * Brings what surrounds the nodes to what the manifest says, before anything is planned; none runs or stops by it. Absent where nothing
   * surrounds them.
   */
  prepare?(cluster: Cluster): Promise<Prepared>;
  observe(): Promise<HostObservation>;
  /** Fixes the cluster's identity, once; gives the existing one back when there is one (V11). */
  form(initialVoters: readonly number[]): Promise<Formation>;
  /** Makes the node, marked as `joining` when it's a broker and the cluster is formed already, and starts it; nothing changes when it runs with this spec already. */
  ensure(node: NodeSpec): Promise<void>;
  /** Stops the node and starts it with this spec. */
  restart(node: NodeSpec, reason: string): Promise<void>;
  /** Stops the node for good. Its data stays. */
  remove(id: number): Promise<void>;
  /**
   * Deletes the node's disk and ends the node, which comes back with an empty one; that this disk was to go is remembered before anything
   * is deleted (`NodeObservation.replacement`). Absent where disks aren't replaced.
   */
  replaceDisk?(id: number): Promise<void>;
  /** Keeps the mark with the node's data, durably. */
  mark(id: number, mark: NodeMark | null): Promise<void>;
  /** Deletes the data of a node that is stopped. */
  discard(id: number): Promise<void>;
}

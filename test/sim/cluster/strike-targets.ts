import type { Prng } from '../../../broker/core/base/prng.ts';
import type { ReplicaKey } from '../../../broker/core/raft/types.ts';
import type { SimControlNetwork } from '../control-net.ts';
import type { DiskImage } from '../disk-tree.ts';
import type { SimNode } from '../node.ts';
import type { World } from '../world.ts';
import type { SimOperator } from './operator.ts';
import type { ClusterPlan } from './plan.ts';

/** What strikes act on. */
export interface StrikeTargets {
  readonly world: World;
  readonly prng: Prng;
  readonly network: SimControlNetwork;
  readonly operator: SimOperator;
  /** The last change of voters that a leader sent, committed or not; none before the first. */
  readonly latestVoters: () => readonly ReplicaKey[];
  readonly nodes: readonly SimNode[];
  readonly plan: ClusterPlan;
  /** Moves a partition to other replicas; false when there is none that could be moved. */
  readonly reassign: () => boolean;
  /** Every partition that has several replicas has them in sync. */
  readonly isInSync: () => boolean;
  /** Topics whose partitions have several replicas. */
  readonly copied: ReadonlySet<string>;
  /** Where a broker is in sync, and so is another one that may lead; as far as anybody was told. */
  readonly replaceable: (id: number) => readonly { readonly name: string; readonly leads: boolean }[];
  /** Leaders that the quorum has had. */
  readonly leaderCount: () => number;
  /** Runs something when a node next tells a leader that a log of it has become shorter. */
  readonly whenCut: (node: SimNode, then: () => void) => void;
  /** An empty disk with what a node needs to find its cluster. */
  readonly emptyDisk: (node: SimNode) => DiskImage;
}

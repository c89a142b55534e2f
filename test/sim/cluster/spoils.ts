import type { ReplicaKey } from '../../../broker/core/raft/types.ts';
import type { SimNode } from '../node.ts';
import type { World } from '../world.ts';
import type { SimOperator } from './operator.ts';

/** What the book has to know of a node. */
type Spoiled = Pick<SimNode, 'id' | 'isReady'>;

/** How long a node is left alone before its disk is asked about, and before it counts as well, ms. */
const LOOK_AFTER_MS = 5000;
const LOOK_EVERY_MS = 1000;
const WELL_MS = 3000;

/** What the book is kept with. */
export interface SpoilsDeps {
  readonly world: World;
  readonly operator: Pick<SimOperator, 'voters' | 'isSettled' | 'isCaughtUp'>;
  /** The last change of voters that a leader sent, committed or not; none before the first. */
  readonly latestVoters: () => readonly ReplicaKey[];
  /** Every partition that has several replicas has them in sync. */
  readonly isInSync: () => boolean;
  readonly isController: (node: Spoiled) => boolean;
  /** Whether a node was left alone for so long. */
  readonly isWell: (id: number, forMs: number) => boolean;
}

/** Which disks may have forgotten something: never more at a time than quorum and replicas can do without (V10, V11, KIP-966). */
export class Spoils {
  /** Nodes whose syncs do nothing for now. */
  readonly liars = new Set<number>();
  /** The one controller whose disk may have forgotten something, until it is whole or replaced; and whether it rotted. */
  voter: number | null = null;
  isRotten = false;
  /** The one node whose disk may have lost records, until every replica is in sync again. */
  #replica: number | null = null;
  /** Voters whose logs lost something when power went. */
  readonly #damaged = new Set<number>();
  readonly #deps: SpoilsDeps;

  constructor(deps: SpoilsDeps) {
    this.#deps = deps;
  }

  /** Whether a disk may forget something now: a majority of whole ones is left, and the other replicas. */
  may(node: Spoiled): boolean {
    const { operator, isController } = this.#deps;
    if (!this.mayLoseRecords) return false;
    if (!isController(node)) return true;
    return this.voter === null && this.#damaged.size === 0 && operator.isSettled && operator.voters.length >= 3;
  }

  /** Whether a disk may lose records now. Two have whatever was acknowledged, in the ISR or in the ELR: one of them may at any time. */
  get mayLoseRecords(): boolean {
    return this.#replica === null;
  }

  /** A disk loses records, and nothing of the quorum's; `isSpoiled`: something there is bad that may not have been noticed. */
  losesRecords(node: Spoiled, isSpoiled: () => boolean = () => false): void {
    this.#replica = node.id;
    this.#when(
      () => this.#isTrusted(node) && this.#deps.isInSync() && !isSpoiled(),
      () => (this.#replica = null),
    );
  }

  /** A disk forgets something from now on. */
  spoil(node: Spoiled): void {
    const { world, isController } = this.#deps;
    this.losesRecords(node);
    if (!isController(node)) return;
    this.voter = node.id;
    this.#untilCaughtUp(node, () => {
      world.trace(`strike: node ${node.id} is whole again`);
      this.voter = null;
      this.isRotten = false;
    });
  }

  /** A voter complains of what it has lost. */
  damaged(node: Spoiled): void {
    this.#damaged.add(node.id);
    this.#untilCaughtUp(node, () => this.#damaged.delete(node.id));
  }

  /**
   * Whether enough voters have all that they ever had, of those that the operator was told of and of those that may have come
   * of a change whose answer it never heard. Without that nobody can lead, and rightly so.
   */
  get isMajorityWhole(): boolean {
    const { operator, latestVoters } = this.#deps;
    const isWhole = ({ id }: ReplicaKey): boolean => !this.#damaged.has(id) && this.voter !== id;
    const sets = [operator.voters, latestVoters()].filter(({ length }) => length > 0);
    return sets.every((voters) => voters.filter(isWhole).length > voters.length / 2);
  }

  /** Nobody's disk lies or lacks anything. */
  get isNone(): boolean {
    return this.liars.size === 0 && this.voter === null && this.#replica === null && this.#damaged.size === 0;
  }

  #isTrusted(node: Spoiled): boolean {
    return !this.liars.has(node.id) && node.isReady && this.#deps.isWell(node.id, WELL_MS);
  }

  /** Runs something when a controller has all that the quorum has, and votes. */
  #untilCaughtUp(node: Spoiled, then: () => void): void {
    const { operator } = this.#deps;
    this.#when(() => this.#isTrusted(node) && operator.isSettled && operator.isCaughtUp(node.id), then);
  }

  #when(condition: () => boolean, then: () => void): void {
    const { world } = this.#deps;
    const look = (): void => {
      if (condition()) then();
      else world.schedule(LOOK_EVERY_MS, look);
    };
    world.schedule(LOOK_AFTER_MS, look);
  }
}

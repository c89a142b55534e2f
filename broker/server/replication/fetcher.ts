import type { FollowerPartition } from '../partitions/follower-partition.ts';
import { FetchLane, type LaneDeps } from './lane.ts';

/** Lanes for each leader (D6). */
export const LANES = 4;

/** Fetches what this node follows, from whichever broker leads it: a few lanes for each leader, and each partition in one of them. */
export class ReplicaFetcher {
  readonly #deps: LaneDeps;
  readonly #lanes = new Map<string, FetchLane>();
  readonly #laneOf = new Map<FollowerPartition, string>();

  constructor(deps: LaneDeps) {
    this.#deps = deps;
  }

  /** Takes a partition to the lane of the leader that it has now; to none while it has no leader. */
  follow(follower: FollowerPartition): void {
    const key = follower.leader === -1 ? '' : `${follower.leader}/${laneOf(follower.topicId, follower.index)}`;
    if (this.#laneOf.get(follower) === key) {
      this.#lanes.get(key)?.renewed(follower);
      return;
    }
    this.drop(follower);
    if (key === '') return;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = new FetchLane(this.#deps, follower.leader, laneOf(follower.topicId, follower.index));
      this.#lanes.set(key, lane);
    }
    this.#laneOf.set(follower, key);
    lane.join(follower);
  }

  /** Something of a partition has changed that its lane looks at. */
  changed(follower: FollowerPartition): void {
    this.#lanes.get(this.#laneOf.get(follower) ?? '')?.changed(follower);
  }

  /** Does not fetch it any more. */
  drop(follower: FollowerPartition): void {
    const key = this.#laneOf.get(follower);
    const lane = key === undefined ? undefined : this.#lanes.get(key);
    if (key === undefined || lane === undefined) return;
    this.#laneOf.delete(follower);
    lane.leave(follower);
    if (lane.size === 0) this.#lanes.delete(key);
  }
}

/** Topics are spread, and partitions of a topic one after the other. */
function laneOf(topicId: string, index: number): number {
  let hash = 0;
  for (let i = 0; i < topicId.length; i++) hash = (Math.imul(hash, 31) + topicId.charCodeAt(i)) | 0;
  return (((hash >>> 0) % LANES) + index) % LANES;
}

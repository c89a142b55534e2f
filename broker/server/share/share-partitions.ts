import { partitionText } from '../../core/share/session.ts';
import type { Partition } from '../partitions/partition.ts';
import { type ShareDeps, SharePartitionHost, type ShareStats } from './partition-host.ts';

/** The share-partitions in memory on this node, by group. One exists from the first fetch until its group has no member. */
export class SharePartitions {
  /** Counted since the start of the process; read at a scrape. */
  readonly stats: ShareStats = { acquiredRecords: 0, expiredRecords: 0 };
  readonly #deps: ShareDeps;
  readonly #groups = new Map<string, Map<string, SharePartitionHost>>();
  #stirred = new Set<SharePartitionHost>();

  constructor(deps: ShareDeps) {
    this.#deps = deps;
  }

  /** The share-partition if it is here, loading ones included. */
  find(groupId: string, topicId: string, partition: number): SharePartitionHost | null {
    return this.#groups.get(groupId)?.get(partitionText(topicId, partition)) ?? null;
  }

  /** The share-partition, created and loading if need be. */
  obtain(groupId: string, partition: Partition): SharePartitionHost {
    const text = partitionText(partition.topicId, partition.index);
    let group = this.#groups.get(groupId);
    const known = group?.get(text);
    if (known !== undefined) {
      known.stay();
      return known;
    }
    if (group === undefined) {
      group = new Map();
      this.#groups.set(groupId, group);
    }
    const host = new SharePartitionHost(groupId, partition, this.#deps, {
      stats: this.stats,
      stirred: (one) => this.#stir(one),
      ended: (one) => this.#forget(one, text),
    });
    if (host.errorCode === 0) group.set(text, host);
    else if (group.size === 0) this.#groups.delete(groupId);
    return host;
  }

  /** All share-partitions of a group. */
  ofGroup(groupId: string): readonly SharePartitionHost[] {
    return [...(this.#groups.get(groupId)?.values() ?? [])];
  }

  /** Number of share-partitions in memory. */
  get count(): number {
    let count = 0;
    for (const group of this.#groups.values()) count += group.size;
    return count;
  }

  /** Those whose share coordinator has not told their state yet. */
  get loadingCount(): number {
    let count = 0;
    for (const group of this.#groups.values()) for (const host of group.values()) count += host.isLoading ? 1 : 0;
    return count;
  }

  #forget(host: SharePartitionHost, text: string): void {
    const group = this.#groups.get(host.groupId);
    if (group?.get(text) !== host) return;
    group.delete(text);
    if (group.size === 0) this.#groups.delete(host.groupId);
  }

  /** Wakes waiting fetches once at the end of the turn, oldest first, however often they were stirred. */
  #stir(host: SharePartitionHost): void {
    this.#stirred.add(host);
    if (this.#stirred.size > 1) return;
    this.#deps.afterTurn(() => {
      const stirred = this.#stirred;
      this.#stirred = new Set();
      for (const one of stirred) {
        for (const waiter of [...one.waiters]) {
          if (one.idle) break;
          waiter.wake();
        }
      }
    });
  }
}

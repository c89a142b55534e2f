/** A partition of a topic that nobody declared: what clients would lose by a step that comes too early. */
interface ModelPartition {
  readonly name: string;
  readonly minIsr: number;
  replicas: readonly number[];
  isr: readonly number[];
  /** Who has all that was acknowledged beside (KIP-966): only where fewer than `minIsr` are in sync. */
  elr: readonly number[];
  /** −1: nobody leads. */
  leader: number;
  /** Records that were acknowledged, ≥ 0. */
  acked: number;
  /** Records on the disk of each replica, ≥ 0. */
  readonly ends: Map<number, number>;
}

/** How a partition is at some moment. */
export interface PartitionSample {
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly elr: readonly number[];
  readonly minIsr: number;
  readonly leader: number;
  /** Brokers whose disks have all that was acknowledged, whether they run or not. */
  readonly holders: readonly number[];
}

type IsServing = (id: number) => boolean;

const without = (ids: readonly number[], id: number): readonly number[] => ids.filter((one) => one !== id);

/** Partitions with traffic: what becomes of their ISR, ELR and records while brokers come, go and lose disks. */
export class ModelPartitions {
  readonly #all: ModelPartition[] = [];
  #isServing: IsServing;

  constructor(isServing: IsServing) {
    this.#isServing = isServing;
  }

  /** A new partition, all of whose replicas are there. */
  add(replicas: readonly number[], minIsr: number): void {
    const ends = new Map(replicas.map((id) => [id, 0]));
    const name = `p${this.#all.length}`;
    this.#all.push({ name, minIsr, replicas, isr: replicas, elr: [], leader: replicas[0] ?? -1, acked: 0, ends });
    this.#write();
  }

  samples(): ReadonlyMap<string, PartitionSample> {
    return new Map(
      this.#all.map(({ name, acked, ends, ...rest }) => {
        const holders = [...ends].flatMap(([id, end]) => (end >= acked ? [id] : []));
        return [name, { ...rest, holders }] as const;
      }),
    );
  }

  /** Replicas on a broker. */
  countOn(id: number): number {
    return this.#on(id).length;
  }

  /** The most copies that a partition has. */
  get copiesMax(): number {
    return Math.max(0, ...this.#all.map(({ replicas }) => replicas.length));
  }

  #on(id: number): readonly ModelPartition[] {
    return this.#all.filter(({ replicas }) => replicas.includes(id));
  }

  /** A broker ends, and keeps what it has. */
  stop(id: number): void {
    for (const one of this.#on(id)) {
      if (!one.isr.includes(id)) continue;
      one.isr = without(one.isr, id);
      if (one.isr.length < one.minIsr) one.elr = [...one.elr, id];
      this.#elect(one);
    }
    this.#write();
  }

  /** A broker that does not run has an empty disk from now on. */
  lose(id: number): void {
    for (const one of this.#on(id)) {
      one.elr = without(one.elr, id);
      one.ends.set(id, 0);
    }
  }

  /** Whether all that such a disk has is on another one that will lead some time. */
  isSpare(id: number): boolean {
    return this.#on(id).every(({ isr, elr }) => [...isr, ...elr].some((other) => other !== id));
  }

  /** A broker serves: what nobody else may lead it leads. */
  start(id: number): void {
    for (const one of this.#on(id)) this.#elect(one);
    this.#write();
  }

  #elect(one: ModelPartition): void {
    if (one.isr.includes(one.leader)) return;
    const eligible = one.elr.find((id) => this.#isServing(id));
    if (one.isr.length === 0 && eligible !== undefined) {
      one.isr = [eligible];
      one.elr = without(one.elr, eligible);
    }
    one.leader = one.isr[0] ?? -1;
  }

  /** Whoever serves catches up. */
  tick(): void {
    for (const one of this.#all) {
      if (one.leader === -1) continue;
      one.isr = [...one.isr, ...one.replicas.filter((id) => !one.isr.includes(id) && this.#isServing(id))];
      one.elr = one.isr.length < one.minIsr ? one.elr.filter((id) => !one.isr.includes(id)) : [];
    }
    this.#write();
  }

  /** Another record comes to each partition, and is acknowledged where enough have it. */
  #write(): void {
    for (const one of this.#all) {
      if (one.leader === -1) continue;
      const end = (one.ends.get(one.leader) ?? 0) + 1;
      for (const id of one.isr) one.ends.set(id, end);
      if (one.isr.length >= one.minIsr) one.acked = end;
    }
  }

  /** How a replica goes from a broker to the first of these that has none of its partition; null where none can. */
  moveFrom(from: number, targets: readonly number[]): (() => void) | null {
    for (const one of this.#on(from)) {
      const to = targets.find((id) => !one.replicas.includes(id));
      if (to !== undefined && one.leader !== -1) return () => this.#move(one, from, to);
    }
    return null;
  }

  /** It has caught up before the other one goes. */
  #move(one: ModelPartition, from: number, to: number): void {
    one.replicas = [...without(one.replicas, from), to];
    one.isr = [...without(one.isr, from), to];
    one.elr = one.isr.length < one.minIsr ? without(one.elr, from) : [];
    one.ends.set(to, one.ends.get(one.leader) ?? 0);
    one.ends.delete(from);
    this.#elect(one);
  }

  /** What an active controller answers to `CanRestart`. */
  obstacles(id: number): readonly string[] {
    return this.#on(id).flatMap(({ name, replicas, isr, elr, minIsr }) => {
      if (replicas.length === 1 || !isr.includes(id)) return [];
      const rest = without(isr, id);
      const isLed = [...rest, ...elr].some((other) => other !== id && this.#isServing(other));
      if (!isLed) return [`${name} would have no leader`];
      return rest.length < Math.min(minIsr, replicas.length - 1) ? [`${name} would have too few in sync`] : [];
    });
  }

  /** The same of a disk that goes. */
  losses(id: number): readonly string[] {
    return this.#on(id).flatMap(({ name, replicas, isr, minIsr }) => {
      if (replicas.length === 1) return [`${name} has no replica elsewhere`];
      const needed = Math.min(minIsr, replicas.length - 1);
      return without(isr, id).length < needed ? [`${name} would have too few in sync`] : [];
    });
  }
}

/** One partition, as far as its copies matter. */
export interface PartitionCopies {
  readonly index: number;
  /** Ids of the brokers that have a copy, or will when what is under way is done; the preferred leader first. */
  readonly replicas: readonly number[];
  /** Those that are in sync. */
  readonly inSync: readonly number[];
  /** Brokers that were refused as an addition to these; absent while none was. */
  readonly refused?: ReadonlySet<number>;
}

/** New replicas of a partition, the preferred leader first. */
export interface ResizedPartition {
  readonly index: number;
  readonly replicas: readonly number[];
}

/**
 * The partitions of a topic with another number of copies than this one, as they should be: what they have stays where it is. A copy
 * comes to a broker in another rack, then to one that has fewest of this topic; one goes that is not in sync, on a broker that is not
 * among these, in a rack that has another, or where most are, the preferred leader last. `racks` are the brokers that may get copies.
 * A partition for which there are too few has as many as can be. Where an addition was refused one comes at a time: so it is plain which
 * can't.
 */
export function resized(
  partitions: readonly PartitionCopies[],
  racks: ReadonlyMap<number, string | null>,
  factor: number,
): readonly ResizedPartition[] {
  const counts = new Map<number, number>();
  const count = (id: number, change: number): void => void counts.set(id, (counts.get(id) ?? 0) + change);
  for (const { replicas } of partitions) for (const id of replicas) count(id, 1);
  const isDoubled = (id: number, others: readonly number[]): number => {
    const rack = racks.get(id) ?? null;
    return Number(rack !== null && others.some((other) => other !== id && racks.get(other) === rack));
  };
  return partitions.flatMap(({ index, replicas: before, inSync, refused }) => {
    let replicas = before;
    while (replicas.length < (refused === undefined ? factor : Math.min(factor, before.length + 1))) {
      const isFit = (id: number): boolean => !replicas.includes(id) && refused?.has(id) !== true;
      const ids = [...racks.keys()].filter(isFit).sort((a, b) => a - b);
      const coming = least(ids, (id) => [isDoubled(id, replicas), counts.get(id) ?? 0]);
      if (coming === undefined) break;
      replicas = [...replicas, coming];
      count(coming, 1);
    }
    while (replicas.length > factor) {
      const going = least(replicas.toReversed(), (id) => [
        -Number(!inSync.includes(id)),
        -Number(!racks.has(id)),
        -isDoubled(id, replicas),
        Number(id === replicas[0]),
        -(counts.get(id) ?? 0),
      ]);
      if (going === undefined) break;
      replicas = replicas.filter((id) => id !== going);
      count(going, -1);
    }
    return replicas === before ? [] : [{ index, replicas }];
  });
}

/** The first with the least cost, whose numbers count in order. */
function least(ids: readonly number[], cost: (id: number) => readonly number[]): number | undefined {
  let best: { readonly id: number; readonly cost: readonly number[] } | undefined;
  for (const id of ids) {
    const own = cost(id);
    const at = best === undefined ? 0 : own.findIndex((value, position) => value !== best?.cost[position]);
    if (best === undefined || (at !== -1 && (own[at] ?? 0) < (best.cost[at] ?? 0))) best = { id, cost: own };
  }
  return best?.id;
}

import { brokerId } from '../base/ids.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { CodedResult } from './commands.ts';
import { levelProblem } from './decide-features.ts';
import { WEIR_REPLICATION } from './features.ts';
import { ZERO_DIRECTORY } from './directories.ts';
import { problem } from './result.ts';
import type { MetadataImage } from './image.ts';
import type { PartitionFields } from './records.ts';

/** Replicas of some new partitions, or why there are none. */
export type Placed =
  | { readonly refusal: null; readonly replicas: readonly (readonly number[])[] }
  | { readonly refusal: CodedResult; readonly replicas: null };

/** What to place. */
export interface PlacementWish {
  readonly partitionCount: number;
  readonly replicationFactor: number;
  /** Takes as many brokers as there are, and no more than may be, when the factor is larger; for topics that Weir itself makes. */
  readonly shrinkToBrokers: boolean;
}

/**
 * Spreads partitions over the brokers that are in: leaders go round in id order, starting where all earlier partitions
 * together have got to. INVALID_REPLICATION_FACTOR when there are too few brokers, or more copies wanted than may be.
 */
export function placeReplicas(image: MetadataImage, wish: PlacementWish): Placed {
  const usable = image.brokers().filter(({ fenced }) => !fenced);
  const { replicationFactor } = wish;
  const factor = wish.shrinkToBrokers ? Math.min(replicationFactor, usable.length, OWN_COPIES_MAX) : replicationFactor;
  if (factor < 1 || factor > usable.length) {
    const refusal = problem(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `replication factor ${wish.replicationFactor} is not possible: ${usable.length} broker(s) are registered and not fenced`,
    );
    return { refusal, replicas: null };
  }
  const excess = copiesProblem(image, factor);
  if (excess !== null) return { refusal: excess, replicas: null };
  const start = image.partitionCount;
  const replicas: number[][] = [];
  for (let partition = 0; partition < wish.partitionCount; partition += 1) {
    const ids: number[] = [];
    for (let copy = 0; copy < factor; copy += 1) {
      const broker = usable[(start + partition + copy) % usable.length];
      if (broker !== undefined) ids.push(broker.id);
    }
    replicas.push(ids);
  }
  return { refusal: null, replicas };
}

/** Weir's own topics have one replica until followers follow. */
const OWN_COPIES_MAX = 1;

/** Why a partition can't have so many replicas: INVALID_REPLICATION_FACTOR below `weir.version` 3, or null when it can. */
export function copiesProblem(image: MetadataImage, count: number): CodedResult | null {
  const tooOld = count <= 1 ? null : levelProblem(image, WEIR_REPLICATION, 'partitions have several replicas');
  return tooOld === null ? null : { ...tooOld, errorCode: ErrorCode.INVALID_REPLICATION_FACTOR };
}

/**
 * Checks one manual assignment: known brokers, each once, as many as in `expectedCount` (null: any), at least one of
 * them in. Null when it is good, else INVALID_REPLICA_ASSIGNMENT.
 */
export function assignmentProblem(
  image: MetadataImage,
  ids: readonly number[],
  expectedCount: number | null,
): CodedResult | null {
  const refused = (sentence: string): CodedResult => problem(ErrorCode.INVALID_REPLICA_ASSIGNMENT, sentence);
  if (ids.length === 0) return refused('an assignment without replicas is not possible');
  const stranger = ids.find((id) => image.broker(brokerId(id)) === null);
  if (stranger !== undefined) return refused(`the assignment names broker ${stranger}, which is not registered`);
  if (new Set(ids).size !== ids.length) return refused('the assignment names a broker twice');
  if (expectedCount !== null && ids.length !== expectedCount) {
    return refused(`the assignment has ${ids.length} replica(s) where other partitions have ${expectedCount}`);
  }
  if (!ids.some((id) => image.isUnfenced(id))) return refused('all brokers of the assignment are fenced');
  return null;
}

/** A partition's first state: everybody who is in is in sync, the first of them leads in epoch 0. */
export function newPartition(
  image: MetadataImage,
  partition: { readonly index: number; readonly replicas: readonly number[]; readonly durable: boolean },
): PartitionFields {
  const isr = partition.replicas.filter((id) => image.isUnfenced(id));
  return {
    index: partition.index,
    leader: isr[0] ?? -1,
    leaderEpoch: 0,
    partitionEpoch: 0,
    durableFromEpoch: partition.durable ? 0 : -1,
    replicas: partition.replicas,
    directories: partition.replicas.map((id) => image.broker(brokerId(id))?.directoryId ?? ZERO_DIRECTORY),
    isr,
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
  };
}

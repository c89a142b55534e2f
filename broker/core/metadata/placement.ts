import { brokerId } from '../base/ids.ts';
import type { Settings } from '../config/settings.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { BrokerState } from './broker-state.ts';
import type { CodedResult } from './commands.ts';
import { levelProblem } from './decide-features.ts';
import { ZERO_DIRECTORY } from './directories.ts';
import { WEIR_REPLICATION } from './features.ts';
import type { MetadataImage } from './image.ts';
import { isReplicating } from './partition-changes.ts';
import type { PartitionFields } from './records.ts';
import { problem } from './result.ts';

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

/** What a placement depends on. */
export interface PlacementContext {
  readonly image: MetadataImage;
  readonly settings: Settings;
}

/**
 * Spreads partitions over the registered brokers that may get more (P1), counting what it has placed: one for a command. The first
 * replica goes to the broker that has fewest of these and may lead; each further one to another host, to another rack where there is
 * one, and there to who has fewest, going round. Whoever is away or about to stop gets one only when no other is there, as in Kafka:
 * topics that are made while a broker is down have all their replicas when it is back.
 */
export class Placement {
  readonly #context: PlacementContext;
  readonly #usable: readonly BrokerState[];
  #spread: Spread | null = null;

  constructor(context: PlacementContext) {
    this.#context = context;
    this.#usable = context.image.brokers().filter(({ cordoned, draining }) => !cordoned && !draining);
  }

  /**
   * INVALID_REPLICATION_FACTOR when there are too few brokers, or too few hosts unless `weir.placement.host.relaxed`, or more copies
   * wanted than may be.
   */
  place(wish: PlacementWish): Placed {
    const { image, settings } = this.#context;
    const usable = this.#usable;
    const isRelaxed = settings.broker('weir.placement.host.relaxed');
    const { replicationFactor } = wish;
    const hostCount = new Set(usable.map(hostOf)).size;
    const room = isReplicating(image) ? (isRelaxed ? usable.length : hostCount) : Math.min(1, usable.length);
    const factor = wish.shrinkToBrokers ? Math.min(replicationFactor, room) : replicationFactor;
    const refuse = (refusal: CodedResult): Placed => ({ refusal, replicas: null });
    if (factor < 1 || factor > usable.length || !usable.some(isStaying)) {
      const sentence = `${usable.length} broker(s) are registered and may get replicas, ${usable.filter(isStaying).length} of them may lead now`;
      return refuse(notPossible(replicationFactor, sentence));
    }
    const excess = copiesProblem(image, factor);
    if (excess !== null) return refuse(excess);
    if (factor > room) {
      const sentence = `the brokers run on ${room} host(s), and weir.placement.host.relaxed is false`;
      return refuse(notPossible(replicationFactor, sentence));
    }
    this.#spread ??= new Spread(image, usable);
    const spread = this.#spread;
    return {
      refusal: null,
      replicas: Array.from({ length: wish.partitionCount }, () => spread.next(factor, isRelaxed)),
    };
  }
}

function notPossible(factor: number, reason: string): CodedResult {
  return problem(ErrorCode.INVALID_REPLICATION_FACTOR, `replication factor ${factor} is not possible: ${reason}`);
}

/** A broker that does not say where it runs is a host of its own. */
function hostOf({ id, host }: BrokerState): string {
  return host === '' ? ` ${id}` : host;
}

/** Whoever is away or about to stop is not in sync from the start: a partition that has nobody else never gets a leader. */
function isStaying({ fenced, shuttingDown }: BrokerState): boolean {
  return !fenced && !shuttingDown;
}

/** Hands out replicas, counting what was handed out. */
class Spread {
  readonly #brokers: readonly BrokerState[];
  readonly #replicaCounts: Map<number, number>;
  readonly #firstCounts: Map<number, number>;
  /** Partitions of all topics so far: who follows whom changes with it. */
  #position: number;

  constructor(image: MetadataImage, brokers: readonly BrokerState[]) {
    this.#brokers = brokers;
    this.#position = image.partitionCount;
    const { replicas, firsts } = image.replicaCounts();
    this.#replicaCounts = new Map(replicas);
    this.#firstCounts = new Map(firsts);
  }

  /** The replicas of the next partition. */
  next(factor: number, isRelaxed: boolean): readonly number[] {
    const count = this.#brokers.length;
    const first = least(this.#brokers.filter(isStaying), ({ id }) => [this.#firstCounts.get(id) ?? 0]);
    const chosen: BrokerState[] = first === undefined ? [] : [first];
    const turn = Math.floor(this.#position / count) % Math.max(1, count - 1);
    const start = (first === undefined ? 0 : this.#brokers.indexOf(first)) + 1 + turn;
    const inTurn = this.#brokers
      .map((_, step) => this.#brokers[(start + step) % count])
      .filter((one) => one !== undefined);
    while (chosen.length < factor) {
      const others = inTurn.filter(
        (one) => !chosen.includes(one) && (isRelaxed || chosen.every((other) => hostOf(other) !== hostOf(one))),
      );
      const next = least(others, (one) => [
        Number(chosen.some((other) => hostOf(other) === hostOf(one))),
        Number(!isStaying(one)),
        Number(chosen.some(({ rack }) => rack === one.rack)),
        this.#replicaCounts.get(one.id) ?? 0,
      ]);
      if (next === undefined) break;
      chosen.push(next);
    }
    for (const { id } of chosen) this.#replicaCounts.set(id, (this.#replicaCounts.get(id) ?? 0) + 1);
    if (first !== undefined) this.#firstCounts.set(first.id, (this.#firstCounts.get(first.id) ?? 0) + 1);
    this.#position += 1;
    return chosen.map(({ id }) => id);
  }
}

/** The first with the least cost, whose numbers count in order. */
function least<T>(all: readonly T[], cost: (one: T) => readonly number[]): T | undefined {
  let best: { readonly one: T; readonly cost: readonly number[] } | undefined;
  for (const one of all) {
    const own = cost(one);
    const at = best === undefined ? 0 : own.findIndex((value, position) => value !== best?.cost[position]);
    if (best === undefined || (at !== -1 && (own[at] ?? 0) < (best.cost[at] ?? 0))) best = { one, cost: own };
  }
  return best?.one;
}

/** Why a partition can't have so many replicas: INVALID_REPLICATION_FACTOR below `weir.version` 3, or null when it can. */
export function copiesProblem(image: MetadataImage, count: number): CodedResult | null {
  const tooOld = count <= 1 ? null : levelProblem(image, WEIR_REPLICATION, 'partitions have several replicas');
  return tooOld === null ? null : { ...tooOld, errorCode: ErrorCode.INVALID_REPLICATION_FACTOR };
}

/**
 * Checks one manual assignment: known brokers, each once, as many as in `expectedCount` (null: any), at least one of
 * them in and not about to stop, none of them cordoned or drained that is not in `kept`, and no two on a host unless that is relaxed (P1).
 * Null when it is good, else INVALID_REPLICA_ASSIGNMENT.
 */
export function assignmentProblem(
  { image, settings }: PlacementContext,
  ids: readonly number[],
  { expectedCount, kept = [] }: { readonly expectedCount: number | null; readonly kept?: readonly number[] },
): CodedResult | null {
  const refused = (sentence: string): CodedResult => problem(ErrorCode.INVALID_REPLICA_ASSIGNMENT, sentence);
  if (ids.length === 0) return refused('an assignment without replicas is not possible');
  const brokers = ids.map((id) => image.broker(brokerId(id)));
  const stranger = ids.find((_, position) => brokers[position] === null);
  if (stranger !== undefined) return refused(`the assignment names broker ${stranger}, which is not registered`);
  if (new Set(ids).size !== ids.length) return refused('the assignment names a broker twice');
  if (expectedCount !== null && ids.length !== expectedCount) {
    return refused(`the assignment has ${ids.length} replica(s) where other partitions have ${expectedCount}`);
  }
  if (!ids.some((id) => image.mayLead(id))) return refused('all brokers of the assignment are fenced or about to stop');
  const known = brokers.filter((one) => one !== null);
  const closed = known.find(({ id, cordoned, draining }) => (cordoned || draining) && !kept.includes(id));
  if (closed !== undefined)
    return refused(`broker ${closed.id} is ${closed.draining ? 'drained' : 'cordoned'}: it gets no new replicas`);
  if (settings.broker('weir.placement.host.relaxed') || new Set(known.map(hostOf)).size === known.length) return null;
  return refused('two brokers of the assignment run on one host, and weir.placement.host.relaxed is false');
}

/** A partition's first state: everybody who is in is in sync, the first of them leads in epoch 0. */
export function newPartition(
  image: MetadataImage,
  partition: { readonly index: number; readonly replicas: readonly number[]; readonly durable: boolean },
): PartitionFields {
  const isr = partition.replicas.filter((id) => image.mayLead(id));
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

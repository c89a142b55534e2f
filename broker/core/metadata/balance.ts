import { Pace, type Steps } from '../codec/pace.ts';
import type { Settings } from '../config/settings.ts';
import type { MetadataImage } from './image.ts';
import { isInternalTopic } from './topic-name.ts';
import type { PartitionState } from './topic.ts';

/** Replicas of topics that Weir makes itself, where there are brokers enough. */
const INTERNAL_REPLICAS = 3;
/** Partitions that can't be moved and are named, each with a sentence. */
const OBSTACLES_MAX = 5;
/** Moves that are planned at once; they take a while to be made. */
const MOVES_MAX = 40;
/** Topics that are compared in one step, a tenth of a microsecond each. */
const COMPARED_COUNT = 10_000;

/** New replicas of a partition, the preferred leader first. */
export interface PlannedMove {
  readonly topic: string;
  readonly index: number;
  /** Those that it had. */
  readonly before: readonly number[];
  readonly replicas: readonly number[];
}

/** What is to be moved, in an order that any part of it may be done in. */
export interface MovePlan {
  readonly moves: readonly PlannedMove[];
  /** Replicas that have to move besides, about. */
  readonly moreCount: number;
  /** Why some can't be moved, one sentence each. */
  readonly obstacles: readonly string[];
}

/** A partition while a plan is made; lists are replaced, never changed. */
class Piece {
  readonly topic: string;
  readonly index: number;
  readonly before: readonly number[];
  /** It is being moved: what it will be counts, and it stays so. */
  readonly isMoving: boolean;
  replicas: readonly number[];

  constructor(topic: string, partition: PartitionState) {
    this.topic = topic;
    this.index = partition.index;
    this.isMoving = isMoved(partition);
    this.before = staying(partition);
    this.replicas = this.before;
  }
}

/** Whether a partition is being moved. */
export function isMoved({ addingReplicas, removingReplicas }: Lists): boolean {
  return addingReplicas.length + removingReplicas.length > 0;
}

function staying(lists: Lists): readonly number[] {
  const { replicas, removingReplicas } = lists;
  return isMoved(lists) ? replicas.filter((id) => !removingReplicas.includes(id)) : replicas;
}

type Lists = Pick<PartitionState, 'replicas' | 'addingReplicas' | 'removingReplicas'>;

/** The pieces of a topic, at their indexes, and how many of them each broker has. */
interface TopicPieces {
  readonly pieces: readonly Piece[];
  readonly counts: Map<number, number>;
}

/**
 * Everything off brokers that are draining; what is being moved already is left alone. An internal topic has a copy less when
 * every broker that stays has one already: it has three only where there are brokers for them. That is done last, and not for a
 * broker that something else can't leave: it stays, and the copies on it are worth having. In steps: the image must not change
 * meanwhile.
 */
export function* planDrains(image: MetadataImage, settings: Settings): Steps<MovePlan> {
  const plan = new Plan(image, settings);
  const pace = new Pace();
  const obstacles: string[] = [];
  const stuck = new Set<number>();
  const spare: { readonly piece: Piece; readonly id: number }[] = [];
  let stuckCount = 0;
  let plannedCount = 0;
  const draining = new Set(
    image.brokers().flatMap(({ id, draining: isDraining }) => (isDraining ? [id as number] : [])),
  );
  const drainedOf = (lists: Lists): number =>
    isMoved(lists) ? 0 : lists.replicas.filter((id) => draining.has(id)).length;
  let moreCount = image.tally().reduce((sum, { lists, count }) => sum + count * drainedOf(lists), 0);
  for (const piece of plan.piecesWith((lists) => drainedOf(lists) > 0)) {
    if (plannedCount >= MOVES_MAX) break;
    if (pace.isDue()) yield;
    for (const id of piece.replicas.filter((one) => draining.has(one))) {
      if (plannedCount >= MOVES_MAX) break;
      moreCount -= 1;
      const target = plan.place(piece, id);
      if (target !== null) {
        plan.replace(piece, id, target);
        plannedCount += 1;
      } else if (isInternalTopic(piece.topic) && plan.isEverywhereElse(piece, id)) {
        spare.push({ piece, id });
      } else {
        stuck.add(id);
        if (++stuckCount <= OBSTACLES_MAX)
          obstacles.push(`${piece.topic}-${piece.index} can't leave broker ${id}: no other broker may take it`);
      }
    }
  }
  const dropped = spare.filter(({ id }) => !stuck.has(id));
  const droppedCount = plannedCount === 0 ? Math.min(dropped.length, MOVES_MAX) : 0;
  for (const { piece, id } of dropped.slice(0, droppedCount))
    if (plan.isEverywhereElse(piece, id)) plan.drop(piece, id);
  moreCount += dropped.length - droppedCount;
  if (stuckCount > OBSTACLES_MAX) obstacles.push(`nor can ${stuckCount - OBSTACLES_MAX} more replicas leave theirs`);
  return { moves: plan.moves(), moreCount, obstacles };
}

/**
 * The least for balance: internal topics get three replicas where there are brokers for them; no broker has two replicas more than
 * another, nor is the first replica of two partitions more, as far as that can be had. In steps: the image must not change
 * meanwhile.
 */
export function* planRebalance(image: MetadataImage, settings: Settings): Steps<MovePlan> {
  const plan = new Plan(image, settings);
  const pace = new Pace();
  for (const piece of plan.piecesWith(() => true)) {
    if (pace.isDue()) yield;
    if (piece.isMoving || !isInternalTopic(piece.topic)) continue;
    while (piece.replicas.length < INTERNAL_REPLICAS) {
      const target = plan.place(piece, null);
      if (target === null) break;
      plan.replace(piece, null, target);
    }
  }
  let moved = 0;
  while (moved < MOVES_MAX && (yield* plan.evenReplicas())) moved += 1;
  // What is left where nothing can be moved stays: machines forbid more.
  const moreCount = moved < MOVES_MAX ? 0 : plan.excess;
  if (moreCount === 0) yield* plan.evenLeaders();
  return { moves: plan.moves(), moreCount, obstacles: [] };
}

class Plan {
  /** Those that were looked at, in the order of topics' creation. */
  readonly #pieces: Piece[] = [];
  readonly #image: MetadataImage;
  readonly #topics = new Map<string, TopicPieces>();
  /** Brokers that replicas may come to, and how many they have. */
  readonly #loads = new Map<number, number>();
  readonly #staying: readonly number[];
  /** Whether a machine may have two replicas of a partition (P1). */
  readonly #isRelaxed: boolean;
  readonly #hosts = new Map<number, string>();
  readonly #racks = new Map<number, string | null>();

  constructor(image: MetadataImage, settings: Settings) {
    this.#image = image;
    this.#isRelaxed = settings.broker('weir.placement.host.relaxed');
    this.#staying = image.brokers().flatMap(({ id, draining }) => (draining ? [] : [id]));
    for (const { id, host, rack, fenced, cordoned, draining, shuttingDown } of image.brokers()) {
      // A broker that doesn't say where it runs is a machine of its own.
      this.#hosts.set(id, host === '' ? ` ${id}` : host);
      this.#racks.set(id, rack);
      if (!fenced && !cordoned && !draining && !shuttingDown) this.#loads.set(id, 0);
    }
    for (const { lists, count } of image.tally()) for (const id of staying(lists)) this.#load(id, count);
  }

  /** Partitions whose lists are so; from then on they are pieces of the plan. */
  *piecesWith(isSo: (lists: Lists) => boolean): Generator<Piece> {
    for (const { name: topic, partitions } of this.#image.partitionsWith(isSo)) {
      const pieces = partitions.map((partition) => new Piece(topic, partition));
      const counts = new Map<number, number>();
      this.#topics.set(topic, { pieces, counts });
      for (const piece of pieces) {
        this.#pieces.push(piece);
        for (const id of piece.replicas) counts.set(id, (counts.get(id) ?? 0) + 1);
        yield piece;
      }
    }
  }

  /** The best broker for a replica in place of another (null: one more): another machine, another rack, few replicas. */
  place({ replicas }: Piece, leaving: number | null): number | null {
    const others = replicas.filter((id) => id !== leaving);
    const candidates = [...this.#loads.keys()].filter(
      (id) => !replicas.includes(id) && (this.#isRelaxed || this.#isAlike(this.#hosts, id, others) === 0),
    );
    const cost = (id: number): readonly number[] => [
      this.#isAlike(this.#hosts, id, others),
      this.#isAlike(this.#racks, id, others),
      this.#loads.get(id) ?? 0,
      id,
    ];
    const [best] = candidates.map((id) => ({ id, cost: cost(id) })).sort((a, b) => compare(a.cost, b.cost));
    return best?.id ?? null;
  }

  /** Puts a replica in place of another, or behind the others. */
  replace(piece: Piece, leaving: number | null, coming: number): void {
    piece.replicas =
      leaving === null ? [...piece.replicas, coming] : piece.replicas.map((id) => (id === leaving ? coming : id));
    if (leaving !== null) this.#count(piece.topic, leaving, -1);
    this.#count(piece.topic, coming, 1);
  }

  /** Takes a replica away. */
  drop(piece: Piece, leaving: number): void {
    piece.replicas = piece.replicas.filter((id) => id !== leaving);
    this.#count(piece.topic, leaving, -1);
  }

  /** Whether every broker that is not drained, away or not, has a replica or is on a machine that has one, and there is one. */
  isEverywhereElse({ replicas }: Piece, leaving: number): boolean {
    const others = replicas.filter((id) => id !== leaving);
    const hasItsPart = (id: number): boolean =>
      others.includes(id) || (!this.#isRelaxed && this.#isAlike(this.#hosts, id, others) > 0);
    return this.#staying.some((id) => others.includes(id)) && this.#staying.every(hasItsPart);
  }

  /** Moves one replica from a broker that has two more than another; false: there is none to move. */
  *evenReplicas(): Steps<boolean> {
    const ids = [...this.#loads].sort(([a, few], [b, many]) => few - many || a - b).map(([id]) => id);
    for (const from of [...ids].reverse()) {
      for (const to of ids) {
        if ((this.#loads.get(from) ?? 0) - (this.#loads.get(to) ?? 0) < 2) break;
        const piece = yield* this.#bestToMove(from, to);
        if (piece === null) continue;
        this.replace(piece, from, to);
        return true;
      }
    }
    return false;
  }

  /** Replicas that brokers have beyond their part, about. */
  get excess(): number {
    const loads = [...this.#loads.values()];
    const part = Math.ceil(loads.reduce((sum, load) => sum + load, 0) / Math.max(1, loads.length));
    return loads.reduce((sum, load) => sum + Math.max(0, load - part), 0);
  }

  /** Makes other replicas the first of their partitions; nothing is copied for that. */
  *evenLeaders(): Steps<void> {
    const pace = new Pace();
    const firsts = new Map([...this.#loads.keys()].map((id) => [id, 0]));
    for (const { replicas } of this.#pieces) {
      const [first] = replicas;
      if (first !== undefined && firsts.has(first)) firsts.set(first, (firsts.get(first) ?? 0) + 1);
    }
    for (const piece of this.#pieces) {
      if (pace.isDue()) yield;
      const [first = -1, ...others] = piece.replicas;
      const own = firsts.get(first);
      if (piece.isMoving || own === undefined) continue;
      const next = others.find((id) => own - (firsts.get(id) ?? own) >= 2);
      if (next === undefined) continue;
      piece.replicas = [next, ...piece.replicas.filter((id) => id !== next)];
      firsts.set(first, own - 1);
      firsts.set(next, (firsts.get(next) ?? 0) + 1);
    }
  }

  /** Partitions that are to have other replicas than they have, or will have. */
  moves(): PlannedMove[] {
    return this.#pieces
      .filter(({ before, replicas }) => before !== replicas && before.join() !== replicas.join())
      .map(({ topic, index, before, replicas }) => ({ topic, index, before, replicas }));
  }

  /** Of the topic of which the one broker has most more than the other. */
  *#bestToMove(from: number, to: number): Steps<Piece | null> {
    const bySurplus = new Map<number, (readonly Piece[])[]>();
    let compared = 0;
    for (const { pieces, counts } of this.#topics.values()) {
      compared += 1;
      if (compared % COMPARED_COUNT === 0) yield;
      const surplus = (counts.get(from) ?? 0) - (counts.get(to) ?? 0);
      const alike = bySurplus.get(surplus);
      if (alike === undefined) bySurplus.set(surplus, [pieces]);
      else alike.push(pieces);
    }
    compared = 0;
    for (const [, topics] of [...bySurplus].sort(([a], [b]) => b - a)) {
      for (const pieces of topics) {
        compared += pieces.length;
        if (compared > COMPARED_COUNT) {
          compared = 0;
          yield;
        }
        const best = pieces.find((piece) => this.#mayMove(piece, from, to));
        if (best !== undefined) return best;
      }
    }
    return null;
  }

  /** Whether a replica can move; those of the partition stay on as many machines and racks. */
  #mayMove({ isMoving, replicas }: Piece, from: number, to: number): boolean {
    if (isMoving || !replicas.includes(from) || replicas.includes(to)) return false;
    const others = replicas.filter((id) => id !== from);
    return [this.#hosts, this.#racks].every(
      (where) => this.#isAlike(where, to, others) <= this.#isAlike(where, from, others),
    );
  }

  #isAlike(where: ReadonlyMap<number, string | null>, id: number, others: readonly number[]): number {
    const place = where.get(id) ?? null;
    return place !== null && others.some((other) => where.get(other) === place) ? 1 : 0;
  }

  #count(topic: string, id: number, change: number): void {
    this.#load(id, change);
    const counts = this.#topics.get(topic)?.counts;
    counts?.set(id, (counts.get(id) ?? 0) + change);
  }

  #load(id: number, change: number): void {
    const load = this.#loads.get(id);
    if (load !== undefined) this.#loads.set(id, load + change);
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

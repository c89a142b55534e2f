import type { Settings } from '../config/settings.ts';
import type { MetadataImage } from './image.ts';
import { isInternalTopic } from './topic-name.ts';

/** Replicas of topics that Weir makes itself, where there are brokers enough. */
const INTERNAL_REPLICAS = 3;
/** Partitions that can't be moved and are named, each with a sentence. */
const OBSTACLES_MAX = 5;
/** Moves that are planned at once; they take a while to be made, and a plan of all could take as long as an election. */
const MOVES_MAX = 40;

/** New replicas of a partition, the preferred leader first. */
export interface PlannedMove {
  readonly topic: string;
  readonly index: number;
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
interface Piece {
  readonly topic: string;
  readonly index: number;
  readonly before: readonly number[];
  /** It is being moved: what it will be counts, and it stays so. */
  readonly isMoving: boolean;
  replicas: readonly number[];
}

/** The pieces of a topic, at their indexes, and how many of them each broker has. */
interface TopicPieces {
  readonly pieces: readonly Piece[];
  readonly counts: Map<number, number>;
}

/**
 * Everything off brokers that are draining; what is being moved already is left alone. An internal topic has a copy less when
 * every broker that stays has one already: it has three only where there are brokers for them. That is done last, and not for a
 * broker that something else can't leave: it stays, and the copies on it are worth having.
 */
export function planDrains(image: MetadataImage, settings: Settings): MovePlan {
  const plan = new Plan(image, settings);
  const obstacles: string[] = [];
  const stuck = new Set<number>();
  const spare: { readonly piece: Piece; readonly id: number }[] = [];
  let stuckCount = 0;
  let plannedCount = 0;
  let moreCount = 0;
  const draining = new Set(
    image.brokers().flatMap(({ id, draining: isDraining }) => (isDraining ? [id as number] : [])),
  );
  for (const piece of plan.pieces) {
    if (piece.isMoving) continue;
    for (const id of piece.replicas.filter((one) => draining.has(one))) {
      if (plannedCount >= MOVES_MAX) {
        moreCount += 1;
        continue;
      }
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
 * another, nor is the first replica of two partitions more, as far as that can be had.
 */
export function planRebalance(image: MetadataImage, settings: Settings): MovePlan {
  const plan = new Plan(image, settings);
  for (const piece of plan.pieces) {
    if (piece.isMoving || !isInternalTopic(piece.topic)) continue;
    while (piece.replicas.length < INTERNAL_REPLICAS) {
      const target = plan.place(piece, null);
      if (target === null) break;
      plan.replace(piece, null, target);
    }
  }
  for (let moved = 0; moved < MOVES_MAX && plan.evenReplicas(); moved += 1);
  const moreCount = plan.excess;
  if (moreCount === 0) plan.evenLeaders();
  return { moves: plan.moves(), moreCount, obstacles: [] };
}

class Plan {
  /** In the order of topics' creation. */
  readonly pieces: Piece[] = [];
  readonly #topics = new Map<string, TopicPieces>();
  /** Brokers that replicas may come to, and how many they have. */
  readonly #loads = new Map<number, number>();
  readonly #staying: readonly number[];
  /** Whether a machine may have two replicas of a partition (P1). */
  readonly #isRelaxed: boolean;
  readonly #hosts = new Map<number, string>();
  readonly #racks = new Map<number, string | null>();

  constructor(image: MetadataImage, settings: Settings) {
    this.#isRelaxed = settings.broker('weir.placement.host.relaxed');
    this.#staying = image.brokers().flatMap(({ id, draining }) => (draining ? [] : [id]));
    for (const { id, host, rack, fenced, cordoned, draining, shuttingDown } of image.brokers()) {
      // A broker that doesn't say where it runs is a machine of its own.
      this.#hosts.set(id, host === '' ? ` ${id}` : host);
      this.#racks.set(id, rack);
      if (!fenced && !cordoned && !draining && !shuttingDown) this.#loads.set(id, 0);
    }
    for (const { name: topic, partitions } of image.topicStates()) {
      const pieces = partitions.map(({ index, replicas, addingReplicas, removingReplicas }): Piece => {
        const isMoving = addingReplicas.length + removingReplicas.length > 0;
        const staying = isMoving ? replicas.filter((id) => !removingReplicas.includes(id)) : replicas;
        return { topic, index, before: staying, isMoving, replicas: staying };
      });
      this.#topics.set(topic, { pieces, counts: new Map() });
      for (const piece of pieces) {
        this.pieces.push(piece);
        for (const id of piece.replicas) this.#count(topic, id, 1);
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
  evenReplicas(): boolean {
    const ids = [...this.#loads].sort(([a, few], [b, many]) => few - many || a - b).map(([id]) => id);
    for (const from of [...ids].reverse()) {
      for (const to of ids) {
        if ((this.#loads.get(from) ?? 0) - (this.#loads.get(to) ?? 0) < 2) break;
        const piece = this.#bestToMove(from, to);
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
  evenLeaders(): void {
    const firsts = new Map([...this.#loads.keys()].map((id) => [id, 0]));
    for (const { replicas } of this.pieces) {
      const [first] = replicas;
      if (first !== undefined && firsts.has(first)) firsts.set(first, (firsts.get(first) ?? 0) + 1);
    }
    for (const piece of this.pieces) {
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
    return this.pieces
      .filter(({ before, replicas }) => before !== replicas && before.join() !== replicas.join())
      .map(({ topic, index, before, replicas }) => ({ topic, index, before, replicas }));
  }

  /** Of the topic of which the one broker has most more than the other. */
  #bestToMove(from: number, to: number): Piece | null {
    const topics = [...this.#topics.values()]
      .map(({ pieces, counts }) => ({ pieces, surplus: (counts.get(from) ?? 0) - (counts.get(to) ?? 0) }))
      .sort((a, b) => b.surplus - a.surplus);
    for (const { pieces } of topics) {
      const best = pieces.find(
        (piece) =>
          !piece.isMoving &&
          piece.replicas.includes(from) &&
          !piece.replicas.includes(to) &&
          this.#fits(piece, from, to),
      );
      if (best !== undefined) return best;
    }
    return null;
  }

  /** Whether replicas stay on as many machines and racks. */
  #fits({ replicas }: Piece, from: number, to: number): boolean {
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
    const load = this.#loads.get(id);
    if (load !== undefined) this.#loads.set(id, load + change);
    const counts = this.#topics.get(topic)?.counts;
    counts?.set(id, (counts.get(id) ?? 0) + change);
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

import { brokerId } from '../../../core/base/ids.ts';
import { type MovePlan, type PlannedMove, planDrains, planRebalance } from '../../../core/metadata/balance.ts';
import type { CodedResult, MetadataCommand, OutcomeOf } from '../../../core/metadata/commands.ts';
import { levelProblem } from '../../../core/metadata/decide-features.ts';
import { WEIR_REPLICATION } from '../../../core/metadata/features.ts';
import type { Settings } from '../../../core/config/settings.ts';
import type { AlterReassignmentsOutcome } from '../../../core/metadata/replica-commands.ts';
import type { MetadataDelta } from '../../../core/metadata/view.ts';
import type { PartitionState } from '../../../core/metadata/topic.ts';
import { ErrorCode } from '../../../core/protocol/errors.ts';
import type { TimerHandle, Timers } from '../../../ports/clock.ts';
import type { MoveResponse } from '../../../ports/control-net.ts';
import type { Log } from '../../../ports/log.ts';
import type { Controller } from '../controller.ts';

/** Partitions that are moved at a time: what moves takes disk and network from what is served. */
const MOVING_MAX = 20;
/** How often it is looked how far the moves are, ms. */
const LOOK_MS = 500;
/** Pause after a move was refused, ms. */
const REFUSED_MS = 5000;
/** How long after a change of partitions it is looked whether a drain that stands still can go on, ms. */
const STUCK_MS = 2000;

/** What the mover works with. */
export interface ReplicaMoverDeps {
  readonly timers: Timers;
  readonly log: Log;
  readonly settings: Settings;
}

/** What is said to whoever asks. */
export type MoveOutcome = Omit<MoveResponse, 'controller'>;
/** null: this node is not the active controller any more. */
type Done = (outcome: MoveOutcome | null) => void;

interface Moving {
  readonly topic: string;
  readonly partition: PartitionState;
}

/**
 * Moves replicas for the active controller, few at a time: off brokers that are draining, which the metadata says, and for
 * balance after somebody asked for it. Made anew with each leadership: a drain goes on under the next controller, a rebalance
 * when it is asked for again.
 */
export class ReplicaMover {
  readonly #deps: ReplicaMoverDeps;
  readonly #controller: Pick<Controller, 'image' | 'submit'>;
  #isRebalancing = false;
  /** What was planned and has not begun; null: the plan is not known. */
  #planned: readonly PlannedMove[] | null = null;
  #moreCount = 0;
  #obstacles: readonly string[] = [];
  #isAsking = false;
  #timer: TimerHandle | null = null;
  #isOver = false;

  constructor(deps: ReplicaMoverDeps, controller: Pick<Controller, 'image' | 'submit'>) {
    this.#deps = deps;
    this.#controller = controller;
    this.#lookSoon(0);
  }

  /** Moves everything off a broker; asked again it tells how far that is. */
  drain(id: number, done: Done): void {
    this.#place(id, { cordoned: true, draining: true }, (refusal) => {
      if (refusal === null || refusal.errorCode !== ErrorCode.NONE) done(refusal);
      else done(this.#drainProgress(id));
    });
  }

  /** Ends a drain: what is on its way off the broker is called back. Without one, moves are somebody else's. */
  undrain(id: number, done: Done): void {
    const wasDraining = this.#controller.image.broker(brokerId(id))?.draining === true;
    this.#place(id, { cordoned: false, draining: false }, (refusal) => {
      const partitions = this.#moving()
        .filter(({ partition }) => wasDraining && partition.removingReplicas.includes(brokerId(id)))
        .map(({ topic, partition: { index } }) => ({ topic, index, replicas: null }));
      if (refusal?.errorCode !== ErrorCode.NONE || partitions.length === 0) done(refusal);
      else this.#reassign(partitions, (outcome) => done(outcome === null ? null : result(outcome)));
    });
  }

  /** Keeps new replicas away from a broker, or lets them come; a broker that is draining gets none either way. */
  cordon(id: number, cordoned: boolean, done: Done): void {
    const draining = this.#controller.image.broker(brokerId(id))?.draining ?? false;
    this.#place(id, { cordoned, draining }, done);
  }

  /** Moves the least for balance; asked again it tells how far that is. UNSUPPORTED_VERSION where nothing can be moved yet. */
  rebalance(done: Done): void {
    const tooOld = levelProblem(this.#controller.image, WEIR_REPLICATION, 'replicas move between brokers');
    if (tooOld !== null) {
      done(result(tooOld));
      return;
    }
    this.#isRebalancing = true;
    this.#lookSoon(0);
    const movingCount = this.#moving().length;
    const waitingCount = this.#plan().length + this.#moreCount;
    done({ ...result(OK), waitingCount, movingCount, obstacles: this.#obstacles });
  }

  /** A batch was decided. */
  decided(delta: MetadataDelta): void {
    const { brokersChanged, topicsCreated, topicsDeleted, partitionsChanged } = delta;
    if (brokersChanged.length + topicsCreated.length + topicsDeleted.length > 0) {
      this.#planned = null;
      this.#lookSoon(0);
    } else if (partitionsChanged.length > 0 && this.#timer === null && this.#isDraining) {
      // What had nowhere to go may have now: somebody has moved something by hand.
      this.#lookSoon(STUCK_MS);
    }
  }

  /** The leadership is over. */
  end(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  #place(id: number, wanted: { readonly cordoned: boolean; readonly draining: boolean }, done: Done): void {
    const command = { kind: 'setBrokerPlacement', brokerId: id, ...wanted } as const;
    this.#submit(command, (outcome) => done(outcome === null ? null : result(outcome)));
  }

  #drainProgress(id: number): MoveOutcome {
    const broker = brokerId(id);
    let waitingCount = 0;
    let movingCount = 0;
    for (const topic of this.#controller.image.topicStates()) {
      for (const { replicas, removingReplicas } of topic.partitions) {
        if (removingReplicas.includes(broker)) movingCount += 1;
        else if (replicas.includes(broker)) waitingCount += 1;
      }
    }
    if (waitingCount > 0) this.#plan();
    const obstacles = waitingCount > 0 ? this.#obstacles : [];
    return { ...result(OK), waitingCount, movingCount, obstacles };
  }

  #moving(): Moving[] {
    const moving: Moving[] = [];
    for (const { name, partitions } of this.#controller.image.topicStates()) {
      for (const partition of partitions) {
        const { addingReplicas, removingReplicas } = partition;
        if (addingReplicas.length + removingReplicas.length > 0) moving.push({ topic: name, partition });
      }
    }
    return moving;
  }

  get #isDraining(): boolean {
    return this.#controller.image.brokers().some(({ draining }) => draining);
  }

  /** What is to be moved: brokers that are drained come first. Worked out anew when it is done, or brokers or topics change. */
  #plan(): readonly PlannedMove[] {
    const standing = this.#planned?.filter((move) => this.#stands(move)) ?? [];
    if (standing.length > 0) return standing;
    const { image } = this.#controller;
    const { settings } = this.#deps;
    const drains = this.#isDraining ? planDrains(image, settings) : NO_PLAN;
    const plan = drains.moves.length > 0 || !this.#isRebalancing ? drains : planRebalance(image, settings);
    this.#obstacles = drains.obstacles;
    this.#moreCount = plan.moreCount;
    this.#planned = plan.moves;
    return plan.moves;
  }

  /** Whether nobody has given the partition other replicas since the plan was made. */
  #stands({ topic, index, before }: PlannedMove): boolean {
    const partition = this.#controller.image.topicByName(topic)?.partition(index);
    if (partition === undefined || partition.addingReplicas.length + partition.removingReplicas.length > 0)
      return false;
    return partition.replicas.join() === before.join();
  }

  #lookSoon(delayMs: number): void {
    if (this.#isOver || this.#isAsking) return;
    this.#timer?.cancel();
    this.#timer = this.#deps.timers.after(delayMs, () => this.#look());
  }

  /** Begins as many moves as there is room for; looks again while there is something to do. */
  #look(): void {
    this.#timer = null;
    if (!this.#isDraining && !this.#isRebalancing) return;
    const movingCount = this.#moving().length;
    const room = Math.max(0, MOVING_MAX - movingCount);
    const planned = room > 0 ? this.#plan() : [];
    const next = planned.slice(0, room);
    if (next.length === 0) {
      if (movingCount > 0) this.#lookSoon(LOOK_MS);
      else if (this.#isRebalancing) this.#balanced();
      // What is left of a drain has nowhere to go until something changes.
      return;
    }
    this.#planned = planned.slice(room);
    this.#isAsking = true;
    this.#reassign(next, (outcome) => {
      this.#isAsking = false;
      const isRefused =
        outcome?.errorCode !== ErrorCode.NONE || outcome.partitions.some(({ errorCode }) => errorCode !== 0);
      this.#lookSoon(isRefused ? REFUSED_MS : LOOK_MS);
    });
  }

  /** Everything is where it should be: first replicas lead. */
  #balanced(): void {
    this.#isRebalancing = false;
    this.#submit({ kind: 'electLeaders', electionType: 'preferred', partitions: null }, () => undefined);
  }

  #reassign(
    moves: readonly {
      readonly topic: string;
      readonly index: number;
      readonly replicas: readonly number[] | null;
    }[],
    done: (outcome: Omit<AlterReassignmentsOutcome, 'kind'> | null) => void,
  ): void {
    const { log } = this.#deps;
    log.info({ partitions: moves.length }, 'replicas of partitions are moved');
    this.#submit({ kind: 'alterReassignments', partitions: moves, allowReplicationFactorChange: true }, (outcome) => {
      const partitions = outcome?.kind === 'alterReassignments' ? outcome.partitions : [];
      for (const { topic, index, errorCode, errorMessage } of partitions)
        if (errorCode !== ErrorCode.NONE) log.warn({ topic, index, errorCode, errorMessage }, 'a move is refused');
      done(outcome === null ? null : { ...outcome, partitions });
    });
  }

  #submit<C extends MetadataCommand>(command: C, done: (outcome: OutcomeOf<C> | null) => void): void {
    // The controller answers a command with an outcome of its kind, or with `failed`.
    this.#controller.submit(command, (outcome) => done(this.#isOver ? null : (outcome as OutcomeOf<C> | null)));
  }
}

const OK: CodedResult = { errorCode: ErrorCode.NONE, errorMessage: null };
const NO_PLAN: MovePlan = { moves: [], moreCount: 0, obstacles: [] };

function result({ errorCode, errorMessage }: CodedResult): MoveOutcome {
  return { errorCode, errorMessage, waitingCount: 0, movingCount: 0, obstacles: [] };
}

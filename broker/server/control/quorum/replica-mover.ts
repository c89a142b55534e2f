import { brokerId } from '../../../core/base/ids.ts';
import { isMoved, type MovePlan, type PlannedMove, planDrains, planRebalance } from '../../../core/metadata/balance.ts';
import type { CodedResult, MetadataCommand, OutcomeOf } from '../../../core/metadata/commands.ts';
import { levelProblem } from '../../../core/metadata/decide-features.ts';
import { WEIR_REPLICATION } from '../../../core/metadata/features.ts';
import type { Steps } from '../../../core/codec/pace.ts';
import type { Settings } from '../../../core/config/settings.ts';
import { type InternalMinIsrs, internalMinIsrs, type TopicMinIsr } from '../../../core/metadata/internal-min-isr.ts';
import { MIN_ISR } from '../../../core/metadata/min-isr.ts';
import type { MetadataImage } from '../../../core/metadata/image.ts';
import type { AlterReassignmentsOutcome } from '../../../core/metadata/replica-commands.ts';
import type { MetadataDelta } from '../../../core/metadata/view.ts';
import { ErrorCode } from '../../../core/protocol/errors.ts';
import type { TimerHandle, Timers } from '../../../ports/clock.ts';
import type { MoveResponse } from '../../../ports/control-net.ts';
import type { Log } from '../../../ports/log.ts';
import { inSteps } from '../../task.ts';
import type { Controller } from '../controller.ts';

/** Partitions that are moved at a time: what moves takes disk and network from what is served. */
const MOVING_MAX = 20;
/** How often it is looked how far the moves are, ms. */
const LOOK_MS = 500;
/** Pause after a move was refused, ms. */
const REFUSED_MS = 5000;
/** How long after a change of partitions it is looked whether a drain that stands still can go on, ms. */
const STUCK_MS = 2000;

/** Moves that are named where they can't be called back; of all of them the number is given. */
const NAMED_MAX = 10;

/** So often a plan is made anew because of what changes meanwhile; then what is still right of it is carried out. */
const PLANS_MAX = 4;

/** What the mover works with. */
export interface ReplicaMoverDeps {
  readonly timers: Timers;
  readonly log: Log;
  readonly settings: Settings;
}

type Lists = ReturnType<MetadataImage['tally']>[number]['lists'];

/** What is said to whoever asks. */
export type MoveOutcome = Omit<MoveResponse, 'controller'>;
/** null: this node is not the active controller any more. */
type Done = (outcome: MoveOutcome | null) => void;

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
  /** Who waits for the plan that is being made. */
  #planWaiters: ((planned: readonly PlannedMove[]) => void)[] = [];
  /** Something has changed that the plan that is being made has to take in. */
  #isOutdated = false;
  /** Plans that were made since one was not outdated. */
  #planCount = 0;
  #isAsking = false;
  /** How soon it is to be looked whether what has changed since the last plan was begun lets something go, ms. */
  #dueMs = Number.POSITIVE_INFINITY;
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
      else this.#drainProgress(id, done);
    });
  }

  /**
   * Ends a drain: what is on its way off the broker is called back, and what can't be, since too few of those that it would stay on
   * have everything, is told: it goes on. Without a drain, moves are somebody else's.
   */
  undrain(id: number, done: Done): void {
    const { image } = this.#controller;
    const isDraining = image.broker(brokerId(id))?.draining === true;
    const moving = image.partitionsWith(
      ({ removingReplicas }) => isDraining && removingReplicas.includes(brokerId(id)),
    );
    const partitions = [...moving].flatMap(({ name: topic, partitions: parts }) =>
      parts.map(({ index }) => ({ topic, index, replicas: null })),
    );
    let recalled: MoveOutcome | null = result(OK);
    let going: AlterReassignmentsOutcome['partitions'] = [];
    // Before the drain is over, in the log too: if this controller goes in between, the next one still knows whose moves these are.
    if (partitions.length > 0)
      this.#reassign(partitions, (outcome) => {
        recalled = outcome === null ? null : result(outcome);
        going = outcome?.partitions.filter(({ errorCode }) => errorCode !== ErrorCode.NONE) ?? [];
      });
    this.#place(id, { cordoned: false, draining: false }, (placed) => {
      if (recalled?.errorCode !== ErrorCode.NONE) done(recalled);
      else done(placed === null ? null : { ...placed, movingCount: going.length, obstacles: goesOn(id, going) });
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
    if (!this.#isRebalancing) {
      this.#isOutdated = true;
      this.#planCount = 0;
    }
    this.#isRebalancing = true;
    this.#lookSoon(0);
    this.#plan((planned) => {
      const { changes, waiting } = this.#minIsrs();
      const waitingCount = planned.length + this.#moreCount + changes.length + waiting.length;
      const obstacles = [...this.#obstacles, ...this.#awaited(isMoved), ...waiting.map(notInSync)];
      done(this.#ifActive({ waitingCount, movingCount: this.#movingCount, obstacles }));
    });
  }

  /** A batch was decided. */
  decided(delta: MetadataDelta): void {
    const { brokersChanged, topicsCreated, topicsDeleted } = delta;
    // Topics may come and go all the time, and nothing can leave a broker or come to it because of that.
    if (brokersChanged.length > 0) this.#isOutdated = true;
    if (brokersChanged.length + topicsCreated.length + topicsDeleted.length > 0) {
      this.#planned = null;
      this.#lookSoon(0);
    } else if (this.#isDraining && delta.partitionsChanged.length > 0) {
      // What had nowhere to go may have now: somebody has moved something by hand.
      this.#dueMs = Math.min(this.#dueMs, STUCK_MS);
      if (this.#timer === null) this.#lookSoon(STUCK_MS);
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

  #drainProgress(id: number, done: Done): void {
    const broker = brokerId(id);
    let waitingCount = 0;
    let movingCount = 0;
    for (const { lists, count } of this.#controller.image.tally()) {
      if (lists.removingReplicas.includes(broker)) movingCount += count;
      else if (lists.replicas.includes(broker)) waitingCount += count;
    }
    const awaited = this.#awaited((lists) => lists.removingReplicas.includes(broker));
    const answer = (obstacles: readonly string[]): void =>
      done(this.#ifActive({ waitingCount, movingCount, obstacles: [...obstacles, ...awaited] }));
    if (waitingCount === 0) answer([]);
    else this.#plan(() => answer(this.#obstacles));
  }

  /** Who is away of those that stay where partitions move: a move ends when all of them are in sync. */
  #awaited(isMeant: (lists: Lists) => boolean): readonly string[] {
    const { image } = this.#controller;
    const counts = new Map<number, number>();
    for (const { lists, count } of image.tally()) {
      const staying = isMeant(lists) ? lists.replicas.filter((id) => !lists.removingReplicas.includes(id)) : [];
      for (const id of staying) if (!image.isUnfenced(id)) counts.set(id, (counts.get(id) ?? 0) + count);
    }
    return [...counts].map(
      ([id, count]) => `${count} move${count === 1 ? ' waits' : 's wait'} for broker ${id}, which is away`,
    );
  }

  #ifActive(progress: Pick<MoveOutcome, 'waitingCount' | 'movingCount' | 'obstacles'>): MoveOutcome | null {
    return this.#isOver ? null : { ...result(OK), ...progress };
  }

  get #movingCount(): number {
    return this.#controller.image.tally().reduce((sum, { lists, count }) => sum + (isMoved(lists) ? count : 0), 0);
  }

  get #isDraining(): boolean {
    return this.#controller.image.brokers().some(({ draining }) => draining);
  }

  /**
   * Tells what is to be moved. Worked out anew when it is done, or brokers or topics change; that takes some turns at 100,000
   * partitions, and is of one state of the metadata.
   */
  #plan(then: (planned: readonly PlannedMove[]) => void): void {
    const standing = this.#planned?.filter((move) => this.#stands(move)) ?? [];
    if (standing.length > 0) then(standing);
    else if (this.#planWaiters.push(then) === 1) this.#makePlan();
  }

  #makePlan(): void {
    const { timers, settings } = this.#deps;
    this.#isOutdated = false;
    this.#dueMs = Number.POSITIVE_INFINITY;
    inSteps(timers, planned(this.#controller.image.clone(), settings, this.#isRebalancing), (plan) => {
      const isOutdated = this.#isOutdated || !plan.moves.every((move) => this.#stands(move));
      this.#planCount += 1;
      const isLast = this.#planCount >= PLANS_MAX;
      const moves = isOutdated ? plan.moves.filter((move) => this.#stands(move) && this.#isWelcome(move)) : plan.moves;
      // Without moves everything would seem to be balanced.
      const isGood = !isOutdated || (isLast && (moves.length > 0 || !this.#isRebalancing));
      if (!isGood && !this.#isOver) {
        timers.after(isLast ? LOOK_MS : 0, () => this.#makePlan());
        return;
      }
      this.#isOutdated = isOutdated;
      this.#planCount = 0;
      this.#obstacles = plan.obstacles;
      this.#moreCount = plan.moreCount;
      this.#planned = moves;
      for (const waiter of this.#planWaiters.splice(0)) waiter(moves);
    });
  }

  /** Whether nobody has given the partition other replicas since the plan was made. */
  #stands({ topic, index, before }: PlannedMove): boolean {
    const partition = this.#controller.image.topicByName(topic)?.partition(index);
    return partition !== undefined && !isMoved(partition) && partition.replicas.join() === before.join();
  }

  /** Whether those that the partition comes to are there and take it. */
  #isWelcome({ before, replicas }: PlannedMove): boolean {
    return replicas
      .filter((id) => !before.includes(id))
      .every((id) => {
        const broker = this.#controller.image.broker(brokerId(id));
        return broker !== null && this.#controller.image.mayLead(id) && !broker.cordoned && !broker.draining;
      });
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
    if (this.#movingCount >= MOVING_MAX) {
      this.#lookSoon(LOOK_MS);
      return;
    }
    this.#isAsking = true;
    this.#plan((planned) => {
      this.#isAsking = false;
      if (!this.#isOver) this.#begin(planned);
    });
  }

  #begin(planned: readonly PlannedMove[]): void {
    const { changes, waiting } = this.#isRebalancing ? this.#minIsrs() : NO_MIN_ISRS;
    if (changes.length > 0) {
      this.#setMinIsrs(changes);
      return;
    }
    const movingCount = this.#movingCount;
    const room = Math.max(0, MOVING_MAX - movingCount);
    const next = planned.slice(0, room);
    this.#planned = this.#isOutdated ? null : planned.slice(room);
    if (next.length === 0) {
      if (movingCount > 0 || this.#isOutdated) this.#lookSoon(LOOK_MS);
      else if (waiting.length > 0) this.#lookSoon(REFUSED_MS);
      else if (this.#isRebalancing) this.#balanced();
      // What is left of a drain has nowhere to go until something changes, as it may have while the plan was made.
      if (this.#dueMs < Number.POSITIVE_INFINITY) this.#lookSoon(this.#dueMs);
      return;
    }
    this.#isAsking = true;
    this.#reassign(next, (outcome) => {
      this.#isAsking = false;
      const isRefused =
        outcome?.errorCode !== ErrorCode.NONE || outcome.partitions.some(({ errorCode }) => errorCode !== 0);
      this.#lookSoon(isRefused ? REFUSED_MS : LOOK_MS);
    });
  }

  #minIsrs(): InternalMinIsrs {
    return internalMinIsrs(this.#controller.image, this.#deps.settings);
  }

  /** Before copies are made that would be counted at once, and when those that were made are in sync. */
  #setMinIsrs(changes: InternalMinIsrs['changes']): void {
    const { log } = this.#deps;
    const resources = changes.map(({ topic: name, value }) => ({
      scope: 'topic' as const,
      name,
      operations: [{ name: MIN_ISR, operation: value === null ? ('delete' as const) : ('set' as const), value }],
    }));
    log.info({ changes }, 'min.insync.replicas follows the copies of internal topics');
    this.#isAsking = true;
    this.#submit({ kind: 'alterConfigs', resources, validateOnly: false }, (outcome) => {
      this.#isAsking = false;
      const refused =
        outcome?.kind === 'alterConfigs' ? outcome.resources.filter(({ errorCode }) => errorCode !== 0) : [];
      for (const { name, errorCode, errorMessage } of refused)
        log.warn({ topic: name, errorCode, errorMessage }, 'min.insync.replicas can not be set');
      this.#lookSoon(outcome?.kind !== 'alterConfigs' || refused.length > 0 ? REFUSED_MS : 0);
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
const NO_MIN_ISRS: InternalMinIsrs = { changes: [], waiting: [] };
const NO_PLAN: MovePlan = { moves: [], moreCount: 0, obstacles: [] };

/** Brokers that are drained come first. */
function* planned(image: MetadataImage, settings: Settings, isRebalancing: boolean): Steps<MovePlan> {
  const isDraining = image.brokers().some(({ draining }) => draining);
  const drains = isDraining ? yield* planDrains(image, settings) : NO_PLAN;
  if (drains.moves.length > 0 || !isRebalancing) return drains;
  return { ...(yield* planRebalance(image, settings)), obstacles: drains.obstacles };
}

function notInSync({ topic, value }: TopicMinIsr): string {
  return `${MIN_ISR} of ${topic} waits for replicas that are in sync, to become ${value}`;
}

/** Why moves off a broker could not be called back. */
function goesOn(id: number, going: AlterReassignmentsOutcome['partitions']): readonly string[] {
  return going
    .slice(0, NAMED_MAX)
    .map(({ topic, index, errorMessage }) => `${topic}-${index} goes on moving off broker ${id}: ${errorMessage}`);
}

function result({ errorCode, errorMessage }: CodedResult): MoveOutcome {
  return { errorCode, errorMessage, waitingCount: 0, movingCount: 0, obstacles: [] };
}

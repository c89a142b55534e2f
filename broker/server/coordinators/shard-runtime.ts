import { assert } from '../../core/base/assert.ts';
import type { CoordinatorShard, Now, Ticket } from '../../core/coordinator/shard.ts';
import { NO_TICKET } from '../../core/coordinator/shard.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { TimerHandle } from '../../ports/clock.ts';
import type { Partition } from '../partitions/partition.ts';
import { BatchWriter } from './batch-writer.ts';
import type { CoordinatorHostDeps, CoordinatorKind, CoordinatorOutcome } from './host.ts';
import { loadShard } from './loader.ts';
import { delayUntil } from '../delay-until.ts';

/** Commands that may wait for one shard (to be loaded, decided on, or committed); more are refused. */
const PENDING_MAX = 20_000;
/** How long a command waits for a shard to be loaded before its client is told to come back. */
const LOAD_WAIT_MS = 1_000;
const RELOAD_DELAY_MIN_MS = 50;
const RELOAD_DELAY_MAX_MS = 5_000;
/** A timer that fires this late means that the node stood still: members were not heard, they are not to blame. */
const STALL_MS = 500;
const STALL_GRACE_MAX_MS = 5_000;

type Done<R> = (outcome: CoordinatorOutcome<R>) => void;

/** What one decision gave, waiting for the watermark to reach `endOffset`. */
interface Undelivered<R, E> {
  readonly endOffset: number;
  readonly decidedMs: number;
  readonly replies: readonly { readonly ticket: Ticket; readonly response: R }[];
  readonly effects: readonly E[];
  /** Its callers were told that it takes too long. */
  timedOut: boolean;
}

/**
 * One shard on this node, from the moment its partition is led here (or expected to be) until it is resigned. It feeds
 * commands to the shard, has its records appended, and lets replies and effects go when everything that they may rest
 * on is committed. When an append fails the shard is dropped and loaded again.
 */
export class ShardRuntime<C, R, E> {
  private readonly deps: CoordinatorHostDeps;
  private readonly kind: CoordinatorKind<C, R, E>;
  private readonly partitionIndex: number;
  /** Grows with every load and drop: completions of an older life are ignored. */
  private life = 0;
  private partition: Partition | null = null;
  private shard: CoordinatorShard<C, R, E> | null = null;
  private writer: BatchWriter | null = null;
  private nextTicket = NO_TICKET + 1;
  private readonly callers = new Map<Ticket, Done<R>>();
  private queue: { readonly command: C; readonly done: Done<R> | null }[] = [];
  private queueTimer: TimerHandle | null = null;
  private undelivered: Undelivered<R, E>[] = [];
  private delivering = false;
  private timer: TimerHandle | null = null;
  private timerDueMs = Number.POSITIVE_INFINITY;
  /** Deadlines that passed while the node stood still count from here (monotonic ms). */
  private graceUntilMs = Number.NEGATIVE_INFINITY;
  private commitTimer: TimerHandle | null = null;
  private reloadDelayMs = RELOAD_DELAY_MIN_MS;

  constructor(deps: CoordinatorHostDeps, kind: CoordinatorKind<C, R, E>, partitionIndex: number) {
    this.deps = deps;
    this.kind = kind;
    this.partitionIndex = partitionIndex;
  }

  /** Whether commands are decided at once. */
  isActive(): boolean {
    return this.shard !== null;
  }

  /** Whether the log is open here, so that the shard is at least being loaded. */
  hasPartition(): boolean {
    return this.partition !== null;
  }

  /** The shard's own description, or what the runtime waits for. */
  describe(): string {
    if (this.shard !== null) return this.shard.describe();
    return this.partition === null ? 'expected' : 'loading';
  }

  /** Leadership has come: begins to load. */
  lead(partition: Partition): void {
    this.drop(ErrorCode.NOT_COORDINATOR);
    this.partition = partition;
    this.load(partition);
  }

  /** Leadership of this partition object has gone. False when another one was taken over since. */
  resign(partition: Partition): boolean {
    if (this.partition !== partition) return false;
    this.drop(ErrorCode.NOT_COORDINATOR);
    this.refuseQueue(ErrorCode.NOT_COORDINATOR);
    this.partition = null;
    return true;
  }

  /** Takes a command; `done` null when nobody waits for it (it is dropped when the shard can't take it). */
  submit(command: C, done: Done<R> | null): void {
    if (this.callers.size + this.queue.length >= PENDING_MAX) {
      done?.({ kind: 'refused', errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE });
      return;
    }
    if (this.shard !== null) {
      this.decide(this.shard, command, done);
      return;
    }
    this.queue.push({ command, done });
    this.queueTimer ??= this.deps.timers.after(LOAD_WAIT_MS, () => {
      this.queueTimer = null;
      this.refuseQueue(
        this.partition === null ? ErrorCode.NOT_COORDINATOR : ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
        true,
      );
    });
  }

  private now(): Now {
    return { monotonicMs: this.deps.clock.monotonicMs(), wallMs: this.deps.clock.wallMs() };
  }

  private load(partition: Partition): void {
    this.life += 1;
    const { life } = this;
    const startedMs = this.deps.clock.monotonicMs();
    const shard = this.kind.createShard(this.partitionIndex);
    loadShard({ partition, shard, timers: this.deps.timers, isCurrent: () => life === this.life }, (outcome) => {
      if (life !== this.life) return;
      if (outcome.problem !== null) {
        this.deps.log.error({ ...this.place(), problem: outcome.problem }, 'coordinator shard could not be loaded');
        this.fail(ErrorCode.NOT_COORDINATOR);
        return;
      }
      const elapsedMs = this.deps.clock.monotonicMs() - startedMs;
      this.deps.log.debug({ ...this.place(), recordCount: outcome.recordCount, elapsedMs }, 'coordinator shard loaded');
      this.activate(partition, shard);
    });
  }

  private activate(partition: Partition, shard: CoordinatorShard<C, R, E>): void {
    const { life } = this;
    this.shard = shard;
    this.reloadDelayMs = RELOAD_DELAY_MIN_MS;
    this.writer = new BatchWriter(this.deps, partition, {
      committed: () => {
        if (life === this.life) this.deliver();
      },
      failed: (errorCode) => {
        if (life === this.life) this.fail(errorCode);
      },
    });
    this.run(shard, (now, out) => shard.loaded(now, out));
    this.queueTimer?.cancel();
    this.queueTimer = null;
    const { queue } = this;
    this.queue = [];
    for (const { command, done } of queue) this.submit(command, done);
  }

  private decide(shard: CoordinatorShard<C, R, E>, command: C, done: Done<R> | null): void {
    let ticket = NO_TICKET;
    if (done !== null) {
      ticket = this.nextTicket;
      this.nextTicket += 1;
      this.callers.set(ticket, done);
    }
    this.run(shard, (now, out) => shard.decide(command, ticket, now, out));
  }

  /** Lets the shard decide something, collects what comes of it, and sets the timer anew. */
  private run(
    shard: CoordinatorShard<C, R, E>,
    decide: (now: Now, out: Parameters<CoordinatorShard<C, R, E>['onTime']>[1]) => void,
  ): void {
    const { writer, life } = this;
    assert(writer !== null, 'a shard decides only with a writer');
    const replies: { ticket: Ticket; response: R }[] = [];
    const effects: E[] = [];
    const now = this.now();
    decide(now, {
      append: (record) => shard.replay(record, writer.add(record, now.wallMs)),
      reply: (ticket, response) => {
        if (ticket !== NO_TICKET) replies.push({ ticket, response });
      },
      effect: (effect) => {
        effects.push(effect);
      },
    });
    writer.endDecision();
    if (life !== this.life) return; // the append failed at once and the shard is gone
    if (replies.length > 0 || effects.length > 0) {
      this.undelivered.push({
        endOffset: writer.endOffset,
        decidedMs: now.monotonicMs,
        replies,
        effects,
        timedOut: false,
      });
      this.deliver();
    }
    this.setTimer(shard);
  }

  /** Lets go, in order, what is committed. */
  private deliver(): void {
    if (this.delivering) return;
    this.delivering = true;
    const { life } = this;
    while (life === this.life && this.writer !== null) {
      const first = this.undelivered[0];
      const committedEnd = this.kind.answersEarly === true ? Number.POSITIVE_INFINITY : this.writer.committedEnd;
      if (first === undefined || first.endOffset > committedEnd) break;
      this.undelivered.shift();
      for (const { ticket, response } of first.replies) this.answer(ticket, { kind: 'answered', response });
      for (const effect of first.effects) this.kind.perform(effect, this.partitionIndex);
    }
    this.delivering = false;
    this.watchCommit();
  }

  private answer(ticket: Ticket, outcome: CoordinatorOutcome<R>): void {
    const done = this.callers.get(ticket);
    if (done === undefined) return; // told before that it takes too long
    this.callers.delete(ticket);
    done(outcome);
  }

  /** Tells callers whose answer waits too long for the watermark to try again; the change itself may still hold. */
  private watchCommit(): void {
    const first = this.undelivered.find(({ timedOut }) => !timedOut);
    if (this.commitTimer !== null || first === undefined) return;
    const dueMs = first.decidedMs + this.kind.commitTimeoutMs();
    this.commitTimer = this.deps.timers.after(delayUntil(dueMs, this.deps.clock.monotonicMs()), () => {
      this.commitTimer = null;
      const lastMs = this.deps.clock.monotonicMs() - this.kind.commitTimeoutMs();
      for (const entry of this.undelivered) {
        if (entry.decidedMs > lastMs) break;
        entry.timedOut = true;
        for (const { ticket } of entry.replies)
          this.answer(ticket, { kind: 'refused', errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE });
      }
      this.watchCommit();
    });
  }

  private setTimer(shard: CoordinatorShard<C, R, E>): void {
    const dueMs = Math.max(shard.nextDeadlineMs(), this.graceUntilMs);
    if (this.timer !== null && dueMs === this.timerDueMs) return;
    this.timer?.cancel();
    this.timer = null;
    this.timerDueMs = dueMs;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.timer = this.deps.timers.after(delayUntil(dueMs, this.deps.clock.monotonicMs()), () => {
      this.timer = null;
      this.onTimer(shard, dueMs);
    });
  }

  private onTimer(shard: CoordinatorShard<C, R, E>, dueMs: number): void {
    const nowMs = this.deps.clock.monotonicMs();
    const lateMs = nowMs - dueMs;
    if (lateMs < STALL_MS) {
      this.run(shard, (now, out) => shard.onTime(now, out));
      return;
    }
    // The requests that waited while the node stood still are served first (STYLE.md, *Time*); they don't begin it anew.
    this.deps.log.warn({ ...this.place(), lateMs }, 'coordinator timers fired late; members get a grace');
    this.graceUntilMs = nowMs + Math.min(lateMs, STALL_GRACE_MAX_MS);
    this.setTimer(shard);
  }

  /** The log did not take what was decided: forget the shard, read it back when the partition is still led here. */
  private fail(errorCode: number): void {
    const { partition } = this;
    assert(partition !== null, 'only a led shard fails');
    const refusal =
      errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER || errorCode === ErrorCode.KAFKA_STORAGE_ERROR
        ? ErrorCode.NOT_COORDINATOR
        : ErrorCode.COORDINATOR_NOT_AVAILABLE;
    // A leadership that ended, by a stop for example, is no failure.
    if (partition.status(-1) === ErrorCode.NONE) {
      this.deps.log.warn({ ...this.place(), errorCode }, 'coordinator shard is dropped and loaded again');
    }
    this.drop(refusal);
    const { life } = this;
    this.deps.timers.after(this.reloadDelayMs, () => {
      if (life === this.life && partition.status(-1) === ErrorCode.NONE) this.load(partition);
    });
    this.reloadDelayMs = Math.min(this.reloadDelayMs * 2, RELOAD_DELAY_MAX_MS);
  }

  /** Forgets the shard and everybody who waits for it. Commands that wait for loading stay. */
  private drop(errorCode: number): void {
    this.life += 1;
    this.shard = null;
    this.writer = null;
    this.timer?.cancel();
    this.timer = null;
    this.timerDueMs = Number.POSITIVE_INFINITY;
    this.commitTimer?.cancel();
    this.commitTimer = null;
    this.undelivered = [];
    const waiting = [...this.callers.values()];
    this.callers.clear();
    for (const done of waiting) done({ kind: 'refused', errorCode });
  }

  /** `keepsNews`: commands that nobody waits for go on waiting; they are news that the shard would miss. */
  private refuseQueue(errorCode: number, keepsNews = false): void {
    this.queueTimer?.cancel();
    this.queueTimer = null;
    const { queue } = this;
    this.queue = keepsNews ? queue.filter(({ done }) => done === null) : [];
    for (const { done } of queue) done?.({ kind: 'refused', errorCode });
  }

  private place(): { topic: string; partition: number } {
    return { topic: this.kind.topic.name, partition: this.partitionIndex };
  }
}

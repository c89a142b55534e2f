import { assert, unreachable } from '../../../core/base/assert.ts';
import { confirmedRound } from '../../../core/raft/roles.ts';
import { Raft, type RaftOptions, type RaftStart } from '../../../core/raft/raft.ts';
import type {
  Effect,
  Entry,
  Input,
  LogIndex,
  LogPlace,
  Message,
  Refusal,
  ReplicaKey,
  Role,
  Term,
} from '../../../core/raft/types.ts';
import type { Clock, TimerHandle, Timers } from '../../../ports/clock.ts';
import type { RaftStorage } from '../raft-storage.ts';

/** A snapshot of the state machine at a metadata offset. */
export interface MachineSnapshot {
  readonly payload: Uint8Array;
  readonly offset: number;
}

/** The state machine behind the log. */
export interface RaftMachine {
  /** Committed entries, in order, each once. */
  committed(entries: readonly Entry[]): void;
  /** A snapshot in place of everything before. */
  restored(snapshot: MachineSnapshot, place: LogPlace): void;
  /** Role, term or leader are new. */
  became(role: Role, term: Term, leader: ReplicaKey | null): void;
}

/** What a host works with. */
export interface RaftHostDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly storage: RaftStorage;
  /** Sends to a replica, or drops: Raft repeats what matters. */
  readonly send: (message: Message) => void;
  readonly machine: RaftMachine;
}

/** A timer that fires this much too late was held up together with everything else in this process, ms. */
const HELD_UP_MS = 50;
/** After that, what waits in sockets is heard before anybody is judged, ms. */
const CATCH_UP_MS = 100;

/** Rounds of heartbeats whose beginnings are kept are this far apart, ms. */
const ROUNDS_APART_MS = 20;

/** What became of a request: done (`place` of a proposal, `index` that a read may see), or refused. */
export type RaftOutcome =
  | { readonly kind: 'proposed'; readonly place: LogPlace }
  | { readonly kind: 'readable'; readonly index: LogIndex }
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** What may be asked of the log. */
export type RaftRequest =
  | { readonly kind: 'propose'; readonly payload: Uint8Array }
  | { readonly kind: 'read' }
  | { readonly kind: 'add-voter'; readonly voter: ReplicaKey }
  | { readonly kind: 'remove-voter'; readonly voter: ReplicaKey }
  | { readonly kind: 'transfer'; readonly to: number | null; readonly isStuck?: boolean };

/**
 * Runs `core/raft` on a disk, a clock and a way to others. Effects are carried out in their order: writes go to the storage,
 * which makes them durable in that order, and a message leaves when the write that it names is durable (I3). Time in which
 * this whole process stood still does not count: nobody is judged by silence that was never listened to (F4).
 */
export class RaftHost {
  readonly #deps: RaftHostDeps;
  readonly #raft: Raft;
  readonly #waiting = new Map<number, (outcome: RaftOutcome) => void>();
  /** Messages that wait for a write, in order. */
  readonly #held: { readonly message: Message; readonly afterWrite: number }[] = [];
  #inputs: Input[] = [];
  #isRunning = false;
  #writtenCount = 0;
  #tag = 0;
  #appliedIndex: LogIndex;
  /** A snapshot is being read; entries behind it wait. */
  #isRestoring = false;
  #timer: TimerHandle | null = null;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #stoodStillMs = 0;
  /** Rounds of this leadership, and before when each began, from the latest that a majority has answered on. */
  #rounds: { readonly round: number; readonly atMs: number }[] = [];
  /** The latest round, kept or not. */
  #round = 0;
  #isStopped = false;

  constructor(deps: RaftHostDeps, options: RaftOptions, start: RaftStart) {
    this.#deps = deps;
    this.#raft = new Raft(options, start, deps.clock.monotonicMs());
    this.#appliedIndex = start.snapshot.place.index;
    deps.storage.onWritten((write) => {
      this.#writtenCount = write;
      this.#step({ kind: 'written', write });
    });
    this.#schedule();
  }

  /** For reading alone. */
  get state(): Raft['state'] {
    return this.#raft.state;
  }

  /** The last entry that the state machine has. */
  get appliedIndex(): LogIndex {
    return this.#appliedIndex;
  }

  /**
   * Monotonic time after which a majority received something of this leader, standstills included: until then nobody else was
   * elected. −∞ when it does not lead, or nobody has answered yet.
   */
  get confirmedAtMs(): number {
    const answered = confirmedRound(this.#raft.state);
    if (answered === Number.POSITIVE_INFINITY) return this.#deps.clock.monotonicMs();
    return this.#rounds.findLast(({ round }) => round <= answered)?.atMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Asks for something; `done` is called once, later: never when the process ends before. */
  ask(request: RaftRequest, done: (outcome: RaftOutcome) => void): void {
    this.#tag += 1;
    this.#waiting.set(this.#tag, done);
    this.#step({ ...request, tag: this.#tag });
  }

  /** A message arrived. */
  receive(message: Message): void {
    this.#step({ kind: 'message', message });
  }

  /** The leader's process is gone for certain (V8). */
  leaderRefuses(leader: ReplicaKey): void {
    this.#step({ kind: 'leader-refuses', leader });
  }

  /** A state-machine snapshot at an applied index is on the disk: the log up to there may go. */
  snapshotTaken(index: LogIndex, sizeInBytes: number): void {
    this.#step({ kind: 'snapshot-taken', index, sizeInBytes });
  }

  /** Does nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  get #nowMs(): number {
    return this.#deps.clock.monotonicMs() - this.#stoodStillMs;
  }

  /** Effects may bring inputs; they wait until those of this one are carried out. */
  #step(input: Input): void {
    if (this.#isStopped) return;
    this.#inputs.push(input);
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#noticeHeldUp();
    const atMs = this.#deps.clock.monotonicMs();
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      for (const effect of this.#raft.step(next, this.#nowMs)) this.#carryOut(effect);
      if (next.kind === 'written') this.#release();
    }
    this.#isRunning = false;
    this.#noteRound(atMs);
    this.#schedule();
  }

  /** `atMs`: a time before anything of the latest round was sent. */
  #noteRound(atMs: number): void {
    const { leadership } = this.#raft.state;
    if (leadership === null) {
      this.#rounds = [];
      this.#round = 0;
      return;
    }
    const { round } = leadership;
    // It began in an earlier step, and counts from then on or from a round before.
    if (round === this.#round) return;
    this.#round = round;
    const last = this.#rounds.at(-1);
    if (last !== undefined && atMs - last.atMs < ROUNDS_APART_MS) return;
    this.#rounds.push({ round, atMs });
    const answered = confirmedRound(this.#raft.state);
    const latest = this.#rounds.findLastIndex((one) => one.round <= answered);
    if (latest > 0) this.#rounds.splice(0, latest);
  }

  #carryOut(effect: Effect): void {
    const { storage, send, machine } = this.#deps;
    switch (effect.kind) {
      case 'write':
      case 'write-snapshot':
        storage.write(effect);
        return;
      case 'send':
        if (effect.afterWrite > this.#writtenCount) this.#held.push(effect);
        else send(effect.message);
        return;
      case 'read-piece': {
        const { to, meta, position } = effect;
        storage.readPiece(meta, position, (data) => {
          if (data !== null) this.#step({ kind: 'piece-read', to, meta, position, data });
        });
        return;
      }
      case 'committed':
        this.#apply();
        return;
      case 'restore':
        this.#restore(effect.meta.place);
        return;
      case 'became':
        machine.became(effect.role, effect.term, effect.leader);
        return;
      case 'proposed':
      case 'readable':
      case 'done':
      case 'refused': {
        const done = this.#waiting.get(effect.tag);
        this.#waiting.delete(effect.tag);
        assert(done !== undefined, 'what was asked is answered once');
        done(effect);
        return;
      }
      default:
        unreachable(effect);
    }
  }

  #release(): void {
    let count = 0;
    while ((this.#held[count]?.afterWrite ?? Number.POSITIVE_INFINITY) <= this.#writtenCount) count += 1;
    for (const { message } of this.#held.splice(0, count)) this.#deps.send(message);
  }

  #apply(): void {
    if (this.#isRestoring) return;
    const { log, committedIndex } = this.#raft.state;
    const entries: Entry[] = [];
    for (let index = this.#appliedIndex + 1; index <= committedIndex; index += 1) {
      const entry = log.at(index);
      assert(entry !== undefined, 'what is committed and not applied is in the log');
      entries.push(entry);
    }
    if (entries.length === 0) return;
    this.#appliedIndex = committedIndex;
    this.#deps.machine.committed(entries);
  }

  #restore(place: LogPlace): void {
    if (this.#isRestoring) return;
    this.#isRestoring = true;
    this.#deps.storage.readSnapshot((snapshot) => {
      this.#isRestoring = false;
      if (this.#isStopped) return;
      const latest = this.#raft.state.log.snapshot.place;
      // Another one came meanwhile, and what was read may be of either.
      if (latest.index !== place.index) {
        this.#restore(latest);
        return;
      }
      this.#appliedIndex = place.index;
      this.#deps.machine.restored(snapshot, place);
      this.#apply();
    });
  }

  /** Whatever comes first after a standstill: a message may be there before the timer. */
  #noticeHeldUp(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const lateMs = nowMs - this.#timerAtMs;
    if (lateMs <= HELD_UP_MS) return;
    this.#stoodStillMs += lateMs + CATCH_UP_MS;
    this.#timerAtMs = nowMs;
  }

  /** One timer; it is moved only when it would come too late. */
  #schedule(): void {
    if (this.#isStopped) return;
    const { wakeAtMs: dueAtMs, state } = this.#raft;
    // What was due before the last input came, as for one that has come to be a voter, is due since then: nothing stood still.
    const wakeAtMs = Math.max(dueAtMs, state.nowMs) + this.#stoodStillMs;
    if (wakeAtMs >= this.#timerAtMs) return;
    this.#timer?.cancel();
    this.#timerAtMs = wakeAtMs;
    // Whole milliseconds: a part of one that rounding loses would bring it back for ever.
    const delayMs = Math.max(1, Math.ceil(wakeAtMs - this.#deps.clock.monotonicMs()));
    this.#timer = this.#deps.timers.after(delayMs, this.#wake);
  }

  readonly #wake = (): void => {
    this.#noticeHeldUp();
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    // One that comes early, for a deadline that was put off since, changes nothing.
    this.#step({ kind: 'tick' });
  };
}

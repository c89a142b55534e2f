import { assert, unreachable } from '../../core/base/assert.ts';
import { brokerId } from '../../core/base/ids.ts';
import type {
  MetadataCommand,
  MetadataOutcome,
  OutcomeOf,
  RegisterBrokerCommand,
  RegisterBrokerOutcome,
} from '../../core/metadata/commands.ts';
import { weirVersionRange } from '../../core/metadata/features.ts';
import { MetadataImage } from '../../core/metadata/image.ts';
import { decodeRecords, recordsIn } from '../../core/metadata/records.ts';
import type { TopicPart } from '../../core/metadata/topic-table.ts';
import type { MetadataDelta, MetadataView } from '../../core/metadata/view.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { Clock, TimerHandle, Timers } from '../../ports/clock.ts';
import type { ChangeQuorumRequest, ChangeQuorumResponse, QuorumResponse } from '../../ports/control-net.ts';
import type { Random } from '../../ports/random.ts';
import type { ControlPlane, FatalListener, HealthAnswers } from '../control-plane.ts';
import { randomId } from './identity.ts';
import type { DataLink, HealthQuestion, ToData } from './link.ts';
import { BEAT_INTERVAL_MS } from './loop-watch.ts';

/** Commands that may be under way at a time; further ones fail at once. */
const PENDING_MAX = 10_000;
/** How long this node waits for its own registration and shutdown, ms. */
const MEMBERSHIP_TIMEOUT_MS = 30_000;
/** How long a node that stops waits for its leaderships to be taken over, ms: the last of a cluster has nobody to do it. */
const FAREWELL_TIMEOUT_MS = 2_000;

/** How long a node that stops waits for others to catch up with what it leads, ms: Kubernetes gives it 30 s in all. */
const HAND_OVER_MS = 8000;
const HAND_OVER_AGAIN_MS = 100;

/** A question about the quorum that is under way. */
interface Asked<R> {
  readonly done: (response: R | null) => void;
  readonly timer: TimerHandle;
}

/** Pause before a registration that met its living predecessor is tried again, ms. */
const REGISTER_AGAIN_MS = 100;
/** A wall clock that jumps this far is no measure of how old records are until it was compared (F6), ms. */
const CLOCK_JUMP_MS = 60_000;
/** Part of a session for which a heartbeat that was heard holds (S0). */
const LEASE_PART = 0.75;

interface Pending {
  readonly done: (outcome: MetadataOutcome) => void;
  readonly timer: TimerHandle;
}

/** What the data isolate's end works with. */
export interface RemoteControlPlaneDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly nodeId: number;
  readonly link: DataLink;
  /** `broker.session.timeout.ms`: how long after a heartbeat nobody else can have been given what this broker leads. */
  readonly sessionTimeoutMs: number;
}

/**
 * The data isolate's face of the control plane: its own image of the metadata, fed with committed batches in order, and
 * commands whose outcome comes after the batches that it depends on (read-your-writes). Beats while its loop turns.
 */
export class RemoteControlPlane implements ControlPlane {
  readonly #deps: RemoteControlPlaneDeps;
  readonly #image = new MetadataImage();
  readonly #pending = new Map<number, Pending>();
  readonly #deltaListeners: ((delta: MetadataDelta) => void)[] = [];
  readonly #controllerListeners: (() => void)[] = [];
  readonly #fatalListeners: FatalListener[] = [];
  #health: HealthAnswers | null = null;
  #nextId = 1;
  #brokerEpoch = -1;
  #directoryId = '';
  #fatal: string | null = null;
  #httpPort: number | null = null;
  /** Until when this broker holds its lease (S0), and one that waits for the metadata that it names. */
  #isClockFar = false;
  /** By how much the wall clock was ahead of the monotonic one at the last heartbeat that was answered; null before. */
  #heardLeadMs: number | null = null;
  #leaseUntilMs = Number.NEGATIVE_INFINITY;
  #namedLease: { readonly fromMs: number; readonly offset: number } | null = null;
  readonly #quorumAsks = new Map<number, Asked<QuorumResponse>>();
  readonly #quorumChanges = new Map<number, Asked<ChangeQuorumResponse>>();
  /** No controller has answered to the goodbye. */
  #isUnheard = false;
  #isBeatDue = false;
  /** What was told while a snapshot is taken over; null while none is. */
  #held: ToData[] | null = null;
  #startWaiters: (() => void)[] = [];
  #whenStopped: (() => void) | null = null;
  #beat: TimerHandle;

  constructor(deps: RemoteControlPlaneDeps) {
    this.#deps = deps;
    this.#beat = deps.timers.after(0, this.#sendBeat);
    deps.link.onMessage((message) => this.#receive(message));
  }

  get view(): MetadataView {
    return this.#image;
  }

  get brokerEpoch(): number {
    return this.#brokerEpoch;
  }

  register(registration: Parameters<ControlPlane['register']>[0], done: (failure: string | null) => void): void {
    this.whenStarted(() => {
      const command = {
        kind: 'registerBroker',
        brokerId: this.#deps.nodeId,
        incarnationId: randomId(this.#deps.random),
        directoryId: this.#directoryId,
        ...weirVersionRange(),
        ...registration,
      } as const;
      this.#register(command, this.#deps.clock.monotonicMs() + MEMBERSHIP_TIMEOUT_MS, done);
    });
  }

  /** An earlier incarnation that may live is waited for: its session ends. */
  #register(command: RegisterBrokerCommand, deadlineMs: number, done: (failure: string | null) => void): void {
    const { clock, timers } = this.#deps;
    this.submit(command, Math.max(1, deadlineMs - clock.monotonicMs()), (outcome) => {
      if (isRegistered(outcome)) this.#brokerEpoch = outcome.brokerEpoch;
      const mayWait = outcome.errorCode === ErrorCode.DUPLICATE_BROKER_REGISTRATION;
      if (mayWait && clock.monotonicMs() < deadlineMs) {
        timers.after(REGISTER_AGAIN_MS, () => this.#register(command, deadlineMs, done));
        return;
      }
      done(
        outcome.errorCode === ErrorCode.NONE
          ? null
          : `the controller refuses this broker: ${outcome.errorMessage ?? outcome.errorCode}`,
      );
    });
  }

  /** Runs once the metadata is known here. */
  whenStarted(run: () => void): void {
    if (this.#directoryId === '') this.#startWaiters.push(run);
    else run();
  }

  unfence(done: (failure: string | null) => void): void {
    const command = { kind: 'unfenceBroker', brokerId: this.#deps.nodeId, brokerEpoch: this.#brokerEpoch } as const;
    this.submit(command, MEMBERSHIP_TIMEOUT_MS, (outcome) => {
      done(
        outcome.errorCode === ErrorCode.NONE
          ? null
          : `the controller keeps this broker out: ${outcome.errorMessage ?? outcome.errorCode}`,
      );
    });
  }

  handOver(done: () => void): void {
    const { clock, timers, nodeId } = this.#deps;
    if (this.#fatal !== null || this.#brokerEpoch === -1) {
      timers.after(0, done);
      return;
    }
    const deadlineMs = clock.monotonicMs() + HAND_OVER_MS;
    const command = { kind: 'controlledShutdown', brokerId: nodeId, brokerEpoch: this.#brokerEpoch } as const;
    const attempt = (): void => {
      // Without a controller nobody takes over: a cluster that is stopped as a whole does not wait for itself.
      this.submit(command, FAREWELL_TIMEOUT_MS, ({ errorCode, ...outcome }) => {
        this.#isUnheard = errorCode === ErrorCode.REQUEST_TIMED_OUT;
        const remaining = 'remaining' in outcome ? outcome.remaining : 0;
        const mayHelp = errorCode === ErrorCode.NONE && remaining > 0 && this.#hasFollowers();
        if (mayHelp && clock.monotonicMs() + HAND_OVER_AGAIN_MS < deadlineMs) timers.after(HAND_OVER_AGAIN_MS, attempt);
        else done();
      });
    };
    attempt();
  }

  shutdown(done: () => void): void {
    assert(this.#whenStopped === null, 'a node is shut down once');
    this.#whenStopped = done;
    const stop = (): void => {
      this.#beat.cancel();
      this.#deps.link.send({ kind: 'stop' });
    };
    if (this.#fatal !== null) {
      this.#stopped();
    } else if (this.#brokerEpoch === -1 || this.#isUnheard) {
      stop();
    } else {
      const command = { kind: 'fenceBroker', brokerId: this.#deps.nodeId, brokerEpoch: this.#brokerEpoch } as const;
      this.submit(command, FAREWELL_TIMEOUT_MS, stop);
    }
  }

  submit<C extends MetadataCommand>(command: C, timeoutMs: number, done: (outcome: OutcomeOf<C>) => void): void {
    const { timers, link } = this.#deps;
    // The controller answers a command with an outcome of its kind, or with `failed`.
    const answer = done as (outcome: MetadataOutcome) => void;
    if (this.#pending.size >= PENDING_MAX) {
      timers.after(0, () =>
        answer(failed(ErrorCode.THROTTLING_QUOTA_EXCEEDED, 'too many metadata changes are waiting')),
      );
      return;
    }
    const id = this.#nextId;
    this.#nextId += 1;
    const timer = timers.after(timeoutMs, () => {
      if (this.#pending.delete(id))
        answer(failed(ErrorCode.REQUEST_TIMED_OUT, `the controller did not answer within ${timeoutMs} ms`));
    });
    this.#pending.set(id, { done: answer, timer });
    link.send({ kind: 'submit', id, command, timeoutMs });
  }

  describeQuorum(timeoutMs: number, done: (response: QuorumResponse | null) => void): void {
    const id = this.#askQuorum(this.#quorumAsks, timeoutMs, done);
    if (id !== null) this.#deps.link.send({ kind: 'describe-quorum', id, timeoutMs });
  }

  changeQuorum(
    request: ChangeQuorumRequest,
    timeoutMs: number,
    done: (response: ChangeQuorumResponse | null) => void,
  ): void {
    const id = this.#askQuorum(this.#quorumChanges, timeoutMs, done);
    if (id !== null) this.#deps.link.send({ kind: 'change-quorum', id, request, timeoutMs });
  }

  /** Whether nobody else can have been given what this broker leads (S0). Alone, it can't be replaced behind its back. */
  get holdsLease(): boolean {
    return this.#image.brokers().length <= 1 || this.#deps.clock.monotonicMs() < this.#leaseUntilMs;
  }

  leaderless(): Iterable<TopicPart> {
    return this.#image.partitionsOn(brokerId(this.#deps.nodeId), 'leaderless');
  }

  onController(listener: () => void): void {
    this.#controllerListeners.push(listener);
  }

  get isClockTrusted(): boolean {
    // It may have jumped since: the next heartbeat will tell whether it was right before or is now.
    const jumpedMs = Math.abs(this.#clockLeadMs() - (this.#heardLeadMs ?? this.#clockLeadMs()));
    return !this.#isClockFar && jumpedMs <= CLOCK_JUMP_MS;
  }

  #clockLeadMs(): number {
    const { clock } = this.#deps;
    return clock.wallMs() - clock.monotonicMs();
  }

  onDelta(listener: (delta: MetadataDelta) => void): void {
    this.#deltaListeners.push(listener);
  }

  onFatal(listener: FatalListener): void {
    this.#fatalListeners.push(listener);
    if (this.#fatal !== null) listener(this.#fatal, false);
  }

  setHealth(answers: HealthAnswers): void {
    this.#health = answers;
  }

  /** Port of the health page; null while it is not bound, or when there is none. Known once `register` is done. */
  get httpPort(): number | null {
    return this.#httpPort;
  }

  /** The control isolate has ended by itself: the node can't go on. */
  lost(message: string): void {
    if (this.#whenStopped === null) this.#fail(message, false);
    else this.#stopped();
  }

  /** Whether somebody who is in, and stays, has a replica of what this broker leads, and so may take it over when it has caught up. */
  #hasFollowers(): boolean {
    const { nodeId } = this.#deps;
    for (const { partitions } of this.#image.partitionsOn(brokerId(nodeId), 'counting')) {
      for (const { leader, replicas } of partitions) {
        if (leader === nodeId && replicas.some((id) => id !== nodeId && this.#image.mayLead(id))) return true;
      }
    }
    return false;
  }

  #receive(message: ToData): void {
    if (this.#held !== null && message.kind !== 'fatal' && message.kind !== 'stopped') {
      this.#held.push(message);
      return;
    }
    switch (message.kind) {
      case 'started':
        this.#start(message);
        return;
      case 'batch':
        this.#apply(message);
        return;
      case 'outcome': {
        const pending = this.#pending.get(message.id);
        if (pending === undefined) return;
        this.#pending.delete(message.id);
        pending.timer.cancel();
        pending.done(message.outcome);
        return;
      }
      case 'snapshot':
        this.#restore(message, (delta) => this.#tell(delta()));
        return;
      case 'controller':
        this.#image.controllerId = message.controllerId;
        for (const listener of this.#controllerListeners) listener();
        return;
      case 'lease':
        this.#namedLease = message;
        this.#heardLeadMs = this.#clockLeadMs();
        this.#renewLease();
        return;
      case 'clock':
        this.#isClockFar = message.isFar;
        return;
      case 'quorum':
        this.#quorumAnswered(this.#quorumAsks, message.id, message.response);
        return;
      case 'quorum-changed':
        this.#quorumAnswered(this.#quorumChanges, message.id, message.response);
        return;
      case 'ask':
        this.#answer(message.id, message.what);
        return;
      case 'http':
        this.#httpPort = message.port;
        return;
      case 'fatal':
        this.#fail(message.message, message.hung);
        return;
      case 'stopped':
        this.#stopped();
        return;
      default:
        unreachable(message);
    }
  }

  #start(message: Extract<ToData, { readonly kind: 'started' }>): void {
    this.#restore(message, () => {
      this.#directoryId = message.directoryId;
      this.#image.controllerId = message.controllerId;
      const waiting = this.#startWaiters;
      this.#startWaiters = [];
      for (const run of waiting) run();
    });
  }

  /** Takes a snapshot over, a part of it in each turn; what is told meanwhile is heard afterwards. */
  #restore(
    { payload, offset }: { readonly payload: Uint8Array; readonly offset: number },
    then: (delta: () => MetadataDelta) => void,
  ): void {
    const steps = this.#image.restoring(recordsIn(payload), offset);
    this.#held = [];
    const turn = (): void => {
      const { done, value } = steps.next();
      if (done !== true) {
        this.#deps.timers.after(0, turn);
        return;
      }
      const held = this.#held ?? [];
      this.#held = null;
      then(value);
      for (const message of held) this.#receive(message);
    };
    turn();
  }

  #apply(message: Extract<ToData, { readonly kind: 'batch' }>): void {
    this.#tell(this.#image.apply(decodeRecords(message.payload), message.baseOffset));
  }

  #tell(delta: MetadataDelta): void {
    for (const listener of this.#deltaListeners) listener(delta);
    this.#renewLease();
    if (this.#isBeatDue || this.#fatal !== null) return;
    // The controller lets in who has applied what it was told of.
    this.#isBeatDue = true;
    this.#deps.timers.after(0, () => {
      this.#isBeatDue = false;
      if (this.#whenStopped === null) this.#beatOnce();
    });
  }

  #renewLease(): void {
    const lease = this.#namedLease;
    if (lease === null || this.#image.offset < lease.offset) return;
    this.#leaseUntilMs = Math.max(this.#leaseUntilMs, lease.fromMs + LEASE_PART * this.#deps.sessionTimeoutMs);
    this.#namedLease = null;
  }

  #askQuorum<R>(asks: Map<number, Asked<R>>, timeoutMs: number, done: (response: R | null) => void): number | null {
    const { timers } = this.#deps;
    if (asks.size >= PENDING_MAX) {
      timers.after(0, () => done(null));
      return null;
    }
    const id = this.#nextId;
    this.#nextId += 1;
    const timer = timers.after(timeoutMs, () => {
      if (asks.delete(id)) done(null);
    });
    asks.set(id, { done, timer });
    return id;
  }

  #quorumAnswered<R>(asks: Map<number, Asked<R>>, id: number, response: R | null): void {
    const asked = asks.get(id);
    if (asked === undefined) return;
    asks.delete(id);
    asked.timer.cancel();
    asked.done(response);
  }

  #answer(id: number, what: HealthQuestion): void {
    const reasons = what === 'ready' ? (this.#health?.ready() ?? ['starting']) : null;
    const samples = what === 'metrics' ? (this.#health?.metrics() ?? []) : null;
    const load = what === 'load' ? (this.#health?.load() ?? null) : null;
    this.#deps.link.send({ kind: 'answer', id, reasons, samples, load });
  }

  /** Once, whichever comes first: the last message of the control isolate or its end. */
  #stopped(): void {
    const done = this.#whenStopped;
    this.#whenStopped = () => undefined;
    done?.();
  }

  #beatOnce(): void {
    const diskStalledMs = this.#health?.diskStalledMs() ?? 0;
    const atMs = this.#deps.clock.monotonicMs();
    this.#deps.link.send({ kind: 'beat', offset: this.#image.offset, atMs, diskStalledMs });
  }

  #fail(message: string, hung: boolean): void {
    if (this.#fatal !== null) return;
    this.#fatal = message;
    this.#beat.cancel();
    // The process ends: nobody is answered any more.
    for (const asks of [this.#pending, this.#quorumAsks, this.#quorumChanges])
      for (const { timer } of asks.values()) timer.cancel();
    for (const listener of this.#fatalListeners) listener(message, hung);
  }

  readonly #sendBeat = (): void => {
    this.#beatOnce();
    this.#beat = this.#deps.timers.after(BEAT_INTERVAL_MS, this.#sendBeat);
  };
}

function isRegistered(outcome: MetadataOutcome): outcome is RegisterBrokerOutcome {
  return outcome.kind === 'registerBroker' && outcome.errorCode === ErrorCode.NONE;
}

function failed(errorCode: number, errorMessage: string): MetadataOutcome {
  return { kind: 'failed', errorCode, errorMessage };
}

import type { Settings } from '../../../core/config/settings.ts';
import { BrokerSessions, type HeartbeatResult } from '../../../core/metadata/sessions.ts';
import type { MetadataDelta } from '../../../core/metadata/view.ts';
import { brokerId } from '../../../core/base/ids.ts';
import { ErrorCode } from '../../../core/protocol/errors.ts';
import type { Clock, TimerHandle, Timers } from '../../../ports/clock.ts';
import type {
  ControlAddress,
  ControlNet,
  HeartbeatRequest,
  HeartbeatResponse,
  QuorumReplica,
} from '../../../ports/control-net.ts';
import type { Log } from '../../../ports/log.ts';
import type { Controller } from '../controller.ts';
import { redial } from './redial.ts';
import { delayUntil } from '../../delay-until.ts';

/** So many refused redials prove that a process is gone (F3). */
const REFUSALS = 2;

/** What a session comes to. */
type Verdict = NonNullable<HeartbeatResult['command']>;

/** What the keeper works with. */
export interface SessionKeeperDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly settings: Settings;
  readonly probe: ControlNet['probe'];
  /** Where a broker's control plane listens; null when that is not known. */
  readonly addressOf: (id: number) => ControlAddress | null;
}

/**
 * Sees to it, for the active controller, that brokers which are gone are fenced (F2, F3): made anew with each leadership. What
 * `core/metadata/sessions.ts` finds becomes a command; a stream that breaks is a hint, and two refused redials are proof.
 */
export class SessionKeeper {
  readonly #deps: SessionKeeperDeps;
  readonly #controller: Controller;
  readonly #sessions: BrokerSessions;
  /** What registered brokers last said, for who asks about them. */
  readonly #seen = new Map<
    number,
    { readonly appliedOffset: number; readonly wallMs: number; readonly caughtUpWallMs: number }
  >();
  #timer: TimerHandle | null = null;
  #isOver = false;

  constructor(deps: SessionKeeperDeps, controller: Controller) {
    this.#deps = deps;
    this.#controller = controller;
    const limits = {
      sessionTimeoutMs: deps.settings.broker('broker.session.timeout.ms'),
      loopStallMs: deps.settings.broker('weir.loop.stall.ms'),
    };
    this.#sessions = new BrokerSessions(limits, controller.image, this.#nowMs);
    this.#schedule();
    // Whoever died together with the last controller is not waited for.
    for (const { id, epoch, fenced } of controller.image.brokers()) if (!fenced) this.#redial(id, epoch);
  }

  /** Whether another process with this id lives. */
  isAlive(id: number): boolean {
    return this.#sessions.isAlive(brokerId(id), this.#nowMs);
  }

  /** Whether a broker's disk hangs, or did a short while ago (F5). */
  isSlow(id: number): boolean {
    return this.#sessions.isSlow(brokerId(id));
  }

  /** A batch was decided. */
  decided(delta: MetadataDelta): void {
    if (delta.brokersChanged.length === 0) return;
    for (const id of delta.brokersChanged) if (this.#controller.image.broker(id) === null) this.#seen.delete(id);
    this.#sessions.brokersChanged(this.#controller.image, delta.brokersChanged, this.#nowMs);
    this.#schedule();
  }

  /** The registered brokers as observers of the quorum (V12). */
  observers(): readonly QuorumReplica[] {
    return this.#controller.image.brokers().map(({ id, directoryId }) => {
      const seen = this.#seen.get(id);
      return {
        replica: { id, directoryId },
        logEndOffset: seen === undefined ? -1 : seen.appliedOffset + 1,
        lastFetchMs: seen?.wallMs ?? -1,
        lastCaughtUpMs: seen?.caughtUpWallMs ?? -1,
      };
    });
  }

  /** A broker says goodbye. */
  left(id: number, brokerEpoch: number): void {
    this.#sessions.left(brokerId(id), brokerEpoch);
  }

  /** Takes a heartbeat; `committed` is what the answer names. */
  heartbeat(
    request: HeartbeatRequest,
    committed: { readonly offset: number },
  ): Pick<HeartbeatResponse, 'errorCode' | 'isFenced'> {
    const { image } = this.#controller;
    const heartbeat = {
      ...request,
      brokerId: brokerId(request.brokerId),
      ...(this.#isAlone ? { loopStalledMs: 0, diskStalledMs: 0 } : {}),
    };
    const now = { nowMs: this.#nowMs, committedOffset: committed.offset };
    if (image.broker(heartbeat.brokerId) !== null) this.#note(request, committed.offset);
    const { errorCode, isFenced, command } = this.#sessions.heartbeat(image, heartbeat, now);
    // What was heard only puts a deadline off: the timer comes early once, and no beat has to move it.
    if (command !== null) this.#submit(command);
    return { errorCode, isFenced };
  }

  /** The stream of a broker broke. */
  streamEnded(id: number, brokerEpoch: number): void {
    if (!this.#isOver) this.#redial(id, brokerEpoch);
  }

  /** The leadership is over. */
  end(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  #note({ brokerId: id, appliedOffset }: HeartbeatRequest, offset: number): void {
    const wallMs = this.#deps.clock.wallMs();
    const caughtUpWallMs = appliedOffset >= offset ? wallMs : (this.#seen.get(id)?.caughtUpWallMs ?? -1);
    this.#seen.set(id, { appliedOffset, wallMs, caughtUpWallMs });
  }

  get #nowMs(): number {
    return this.#deps.clock.monotonicMs();
  }

  /** Nobody could take over from the only broker: taking it out for being slow would only do harm. */
  get #isAlone(): boolean {
    return this.#controller.image.brokers().length === 1;
  }

  #redial(id: number, brokerEpoch: number): void {
    const address = this.#deps.addressOf(id);
    if (address === null) return;
    const broken = { brokerId: brokerId(id), brokerEpoch, sinceMs: this.#nowMs };
    const isHeard = (): boolean => this.#isOver || this.#sessions.isHeardSince(broken);
    redial(this.#deps, { address, refusals: REFUSALS, isHeard }, () => {
      if (this.#isOver) return;
      const command = this.#sessions.connectionRefused(this.#controller.image, broken);
      if (command !== null) this.#submit(command);
    });
  }

  #submit(command: Verdict): void {
    const { brokerId: broker, brokerEpoch } = command;
    if (command.kind === 'shedLeaders') {
      this.#deps.log.warn({ broker, brokerEpoch }, 'the disk of a broker hangs: others lead what they can');
      this.#controller.carryOut(command);
      return;
    }
    const said = command.kind === 'fenceBroker' ? 'a broker is taken out' : 'a broker is let in';
    this.#deps.log.info({ broker, brokerEpoch }, said);
    this.#controller.submit(command, (outcome) => {
      if (outcome !== null && outcome.errorCode !== ErrorCode.NONE)
        this.#deps.log.warn({ ...outcome }, 'a broker could not be taken out or let in');
    });
  }

  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const wakeMs = this.#sessions.nextWakeMs();
    if (this.#isOver || wakeMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#deps.timers.after(delayUntil(wakeMs, this.#nowMs), () => {
      const commands = this.#sessions.tick(this.#controller.image, this.#nowMs);
      if (!this.#isAlone) for (const command of commands) this.#submit(command);
      this.#schedule();
    });
  }
}

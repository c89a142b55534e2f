import { assert } from '../base/assert.ts';
import type { BrokerId } from '../base/ids.ts';
import { Deadlines, type Deadline } from '../base/deadlines.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { FenceBrokerCommand, UnfenceBrokerCommand } from './commands.ts';
import type { ShedLeadersCommand } from './internal-commands.ts';
import type { BrokerView } from './view.ts';

/** How long brokers may be silent or stalled, ms. */
export interface SessionLimits {
  /** `broker.session.timeout.ms`. */
  readonly sessionTimeoutMs: number;
  /** `weir.loop.stall.ms`: a broker whose data loop has not turned for longer is taken out (F1). */
  readonly loopStallMs: number;
}

/** A broker's disk operation that is under way for longer makes it slow (F5): it leads nothing that another can lead, ms. */
export const DISK_STALL_MS = 3000;
/** Operations that take no longer are those of a disk that is well, ms. */
export const DISK_WELL_MS = 500;
/** How long a disk has to be well before its broker counts as well: one that hangs now and then moves nothing twice, ms. */
export const DISK_REST_MS = 10_000;
/** A slow broker is relieved again after this time, of what it has got meanwhile, ms. */
const RELIEVE_AGAIN_MS = 1000;
/** What a doubled session may grow to (F3), ms. */
export const EXTENDED_SESSION_MAX_MS = 9000;
/** For how long a broker that was fenced falsely keeps its longer session (F3), ms. */
export const EXTENSION_MS = 600_000;
/** How often the controller looks at the clock at least, ms. */
const LOOK_INTERVAL_MS = 250;
/** A fencing that was not carried out (the log was full) is asked for again after this time, ms. */
const RETRY_MS = 100;

/** The registered brokers, as the controller decides on them: with what is not committed yet. */
export interface RegisteredBrokers {
  brokers(): readonly BrokerView[];
  broker(id: BrokerId): BrokerView | null;
}

/** What a broker says of itself; ages in ms. */
export interface BrokerHeartbeat {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: number;
  /** Last metadata offset that it applied. */
  readonly appliedOffset: number;
  readonly wantsUnfenced: boolean;
  readonly loopStalledMs: number;
  readonly diskStalledMs: number;
  /** For how long its heartbeats have had no answer. */
  readonly unansweredMs: number;
}

/** What a heartbeat comes to. */
export interface HeartbeatResult {
  /** NONE, BROKER_ID_NOT_REGISTERED or STALE_BROKER_EPOCH. */
  readonly errorCode: number;
  readonly isFenced: boolean;
  /** What the controller is to decide now because of it. */
  readonly command: FenceBrokerCommand | UnfenceBrokerCommand | ShedLeadersCommand | null;
}

/** A connection with an incarnation of a broker that broke, and when, monotonic ms. */
export interface BrokenConnection {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: number;
  readonly sinceMs: number;
}

interface Session {
  readonly id: BrokerId;
  readonly epoch: number;
  /** Monotonic time of the last contact, or of what stands for one. */
  contactMs: number;
  /** This controller has heard from this incarnation, and has not seen it end. */
  heard: boolean;
  /** It has said goodbye: nothing brings it back. */
  left: boolean;
  /** It was fenced because it was silent. */
  timedOut: boolean;
  /** Committed offset that the last answer named. */
  namedOffset: number;
  /** Its disk hung for too long and has not been well for long enough since; when it began to be well. */
  isSlow: boolean;
  wellSinceMs: number | null;
  /** When it is relieved again. */
  relieveMs: number;
  /** Longer session after a false alarm, until `extendedUntilMs`. */
  extendedMs: number;
  extendedUntilMs: number;
  readonly timer: Deadline<BrokerId>;
}

/**
 * Who lives, as the active controller knows (F1, F3): made anew when a controller becomes active, which gives everybody a
 * full session. It judges and never acts: the commands that it gives are for the controller to decide.
 *
 * - **S1** There is exactly one session per registered broker, of its current epoch.
 * - **S2** For its silence a broker is fenced only after a whole session without contact, during which this controller's own
 *   clock was watched all the time. A heartbeat is a contact as of when its sender last had an answer: one that is heard and hears
 *   nothing is fenced like one that is silent.
 * - **S3** A session lasts from the configured time-out to the larger of that and 9 s.
 * - **S4** A broker that is stalled, hears nothing, has not applied what it was told of, or does not ask for it, is not let in.
 * - **S5** A broker whose disk hung for `DISK_STALL_MS` is relieved of its leaderships and counts as slow until the disk has
 *   been well for `DISK_REST_MS` (F5). It stays in: what nobody else can lead is better led slowly.
 */
export class BrokerSessions {
  readonly #limits: SessionLimits;
  readonly #sessions = new Map<BrokerId, Session>();
  readonly #deadlines = new Deadlines<BrokerId>();
  #lookedMs: number;

  constructor(limits: SessionLimits, registered: RegisteredBrokers, nowMs: number) {
    this.#limits = limits;
    this.#lookedMs = nowMs;
    for (const broker of registered.brokers()) this.#begin(broker, { nowMs, heard: false });
  }

  /** To be called with every batch that the controller decided: which brokers were registered, fenced, let in or removed. */
  brokersChanged(registered: RegisteredBrokers, ids: readonly BrokerId[], nowMs: number): void {
    this.#look(nowMs);
    for (const id of ids) {
      const broker = registered.broker(id);
      const session = this.#sessions.get(id);
      if (broker === null) {
        this.#end(id);
      } else if (session?.epoch !== broker.epoch) {
        this.#end(id);
        this.#begin(broker, { nowMs, heard: true, before: session });
      } else {
        this.#schedule(session, broker, nowMs);
      }
    }
    assert(this.#sessions.size === registered.brokers().length, 'S1: a session per registered broker');
  }

  /** `committedOffset` is what the answer will name. */
  heartbeat(
    registered: RegisteredBrokers,
    request: BrokerHeartbeat,
    now: { readonly nowMs: number; readonly committedOffset: number },
  ): HeartbeatResult {
    this.#look(now.nowMs);
    const { brokerId: id, brokerEpoch } = request;
    const broker = registered.broker(id);
    if (broker === null) return { errorCode: ErrorCode.BROKER_ID_NOT_REGISTERED, isFenced: true, command: null };
    if (broker.epoch !== brokerEpoch) return { errorCode: ErrorCode.STALE_BROKER_EPOCH, isFenced: true, command: null };
    const session = this.#current(broker);
    // Whoever hears nothing can follow nobody, however well it is heard: a contact is one that it knows of.
    const isDeaf = request.unansweredMs >= this.#limits.sessionTimeoutMs;
    if (session.timedOut && !isDeaf) this.#extend(session, now.nowMs);
    session.contactMs = Math.max(session.contactMs, now.nowMs - request.unansweredMs);
    session.heard = !session.left;
    judgeDisk(session, request.diskStalledMs, now.nowMs);
    const isWell = request.loopStalledMs <= this.#limits.loopStallMs;
    const mayBeIn = isWell && request.wantsUnfenced && !session.left;
    const mayComeIn = mayBeIn && !isDeaf && request.diskStalledMs <= DISK_STALL_MS;
    const isCaughtUp = request.appliedOffset >= session.namedOffset;
    session.namedOffset = Math.max(session.namedOffset, now.committedOffset);
    this.#schedule(session, broker, now.nowMs);
    const answer = { errorCode: ErrorCode.NONE, isFenced: broker.fenced };
    if (!broker.fenced && !mayBeIn) return { ...answer, command: { kind: 'fenceBroker', brokerId: id, brokerEpoch } };
    if (broker.fenced && mayComeIn && isCaughtUp)
      return { ...answer, command: { kind: 'unfenceBroker', brokerId: id, brokerEpoch } };
    if (!broker.fenced && session.isSlow && now.nowMs >= session.relieveMs) {
      session.relieveMs = now.nowMs + RELIEVE_AGAIN_MS;
      return { ...answer, command: { kind: 'shedLeaders', brokerId: id, brokerEpoch } };
    }
    return { ...answer, command: null };
  }

  /** Brokers to fence because they were silent for a whole session. */
  tick(registered: RegisteredBrokers, nowMs: number): readonly FenceBrokerCommand[] {
    this.#look(nowMs);
    const commands: FenceBrokerCommand[] = [];
    for (let due = this.#deadlines.takeDue(nowMs); due !== null; due = this.#deadlines.takeDue(nowMs)) {
      const broker = registered.broker(due.payload);
      assert(broker !== null, 'S1: a session is that of a registered broker');
      if (broker.fenced) continue;
      const session = this.#current(broker);
      const silentMs = nowMs - session.contactMs;
      // Times are fractions of ms, whose sums lose a little.
      assert(silentMs > this.#limits.sessionTimeoutMs - 1, 'S2: a broker is fenced after a whole session of silence');
      session.timedOut = true;
      session.heard = false;
      this.#deadlines.set(session.timer, nowMs + RETRY_MS);
      commands.push({ kind: 'fenceBroker', brokerId: broker.id, brokerEpoch: broker.epoch });
    }
    return commands;
  }

  /** When to call `tick` at the latest, monotonic ms; `Infinity` while nobody can time out. */
  nextWakeMs(): number {
    const next = this.#deadlines.nextMs();
    return next === Number.POSITIVE_INFINITY ? next : Math.min(next, this.#lookedMs + LOOK_INTERVAL_MS);
  }

  /**
   * Whether another process with this id lives: a new incarnation is refused meanwhile. A session that was only granted,
   * after a change of controllers, does not count, so that a cluster that was killed as a whole comes back at once.
   */
  isAlive(id: BrokerId, nowMs: number): boolean {
    const session = this.#sessions.get(id);
    return session !== undefined && session.heard && nowMs - session.contactMs < this.#timeoutMs(session, nowMs);
  }

  /** Whether a broker's disk hangs, or did so a short while ago: it should lead nothing, and count nowhere (F5). */
  isSlow(id: BrokerId): boolean {
    return this.#sessions.get(id)?.isSlow ?? false;
  }

  /** An incarnation has said goodbye: its successor need not wait. */
  left(id: BrokerId, brokerEpoch: number): void {
    const session = this.#sessions.get(id);
    if (session?.epoch !== brokerEpoch) return;
    session.left = true;
    session.heard = false;
  }

  /** Whether an incarnation was heard after its connection broke, or is not the present one: nothing is to be found out about it. */
  isHeardSince({ brokerId: id, brokerEpoch, sinceMs }: BrokenConnection): boolean {
    const session = this.#sessions.get(id);
    return session === undefined || session.epoch !== brokerEpoch || (session.heard && session.contactMs > sinceMs);
  }

  /**
   * No process listens where this incarnation did, twice, in redials that began at `sinceMs` (F3): null when it has been
   * heard since, or is out already.
   */
  connectionRefused(registered: RegisteredBrokers, broken: BrokenConnection): FenceBrokerCommand | null {
    const { brokerId: id, brokerEpoch } = broken;
    const session = this.#sessions.get(id);
    if (session === undefined || this.isHeardSince(broken)) return null;
    session.heard = false;
    return registered.broker(id)?.fenced === false ? { kind: 'fenceBroker', brokerId: id, brokerEpoch } : null;
  }

  /** One deterministic line, for scripts. */
  describe(nowMs: number): string {
    const parts = [...this.#sessions.values()].map((session) => {
      const { id, epoch, heard, timer, namedOffset } = session;
      const due = timer.dueMs === Number.POSITIVE_INFINITY ? '-' : `${timer.dueMs}`;
      const length = this.#timeoutMs(session, nowMs);
      return `${id}@${epoch} ${heard ? 'heard' : 'silent'} session ${length} due ${due} told ${namedOffset}`;
    });
    return parts.join(' | ');
  }

  #begin(
    broker: BrokerView,
    {
      nowMs,
      heard,
      before,
    }: { readonly nowMs: number; readonly heard: boolean; readonly before?: Session | undefined },
  ): void {
    const session: Session = {
      id: broker.id,
      epoch: broker.epoch,
      contactMs: nowMs,
      heard,
      left: false,
      timedOut: false,
      namedOffset: broker.epoch,
      // Another process on the same disk.
      isSlow: before?.isSlow ?? false,
      wellSinceMs: before?.wellSinceMs ?? null,
      relieveMs: nowMs,
      // What was too slow a moment ago is hardly faster after a restart.
      extendedMs: before?.extendedMs ?? 0,
      extendedUntilMs: before?.extendedUntilMs ?? 0,
      timer: this.#deadlines.create(broker.id),
    };
    this.#sessions.set(broker.id, session);
    this.#schedule(session, broker, nowMs);
  }

  #end(id: BrokerId): void {
    const session = this.#sessions.get(id);
    if (session !== undefined) this.#deadlines.cancel(session.timer);
    this.#sessions.delete(id);
  }

  #current(broker: BrokerView): Session {
    const session = this.#sessions.get(broker.id);
    assert(session !== undefined && session.epoch === broker.epoch, 'S1: a session of the current epoch');
    return session;
  }

  #schedule(session: Session, broker: BrokerView, nowMs: number): void {
    if (broker.fenced) this.#deadlines.cancel(session.timer);
    else this.#deadlines.set(session.timer, session.contactMs + this.#timeoutMs(session, nowMs));
  }

  #timeoutMs(session: Session, nowMs: number): number {
    const { sessionTimeoutMs } = this.#limits;
    return nowMs < session.extendedUntilMs ? Math.max(session.extendedMs, sessionTimeoutMs) : sessionTimeoutMs;
  }

  /** It was fenced and lives: the next alarm waits longer (F3). */
  #extend(session: Session, nowMs: number): void {
    session.timedOut = false;
    session.extendedMs = Math.min(2 * this.#timeoutMs(session, nowMs), EXTENDED_SESSION_MAX_MS);
    session.extendedUntilMs = nowMs + EXTENSION_MS;
  }

  /** While this controller was held up nobody could be heard: everybody begins again. */
  #look(nowMs: number): void {
    const heldUp = nowMs - this.#lookedMs > LOOK_INTERVAL_MS + this.#limits.sessionTimeoutMs / 4;
    this.#lookedMs = nowMs;
    if (!heldUp) return;
    for (const session of this.#sessions.values()) {
      if (session.timer.dueMs === Number.POSITIVE_INFINITY) continue;
      session.contactMs = nowMs;
      this.#deadlines.set(session.timer, nowMs + this.#timeoutMs(session, nowMs));
    }
  }
}

/** What an age of the oldest operation says about a disk: it is slow at once, and well only after a while. */
function judgeDisk(session: Session, diskStalledMs: number, nowMs: number): void {
  if (diskStalledMs > DISK_WELL_MS) session.wellSinceMs = null;
  else session.wellSinceMs ??= nowMs;
  if (diskStalledMs > DISK_STALL_MS) session.isSlow = true;
  else if (session.wellSinceMs !== null && nowMs - session.wellSinceMs >= DISK_REST_MS) session.isSlow = false;
}

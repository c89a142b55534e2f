import { ApiKey } from '../protocol/apis.ts';
import { ErrorCode, errorName, isRetriable } from '../protocol/errors.ts';
import type { ApiResponses } from '../protocol/messages.ts';
import { askAny } from './ask-any.ts';
import type { CallOutcome } from './call.ts';
import type { Metadata } from './metadata.ts';
import type { Network } from './network.ts';
import type { Scheduled } from './schedule.ts';

/** What a member tells its consumer. */
export interface MemberListener {
  joined(memberEpoch: number): void;
  /** Topic ids with partitions: everything assigned now. */
  assigned(partitions: readonly { readonly topicId: string; readonly partitions: readonly number[] }[]): void;
  trouble(code: number, reason: string): void;
  fatal(code: number, reason: string): void;
  left(): void;
}

/** Who joins which group. */
export interface MemberIdentity {
  readonly groupId: string;
  readonly memberId: string;
  readonly rack: string | null;
  readonly topics: readonly string[];
}

type HeartbeatAnswer = ApiResponses[typeof ApiKey.ShareGroupHeartbeat];

/** Early heartbeats while nothing is assigned: a coordinator may assign after its first answer. */
const EAGER_HEARTBEAT_MS = 200;
const EAGER_HEARTBEATS_MAX = 10;
/** How often it is asked who coordinates while the coordinator says nothing. */
const SILENT_ASK_MS = 500;
const LEAVE_EPOCH = -1;

/** Membership in a share group: finds the coordinator, joins, keeps the heartbeat, joins again when fenced. */
export class ShareMember {
  readonly #network: Network;
  readonly #metadata: Metadata;
  readonly #listener: MemberListener;
  readonly #who: MemberIdentity;
  #coordinator = -1;
  #epoch = 0;
  #assigned = false;
  /** The last heartbeat was not answered. */
  #unheard = false;
  #eager = 0;
  #attempt = 0;
  #state: 'idle' | 'finding' | 'beating' | 'waiting' | 'left' = 'idle';
  #leaving = false;
  #timer: Scheduled | null = null;

  constructor(parts: {
    readonly network: Network;
    readonly metadata: Metadata;
    readonly listener: MemberListener;
    readonly who: MemberIdentity;
  }) {
    this.#network = parts.network;
    this.#metadata = parts.metadata;
    this.#listener = parts.listener;
    this.#who = parts.who;
  }

  start(): void {
    if (this.#state === 'idle') this.#find();
  }

  /** Leaves the group as soon as no heartbeat is under way; `left` follows. */
  leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    if (this.#state === 'left') this.#listener.left();
    else if (this.#state === 'waiting' || this.#state === 'idle') this.#beat();
  }

  describe(): string {
    return `${this.#state} epoch=${this.#epoch} coordinator=${this.#coordinator}`;
  }

  #find(): void {
    this.#state = 'finding';
    this.#metadata.refresh(this.#who.topics, ({ code, reason }) => {
      if (code === ErrorCode.NONE) this.#findCoordinator();
      else this.#retry(code, reason);
    });
  }

  #findCoordinator(): void {
    this.#askCoordinator((outcome) => {
      if (!outcome.ok) this.#retry(outcome.code, outcome.reason);
      else if (outcome.body.errorCode !== ErrorCode.NONE)
        this.#refused(outcome.body.errorCode, outcome.body.errorMessage);
      else {
        this.#coordinator = outcome.body.nodeId;
        this.#beat();
      }
    });
  }

  #askCoordinator(done: (outcome: CallOutcome<typeof ApiKey.FindCoordinator>) => void): void {
    const { groupId } = this.#who;
    askAny(this.#network, {
      key: ApiKey.FindCoordinator,
      body: (version) => (version >= 1 ? { key: groupId, keyType: 0 } : { key: groupId }),
      done,
    });
  }

  /** Until the function that it gives is called: others are asked while the coordinator says nothing, and it is left once it is another. */
  #watchCoordinator(): () => void {
    const { schedule, silenceMs } = this.#network;
    const coordinator = this.#coordinator;
    const address = this.#network.addressOf(coordinator);
    if (address === undefined || silenceMs === Number.POSITIVE_INFINITY) return () => undefined;
    let isOver = false;
    let next: Scheduled;
    const lookAfter = (pauseMs: number): void => {
      next = schedule.at(this.#network.nowMs + pauseMs, look);
    };
    const look = (): void => {
      const leftMs = silenceMs - this.#network.silentMs(address);
      if (leftMs > 0) {
        lookAfter(leftMs);
        return;
      }
      this.#askCoordinator((outcome) => {
        if (isOver) return;
        const isAnother =
          outcome.ok && outcome.body.errorCode === ErrorCode.NONE && outcome.body.nodeId !== coordinator;
        if (isAnother) this.#network.disconnect(address);
        else lookAfter(SILENT_ASK_MS);
      });
    };
    lookAfter(silenceMs);
    return () => {
      isOver = true;
      next.cancel();
    };
  }

  #beat(): void {
    this.#timer?.cancel();
    if (this.#leaving && this.#epoch === 0) {
      this.#finish();
      return;
    }
    this.#state = 'beating';
    // An answer that was lost may have held an assignment: a full request asks for it again.
    const isFull = this.#epoch === 0 || this.#unheard;
    this.#unheard = false;
    const memberEpoch = this.#leaving ? LEAVE_EPOCH : this.#epoch;
    const { groupId, memberId, rack, topics } = this.#who;
    const forget = this.#watchCoordinator();
    this.#network.call(this.#coordinator, {
      key: ApiKey.ShareGroupHeartbeat,
      body: () => ({
        groupId,
        memberId,
        memberEpoch,
        rackId: isFull ? rack : null,
        subscribedTopicNames: isFull ? [...topics].sort() : null,
      }),
      done: (outcome) => {
        forget();
        if (memberEpoch === LEAVE_EPOCH) this.#finish();
        else this.#answered(outcome);
      },
    });
  }

  #answered(outcome: CallOutcome<typeof ApiKey.ShareGroupHeartbeat>): void {
    if (!outcome.ok) {
      this.#unheard = true;
      this.#coordinator = -1;
      this.#retry(outcome.code, outcome.reason);
      return;
    }
    const { body } = outcome;
    if (body.errorCode !== ErrorCode.NONE) {
      this.#refused(body.errorCode, body.errorMessage);
      return;
    }
    this.#attempt = 0;
    const joined = this.#epoch === 0;
    this.#epoch = body.memberEpoch;
    if (joined) this.#listener.joined(body.memberEpoch);
    this.#takeAssignment(body);
    if (this.#leaving) this.#beat();
    else this.#scheduleNext(body.heartbeatIntervalMs);
  }

  #takeAssignment(body: HeartbeatAnswer): void {
    if (body.assignment === null) return;
    this.#assigned = body.assignment.topicPartitions.some((topic) => topic.partitions.length > 0);
    this.#listener.assigned(body.assignment.topicPartitions);
  }

  #scheduleNext(intervalMs: number): void {
    const eager = !this.#assigned && this.#eager < EAGER_HEARTBEATS_MAX;
    if (eager) this.#eager += 1;
    this.#wait(eager ? Math.min(EAGER_HEARTBEAT_MS, intervalMs) : intervalMs, () => {
      this.#beat();
    });
  }

  #refused(code: number, message: string | null): void {
    const reason = message ?? errorName(code);
    if (code === ErrorCode.UNKNOWN_MEMBER_ID || code === ErrorCode.FENCED_MEMBER_EPOCH) {
      this.#epoch = 0;
      this.#assigned = false;
      this.#listener.assigned([]);
      this.#retry(code, reason);
    } else if (isRetriable(code)) {
      if (code !== ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) this.#coordinator = -1;
      this.#retry(code, reason);
    } else {
      this.#state = 'left';
      this.#timer?.cancel();
      this.#listener.fatal(code, reason);
      if (this.#leaving) this.#listener.left();
    }
  }

  /** Tries again after a pause: the heartbeat, or the search for the coordinator when it is not known any more. */
  #retry(code: number, reason: string): void {
    if (code === ErrorCode.UNSUPPORTED_VERSION) {
      this.#refused(code, 'the broker does not serve share groups');
      return;
    }
    this.#listener.trouble(code, reason);
    if (this.#leaving) {
      this.#finish();
      return;
    }
    const pause = this.#network.backoffMs(this.#attempt);
    this.#attempt += 1;
    this.#wait(pause, () => {
      if (this.#coordinator < 0) this.#find();
      else this.#beat();
    });
  }

  #wait(pauseMs: number, run: () => void): void {
    this.#state = 'waiting';
    this.#timer?.cancel();
    this.#timer = this.#network.schedule.at(this.#network.nowMs + pauseMs, run);
  }

  #finish(): void {
    this.#timer?.cancel();
    if (this.#state === 'left') return;
    this.#state = 'left';
    this.#listener.left();
  }
}

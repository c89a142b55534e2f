import type { Buffer } from 'node:buffer';
import { assert } from '../base/assert.ts';
import type { Crc32c } from '../base/checksum.ts';
import { ErrorCode } from '../protocol/errors.ts';
import { checkFetched } from './fetched-batches.ts';
import type { Durability } from './leader.ts';
import { NO_REPLICA_BUGS, type ReplicaBugs } from './planted-bugs.ts';

/**
 * What a follower does now. `fetching`: its leader is asked for more. `truncating`: its log is being cut, nothing is asked until
 * that is synced (D6). `asking`: it learns where its leader's log begins. `waiting`: its leader has a newer epoch than is known
 * here; the metadata will tell. `damaged`: its log is to be fetched again from the start (D7). `failed`: its log takes no
 * records now.
 */
export type FollowerState = 'fetching' | 'truncating' | 'asking' | 'waiting' | 'damaged' | 'failed';

/** What a follower knows of its own log at the moment of a step. Offsets as in `PartitionLog`. */
export interface FollowerLog {
  readonly logStartOffset: number;
  readonly durableStartOffset: number;
  readonly logEndOffset: number;
  readonly writtenOffset: number;
  readonly durableOffset: number;
  readonly latestEpoch: number;
  readonly highWatermark: number;
  endOffsetForEpoch(epoch: number): { readonly leaderEpoch: number; readonly endOffset: number };
}

/** What a follower asks of its leader. The fetch offset tells how much counts here (D6). */
export interface FetchPosition {
  readonly currentLeaderEpoch: number;
  readonly fetchOffset: number;
  /** Epoch of the record before `fetchOffset`; −1 in a log without any. */
  readonly lastFetchedEpoch: number;
  /** Where the log begins after a loss of power, too (D9). */
  readonly logStartOffset: number;
  readonly highWatermark: number;
}

/** A leader's answer for one partition. `divergingEpoch` is −1/−1 while the logs agree. */
export interface FetchedPartition {
  readonly errorCode: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  readonly divergingEpoch: { readonly epoch: number; readonly endOffset: number };
  readonly records: Buffer | null;
}

/** What is to be done with the follower's log, in the order in which the steps are given. */
export type FollowerStep =
  /** Appends checked batches; `gapEnd`: up to where some are missing that the leader's cleaner took, −1 when none are. */
  | { readonly kind: 'append'; readonly records: Buffer; readonly gapEnd: number }
  /** The high watermark rises. */
  | { readonly kind: 'watermark'; readonly offset: number }
  /** The log start rises. */
  | { readonly kind: 'log-start'; readonly offset: number }
  /** Cuts the log; `onTruncated` follows when that is synced. */
  | { readonly kind: 'truncate'; readonly offset: number }
  /** Drops the whole log and begins at `offset`, with these batches; `onTruncated` follows when the new start is synced. */
  | { readonly kind: 'restart'; readonly offset: number; readonly records: Buffer | null }
  /** Asks the leader where its log begins; `onLeaderStart` follows, or `onPauseOver`. */
  | { readonly kind: 'ask-start' }
  /** Sets the damaged log aside and begins anew. */
  | { readonly kind: 'replace' }
  /** Asks nothing for a while, ms; `warning` is what is wrong with the leader's records, '' when nothing is. */
  | { readonly kind: 'pause'; readonly pauseMs: number; readonly warning: string };

/** First pause after a refusal, ms: the leader may only be about to hear of its leadership. */
const PAUSE_MIN_MS = 20;

/**
 * One replica that follows (KIP-595's reconciliation): it asks with the epoch of its last record and cuts its log where the
 * leader's answer says that the two part. Invariants: R11 nothing is cut but by an answer of the leader of the present epoch, and
 * never by the high watermark; R12 the fetch offset is what counts here (D6), and R16 the log start that it tells is synced; R13 the high
 * watermark is at most the own end and falls only with a cut; R14 records are appended only if whole, contiguous, and of epochs
 * that never fall; R15 a damaged log gives way only when its replica can't be elected and its leader has read its own.
 */
export class FollowerReplica {
  #state: FollowerState = 'fetching';
  #leaderEpoch: number;
  #durability: Durability;
  #isCandidate: boolean;
  #failures = 0;
  #paused = false;
  /** Only under a planted bug. */
  #cutDue = false;
  readonly #crc32c: Crc32c;
  readonly #pauseMaxMs: () => number;
  readonly #bugs: ReplicaBugs;

  /** `pauseMaxMs`: `replica.fetch.backoff.ms`, the longest pause after refusals. */
  constructor(start: {
    readonly leaderEpoch: number;
    readonly durability: Durability;
    readonly isCandidate: boolean;
    readonly crc32c: Crc32c;
    readonly pauseMaxMs: () => number;
    readonly bugs?: ReplicaBugs;
  }) {
    this.#leaderEpoch = start.leaderEpoch;
    this.#durability = start.durability;
    this.#isCandidate = start.isCandidate;
    this.#crc32c = start.crc32c;
    this.#pauseMaxMs = start.pauseMaxMs;
    this.#bugs = start.bugs ?? NO_REPLICA_BUGS;
  }

  get state(): FollowerState {
    return this.#state;
  }

  get leaderEpoch(): number {
    return this.#leaderEpoch;
  }

  /**
   * New metadata or settings. What an older epoch's leader still answers means nothing any more. `isCandidate`: it is in the ISR or the
   * ELR, and could be elected.
   */
  follow(leaderEpoch: number, durability: Durability, isCandidate: boolean): void {
    assert(leaderEpoch >= this.#leaderEpoch, 'leader epochs of a partition never fall');
    this.#durability = durability;
    this.#isCandidate = isCandidate;
    if (leaderEpoch === this.#leaderEpoch) return;
    this.#leaderEpoch = leaderEpoch;
    this.#failures = 0;
    this.#paused = false;
    if (this.#state === 'waiting' || this.#state === 'asking') this.#state = 'fetching';
    this.#cutDue = this.#bugs.has('truncates-to-watermark');
  }

  /** Whether everything in the log counts here: until then the leader is asked nothing (D6). */
  isSettled(log: FollowerLog): boolean {
    return this.#counted(log) >= log.logEndOffset;
  }

  /** What to ask; null while nothing is to be asked. */
  position(log: FollowerLog): FetchPosition | null {
    if (this.#paused) return null;
    const { highWatermark } = log;
    const logStartOffset = this.#bugs.has('tells-unsynced-start') ? log.logStartOffset : log.durableStartOffset;
    const currentLeaderEpoch = this.#leaderEpoch;
    if (this.#state === 'damaged') {
      // Nothing is thrown away while somebody may still count on what is here (R15).
      if (this.#isCandidate) return null;
      return { currentLeaderEpoch, fetchOffset: 0, lastFetchedEpoch: -1, logStartOffset: 0, highWatermark: 0 };
    }
    if (this.#state !== 'fetching' || !this.isSettled(log)) return null;
    const fetchOffset = log.logEndOffset; // R12: all of it counts.
    const lastFetchedEpoch = this.#bugs.has('truncates-to-watermark') ? -1 : log.latestEpoch;
    return { currentLeaderEpoch, fetchOffset, lastFetchedEpoch, logStartOffset, highWatermark };
  }

  /** The leader's answer to `asked`; nothing is done when the follower has changed since. */
  onAnswer(log: FollowerLog, asked: FetchPosition, answer: FetchedPartition): readonly FollowerStep[] {
    if (asked.currentLeaderEpoch !== this.#leaderEpoch || this.#paused) return [];
    if (this.#state === 'damaged') return this.#onProbe(answer);
    if (this.#state !== 'fetching' || asked.fetchOffset !== log.logEndOffset) return [];
    switch (answer.errorCode) {
      case ErrorCode.NONE:
        break;
      case ErrorCode.FENCED_LEADER_EPOCH:
        this.#state = 'waiting';
        return [];
      case ErrorCode.OFFSET_OUT_OF_RANGE:
        this.#state = 'asking';
        return [{ kind: 'ask-start' }];
      default:
        return [this.#pause('')];
    }
    const { divergingEpoch, records } = answer;
    if (this.#cutDue) {
      this.#cutDue = false;
      this.#state = 'truncating';
      return [{ kind: 'truncate', offset: Math.max(log.logStartOffset, log.highWatermark) }];
    }
    if (divergingEpoch.epoch >= 0 || divergingEpoch.endOffset >= 0) return [this.#cut(log, divergingEpoch)];
    if (records === null || records.length === 0) {
      this.#failures = 0;
      return this.#advance(log, log.logEndOffset, answer);
    }
    return this.#onRecords(log, answer, records);
  }

  /** A truncation or restart is done and synced. */
  onTruncated(): void {
    if (this.#state === 'truncating') this.#state = 'fetching';
  }

  /** Where the leader's log begins. */
  onLeaderStart(log: FollowerLog, leaderEpoch: number, startOffset: number): readonly FollowerStep[] {
    if (this.#state !== 'asking' || leaderEpoch !== this.#leaderEpoch) return [];
    const isEmpty = log.logStartOffset === log.logEndOffset;
    // What lies above the leader's end and was of another history was cut by then.
    if (startOffset <= log.logEndOffset && !isEmpty) {
      this.#state = 'fetching';
      return [this.#pause(`the leader's log begins at ${startOffset}, but it refuses offset ${log.logEndOffset}`)];
    }
    if (startOffset === log.logEndOffset) {
      this.#state = 'fetching';
      return [this.#pause('')];
    }
    this.#state = 'truncating';
    return [{ kind: 'restart', offset: startOffset, records: null }];
  }

  /** A pause is over, or what was asked for has failed. */
  onPauseOver(): void {
    this.#paused = false;
    if (this.#state === 'asking') this.#state = 'fetching';
  }

  /** The log's own state changed; a damaged log's partition is asked whether its leader has it. */
  onLog(state: 'open' | 'read-only' | 'damaged' | 'deleted'): void {
    if (state === 'damaged') this.#state = 'damaged';
    else if (state !== 'open') this.#state = 'failed';
    else if (this.#state === 'failed' || this.#state === 'damaged') this.#state = 'fetching';
  }

  /** One deterministic line for scripts. */
  describe(log: FollowerLog): string {
    const { logStartOffset, logEndOffset, highWatermark } = log;
    const offsets = `start=${logStartOffset} end=${logEndOffset} counted=${this.#counted(log)} hw=${highWatermark}`;
    return `${this.#state}${this.#paused ? ' paused' : ''} epoch=${this.#leaderEpoch} ${offsets} last-epoch=${log.latestEpoch}`;
  }

  #counted(log: FollowerLog): number {
    const isDurable = this.#durability === 'fsync' && !this.#bugs.has('counts-written');
    return isDurable ? log.durableOffset : log.writtenOffset;
  }

  /** A leader that can read its log has what is damaged here. */
  #onProbe(answer: FetchedPartition): readonly FollowerStep[] {
    const { errorCode } = answer;
    if (errorCode !== ErrorCode.NONE && errorCode !== ErrorCode.OFFSET_OUT_OF_RANGE) return [this.#pause('')];
    this.#failures = 0;
    return [{ kind: 'replace' }];
  }

  #onRecords(log: FollowerLog, answer: FetchedPartition, records: Buffer): readonly FollowerStep[] {
    const checked = checkFetched(records, {
      expectedOffset: log.logEndOffset,
      isEmpty: log.logStartOffset === log.logEndOffset,
      latestEpoch: log.latestEpoch,
      leaderEpoch: this.#leaderEpoch,
      // The leader's cleaner takes only what is committed (D13).
      gapEndMax: answer.highWatermark,
      crc32c: this.#crc32c,
    });
    if (checked.fault !== '') return [this.#pause(checked.fault)]; // R14
    this.#failures = 0;
    const { startOffset, endOffset, gapEnd } = checked;
    if (startOffset < log.logEndOffset) {
      // The leader's log start lies inside of a batch: this log begins with the whole of it.
      this.#state = 'truncating';
      const begun = { logStartOffset: startOffset, highWatermark: startOffset };
      return [{ kind: 'restart', offset: startOffset, records }, ...this.#advance(begun, endOffset, answer)];
    }
    return [{ kind: 'append', records, gapEnd }, ...this.#advance(log, endOffset, answer)];
  }

  #advance(
    log: Pick<FollowerLog, 'logStartOffset' | 'highWatermark'>,
    endOffset: number,
    answer: FetchedPartition,
  ): FollowerStep[] {
    const steps: FollowerStep[] = [];
    const highWatermark = Math.max(log.highWatermark, Math.min(answer.highWatermark, endOffset)); // R13
    if (highWatermark > log.highWatermark) steps.push({ kind: 'watermark', offset: highWatermark });
    const start = Math.min(answer.logStartOffset, highWatermark);
    if (start > log.logStartOffset) steps.push({ kind: 'log-start', offset: start });
    return steps;
  }

  /** R11: the two logs agree up to where the smaller of both ends of the largest epoch that both may know is. */
  #cut(log: FollowerLog, leader: { readonly epoch: number; readonly endOffset: number }): FollowerStep {
    const own = log.endOffsetForEpoch(leader.epoch);
    // A leader answers of an epoch up to the last one here: about that it was asked.
    if (own.leaderEpoch < 0)
      return this.#pause(`the leader says where epoch ${leader.epoch} ends, which is not in this log`);
    this.#failures = 0;
    const target = Math.min(own.endOffset, leader.endOffset);
    const offset = Math.max(log.logStartOffset, Math.min(target, log.logEndOffset));
    if (offset === log.logStartOffset && offset === log.logEndOffset) {
      // The leader's log ends below this one's start.
      this.#state = 'asking';
      return { kind: 'ask-start' };
    }
    if (offset === log.logEndOffset)
      return this.#pause(`the leader says of epoch ${leader.epoch} that it ends at ${leader.endOffset}`);
    this.#state = 'truncating';
    return { kind: 'truncate', offset };
  }

  #pause(warning: string): FollowerStep {
    const pauseMs = Math.min(this.#pauseMaxMs(), PAUSE_MIN_MS * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    this.#paused = true;
    return { kind: 'pause', pauseMs, warning };
  }
}

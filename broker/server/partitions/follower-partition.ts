import type { Crc32c } from '../../core/base/checksum.ts';
import type { BrokerId, LeaderEpoch, TopicId } from '../../core/base/ids.ts';
import type { PartitionView, TopicView } from '../../core/metadata/view.ts';
import type { FetchResponsePartitionData } from '../../core/protocol/wire-types.generated.ts';
import { bufferOf } from '../../core/record/batch.ts';
import {
  type FetchPosition,
  FollowerReplica,
  type FollowerState,
  type FollowerStep,
} from '../../core/replica/follower.ts';
import type { ReplicaBugs } from '../../core/replica/planted-bugs.ts';
import type { Clock, TimerHandle, Timers } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { LogFailure, LogListener, LogState, PartitionLog } from '../logs/partition-log.ts';
import { FollowerReads } from './follower-reads.ts';
import type { FollowerStats } from './follower-metrics.ts';
import type { TopicRules } from './topic-rules.ts';

/** What following needs of its node. */
export interface FollowerDeps {
  readonly nodeId: BrokerId;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly crc32c: Crc32c;
  /** `replica.fetch.backoff.ms`. */
  readonly pauseMaxMs: () => number;
  readonly stats: FollowerStats;
  readonly bugs?: ReplicaBugs;
  /** What is to be asked of its leader, or whether, is another now. */
  readonly changed: (follower: FollowerPartition) => void;
  /** Asks the leader where its log begins; null: it does not tell now. */
  readonly askStart: (follower: FollowerPartition, done: (startOffset: number | null) => void) => void;
  /** Its log is damaged and its leader has everything: the log is to be set aside. */
  readonly replace: (follower: FollowerPartition) => void;
}

/** One replica on this node that follows, over all leaders that it has in turn; it ends with `stop`. */
export class FollowerPartition implements LogListener {
  readonly topicId: TopicId;
  readonly topicName: string;
  readonly index: number;
  readonly #deps: FollowerDeps;
  readonly #log: PartitionLog;
  readonly #replica: FollowerReplica;
  /** Made when the first consumer asks. */
  #reads: FollowerReads | null = null;
  #view: PartitionView;
  #throttled: readonly string[];
  #pause: TimerHandle | null = null;
  /** Its log is being changed: nobody else may change it meanwhile. */
  #busy = false;
  #whenIdle: (() => void) | null = null;
  #stopped = false;

  constructor(
    deps: FollowerDeps,
    start: {
      readonly topic: Pick<TopicView, 'id' | 'name'>;
      readonly partition: PartitionView;
      readonly rules: TopicRules;
      readonly log: PartitionLog;
    },
  ) {
    this.#deps = deps;
    this.topicId = start.topic.id;
    this.topicName = start.topic.name;
    this.index = start.partition.index;
    this.#view = start.partition;
    this.#log = start.log;
    const { crc32c, pauseMaxMs, bugs } = deps;
    const { durability } = start.rules;
    this.#throttled = start.rules.throttledFollowers;
    const { leaderEpoch } = start.partition;
    const isCandidate = this.#isCandidate();
    const state = { leaderEpoch, durability, isCandidate };
    this.#replica = new FollowerReplica({ ...state, crc32c, pauseMaxMs, ...(bugs && { bugs }) });
    this.#replica.onLog(start.log.state);
    start.log.setListener(this);
  }

  get leader(): BrokerId | -1 {
    return this.#view.leader;
  }

  get leaderEpoch(): LeaderEpoch {
    return this.#view.leaderEpoch;
  }

  /** What consumers read of it. */
  get reads(): FollowerReads {
    this.#reads ??= new FollowerReads(this.topicName, () => this.#view, this.#log);
    return this.#reads;
  }

  get state(): FollowerState {
    return this.#replica.state;
  }

  get log(): PartitionLog {
    return this.#log;
  }

  /** Whether nothing that its leader sent is still on its way to count. One whose log is being cut keeps nobody waiting. */
  get isSettled(): boolean {
    return this.#replica.state !== 'fetching' || (!this.#busy && this.#replica.isSettled(this.#log));
  }

  /** What it fetches goes through `follower.replication.throttled.rate`: it is not in sync, and nobody waits for it. */
  get isThrottled(): boolean {
    const { nodeId } = this.#deps;
    if (this.#throttled.length === 0 || this.#view.isr.includes(nodeId)) return false;
    return this.#throttled.some((one) => one === '*' || one === `${this.index}:${nodeId}`);
  }

  /** What to ask of its leader; null: nothing now. */
  position(): FetchPosition | null {
    return this.#busy ? null : this.#replica.position(this.#log);
  }

  /** New metadata or settings. */
  follow(partition: PartitionView, rules: TopicRules): void {
    if (partition.leaderEpoch !== this.#view.leaderEpoch) this.#endPause();
    this.#view = partition;
    this.#throttled = rules.throttledFollowers;
    this.#log.configure(rules.log);
    this.#replica.follow(partition.leaderEpoch, rules.durability, this.#isCandidate());
    this.#reads?.moved();
  }

  /** Takes what its leader answered. */
  take(asked: FetchPosition, answer: FetchResponsePartitionData): void {
    if (this.#busy) return;
    const { errorCode, highWatermark, logStartOffset, divergingEpoch } = answer;
    const records = answer.records === null ? null : bufferOf(answer.records);
    const fetched = { errorCode, highWatermark, logStartOffset, divergingEpoch, records };
    this.#run(this.#replica.onAnswer(this.#log, asked, fetched));
    this.#reads?.moved();
    this.#deps.changed(this);
  }

  /** Ends this following. `done` when its log may be another's: what was begun with it has ended. */
  stop(done: () => void): void {
    this.#stopped = true;
    this.#reads?.end();
    this.#endPause();
    this.#log.setListener(null);
    if (this.#busy) this.#whenIdle = done;
    else done();
  }

  onProgress(): void {
    this.#deps.changed(this);
  }

  onState(state: LogState): void {
    this.#replica.onLog(state);
    this.#deps.changed(this);
  }

  #isCandidate(): boolean {
    const { isr, elr } = this.#view;
    return [...isr, ...elr].some((id) => id === this.#deps.nodeId);
  }

  #run(steps: readonly FollowerStep[]): void {
    for (const [at, step] of steps.entries()) {
      if (!this.#do(step, () => this.#run(steps.slice(at + 1)))) return;
    }
  }

  /** False: the steps that follow wait for `then`. */
  #do(step: FollowerStep, then: () => void): boolean {
    switch (step.kind) {
      case 'append':
        return this.#append(step.records, step.gapEnd, then);
      case 'watermark':
        this.#log.setHighWatermark(step.offset);
        return true;
      case 'log-start':
        // Once it is synced the leader is told: somebody may wait for it (D9).
        this.#log.deleteRecordsBefore(step.offset, () => this.#deps.changed(this));
        return true;
      case 'truncate':
        this.#truncate(step.offset);
        return false;
      case 'restart':
        this.#restart(step.offset, step.records, then);
        return false;
      case 'ask-start':
        this.#askStart();
        return false;
      case 'replace':
        this.#deps.replace(this);
        return false;
      case 'pause':
        this.#rest(step.pauseMs, step.warning);
        return false;
    }
  }

  /** False when gaps have to be allowed for first. */
  #append(records: Uint8Array, gapEnd: number, then: () => void): boolean {
    this.#deps.stats.fetchedBytes += records.length;
    let isHere = true;
    let isDone = false;
    this.#busy = true;
    this.#log.appendFetched(records, { nowMs: this.#deps.clock.wallMs(), gapEnd }, (failure) => {
      isDone = failure === null;
      if (isHere) this.#busy = false;
      else this.#idle(() => isDone && then());
    });
    isHere = false;
    return isDone;
  }

  #truncate(offset: number): void {
    const { highWatermark, logEndOffset } = this.#log;
    const fields = { ...this.#name(), offset, logEndOffset, highWatermark, leaderEpoch: this.leaderEpoch };
    if (offset < highWatermark)
      this.#deps.log.warn(fields, 'a log is cut below its high watermark: an unclean leader has less');
    else this.#deps.log.info(fields, 'a log is cut where its leader says that they part');
    this.#busy = true;
    this.#deps.stats.cuts += 1;
    this.#log.truncateTo(offset, (failure) => this.#truncated(failure));
  }

  #restart(offset: number, records: Uint8Array | null, then: () => void): void {
    const { logStartOffset, logEndOffset } = this.#log;
    const fields = { ...this.#name(), offset, logStartOffset, logEndOffset, leaderEpoch: this.leaderEpoch };
    this.#deps.log.info(fields, 'a log begins anew where its leader has records');
    this.#busy = true;
    this.#deps.stats.cuts += 1;
    this.#log.truncateFullyAndStartAt(offset, (failure) =>
      this.#truncated(failure, () => {
        if (records === null || failure !== null) return;
        if (this.#append(records, -1, then)) then();
      }),
    );
  }

  #truncated(failure: LogFailure | null, then: () => void = () => undefined): void {
    this.#idle(() => {
      this.#replica.onTruncated();
      if (failure === null) then();
    });
  }

  #askStart(): void {
    const epoch = this.leaderEpoch;
    this.#deps.askStart(this, (startOffset) => {
      if (this.#stopped || this.#replica.state !== 'asking') return;
      if (startOffset === null) this.#rest(this.#deps.pauseMaxMs(), '');
      else this.#run(this.#replica.onLeaderStart(this.#log, epoch, startOffset));
      this.#deps.changed(this);
    });
  }

  /** What was begun with the log has ended. */
  #idle(then: () => void): void {
    this.#busy = false;
    if (this.#stopped) {
      this.#whenIdle?.();
      return;
    }
    then();
    this.#deps.changed(this);
  }

  #rest(pauseMs: number, warning: string): void {
    if (warning !== '') {
      const fields = { ...this.#name(), leader: this.leader, leaderEpoch: this.leaderEpoch, reason: warning };
      this.#deps.stats.badAnswers += 1;
      this.#deps.log.error(fields, 'what a leader sent is not appended; it is asked again');
    }
    this.#pause?.cancel();
    this.#pause = this.#deps.timers.after(pauseMs, () => {
      this.#pause = null;
      this.#replica.onPauseOver();
      this.#deps.changed(this);
    });
  }

  #endPause(): void {
    this.#pause?.cancel();
    this.#pause = null;
  }

  #name(): { readonly topic: string; readonly partition: number } {
    return { topic: this.topicName, partition: this.index };
  }
}

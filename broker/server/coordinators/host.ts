import { partitionForKey } from '../../core/coordinator/partitioner.ts';
import type { CoordinatorShard } from '../../core/coordinator/shard.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { Clock, Timers } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Crc32c } from '../../core/base/checksum.ts';
import type { MetadataClient } from '../metadata-client.ts';
import type { Partition, Partitions } from '../partitions/partition.ts';
import { type CoordinatorTopic, InternalTopic } from './internal-topic.ts';
import { ShardRuntime } from './shard-runtime.ts';

/** What a caller gets for a command: the shard's answer, or the error code under which no shard could take it. */
export type CoordinatorOutcome<R> =
  | { readonly kind: 'answered'; readonly response: R }
  /** NOT_COORDINATOR, COORDINATOR_LOAD_IN_PROGRESS or COORDINATOR_NOT_AVAILABLE: all are worth another try. */
  | { readonly kind: 'refused'; readonly errorCode: number };

/** What a host needs of its node. `ServerContext` with its ports laid out satisfies it, but for `afterTurn`. */
export interface CoordinatorHostDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly crc32c: Crc32c;
  readonly nodeId: number;
  readonly metadata: MetadataClient;
  readonly partitions: Partitions;
  /** Runs `callback` when the inputs of this loop turn are handled: what many commands decided becomes one batch. */
  afterTurn(callback: () => void): void;
}

/** One kind of coordinator: its topic, its shard, and what its effects do. */
export interface CoordinatorKind<C, R, E> {
  readonly topic: CoordinatorTopic;
  createShard(partitionIndex: number): CoordinatorShard<C, R, E>;
  /** Carries out an effect after it was committed. Its result comes back through `submitTo(partitionIndex, …)`. */
  perform(effect: E, partitionIndex: number): void;
  /** Answers go before what they rest on is committed: a planted bug, for tests. */
  readonly answersEarly?: boolean;
  /** How long an answer may wait to be durable before the caller is told COORDINATOR_NOT_AVAILABLE, in ms. */
  commitTimeoutMs(): number;
}

/**
 * Runs the shards of one coordinator topic that this node leads: loads them when leadership comes, drops them when it
 * goes, appends what they decide, and answers when it is committed. Group, share and transaction coordinators differ
 * only in their `CoordinatorKind`.
 */
export class CoordinatorHost<C, R, E> {
  private readonly deps: CoordinatorHostDeps;
  private readonly kind: CoordinatorKind<C, R, E>;
  private readonly topic: InternalTopic;
  private readonly shards = new Map<number, ShardRuntime<C, R, E>>();

  /** Begins to follow the leadership of its topic's partitions, those already led included. */
  constructor(deps: CoordinatorHostDeps, kind: CoordinatorKind<C, R, E>) {
    this.deps = deps;
    this.kind = kind;
    this.topic = new InternalTopic(deps, kind.topic);
    deps.partitions.onLead((partition) => {
      if (partition.topicName === kind.topic.name) this.lead(partition);
    });
    for (const partition of deps.partitions.all()) {
      if (partition.topicName !== kind.topic.name || partition.status(-1) !== ErrorCode.NONE) continue;
      if (!this.shards.has(partition.index)) this.lead(partition);
    }
  }

  /** Name of the coordinator's topic. */
  get topicName(): string {
    return this.kind.topic.name;
  }

  /** Makes sure that the topic exists; `done` gets NONE, or COORDINATOR_NOT_AVAILABLE when it can't be created now. */
  ensureTopic(done: (errorCode: number) => void): void {
    this.topic.ensure(done);
  }

  /** The partition that owns `key`, or null while the topic does not exist. */
  partitionFor(key: string): number | null {
    const partitionCount = this.topic.partitionCount();
    return partitionCount === 0 ? null : partitionForKey(key, partitionCount);
  }

  /** Brings a command to the shard that owns `key`, creating the topic first if need be. `done` is called once. */
  submit(key: string, command: C, done: (outcome: CoordinatorOutcome<R>) => void): void {
    const index = this.partitionFor(key);
    if (index !== null) {
      this.submitTo(index, command, done);
      return;
    }
    this.topic.ensure((errorCode) => {
      const created = this.partitionFor(key);
      if (created === null) done({ kind: 'refused', errorCode: errorCode || ErrorCode.COORDINATOR_NOT_AVAILABLE });
      else this.submitTo(created, command, done);
    });
  }

  /** Brings a command to one shard. `done` is called once, at once when the shard is not here. */
  submitTo(partitionIndex: number, command: C, done: (outcome: CoordinatorOutcome<R>) => void): void {
    const runtime = this.shards.get(partitionIndex);
    if (runtime?.hasPartition() === true) {
      runtime.submit(command, done);
      return;
    }
    // Metadata may name this node as leader while the log is still being opened: that is waited for like loading.
    const topic = this.deps.metadata.view.topicByName(this.kind.topic.name);
    if (topic?.partition(partitionIndex)?.leader === this.deps.nodeId) {
      (runtime ?? this.create(partitionIndex)).submit(command, done);
    } else {
      done({ kind: 'refused', errorCode: ErrorCode.NOT_COORDINATOR });
    }
  }

  /** Brings a command that nobody waits for to every shard that is active or loading here. */
  broadcast(command: C): void {
    for (const runtime of this.shards.values()) {
      if (runtime.hasPartition()) runtime.submit(command, null);
    }
  }

  /** Indices of the shards led here (active or loading), ascending. */
  partitionIndices(): number[] {
    return [...this.shards.keys()].sort((a, b) => a - b);
  }

  /** Whether the shard is loaded and serves. */
  isActive(partitionIndex: number): boolean {
    return this.shards.get(partitionIndex)?.isActive() === true;
  }

  /** Calls one active shard's description, for tests and status pages. */
  describe(partitionIndex: number): string {
    return this.shards.get(partitionIndex)?.describe() ?? 'absent';
  }

  private lead(partition: Partition): void {
    const runtime = this.shards.get(partition.index) ?? this.create(partition.index);
    runtime.lead(partition);
    partition.onResign(() => {
      if (runtime.resign(partition)) this.shards.delete(partition.index);
    });
  }

  private create(partitionIndex: number): ShardRuntime<C, R, E> {
    const runtime = new ShardRuntime(this.deps, this.kind, partitionIndex);
    this.shards.set(partitionIndex, runtime);
    return runtime;
  }
}

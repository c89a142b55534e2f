import { Buffer } from 'node:buffer';
import { brokerId, leaderEpoch, type TopicId } from '../../../broker/core/base/ids.ts';
import type { Call } from '../../../broker/core/client/call.ts';
import { Settings } from '../../../broker/core/config/settings.ts';
import { SPARSE_CHECKPOINT } from '../../../broker/core/log/file-names.ts';
import type { PartitionView } from '../../../broker/core/metadata/view.ts';
import { ApiKey } from '../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../broker/core/protocol/errors.ts';
import type { ApiRequests, ApiResponses, WireKey } from '../../../broker/core/protocol/messages.ts';
import type { FetchResponsePartitionData } from '../../../broker/core/protocol/wire-types.generated.ts';
import type { ReplicaBugs } from '../../../broker/core/replica/planted-bugs.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import type { PartitionLog } from '../../../broker/server/logs/partition-log.ts';
import type { FollowerStats } from '../../../broker/server/partitions/follower-metrics.ts';
import { FollowerPartition } from '../../../broker/server/partitions/follower-partition.ts';
import { resolveTopicRules } from '../../../broker/server/partitions/topic-rules.ts';
import { ReplicaFetcher } from '../../../broker/server/replication/fetcher.ts';
import { Throttle } from '../../../broker/server/replication/throttle.ts';
import { fetchLimits } from '../../../broker/server/replication/limits.ts';
import { LogWorld, makeBatch, spec } from '../logs/log-world.ts';
import { wrapFiles } from '../wrapped-disk.ts';

type FetchRequest = ApiRequests[typeof ApiKey.Fetch];
type FetchResponse = ApiResponses[typeof ApiKey.Fetch];

/** How the metadata has a followed partition. */
export interface FollowOptions {
  readonly leader?: number;
  readonly epoch?: number;
  readonly isr?: readonly number[];
}

/** A fetch that a lane sent, and how to answer it. */
export interface SentFetch {
  readonly leader: number;
  readonly lane: number;
  readonly request: FetchRequest;
  readonly answer: (response: Partial<FetchResponse>) => void;
  readonly fail: () => void;
}

/** Answer for one partition. */
export function partitionData(index: number, told: Partial<FetchResponsePartitionData>): FetchResponsePartitionData {
  return {
    partitionIndex: index,
    errorCode: 0,
    highWatermark: 0,
    lastStableOffset: 0,
    logStartOffset: 0,
    divergingEpoch: { epoch: -1, endOffset: -1 },
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
    snapshotId: { epoch: -1, endOffset: -1 },
    abortedTransactions: null,
    preferredReadReplica: -1,
    records: null,
    ...told,
  };
}

/** Batches of one record each. */
export function records(from: number, to: number, epoch = 0): Uint8Array {
  const made = Array.from({ length: to - from }, (_, i) =>
    makeBatch(from + i, { values: [`v${from + i}`], leaderEpoch: epoch }),
  );
  return Buffer.concat(made);
}

/** Followers with real logs on a simulated disk, whose leaders are the test. */
export class LaneLab {
  readonly world: LogWorld;
  readonly sent: SentFetch[] = [];
  /** Connections that a lane hung up, as `leader/lane`. */
  readonly closed: string[] = [];
  readonly errors: object[] = [];
  readonly stats: FollowerStats = { fetchedBytes: 0, cuts: 0, badAnswers: 0 };
  readonly replaced: FollowerPartition[] = [];
  /** Settings of the topics that are followed from now on. */
  overrides: ReadonlyMap<string, string> = new Map();
  /** While set, syncs of logs do not end. */
  syncsHeld = false;
  readonly fetcher: ReplicaFetcher;
  readonly #heldSyncs: (() => void)[] = [];
  readonly #bugs: ReplicaBugs | undefined;

  constructor(settings: Readonly<Record<string, string>> = {}, bugs?: ReplicaBugs) {
    this.#bugs = bugs;
    this.world = new LogWorld(1);
    this.world.diskForServer = wrapFiles(
      this.world.disk,
      (path) => path.endsWith('.log') || path.includes(SPARSE_CHECKPOINT),
      (file) => ({
        sync: (done) => {
          if (this.syncsHeld) this.#heldSyncs.push(() => file.sync(done));
          else file.sync(done);
        },
      }),
    );
    this.world.start();
    const { time } = this.world;
    const table = new Settings(new Map(Object.entries(settings)));
    this.fetcher = new ReplicaFetcher({
      nodeId: 1,
      clock: time,
      timers: time,
      afterTurn: (callback) => time.schedule(0, callback),
      peers: {
        call: (leader, call, lane) => this.#called(leader, lane ?? -1, call),
        close: (leader, lane) => this.#hungUp(leader, lane),
      },
      brokerEpoch: () => 77,
      limits: () => fetchLimits(table),
      throttle: new Throttle(time, () => table.broker('follower.replication.throttled.rate')),
    });
  }

  /** A follower of a new log; its partition is `topic`-0, led by `leader` in `epoch`. */
  follow(topic: string, options: FollowOptions & { readonly index?: number } = {}): FollowerPartition {
    const wanted = spec(topic, {}, options.index ?? 0);
    const log = this.world.createOne(wanted);
    const follower = this.followerOf(log, options);
    this.fetcher.follow(follower);
    this.world.time.settle();
    return follower;
  }

  followerOf(log: PartitionLog, options: FollowOptions = {}): FollowerPartition {
    const { time } = this.world;
    const rules = resolveTopicRules(new Settings(new Map()), this.overrides);
    const note = (fields: object): void => void this.errors.push(fields);
    return new FollowerPartition(
      {
        nodeId: brokerId(1),
        clock: time,
        timers: time,
        crc32c,
        log: { debug: () => undefined, info: () => undefined, warn: note, error: note },
        pauseMaxMs: () => 1000,
        stats: this.stats,
        changed: (follower) => this.fetcher.changed(follower),
        askStart: (_follower, done) => done(null),
        replace: (follower) => void this.replaced.push(follower),
        ...(this.#bugs && { bugs: this.#bugs }),
      },
      {
        topic: { id: log.topicId, name: log.topic },
        partition: viewOf(log.partition, options),
        rules,
        log,
      },
    );
  }

  /** The only fetch that nobody answered yet. */
  get only(): SentFetch {
    const [first, ...others] = this.sent;
    if (first === undefined || others.length > 0) throw new Error(`${this.sent.length} fetches are in flight`);
    return first;
  }

  /** The last one that nobody answered yet. */
  get last(): SentFetch {
    const last = this.sent.at(-1);
    if (last === undefined) throw new Error('no fetch is in flight');
    return last;
  }

  /** Lets held syncs end. */
  releaseSyncs(): void {
    this.syncsHeld = false;
    for (const sync of this.#heldSyncs.splice(0)) sync();
    this.world.time.settle();
  }

  #hungUp(leader: number, lane: number): void {
    this.closed.push(`${leader}/${lane}`);
    const at = this.sent.findIndex((one) => one.leader === leader && one.lane === lane);
    if (at !== -1) this.sent.splice(at, 1);
  }

  #called<K extends WireKey>(leader: number, lane: number, call: Call<K>): void {
    if (call.key !== ApiKey.Fetch) throw new Error('the test answers fetches only');
    // It is one by its key.
    const done = call.done as Call<typeof ApiKey.Fetch>['done'];
    const request = call.body(18) as unknown as FetchRequest;
    const end = (outcome: Parameters<typeof done>[0]): void => {
      const at = this.sent.indexOf(fetch);
      if (at !== -1) this.sent.splice(at, 1);
      done(outcome);
      this.world.time.settle();
    };
    const fetch: SentFetch = {
      leader,
      lane,
      request,
      answer: (response) => {
        const body = { throttleTimeMs: 0, errorCode: 0, sessionId: 5, responses: [], nodeEndpoints: [], ...response };
        end({ ok: true, version: 18, body });
      },
      fail: () => end({ ok: false, code: ErrorCode.NETWORK_EXCEPTION, reason: 'gone', sent: true }),
    };
    this.sent.push(fetch);
  }
}

/** What a request names: `index@offset`, those that it forgets as `-index`. */
export function named(fetch: SentFetch): string[] {
  const { topics, forgottenTopicsData } = fetch.request;
  return [
    ...topics.flatMap(({ partitions }) => partitions.map((one) => `${one.partition}@${one.fetchOffset}`)),
    ...forgottenTopicsData.flatMap(({ partitions }) => partitions.map((one) => `-${one}`)),
  ];
}

/** The metadata of a partition that broker 1 follows. */
export function viewOf(index: number, { leader = 2, epoch = 0, isr = [2, 1] }: FollowOptions): PartitionView {
  const replicas = [brokerId(2), brokerId(1)];
  return {
    index,
    leader: leader === -1 ? -1 : brokerId(leader),
    leaderEpoch: leaderEpoch(epoch),
    partitionEpoch: epoch,
    replicas,
    isr: isr.map(brokerId),
    elr: [],
    lastKnownElr: [],
    durableFromEpoch: 0,
    addingReplicas: [],
    removingReplicas: [],
  };
}

/** An answer of records for partitions of one topic. */
export function answerOf(
  topicId: TopicId,
  ...partitions: FetchResponsePartitionData[]
): Pick<FetchResponse, 'responses'> {
  return { responses: [{ topic: '', topicId, partitions }] };
}

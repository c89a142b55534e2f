import { assert } from '../../core/base/assert.ts';
import type { BrokerId, TopicId } from '../../core/base/ids.ts';
import type { Settings } from '../../core/config/settings.ts';
import {
  indexesOf,
  type MetadataDelta,
  type MetadataView,
  type PartitionView,
  type TopicView,
} from '../../core/metadata/view.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { Ports } from '../context.ts';
import type { LogManager, LogSpec, PartitionLog } from '../logs/partition-log.ts';
import type { MetadataClient } from '../metadata-client.ts';
import { PartitionMap } from '../partition-map.ts';
import { Permits } from '../permits.ts';
import { AppendQueue } from './append-queue.ts';
import type { FollowerStats } from './follower-metrics.ts';
import { type FollowerDeps, FollowerPartition } from './follower-partition.ts';
import type { LeaderCluster } from './leader-replication.ts';
import { LeaderPartition } from './leader-partition.ts';
import type { Partition, Partitions, ReadablePartition } from './partition.ts';
import { resolveTopicRules, rulesOfPartition, type TopicRules } from './topic-rules.ts';

/** Batches of the node that may be held decompressed at a time: as many as codecs may be at work (B6). */
const DECOMPRESSED_COUNT_MAX = 2;

/** A leadership takes about ten microseconds to begin, a following less. */
const REPLICAS_PER_TURN = 500;

/** Whoever fetches what this node follows. */
export interface Fetcher {
  /** The partition has another leader or settings, or is new. */
  follow(follower: FollowerPartition): void;
  /** What is to be asked of its leader is another now. */
  changed(follower: FollowerPartition): void;
  drop(follower: FollowerPartition): void;
}

type ManagerPorts = Pick<Ports, 'clock' | 'timers' | 'log' | 'crc32c' | 'compression'>;

interface Place {
  readonly topicId: TopicId;
  readonly index: number;
}

/**
 * Follows the metadata: makes and deletes logs, begins and ends leaderships and followings on this node. Every step looks at the
 * metadata of that moment, so that a topic deleted while its logs are being made ends up deleted.
 */
export class PartitionManager implements Partitions {
  readonly #nodeId: BrokerId;
  readonly #ports: ManagerPorts;
  readonly #settings: Settings;
  readonly #metadata: MetadataClient;
  readonly #logs: LogManager;
  readonly #cluster: LeaderCluster;
  readonly #permits = new Permits(DECOMPRESSED_COUNT_MAX);
  readonly #leading = new PartitionMap<LeaderPartition>();
  readonly #following = new PartitionMap<FollowerPartition>();
  /** Followings that ended while something is still done to their logs: nobody else may have these before. */
  readonly #ending = new PartitionMap<true>();
  /** Logs that are being deleted, which the manager of logs may still show. */
  readonly #deleting = new PartitionMap<true>();
  readonly #fetcher: Fetcher;
  readonly followerStats: FollowerStats = { fetchedBytes: 0, cuts: 0, badAnswers: 0 };
  readonly #follower: FollowerDeps;
  readonly #leadListeners: ((partition: Partition) => void)[] = [];
  /** Those led whose log is damaged. */
  readonly #damaged = new PartitionMap<true>();
  #sorted: readonly Partition[] | null = null;
  /** Creations of logs under way, and who waits until there are none. */
  #openingCount = 0;
  #whenSettled: (() => void)[] = [];
  #stopped = false;

  constructor(start: {
    readonly nodeId: BrokerId;
    readonly ports: ManagerPorts;
    readonly settings: Settings;
    readonly metadata: MetadataClient;
    readonly logs: LogManager;
    readonly fetcher: Fetcher;
    readonly askStart: FollowerDeps['askStart'];
    readonly cluster: LeaderCluster;
  }) {
    this.#nodeId = start.nodeId;
    this.#ports = start.ports;
    this.#settings = start.settings;
    this.#metadata = start.metadata;
    this.#logs = start.logs;
    this.#fetcher = start.fetcher;
    const { clock, timers, log, crc32c } = start.ports;
    this.#follower = {
      ...{ clock, timers, log, crc32c, nodeId: start.nodeId },
      pauseMaxMs: () => start.settings.broker('replica.fetch.backoff.ms'),
      changed: (follower) => this.#fetcher.changed(follower),
      askStart: start.askStart,
      replace: (follower) => this.#replace(follower),
      stats: this.followerStats,
      ...(start.cluster.bugs && { bugs: start.cluster.bugs }),
    };
    this.#cluster = start.cluster;
  }

  /**
   * Starts following, once this incarnation's registration is applied (D5): logs of topics that are gone are deleted, then
   * everything that the metadata says this node leads is led. `done` follows when all of it can be served.
   */
  start(done: () => void): void {
    const view = this.#metadata.view;
    const strays = this.#logs.all().filter((log) => !this.#isHere(log.topicId, log.partition));
    this.#metadata.onDelta((delta) => this.#follow(delta));
    for (const { topic, partition } of strays) {
      this.#ports.log.info(
        { topic, partition },
        'deleting the log of a partition that this broker does not have any more',
      );
    }
    this.#delete(strays);
    this.#change(everyPartition(view), done);
  }

  byId(topicId: TopicId, index: number): Partition | null {
    return this.#leading.get(topicId, index) ?? null;
  }

  followed(topicId: TopicId, index: number): ReadablePartition | null {
    return this.#following.get(topicId, index)?.reads ?? null;
  }

  byName(topicName: string, index: number): Partition | null {
    const topic = this.#metadata.view.topicByName(topicName);
    return topic === null ? null : this.byId(topic.id, index);
  }

  all(): readonly Partition[] {
    this.#sorted ??= [...this.#leading.values()].sort((a, b) =>
      a.topicName === b.topicName ? a.index - b.index : a.topicName < b.topicName ? -1 : 1,
    );
    return this.#sorted;
  }

  /** The leaderships of this node, in no order that means anything. */
  leaderships(): Iterable<LeaderPartition> {
    return this.#leading.values();
  }

  /** Logs of all replicas on this node, those it follows included, in the order of `all`. */
  replicas(): readonly PartitionLog[] {
    return this.#logs
      .all()
      .filter((log) => this.#isHere(log.topicId, log.partition))
      .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
  }

  /** The followings of this node, in no order that means anything. */
  followings(): Iterable<FollowerPartition> {
    return this.#following.values();
  }

  get damagedCount(): number {
    return this.#damaged.size;
  }

  onLead(listener: (partition: Partition) => void): void {
    this.#leadListeners.push(listener);
    for (const partition of this.all()) listener(partition);
  }

  /** Calls `done` once everything that the metadata told so far is carried out: what was created is served. */
  settled(done: () => void): void {
    if (this.#openingCount === 0) done();
    else this.#whenSettled.push(done);
  }

  /** Ends every leadership; nothing may be appended afterwards. What the metadata says from here on is for the next start. */
  stop(): void {
    this.#stopped = true;
    for (const partition of this.#leading.values()) partition.resign(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    this.#leading.clear();
    for (const follower of this.#following.values()) this.#leave(follower, () => undefined);
    this.#following.clear();
    this.#damaged.clear();
    this.#sorted = null;
  }

  #follow(delta: MetadataDelta): void {
    if (this.#stopped) return;
    const gone: { readonly topicId: TopicId; readonly partition: number }[] = [];
    for (const topic of delta.topicsDeleted) {
      for (const index of indexesOf(topic)) {
        this.#end(topic.id, index, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        gone.push({ topicId: topic.id, partition: index });
      }
    }
    this.#delete(gone);
    if (delta.configsChanged.length > 0) this.#reconfigure(delta);
    if (delta.partitionsChanged.length > 0) this.#change(delta.partitionsChanged, () => undefined);
  }

  /** Settings of some topics changed, or the defaults of all. */
  #reconfigure(delta: MetadataDelta): void {
    const names = new Set<string>();
    let all = false;
    for (const change of delta.configsChanged) {
      if (change.scope === 'topic') names.add(change.name);
      else if (change.scope !== 'group') all = true;
    }
    const rules = new Map<TopicId, TopicRules>();
    for (const partition of this.#leading.values()) {
      if (!all && !names.has(partition.topicName)) continue;
      const topic = this.#metadata.view.topicById(partition.topicId);
      const view = topic?.partition(partition.index);
      if (topic === null || view === undefined || view.leaderEpoch !== partition.leaderEpoch) continue;
      partition.update(view, this.#rules(topic, view, rules));
    }
    for (const follower of this.#following.values()) {
      if (!all && !names.has(follower.topicName)) continue;
      const topic = this.#metadata.view.topicById(follower.topicId);
      const view = topic?.partition(follower.index);
      if (topic === null || view === undefined || view.leaderEpoch !== follower.leaderEpoch) continue;
      follower.follow(view, this.#rules(topic, view, rules));
      this.#fetcher.changed(follower);
    }
  }

  #change(changes: Iterable<{ readonly topic: TopicView; readonly partition: PartitionView }>, done: () => void): void {
    const rules = new Map<TopicId, TopicRules>();
    const specs: LogSpec[] = [];
    const gone: { readonly topicId: TopicId; readonly partition: number }[] = [];
    const places: Place[] = [];
    for (const { topic, partition } of changes) {
      const { index } = partition;
      if (partition.leader !== this.#nodeId) this.#end(topic.id, index, ErrorCode.NOT_LEADER_OR_FOLLOWER);
      const log = this.#deleting.get(topic.id, index) === undefined ? this.#logs.get(topic.id, index) : null;
      if (!partition.replicas.includes(this.#nodeId)) {
        if (log !== null) gone.push({ topicId: topic.id, partition: index });
        continue;
      }
      const config = this.#rules(topic, partition, rules).log;
      if (log === null) specs.push({ topic: topic.name, topicId: topic.id, partition: index, config });
      else log.configure(config);
      places.push({ topicId: topic.id, index });
    }
    this.#delete(gone);
    this.#openingCount += 1;
    if (specs.length === 0) this.#beginAll(places, 0, done);
    else this.#logs.create(specs, () => this.#beginAll(places, 0, done));
  }

  /** Begins leaderships and followings from the one at `from` on, so many a turn that no turn gets long. */
  #beginAll(places: readonly Place[], from: number, done: () => void): void {
    const next = from + REPLICAS_PER_TURN;
    const rules = new Map<TopicId, TopicRules>();
    for (const { topicId, index } of places.slice(from, next)) this.#begin(topicId, index, rules);
    if (next < places.length) {
      this.#ports.timers.after(0, () => this.#beginAll(places, next, done));
      return;
    }
    done();
    this.#opened();
  }

  #opened(): void {
    this.#openingCount -= 1;
    if (this.#openingCount > 0) return;
    const waiting = this.#whenSettled;
    this.#whenSettled = [];
    for (const settled of waiting) settled();
  }

  /** Makes this node what the metadata says now that it is for a partition. */
  #begin(topicId: TopicId, index: number, cache: Map<TopicId, TopicRules>): void {
    if (this.#stopped) return;
    const topic = this.#metadata.view.topicById(topicId);
    const view = topic?.partition(index);
    if (topic === null || view === undefined) return;
    // Whoever ends with the log, or makes it anew, begins this again.
    if (this.#ending.get(topicId, index) !== undefined || this.#deleting.get(topicId, index) !== undefined) return;
    const log = this.#logs.get(topicId, index);
    if (!view.replicas.includes(this.#nodeId)) {
      // The replica went before its log was made.
      if (log !== null) this.#delete([log]);
      return;
    }
    assert(log !== null, `log of ${topic.name}-${index} was made`);
    if (view.isr.includes(this.#nodeId)) this.#logs.trust({ topicId, partition: index });
    const rules = this.#rules(topic, view, cache);
    const following = this.#following.get(topicId, index);
    if (view.leader !== this.#nodeId) {
      if (following === undefined) {
        const follower = new FollowerPartition(this.#follower, { topic, partition: view, rules, log });
        this.#following.set(topicId, index, follower);
        this.#fetcher.follow(follower);
      } else {
        following.follow(view, rules);
        this.#fetcher.follow(following);
      }
      return;
    }
    if (following === undefined) {
      this.#lead(topic, view, rules, log);
      return;
    }
    this.#following.delete(topicId, index);
    this.#openingCount += 1;
    this.#leave(following, () => {
      this.#begin(topicId, index, new Map());
      this.#opened();
    });
  }

  /** Begins or updates the leadership that the metadata names now. */
  #lead(topic: TopicView, view: PartitionView, rules: TopicRules, log: PartitionLog): void {
    const { id: topicId } = topic;
    const { index } = view;
    const current = this.#leading.get(topicId, index);
    if (current !== undefined) {
      if (current.leaderEpoch === view.leaderEpoch) {
        current.update(view, rules);
        return;
      }
      this.#end(topicId, index, ErrorCode.NOT_LEADER_OR_FOLLOWER);
    }
    log.configure(rules.log);
    const { clock, compression, crc32c, timers } = this.#ports;
    const onUnreadable = (message: string): void =>
      this.#ports.log.warn({ topic: topic.name, partition: index, reason: message }, 'refused a compressed batch');
    const appends = new AppendQueue({ compression, crc32c, timers, clock, permits: this.#permits, onUnreadable });
    const isLowOnSpace = (): boolean => this.#logs.isLowOnSpace;
    const onDamaged = (): void => this.#damaged.set(topicId, index, true);
    const shared = { clock, appends, isLowOnSpace, onDamaged, cluster: this.#cluster };
    const partition = new LeaderPartition({ topic, partition: view, rules, log, ...shared });
    this.#leading.set(topicId, index, partition);
    this.#sorted = null;
    for (const listener of this.#leadListeners) listener(partition);
  }

  #end(topicId: TopicId, index: number, errorCode: number): void {
    const partition = this.#leading.get(topicId, index);
    if (partition === undefined) return;
    this.#leading.delete(topicId, index);
    this.#damaged.delete(topicId, index);
    this.#sorted = null;
    partition.resign(errorCode, this.#metadata.view.topicById(topicId)?.partition(index) ?? null);
  }

  /** Ends a following. `done` when its log may be another's. */
  #leave(follower: FollowerPartition, done: () => void): void {
    const { topicId, index } = follower;
    this.#fetcher.drop(follower);
    this.#ending.set(topicId, index, true);
    follower.stop(() => {
      this.#ending.delete(topicId, index);
      done();
    });
  }

  /** A damaged log that its leader has whole gives way to an empty one, which follows (D7). */
  #replace(follower: FollowerPartition): void {
    const { topicId, topicName: topic, index, leader } = follower;
    this.#ports.log.warn(
      { topic, partition: index, leader },
      'a damaged log is set aside; its records are fetched again from the leader',
    );
    this.#following.delete(topicId, index);
    this.#leave(follower, () => {
      const known = this.#metadata.view.topicById(topicId);
      const view = known?.partition(index);
      if (known === null || view === undefined || this.#stopped) return;
      this.#ending.set(topicId, index, true);
      const { log: config } = this.#rules(known, view, new Map());
      this.#logs.replaceDamaged({ topic, topicId, partition: index, config }, () => {
        this.#ending.delete(topicId, index);
        this.#begin(topicId, index, new Map());
      });
    });
  }

  /** Whether this node has a replica of the partition. */
  #isHere(topicId: TopicId, index: number): boolean {
    return this.#metadata.view.topicById(topicId)?.partition(index)?.replicas.includes(this.#nodeId) ?? false;
  }

  /** Deletes logs, once nothing is done to them any more. */
  #delete(gone: readonly { readonly topicId: TopicId; readonly partition: number }[]): void {
    if (gone.length === 0) return;
    for (const { topicId, partition } of gone) {
      const following = this.#following.get(topicId, partition);
      this.#following.delete(topicId, partition);
      if (following !== undefined) this.#leave(following, () => undefined);
      this.#deleting.set(topicId, partition, true);
    }
    this.#logs.delete(gone, () => {
      for (const { topicId, partition } of gone) this.#deleting.delete(topicId, partition);
    });
  }

  #rules(topic: TopicView, partition: PartitionView, cache: Map<TopicId, TopicRules>): TopicRules {
    let rules = cache.get(topic.id);
    if (rules === undefined) {
      rules = resolveTopicRules(this.#settings, this.#metadata.view.configOverrides('topic', topic.name));
      cache.set(topic.id, rules);
    }
    return rulesOfPartition(rules, partition);
  }
}

function* everyPartition(
  view: MetadataView,
): Generator<{ readonly topic: TopicView; readonly partition: PartitionView }> {
  for (const topic of view.topics()) {
    for (const index of indexesOf(topic)) {
      const partition = topic.partition(index);
      if (partition !== undefined) yield { topic, partition };
    }
  }
}

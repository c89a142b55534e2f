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
import type { LogManager, LogSpec } from '../logs/partition-log.ts';
import type { MetadataClient } from '../metadata-client.ts';
import { PartitionMap } from '../partition-map.ts';
import { Permits } from '../permits.ts';
import { AppendQueue } from './append-queue.ts';
import { LeaderPartition } from './leader-partition.ts';
import type { Partition, Partitions } from './partition.ts';
import { resolveTopicRules, type TopicRules } from './topic-rules.ts';

/** Batches of the node that may be held decompressed at a time: as many as codecs may be at work (B6). */
const DECOMPRESSED_COUNT_MAX = 2;

/** A leadership takes about ten microseconds to begin. */
const LEADERSHIPS_PER_TURN = 500;

/**
 * Follows the metadata: makes and deletes logs, begins and ends leaderships on this node. Every step looks at the
 * metadata of that moment, so that a topic deleted while its logs are being made ends up deleted.
 */
export class PartitionManager implements Partitions {
  readonly #nodeId: BrokerId;
  readonly #ports: Ports;
  readonly #settings: Settings;
  readonly #metadata: MetadataClient;
  readonly #logs: LogManager;
  readonly #permits = new Permits(DECOMPRESSED_COUNT_MAX);
  readonly #leading = new PartitionMap<LeaderPartition>();
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
    readonly ports: Ports;
    readonly settings: Settings;
    readonly metadata: MetadataClient;
    readonly logs: LogManager;
  }) {
    this.#nodeId = start.nodeId;
    this.#ports = start.ports;
    this.#settings = start.settings;
    this.#metadata = start.metadata;
    this.#logs = start.logs;
  }

  /**
   * Starts following, once this incarnation's registration is applied (D5): logs of topics that are gone are deleted, then
   * everything that the metadata says this node leads is led. `done` follows when all of it can be served.
   */
  start(done: () => void): void {
    const view = this.#metadata.view;
    const stale = this.#logs.all().filter((log) => view.topicById(log.topicId)?.partition(log.partition) === undefined);
    this.#metadata.onDelta((delta) => this.#follow(delta));
    if (stale.length > 0) {
      for (const log of stale) {
        this.#ports.log.info({ topic: log.topic, partition: log.partition }, 'deleting the log of a deleted topic');
      }
      this.#logs.delete(stale, () => undefined);
    }
    this.#change(everyPartition(view), done);
  }

  byId(topicId: TopicId, index: number): Partition | null {
    return this.#leading.get(topicId, index) ?? null;
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
    if (gone.length > 0) this.#logs.delete(gone, () => undefined);
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
      partition.update(view, this.#rules(topic, rules));
    }
  }

  #change(changes: Iterable<{ readonly topic: TopicView; readonly partition: PartitionView }>, done: () => void): void {
    const rules = new Map<TopicId, TopicRules>();
    const specs: LogSpec[] = [];
    const toLead: { readonly topicId: TopicId; readonly index: number }[] = [];
    for (const { topic, partition } of changes) {
      if (partition.leader !== this.#nodeId) this.#end(topic.id, partition.index, ErrorCode.NOT_LEADER_OR_FOLLOWER);
      if (!partition.replicas.includes(this.#nodeId)) continue;
      const config = this.#rules(topic, rules).log;
      const log = this.#logs.get(topic.id, partition.index);
      if (log === null) specs.push({ topic: topic.name, topicId: topic.id, partition: partition.index, config });
      else log.configure(config);
      if (partition.leader === this.#nodeId) toLead.push({ topicId: topic.id, index: partition.index });
    }
    this.#openingCount += 1;
    if (specs.length === 0) this.#leadAll(toLead, 0, done);
    else this.#logs.create(specs, () => this.#leadAll(toLead, 0, done));
  }

  /** Begins leaderships from the one at `from` on, so many a turn that no turn gets long. */
  #leadAll(
    toLead: readonly { readonly topicId: TopicId; readonly index: number }[],
    from: number,
    done: () => void,
  ): void {
    const next = from + LEADERSHIPS_PER_TURN;
    const rules = new Map<TopicId, TopicRules>();
    for (const { topicId, index } of toLead.slice(from, next)) this.#lead(topicId, index, rules);
    if (next < toLead.length) {
      this.#ports.timers.after(0, () => this.#leadAll(toLead, next, done));
      return;
    }
    done();
    this.#openingCount -= 1;
    if (this.#openingCount > 0) return;
    const waiting = this.#whenSettled;
    this.#whenSettled = [];
    for (const settled of waiting) settled();
  }

  /** Begins or updates the leadership that the metadata names now. */
  #lead(topicId: TopicId, index: number, cache: Map<TopicId, TopicRules>): void {
    if (this.#stopped) return;
    const topic = this.#metadata.view.topicById(topicId);
    const view = topic?.partition(index);
    if (topic === null || view === undefined || view.leader !== this.#nodeId) return;
    const current = this.#leading.get(topicId, index);
    if (current !== undefined) {
      if (current.leaderEpoch === view.leaderEpoch) {
        current.update(view, this.#rules(topic, cache));
        return;
      }
      this.#end(topicId, index, ErrorCode.NOT_LEADER_OR_FOLLOWER);
    }
    const log = this.#logs.get(topicId, index);
    assert(log !== null, `log of ${topic.name}-${index} was made`);
    const rules = this.#rules(topic, cache);
    log.configure(rules.log);
    const { clock, compression, crc32c, timers } = this.#ports;
    const onUnreadable = (message: string): void =>
      this.#ports.log.warn({ topic: topic.name, partition: index, reason: message }, 'refused a compressed batch');
    const appends = new AppendQueue({ compression, crc32c, timers, clock, permits: this.#permits, onUnreadable });
    const isLowOnSpace = (): boolean => this.#logs.isLowOnSpace;
    const onDamaged = (): void => this.#damaged.set(topicId, index, true);
    const shared = { clock, appends, isLowOnSpace, onDamaged };
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
    partition.resign(errorCode);
  }

  #rules(topic: TopicView, cache: Map<TopicId, TopicRules>): TopicRules {
    let rules = cache.get(topic.id);
    if (rules === undefined) {
      rules = resolveTopicRules(this.#settings, this.#metadata.view.configOverrides('topic', topic.name));
      cache.set(topic.id, rules);
    }
    return rules;
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

import { ApiKey } from '../protocol/apis.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { ApiResponses } from '../protocol/messages.ts';
import { askAny } from './ask-any.ts';
import type { Address } from './machine.ts';
import type { Network } from './network.ts';

/** A partition as the last Metadata answer had it; leader −1: none. */
export interface KnownPartition {
  readonly leader: number;
  readonly leaderEpoch: number;
  /** Nodes of its replicas when all of them are offline: no leader can be found. */
  readonly offlineNodes?: readonly number[];
}

/** A partition and the epoch of the leader that something was sent to, −1 when nobody was known to lead it there. */
export interface SentPartition {
  readonly topic: string;
  readonly partition: number;
  readonly leaderEpoch: number;
}

/** A topic as the last Metadata answer had it. Partition `i` stands at index `i`. */
export interface KnownTopic {
  readonly name: string;
  readonly id: string;
  readonly partitions: readonly KnownPartition[];
  readonly replicationFactor: number;
}

/** How a refresh ended; `failed` names topics with their error codes. */
export interface Refreshed {
  readonly code: number;
  readonly reason: string;
  readonly failed: ReadonlyMap<string, number>;
}

const MIN_INTERVAL_MS = 100;
const MAX_AGE_MS = 300_000;

/** What a client knows of topics and brokers; refreshed when asked, at most once at a time. */
export class Metadata {
  readonly #network: Network;
  readonly #allowCreate: boolean;
  readonly #topics = new Map<string, KnownTopic>();
  readonly #namesById = new Map<string, string>();
  #waiting: ((result: Refreshed) => void)[] = [];
  #wanted = new Set<string>();
  #state: 'idle' | 'scheduled' | 'asking' = 'idle';
  #lastMs = Number.NEGATIVE_INFINITY;
  #clusterId = '';

  /** `allowCreate`: the broker may create missing topics, if it is set up to. */
  constructor(network: Network, allowCreate: boolean) {
    this.#network = network;
    this.#allowCreate = allowCreate;
  }

  /** The cluster's id, '' before the first answer. */
  get clusterId(): string {
    return this.#clusterId;
  }

  topic(name: string): KnownTopic | undefined {
    return this.#topics.get(name);
  }

  topicById(id: string): KnownTopic | undefined {
    return this.#topics.get(this.#namesById.get(id) ?? '');
  }

  /** Whether a partition has had another leader since, as far as is known. */
  hasMoved({ topic, partition, leaderEpoch }: SentPartition): boolean {
    const known = this.#topics.get(topic)?.partitions[partition];
    return known !== undefined && known.leader >= 0 && known.leaderEpoch > leaderEpoch;
  }

  /** Whether an answer is older than five minutes. */
  isStale(): boolean {
    return this.#network.nowMs - this.#lastMs > MAX_AGE_MS;
  }

  /** Asks for these topics (and all that were asked for before); requests made close together share one answer. */
  refresh(topics: readonly string[], done: (result: Refreshed) => void): void {
    for (const name of topics) this.#wanted.add(name);
    this.#waiting.push(done);
    if (this.#state !== 'idle') return;
    const notBefore = this.#lastMs + MIN_INTERVAL_MS;
    if (notBefore <= this.#network.nowMs) {
      this.#ask();
      return;
    }
    this.#state = 'scheduled';
    this.#network.schedule.at(notBefore, () => {
      this.#ask();
    });
  }

  /** Takes over a leader that a broker named in an error, if it is newer (KIP-951). */
  learnLeader(name: string, partition: number, leader: KnownPartition): void {
    const topic = this.#topics.get(name);
    const known = topic?.partitions[partition];
    if (topic === undefined || known === undefined || leader.leader < 0 || known.leaderEpoch >= leader.leaderEpoch)
      return;
    const partitions = topic.partitions.map((old, index) => (index === partition ? leader : old));
    this.#topics.set(name, { ...topic, partitions });
  }

  #ask(): void {
    this.#state = 'asking';
    this.#lastMs = this.#network.nowMs;
    const names = [...this.#wanted].sort();
    const waiting = this.#waiting;
    this.#waiting = [];
    askAny(this.#network, {
      key: ApiKey.Metadata,
      body: (version) => ({
        topics: names.map((name) => ({ name })),
        ...(version >= 4 ? { allowAutoTopicCreation: this.#allowCreate } : {}),
      }),
      done: (outcome) => {
        this.#state = 'idle';
        const failed = outcome.ok ? this.#learn(outcome.body) : new Map<string, number>();
        const { code, reason } = outcome.ok ? { code: outcome.body.errorCode, reason: '' } : outcome;
        for (const done of waiting) done({ code, reason, failed });
        if (this.#waiting.length > 0 && this.#state === 'idle') this.refresh([], () => undefined);
      },
    });
  }

  #learn(body: ApiResponses[typeof ApiKey.Metadata]): Map<string, number> {
    this.#clusterId = body.clusterId ?? '';
    const nodes = new Map<number, Address>();
    for (const broker of body.brokers) nodes.set(broker.nodeId, { host: broker.host, port: broker.port });
    if (nodes.size > 0) this.#network.setNodes(nodes);
    const failed = new Map<string, number>();
    for (const topic of body.topics) {
      if (topic.name === null) continue;
      const old = this.#topics.get(topic.name);
      if (topic.errorCode !== ErrorCode.NONE) {
        failed.set(topic.name, topic.errorCode);
        if (topic.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) this.#forget(topic.name);
        continue;
      }
      if (old !== undefined && old.id !== topic.topicId) this.#forget(topic.name);
      this.#topics.set(topic.name, knownTopic(topic.name, topic));
      this.#namesById.set(topic.topicId, topic.name);
    }
    return failed;
  }

  #forget(name: string): void {
    const old = this.#topics.get(name);
    if (old !== undefined) this.#namesById.delete(old.id);
    this.#topics.delete(name);
  }
}

function knownTopic(name: string, topic: ApiResponses[typeof ApiKey.Metadata]['topics'][number]): KnownTopic {
  const partitions: KnownPartition[] = [];
  let replicationFactor = 0;
  for (const one of [...topic.partitions].sort((a, b) => a.partitionIndex - b.partitionIndex)) {
    const leader = one.errorCode === ErrorCode.NONE ? one.leaderId : -1;
    const isOffline = leader < 0 && one.replicaNodes.every((id) => one.offlineReplicas.includes(id));
    partitions.push({ leader, leaderEpoch: one.leaderEpoch, ...(isOffline ? { offlineNodes: one.replicaNodes } : {}) });
    replicationFactor = Math.max(replicationFactor, one.replicaNodes.length);
  }
  return { name, id: topic.topicId, partitions, replicationFactor };
}

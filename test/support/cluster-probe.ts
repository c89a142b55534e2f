import { Calls } from '../../broker/cli/local/calls.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { ErrorCode, errorName } from '../../broker/core/protocol/errors.ts';

/** The quorum as one broker tells it. */
export interface QuorumSeen {
  readonly leaderId: number;
  readonly epoch: number;
  /** Sorted by id, and so are the observers. */
  readonly voters: readonly { readonly id: number; readonly directoryId: string }[];
  readonly observers: readonly { readonly id: number; readonly directoryId: string }[];
}

/** A topic as one broker tells it. */
export interface TopicSeen {
  readonly id: string;
  /** Leader of each partition, −1 where there is none, in order. */
  readonly leaders: readonly number[];
  readonly leaderEpochs: readonly number[];
  /** In-sync replicas of each partition, in order. */
  readonly isrs: readonly (readonly number[])[];
}

/** Asks one broker, and no other, what it knows; fails when it does not answer. */
export class ClusterProbe {
  readonly #calls: Calls;
  readonly #timeoutMs: number;

  /** `address` is `host:port`. */
  constructor(address: string, requestTimeoutMs = 5_000) {
    this.#timeoutMs = requestTimeoutMs;
    const at = address.lastIndexOf(':');
    const bootstrap = [{ host: address.slice(0, at), port: Number(address.slice(at + 1)) }];
    this.#calls = new Calls(bootstrap, { clientId: 'probe', requestTimeoutMs });
  }

  async quorum(): Promise<QuorumSeen> {
    const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }];
    const body = await this.#calls.call(ApiKey.DescribeQuorum, () => ({ topics }), { minVersion: 2 });
    check(body.errorCode);
    const partition = body.topics[0]?.partitions[0];
    check(partition?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR);
    const sorted = (replicas: readonly { readonly replicaId: number; readonly replicaDirectoryId: string }[] = []) =>
      replicas.map((one) => ({ id: one.replicaId, directoryId: one.replicaDirectoryId })).sort((a, b) => a.id - b.id);
    return {
      leaderId: partition?.leaderId ?? -1,
      epoch: partition?.leaderEpoch ?? -1,
      voters: sorted(partition?.currentVoters),
      observers: sorted(partition?.observers),
    };
  }

  /** Creates a topic; its id. Fails with the name of Kafka's error. */
  async createTopic(name: string, numPartitions = 1, { replicationFactor = 1 } = {}): Promise<string> {
    const topic = { name, numPartitions, replicationFactor, assignments: [], configs: [] };
    const body = await this.#calls.call(
      ApiKey.CreateTopics,
      () => ({ topics: [topic], timeoutMs: this.#timeoutMs, validateOnly: false }),
      { minVersion: 7 },
    );
    const created = body.topics[0];
    check(created?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR);
    return created?.topicId ?? '';
  }

  /** null: this broker does not know it. */
  async topic(name: string): Promise<TopicSeen | null> {
    const seen = await this.#metadata([name]);
    const topic = seen.topics[0];
    if (topic === undefined || topic.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) return null;
    const partitions = topic.partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex);
    return {
      id: topic.topicId,
      leaders: partitions.map((one) => one.leaderId),
      leaderEpochs: partitions.map((one) => one.leaderEpoch),
      isrs: partitions.map((one) => one.isrNodes),
    };
  }

  /** Deletes records below an offset, which this broker has to lead; fails with the name of Kafka's error. */
  async deleteRecords(place: {
    readonly topic: string;
    readonly partition: number;
    readonly before: number;
  }): Promise<void> {
    const partitions = [{ partitionIndex: place.partition, offset: place.before }];
    const topics = [{ name: place.topic, partitions }];
    const body = await this.#calls.call(ApiKey.DeleteRecords, () => ({ topics, timeoutMs: this.#timeoutMs }));
    check(body.topics[0]?.partitions[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR);
  }

  /** How many copies each partition of a topic has, and how many of them are in sync. */
  async copies(name: string): Promise<readonly { readonly all: number; readonly inSync: number }[]> {
    const { topics } = await this.#metadata([name]);
    const partitions = topics[0]?.partitions ?? [];
    return partitions.map(({ replicaNodes, isrNodes }) => ({ all: replicaNodes.length, inSync: isrNodes.length }));
  }

  /** Records of a topic, as the leaders of its partitions tell; fails while one has none. */
  async countOf(name: string): Promise<number> {
    const seen = await this.#metadata([name]);
    this.#calls.setNodes(new Map(seen.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }])));
    const counts = (seen.topics[0]?.partitions ?? []).map(async ({ partitionIndex, leaderId }) => {
      const partitions = [{ partitionIndex, currentLeaderEpoch: -1, timestamp: -1 }];
      const body = await this.#calls.call(
        ApiKey.ListOffsets,
        () => ({ replicaId: -1, isolationLevel: 0, topics: [{ name, partitions }], timeoutMs: 5_000 }),
        { target: leaderId, minVersion: 4 },
      );
      const answer = body.topics[0]?.partitions[0];
      check(answer?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR);
      return answer?.offset ?? 0;
    });
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  /** What is in force for a setting of a topic, and whether it is the topic's own. */
  async topicSetting(name: string, setting: string): Promise<{ readonly value: string | null; readonly own: boolean }> {
    const resources = [{ resourceType: 2, resourceName: name, configurationKeys: [setting] }];
    const body = await this.#calls.call(
      ApiKey.DescribeConfigs,
      () => ({ resources, includeSynonyms: false, includeDocumentation: false }),
      { minVersion: 1 },
    );
    check(body.results[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR);
    const found = body.results[0]?.configs[0];
    return { value: found?.value ?? null, own: found?.configSource === 1 };
  }

  /** Commits an offset of partition 0 at the coordinator of a group that has no members; fails with the name of Kafka's error. */
  async commit(group: string, topic: string, committedOffset: number): Promise<void> {
    const coordinator = await this.#calls.call(
      ApiKey.FindCoordinator,
      () => ({ keyType: 0, coordinatorKeys: [group] }),
      {
        minVersion: 4,
      },
    );
    const {
      nodeId = -1,
      host = '',
      port = -1,
      errorCode = ErrorCode.UNKNOWN_SERVER_ERROR,
    } = coordinator.coordinators[0] ?? {};
    check(errorCode);
    this.#calls.setNodes(new Map([[nodeId, { host, port }]]));
    const topicId = (await this.topic(topic))?.id ?? '';
    const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: '' }];
    const body = await this.#calls.call(
      ApiKey.OffsetCommit,
      () => ({ groupId: group, topics: [{ name: topic, topicId, partitions }] }),
      { target: nodeId, minVersion: 8 },
    );
    check(body.topics[0]?.partitions[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR);
  }

  /** Ids of the controllers that are registered, sorted. */
  async controllers(): Promise<readonly number[]> {
    const body = await this.#calls.call(
      ApiKey.DescribeCluster,
      () => ({ endpointType: 2, includeClusterAuthorizedOperations: false }),
      {
        minVersion: 1,
      },
    );
    check(body.errorCode);
    return body.brokers.map((one) => one.brokerId).sort((a, b) => a - b);
  }

  /** Has a controller forgotten; the name of Kafka's error. */
  async unregisterController(controllerId: number): Promise<string> {
    const body = await this.#calls.call(ApiKey.UnregisterController, () => ({ controllerId }));
    return errorName(body.errorCode);
  }

  /** Replicas of all topics on each broker, by its id. */
  async spread(): Promise<Readonly<Record<number, number>>> {
    const { topics } = await this.#calls.call(ApiKey.Metadata, () => ({ topics: null }), { minVersion: 10 });
    const counts: Record<number, number> = {};
    for (const id of topics.flatMap((topic) => topic.partitions.flatMap((one) => one.replicaNodes)))
      counts[id] = (counts[id] ?? 0) + 1;
    return counts;
  }

  /** Partitions that are being moved. */
  async moving(): Promise<number> {
    const body = await this.#calls.call(ApiKey.ListPartitionReassignments, () => ({ topics: null }));
    check(body.errorCode);
    return body.topics.reduce((sum, topic) => sum + topic.partitions.length, 0);
  }

  /** Ids of the brokers that are not fenced, sorted. */
  async brokers(): Promise<readonly number[]> {
    return (await this.#metadata([])).brokers.map((one) => one.nodeId).sort((a, b) => a - b);
  }

  close(): void {
    this.#calls.close();
  }

  #metadata(names: readonly string[]) {
    const topics = names.map((name) => ({ name }));
    return this.#calls.call(ApiKey.Metadata, () => ({ topics, allowAutoTopicCreation: false }), { minVersion: 10 });
  }
}

function check(code: number): void {
  if (code !== ErrorCode.NONE) throw new Error(errorName(code));
}

import type {
  AdminObservation,
  GroupObservation,
  QuorumObservation,
  TopicObservation,
} from '../../../operator/core/observed.ts';
import type { ConfigChange, GroupStart } from '../../../operator/core/steps.ts';
import type { AdminQuestion, AdminResource, ClusterAdmin, Progress } from '../../../operator/ports/cluster-admin.ts';
import { isOperatorError, OperatorError } from '../../../operator/ports/operator-error.ts';
import type { Address } from '../../core/client/machine.ts';
import type { Target } from '../../core/client/network.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode, isRetriable } from '../../core/protocol/errors.ts';
import type { ApiResponses, RequestInput, WireKey } from '../../core/protocol/messages.ts';
import type { ControlNet } from '../../ports/control-net.ts';
import { Calls, isCallFault } from './calls.ts';
import { check } from './check.ts';
import { observeFeatures, raiseFeature } from './feature-levels.ts';
import { copiesUnderWay, plainCopies, reassignments, resizeTopic, type SeenCopies } from './copies.ts';
import { Loads } from './loads.ts';
import { Moves } from './moves.ts';
import { beginGroup, observeShares } from './share-groups.ts';

/** Types of resources as DescribeConfigs numbers them. */
const RESOURCE = { topic: 2, broker: 4, group: 32 } as const;
/** Sources of values that were set on the resource itself. */
const SOURCE = { topic: 1, clusterDefault: 3, group: 8 } as const;
const SET = 0;
const DELETE = 1;
const REQUEST_TIMEOUT_MS = 10_000;

const MIN_ISR = 'min.insync.replicas';

/** The topic that stands for the metadata log, and the listener name of control planes (KIP-853). */
const METADATA_TOPIC = '__cluster_metadata';
const CONTROLLER_LISTENER = 'CONTROLLER';

/** A topic as one broker sees it. */
type Seen = Pick<TopicObservation, 'partitions' | 'leaderless'> & SeenCopies;
type SeenTopic = Pick<TopicObservation, 'partitions' | 'leaderless'> & { readonly seen: readonly Seen[] };
type Described = ApiResponses[typeof ApiKey.DescribeConfigs]['results'][number];

/** Where nodes are reached whatever they say of themselves, by id. */
export interface AdminReach {
  readonly brokers: ReadonlyMap<number, Address>;
  readonly controls: ReadonlyMap<number, Address>;
  /** The control plane, as its operator. */
  readonly net: ControlNet;
  readonly clusterId: string;
}

/** The operator's `ClusterAdmin` over the Kafka protocol. */
export class KafkaAdmin implements ClusterAdmin {
  readonly #calls: Calls;
  readonly #moves: Moves;
  readonly #reach: AdminReach | null;
  readonly #loads: Loads | null;

  /** Nodes are asked where they say that they are, unless `reach` says where. */
  constructor(bootstrap: readonly Address[], reach: AdminReach | null = null) {
    this.#calls = new Calls(bootstrap, { clientId: 'weir-operator', requestTimeoutMs: REQUEST_TIMEOUT_MS });
    this.#reach = reach;
    this.#loads = reach === null ? null : new Loads(reach.net, reach.clusterId, reach.controls);
    // gRPC takes its time to load: a cluster that stays as it is does without.
    this.#moves = new Moves(async () => {
      const { FleetCalls, operatorNet } = await import('../fleet-calls.ts');
      return new FleetCalls(this.#calls, reach?.net ?? operatorNet(null), reach?.controls ?? null);
    });
  }

  async observe(question: AdminQuestion): Promise<AdminObservation> {
    const targets = await this.#targets(question);
    const { load } = question;
    const [metadata, found, quorum, members, obstacles, losses, advertised, assessed, features, loads, copiesMax] =
      await Promise.all([
        this.#metadata(question.topics, targets),
        this.#foundGroups(question.groups, targets),
        question.quorum ? this.#quorum() : null,
        this.#members(question.members, targets),
        this.#moves.obstacles(question.restarts),
        this.#moves.obstacles(question.replacements, true),
        question.advertised ? this.#moves.advertised() : null,
        question.assessment === true ? this.#moves.assessed() : null,
        question.features === true ? observeFeatures((...args) => this.#call(...args)) : null,
        load === undefined ? null : (this.#loads?.of(load.brokers) ?? null),
        load?.copies === true ? this.#copiesMax() : null,
      ]);
    const configs = await this.#describe([...metadata.topics.keys()], question);
    const copies = await this.#copies(question, metadata.topics, targets);
    const topics = new Map<string, TopicObservation>();
    for (const [name, { partitions, leaderless }] of metadata.topics) {
      const described = configs.get(`${RESOURCE.topic}/${name}`);
      const { copies: counts, resizing } = copies.get(name) ?? { copies: [], resizing: 0 };
      const minInsyncReplicas = Number(described?.configs.find((one) => one.name === MIN_ISR)?.value ?? 1);
      topics.set(name, {
        partitions,
        leaderless,
        copies: counts,
        resizing,
        minInsyncReplicas,
        config: ownValues(described),
      });
    }
    const active = [...found].filter(([, { type, state }]) => type === 'share' && state !== 'Empty');
    const isAlone = question.brokers.length === 1;
    const shares = await observeShares(
      (...args) => this.#call(...args),
      question.groups,
      new Set(active.map(([name]) => name)),
      (node) => (isAlone ? 'any' : node),
    );
    const groups = new Map<string, GroupObservation>();
    for (const name of question.groups) {
      groups.set(name, {
        type: null,
        ...found.get(name),
        ...shares.get(name),
        config: ownValues(configs.get(`${RESOURCE.group}/${name}`)),
      });
    }
    return {
      brokers: metadata.brokers,
      unfenced: metadata.unfenced,
      quorum,
      members,
      obstacles,
      losses,
      topics,
      groups,
      config: ownValues(configs.get(`${RESOURCE.broker}/`)),
      ...(advertised === null ? {} : { advertised }),
      ...(loads === null ? {} : { loads }),
      ...(copiesMax === null ? {} : { copiesMax }),
      ...(features === null ? {} : { features }),
      ...(assessed === null ? {} : { assessed }),
    };
  }

  async createTopic(topic: Parameters<ClusterAdmin['createTopic']>[0]): Promise<void> {
    const body = await this.#call(ApiKey.CreateTopics, () => ({
      topics: [
        {
          name: topic.name,
          numPartitions: topic.partitions,
          replicationFactor: topic.replicationFactor,
          assignments: [],
          configs: [...topic.config].map(([name, value]) => ({ name, value })),
        },
      ],
      timeoutMs: REQUEST_TIMEOUT_MS,
      validateOnly: false,
    }));
    for (const result of body.topics) {
      if (result.errorCode !== ErrorCode.TOPIC_ALREADY_EXISTS) check(result.errorCode, result.errorMessage);
    }
  }

  async growTopic(name: string, partitions: number): Promise<void> {
    const body = await this.#call(ApiKey.CreatePartitions, () => ({
      topics: [{ name, count: partitions, assignments: null }],
      timeoutMs: REQUEST_TIMEOUT_MS,
      validateOnly: false,
    }));
    for (const result of body.results) check(result.errorCode, result.errorMessage);
  }

  async deleteTopic(name: string): Promise<void> {
    const body = await this.#call(ApiKey.DeleteTopics, (version) => ({
      ...(version < 6 ? { topicNames: [name] } : { topics: [{ name }] }),
      timeoutMs: REQUEST_TIMEOUT_MS,
    }));
    for (const result of body.responses) {
      if (result.errorCode !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) check(result.errorCode, result.errorMessage);
    }
  }

  async deleteGroup(groupId: string): Promise<void> {
    const target = await this.#coordinator(groupId);
    const body = await this.#call(ApiKey.DeleteGroups, () => ({ groupsNames: [groupId] }), target);
    for (const { errorCode, errorMessage } of body.results) {
      if (errorCode === ErrorCode.NON_EMPTY_GROUP)
        throw new OperatorError('NON_EMPTY_GROUP', `group ${groupId} has members: it is deleted once they are gone`);
      if (errorCode !== ErrorCode.GROUP_ID_NOT_FOUND) check(errorCode, errorMessage ?? null);
    }
  }

  async beginGroup(groupId: string, starts: readonly GroupStart[]): Promise<void> {
    await beginGroup((...args) => this.#call(...args), await this.#coordinator(groupId), groupId, starts);
  }

  resizeTopic(name: string, wanted: Parameters<ClusterAdmin['resizeTopic']>[1]): Promise<Progress> {
    return resizeTopic((...args) => this.#call(...args), name, wanted);
  }

  async alterConfig(resource: AdminResource, change: ConfigChange): Promise<void> {
    const resourceType = resource.kind === 'cluster' ? RESOURCE.broker : RESOURCE[resource.kind];
    const resourceName = resource.kind === 'cluster' ? '' : resource.name;
    const configs = [
      ...[...change.set].map(([name, value]) => ({ name, configOperation: SET, value })),
      ...change.unset.map((name) => ({ name, configOperation: DELETE, value: null })),
    ];
    const body = await this.#call(ApiKey.IncrementalAlterConfigs, () => ({
      resources: [{ resourceType, resourceName, configs }],
      validateOnly: false,
    }));
    for (const result of body.responses) check(result.errorCode, result.errorMessage);
  }

  async addVoter({ id, directoryId, address }: Parameters<ClusterAdmin['addVoter']>[0]): Promise<void> {
    const at = address === null ? null : /^(.*):(\d+)$/.exec(address);
    const listeners = at === null ? [] : [{ name: CONTROLLER_LISTENER, host: at[1] ?? '', port: Number(at[2]) }];
    const body = await this.#call(ApiKey.AddRaftVoter, () => ({
      clusterId: null,
      timeoutMs: REQUEST_TIMEOUT_MS,
      voterId: id,
      voterDirectoryId: directoryId,
      listeners,
    }));
    if (body.errorCode !== ErrorCode.DUPLICATE_VOTER) check(body.errorCode, body.errorMessage);
  }

  async removeVoter({ id, directoryId }: Parameters<ClusterAdmin['removeVoter']>[0]): Promise<void> {
    const body = await this.#call(ApiKey.RemoveRaftVoter, () => ({
      clusterId: null,
      voterId: id,
      voterDirectoryId: directoryId,
    }));
    if (body.errorCode !== ErrorCode.VOTER_NOT_FOUND) check(body.errorCode, body.errorMessage);
  }

  drain(ids: readonly number[]): Promise<number> {
    return this.#moves.drain(ids);
  }

  undrain(id: number): Promise<void> {
    return this.#moves.undrain(id);
  }

  rebalance(): Promise<Progress> {
    return this.#moves.rebalance();
  }

  setAdvertised({ id, endpoints }: Parameters<ClusterAdmin['setAdvertised']>[0]): Promise<void> {
    return this.#moves.setAdvertised(id, endpoints);
  }

  async raiseFeature(level: number): Promise<void> {
    await raiseFeature((...args) => this.#call(...args), level);
  }

  async unregister({ id, isController }: Parameters<ClusterAdmin['unregister']>[0]): Promise<void> {
    const broker = await this.#call(ApiKey.UnregisterBroker, () => ({ brokerId: id }));
    if (broker.errorCode !== ErrorCode.BROKER_ID_NOT_REGISTERED) check(broker.errorCode, broker.errorMessage);
    if (!isController) return;
    const body = await this.#call(ApiKey.UnregisterController, () => ({ controllerId: id }));
    if (body.errorCode !== ErrorCode.CONTROLLER_ID_NOT_REGISTERED) check(body.errorCode, body.errorMessage);
  }

  async close(): Promise<void> {
    this.#moves.close();
    this.#loads?.close();
    this.#calls.close();
  }

  /** The brokers that are asked each for itself: those of the question that the cluster has, or whichever answers when there is one. */
  async #targets({ brokers }: AdminQuestion): Promise<readonly (readonly [Target, number])[]> {
    const [only] = brokers;
    if (only !== undefined && brokers.length === 1) return [['any', only]];
    return (await this.#nodes())
      .filter((id) => brokers.includes(id))
      .sort((a, b) => a - b)
      .map((id) => [id, id] as const);
  }

  /** Learns where the brokers listen; gives the ids of those that can be reached. */
  async #nodes(): Promise<readonly number[]> {
    const body = await this.#call(ApiKey.Metadata, () => ({ topics: [], allowAutoTopicCreation: false }), 'any', 4);
    const told = new Map(body.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
    const nodes = this.#reach?.brokers ?? told;
    this.#calls.setNodes(nodes);
    return [...told.keys()].filter((id) => nodes.has(id));
  }

  /** The broker that coordinates a group. */
  async #coordinator(groupId: string): Promise<number> {
    const body = await this.#call(ApiKey.FindCoordinator, () => ({ key: groupId, keyType: 0 }), 'any', 1);
    check(body.errorCode, body.errorMessage);
    await this.#nodes();
    return body.nodeId;
  }

  /** Asks each of the brokers; those that don't answer are left out, unless none does. */
  async #each<K extends WireKey>(
    targets: readonly (readonly [Target, number])[],
    key: K,
    body: () => RequestInput<K>,
    minVersion: number,
  ): Promise<ReadonlyMap<number, ApiResponses[K]>> {
    const answers = new Map<number, ApiResponses[K]>();
    let fault: OperatorError | null = null;
    await Promise.all(
      targets.map(async ([target, id]) => {
        try {
          answers.set(id, await this.#call(key, body, target, minVersion));
        } catch (error) {
          if (!isOperatorError(error)) throw error;
          fault = error;
        }
      }),
    );
    if (answers.size === 0 && fault !== null) throw fault as OperatorError;
    return answers;
  }

  /** Topics and unfenced brokers as the brokers see them, together, and who answered. */
  async #metadata(
    names: readonly string[],
    targets: readonly (readonly [Target, number])[],
  ): Promise<{
    readonly brokers: readonly number[];
    readonly unfenced: readonly number[];
    readonly topics: ReadonlyMap<string, SeenTopic>;
  }> {
    const body = () => ({ topics: names.map((name) => ({ name })), allowAutoTopicCreation: false });
    const answers = await this.#each(targets, ApiKey.Metadata, body, 4);
    const topics = new Map<string, SeenTopic>();
    for (const name of names) {
      const seen = [...answers.values()].map((answer) => seenBy(answer, name));
      const known = seen.filter((one) => one !== null);
      if (known.length === 0) continue;
      const partitions = Math.max(...known.map((one) => one.partitions));
      topics.set(name, {
        partitions,
        seen: known,
        leaderless: Math.max(...seen.map((one) => (one === null ? partitions : one.leaderless))),
      });
    }
    const sorted = (ids: Iterable<number>): readonly number[] => [...new Set(ids)].sort((a, b) => a - b);
    const unfenced = [...answers.values()].flatMap((answer) => answer.brokers.map(({ nodeId }) => nodeId));
    return { brokers: sorted(answers.keys()), unfenced: sorted(unfenced), topics };
  }

  /** Copies of topics; of what is under way is asked only where they are not as declared. */
  async #copies(
    { copies: wanted }: AdminQuestion,
    topics: ReadonlyMap<string, SeenTopic>,
    [first]: readonly (readonly [Target, number])[],
  ): Promise<ReadonlyMap<string, Pick<TopicObservation, 'copies' | 'resizing'>>> {
    const known = [...topics].map(([name, { seen }]) => ({ name, seen, plain: plainCopies(seen, wanted.get(name)) }));
    const isPlain = first === undefined || known.every(({ plain }) => plain !== null);
    const moving = isPlain ? new Map() : await reassignments((...args) => this.#call(...args), first[0]);
    return new Map(
      known.flatMap(({ name, seen: [one], plain }) => {
        const copies = plain ?? (one === undefined ? null : copiesUnderWay(one, moving.get(name) ?? new Map()));
        return copies === null ? [] : [[name, copies]];
      }),
    );
  }

  /**
   * Partitions on each of these brokers. A broker that answers for the active controller has what that one knew: nobody is
   * taken for empty because of what one has missed.
   */
  async #members(
    ids: readonly number[],
    [first]: readonly (readonly [Target, number])[],
  ): Promise<ReadonlyMap<number, number>> {
    if (first === undefined || ids.length === 0) return new Map();
    const members = new Map(ids.map((id) => [id, 0]));
    const [target] = first;
    const moving = await this.#call(ApiKey.ListPartitionReassignments, () => ({ topics: [] }), target);
    check(moving.errorCode, moving.errorMessage);
    const body = () => ({ topics: null, allowAutoTopicCreation: false });
    const { topics } = await this.#call(ApiKey.Metadata, body, target, 4);
    for (const id of topics.flatMap((topic) => topic.partitions.flatMap((one) => one.replicaNodes))) {
      const count = members.get(id);
      if (count !== undefined) members.set(id, count + 1);
    }
    return members;
  }

  /** See `AdminObservation.copiesMax`. */
  async #copiesMax(): Promise<number> {
    const body = () => ({ topics: null, allowAutoTopicCreation: false });
    const { topics } = await this.#call(ApiKey.Metadata, body, 'any', 4);
    let most = 0;
    for (const { partitions } of topics)
      for (const { replicaNodes } of partitions) most = Math.max(most, replicaNodes.length);
    return most;
  }

  /** The groups that exist. Each broker lists those that it coordinates. */
  async #foundGroups(
    names: readonly string[],
    targets: readonly (readonly [Target, number])[],
  ): Promise<ReadonlyMap<string, { readonly type: string; readonly state: string }>> {
    const found = new Map<string, { type: string; state: string }>();
    if (names.length === 0) return found;
    const answers = await this.#each(targets, ApiKey.ListGroups, () => ({ statesFilter: [], typesFilter: [] }), 5);
    for (const body of answers.values()) {
      check(body.errorCode, 'listing groups');
      for (const { groupId, groupType, groupState } of body.groups)
        found.set(groupId, { type: groupType.toLowerCase(), state: groupState });
    }
    return found;
  }

  /** null while no controller is active. */
  async #quorum(): Promise<QuorumObservation | null> {
    const topics = [{ topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0 }] }];
    const body = await this.#call(ApiKey.DescribeQuorum, () => ({ topics }), 'any', 2);
    const partition = body.topics[0]?.partitions[0];
    const code = body.errorCode === ErrorCode.NONE ? (partition?.errorCode ?? ErrorCode.NONE) : body.errorCode;
    if (partition === undefined || (code !== ErrorCode.NONE && isRetriable(code))) return null;
    check(code, body.errorMessage ?? partition.errorMessage);
    if (partition.leaderId < 0) return null;
    // By the clock of the active controller, who has just heard of itself.
    const nowMs = partition.currentVoters.find(({ replicaId }) => replicaId === partition.leaderId)?.lastFetchTimestamp;
    const replica = (one: (typeof partition.observers)[number]) => ({
      id: one.replicaId,
      directoryId: one.replicaDirectoryId,
      lag: Math.max(0, partition.highWatermark - one.logEndOffset),
      silentMs:
        nowMs === undefined || one.lastFetchTimestamp < 0
          ? Number.POSITIVE_INFINITY
          : Math.max(0, nowMs - one.lastFetchTimestamp),
    });
    return {
      leaderId: partition.leaderId,
      voters: partition.currentVoters.map(replica),
      observers: partition.observers.map(replica),
    };
  }

  async #describe(topics: readonly string[], question: AdminQuestion): Promise<Map<string, Described>> {
    const resource = (resourceType: number, resourceName: string, configurationKeys: string[] | null = null) => ({
      resourceType,
      resourceName,
      configurationKeys,
    });
    const resources = [
      ...topics.map((name) => resource(RESOURCE.topic, name)),
      ...question.groups.map((name) => resource(RESOURCE.group, name)),
      ...(question.settings.length > 0 ? [resource(RESOURCE.broker, '', [...question.settings])] : []),
    ];
    const configs = new Map<string, Described>();
    if (resources.length === 0) return configs;
    const body = await this.#call(ApiKey.DescribeConfigs, () => ({ resources }));
    for (const result of body.results) {
      check(result.errorCode, result.errorMessage);
      configs.set(`${result.resourceType}/${result.resourceName}`, result);
    }
    return configs;
  }

  async #call<K extends WireKey>(
    key: K,
    body: (version: number) => RequestInput<K>,
    target: Target = 'any',
    minVersion = 0,
  ): Promise<ApiResponses[K]> {
    try {
      return await this.#calls.call(key, body, { target, minVersion });
    } catch (error) {
      if (!isCallFault(error)) throw error;
      const fatal = error.code === ErrorCode.UNSUPPORTED_VERSION;
      throw new OperatorError('UNREACHABLE', `the cluster does not answer: ${error.message}`, { fatal, cause: error });
    }
  }
}

/** A topic as one broker sees it, null when it does not know it. */
function seenBy(answer: ApiResponses[typeof ApiKey.Metadata], name: string): Seen | null {
  const topic = answer.topics.find((one) => one.name === name);
  if (topic === undefined || topic.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) return null;
  if (topic.errorCode !== ErrorCode.NONE && topic.partitions.length === 0) check(topic.errorCode, `topic ${name}`);
  return {
    partitions: topic.partitions.length,
    counts: new Map(topic.partitions.map((one) => [one.partitionIndex, one.replicaNodes.length])),
    isWhole: topic.partitions.every((one) => one.isrNodes.length === one.replicaNodes.length),
    leaderless: topic.partitions.filter((one) => one.leaderId < 0).length,
  };
}

/** The values that were set on this very resource, not inherited ones. */
function ownValues(result: Described | undefined): Map<string, string> {
  if (result === undefined) return new Map();
  const wanted =
    result.resourceType === RESOURCE.topic
      ? SOURCE.topic
      : result.resourceType === RESOURCE.group
        ? SOURCE.group
        : SOURCE.clusterDefault;
  const own = result.configs.filter((config) => config.configSource === wanted && config.value !== null);
  return new Map(own.map((config) => [config.name, config.value ?? '']));
}

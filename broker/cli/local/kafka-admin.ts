import type { AdminObservation, GroupObservation, TopicObservation } from '../../../operator/core/observed.ts';
import type { ConfigChange } from '../../../operator/core/steps.ts';
import type { AdminQuestion, AdminResource, ClusterAdmin } from '../../../operator/ports/cluster-admin.ts';
import { OperatorError } from '../../../operator/ports/operator-error.ts';
import type { Address } from '../../core/client/machine.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode, errorName, isRetriable } from '../../core/protocol/errors.ts';
import type { ApiResponses, RequestInput, WireKey } from '../../core/protocol/messages.ts';
import { Calls, isCallFault } from './calls.ts';

/** Types of resources as DescribeConfigs numbers them. */
const RESOURCE = { topic: 2, broker: 4, group: 32 } as const;
/** Sources of values that were set on the resource itself. */
const SOURCE = { topic: 1, clusterDefault: 3, group: 8 } as const;
const SET = 0;
const DELETE = 1;
const REQUEST_TIMEOUT_MS = 10_000;

type Described = ApiResponses[typeof ApiKey.DescribeConfigs]['results'][number];

/** The operator's `ClusterAdmin` over the Kafka protocol. */
export class KafkaAdmin implements ClusterAdmin {
  readonly #calls: Calls;

  constructor(bootstrap: readonly Address[]) {
    this.#calls = new Calls(bootstrap, { clientId: 'weir-operator', requestTimeoutMs: REQUEST_TIMEOUT_MS });
  }

  async observe(question: AdminQuestion): Promise<AdminObservation> {
    const [metadata, types] = await Promise.all([this.#metadata(question.topics), this.#groupTypes(question.groups)]);
    const present = [...metadata.keys()];
    const configs = await this.#describe(present, question);
    const topics = new Map<string, TopicObservation>();
    for (const [name, topic] of metadata)
      topics.set(name, { ...topic, config: configs.get(`${RESOURCE.topic}/${name}`) ?? new Map() });
    const groups = new Map<string, GroupObservation>();
    for (const name of question.groups) {
      groups.set(name, {
        type: types.get(name) ?? null,
        config: configs.get(`${RESOURCE.group}/${name}`) ?? new Map(),
      });
    }
    return { topics, groups, config: configs.get(`${RESOURCE.broker}/`) ?? new Map() };
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

  async close(): Promise<void> {
    this.#calls.close();
  }

  async #metadata(names: readonly string[]): Promise<Map<string, Omit<TopicObservation, 'config'>>> {
    const topics = new Map<string, Omit<TopicObservation, 'config'>>();
    if (names.length === 0) return topics;
    const body = await this.#call(
      ApiKey.Metadata,
      () => ({ topics: names.map((name) => ({ name })), allowAutoTopicCreation: false }),
      4,
    );
    for (const topic of body.topics) {
      if (topic.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION || topic.name === null) continue;
      if (topic.errorCode !== ErrorCode.NONE && topic.partitions.length === 0)
        check(topic.errorCode, `topic ${topic.name}`);
      topics.set(topic.name, {
        partitions: topic.partitions.length,
        replicationFactor: Math.max(0, ...topic.partitions.map((one) => one.replicaNodes.length)),
        leaderless: topic.partitions.filter((one) => one.leaderId < 0).length,
      });
    }
    return topics;
  }

  /** Types of the groups that exist. Each broker lists those that it coordinates; there is one broker. */
  async #groupTypes(names: readonly string[]): Promise<Map<string, string>> {
    if (names.length === 0) return new Map();
    const body = await this.#call(ApiKey.ListGroups, () => ({ statesFilter: [], typesFilter: [] }), 5);
    check(body.errorCode, 'listing groups');
    return new Map(body.groups.map((group) => [group.groupId, group.groupType.toLowerCase()]));
  }

  async #describe(topics: readonly string[], question: AdminQuestion): Promise<Map<string, Map<string, string>>> {
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
    const configs = new Map<string, Map<string, string>>();
    if (resources.length === 0) return configs;
    const body = await this.#call(ApiKey.DescribeConfigs, () => ({ resources }));
    for (const result of body.results) {
      check(result.errorCode, result.errorMessage);
      configs.set(`${result.resourceType}/${result.resourceName}`, ownValues(result));
    }
    return configs;
  }

  async #call<K extends WireKey>(
    key: K,
    body: (version: number) => RequestInput<K>,
    minVersion = 0,
  ): Promise<ApiResponses[K]> {
    try {
      return await this.#calls.call(key, body, { minVersion });
    } catch (error) {
      if (!isCallFault(error)) throw error;
      const fatal = error.code === ErrorCode.UNSUPPORTED_VERSION;
      throw new OperatorError('UNREACHABLE', `the cluster does not answer: ${error.message}`, { fatal, cause: error });
    }
  }
}

/** The values that were set on this very resource, not inherited ones. */
function ownValues(result: Described): Map<string, string> {
  const wanted =
    result.resourceType === RESOURCE.topic
      ? SOURCE.topic
      : result.resourceType === RESOURCE.group
        ? SOURCE.group
        : SOURCE.clusterDefault;
  const own = result.configs.filter((config) => config.configSource === wanted && config.value !== null);
  return new Map(own.map((config) => [config.name, config.value ?? '']));
}

function check(code: number, message: string | null): void {
  if (code === ErrorCode.NONE) return;
  const name = errorName(code);
  throw new OperatorError(name, message === null || message === '' ? name : `${name}: ${message}`, {
    fatal: !isRetriable(code),
  });
}

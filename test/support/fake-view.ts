import { type BrokerId, brokerId, leaderEpoch, type TopicId, topicId } from '../../broker/core/base/ids.ts';
import type {
  BrokerView,
  ConfigScope,
  ControllerView,
  MetadataView,
  PartitionView,
  TopicView,
} from '../../broker/core/metadata/view.ts';
import { movingOf, topicOf } from './topic-view.ts';
import { PLAIN_BROKER } from './metadata/parts.ts';

const NO_OVERRIDES: ReadonlyMap<string, string> = new Map();

/** Metadata that a test writes down: topics by name, with one broker that leads everything. */
export class FakeView implements MetadataView {
  readonly clusterId = 'test-cluster';
  offset = 0;
  readonly controllerId = 0;
  readonly #topics = new Map<string, TopicView>();
  readonly #overrides = new Map<string, ReadonlyMap<string, string>>();
  #brokers: BrokerView[] = [
    {
      ...PLAIN_BROKER,
      id: brokerId(0),
      epoch: 1,
      endpoints: [{ listener: 'plain', host: 'broker', port: 9092 }],
      registered: [{ listener: 'plain', host: 'broker', port: 9092 }],
    },
  ];

  /** Creates a topic, or gives it this many partitions. Its id is its name filled up to 22 characters of base64url, unless given. */
  setTopic(name: string, partitionCount: number, id = name.padEnd(22, 'A')): TopicView {
    const partitions = Array.from({ length: partitionCount }, (_, index) => partitionView(index));
    const topic = topicOf({ id: topicId(id), name, internal: name.startsWith('__'), partitions });
    this.#topics.set(name, topic);
    return topic;
  }

  /** Deletes a topic. */
  removeTopic(name: string): void {
    this.#topics.delete(name);
  }

  /** Sets the overrides of one resource. */
  setOverrides(scope: ConfigScope, name: string, overrides: Readonly<Record<string, string>>): void {
    this.#overrides.set(`${scope} ${name}`, new Map(Object.entries(overrides)));
  }

  /** Replaces the brokers. */
  setBrokers(brokers: BrokerView[]): void {
    this.#brokers = brokers;
  }

  controllers(): readonly ControllerView[] {
    return [];
  }

  brokers(): readonly BrokerView[] {
    return this.#brokers;
  }

  broker(id: BrokerId): BrokerView | null {
    return this.#brokers.find((broker) => broker.id === id) ?? null;
  }

  topics(): readonly TopicView[] {
    return [...this.#topics.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  partitionsMoving(): ReturnType<MetadataView['partitionsMoving']> {
    return movingOf(this.topics());
  }

  topicNames(): readonly string[] {
    return [...this.#topics.keys()].toSorted();
  }

  topicByName(name: string): TopicView | null {
    return this.#topics.get(name) ?? null;
  }

  topicById(id: TopicId): TopicView | null {
    return [...this.#topics.values()].find((topic) => topic.id === id) ?? null;
  }

  configNames(): readonly string[] {
    return [];
  }

  configOverrides(scope: ConfigScope, name: string): ReadonlyMap<string, string> {
    return this.#overrides.get(`${scope} ${name}`) ?? NO_OVERRIDES;
  }

  features(): ReadonlyMap<string, number> {
    return NO_FEATURES;
  }
}

const NO_FEATURES: ReadonlyMap<string, number> = new Map();

function partitionView(index: number): PartitionView {
  const id = brokerId(0);
  return {
    index,
    leader: id,
    leaderEpoch: leaderEpoch(0),
    partitionEpoch: 0,
    replicas: [id],
    isr: [id],
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    durableFromEpoch: 0,
  };
}

import { brokerId, leaderEpoch, topicId } from '../../broker/core/base/ids.ts';
import type { MetadataCommand, MetadataOutcome, OutcomeOf } from '../../broker/core/metadata/commands.ts';
import type {
  BrokerView,
  ConfigScope,
  ControllerView,
  MetadataDelta,
  MetadataView,
  TopicView,
} from '../../broker/core/metadata/view.ts';
import type { MetadataClient } from '../../broker/server/metadata-client.ts';
import { movingOf, topicOf } from './topic-view.ts';
import { PLAIN_BROKER } from './metadata/parts.ts';

const NOTHING: ReadonlyMap<string, string> = new Map();

/** A topic as this one node leads it. */
export function topicView(name: string, id: string, partitionCount: number, leader = 0): TopicView {
  return topicOf({
    id: topicId(id),
    name,
    internal: name.startsWith('__'),
    partitions: Array.from({ length: partitionCount }, (_, index) => ({
      index,
      leader: brokerId(leader),
      leaderEpoch: leaderEpoch(0),
      partitionEpoch: 0,
      replicas: [brokerId(leader)],
      isr: [brokerId(leader)],
      elr: [],
      lastKnownElr: [],
      addingReplicas: [],
      removingReplicas: [],
      durableFromEpoch: 0,
    })),
  });
}

/** Metadata that a test changes by hand; brokers 0 and 1 have a listener `plain`. */
export class FakeMetadata implements MetadataClient, MetadataView {
  readonly clusterId = 'AAAAAAAAAAAAAAAAAAAAAA';
  offset = 0;
  readonly controllerId = 0;
  readonly byName = new Map<string, TopicView>();
  readonly groupConfigs = new Map<string, ReadonlyMap<string, string>>();
  readonly topicConfigs = new Map<string, ReadonlyMap<string, string>>();
  readonly levels = new Map<string, number>();
  /** Carries out what is submitted; gives the outcome. */
  onSubmit: ((command: MetadataCommand) => MetadataOutcome) | null = null;
  readonly #listeners: ((delta: MetadataDelta) => void)[] = [];

  get view(): MetadataView {
    return this;
  }

  submit<C extends MetadataCommand>(command: C, _timeoutMs: number, done: (outcome: OutcomeOf<C>) => void): void {
    if (this.onSubmit === null) throw new Error(`the test expects no ${command.kind}`);
    // The test gives the outcome that belongs to the command.
    done(this.onSubmit(command) as OutcomeOf<C>);
  }

  onDelta(listener: (delta: MetadataDelta) => void): void {
    this.#listeners.push(listener);
  }

  /** Tells who listens that something changed. */
  tell(changes: Partial<MetadataDelta>): void {
    const nothing = {
      topicsCreated: [],
      topicsDeleted: [],
      partitionsChanged: [],
      configsChanged: [],
      brokersChanged: [],
    };
    for (const listener of this.#listeners) listener({ offset: this.offset, ...nothing, ...changes });
  }

  controllers(): readonly ControllerView[] {
    return [];
  }

  brokers(): readonly BrokerView[] {
    return [0, 1].map((id) => {
      const endpoints = [{ listener: 'plain', host: '127.0.0.1', port: 9092 + id }];
      return { ...PLAIN_BROKER, id: brokerId(id), epoch: 1, endpoints, registered: endpoints };
    });
  }

  broker(id: number): BrokerView | null {
    return this.brokers()[id] ?? null;
  }

  topics(): readonly TopicView[] {
    return [...this.byName.values()];
  }

  partitionsMoving(): ReturnType<MetadataView['partitionsMoving']> {
    return movingOf(this.topics());
  }

  topicNames(): readonly string[] {
    return [...this.byName.keys()].toSorted();
  }

  topicByName(name: string): TopicView | null {
    return this.byName.get(name) ?? null;
  }

  topicById(id: string): TopicView | null {
    return this.topics().find((topic) => topic.id === id) ?? null;
  }

  configNames(): readonly string[] {
    return [];
  }

  configOverrides(scope: ConfigScope, name: string): ReadonlyMap<string, string> {
    const configs = scope === 'group' ? this.groupConfigs : scope === 'topic' ? this.topicConfigs : null;
    return configs?.get(name) ?? NOTHING;
  }

  features(): ReadonlyMap<string, number> {
    return this.levels;
  }
}

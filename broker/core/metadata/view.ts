import type { BrokerId, LeaderEpoch, TopicId } from '../base/ids.ts';

/** Where clients reach a broker on one listener. */
export interface EndpointView {
  readonly listener: string;
  readonly host: string;
  readonly port: number;
}

/** A registered broker. */
export interface BrokerView {
  readonly id: BrokerId;
  /** Offset of the registration record; grows with every incarnation. */
  readonly epoch: number;
  readonly rack: string | null;
  /** The machine that it runs on (`weir.host`), for placement (P1); '' when that is not known. */
  readonly host: string;
  /** Identity of the disk that its present incarnation runs on. */
  readonly directoryId: string;
  /** A fenced broker leads nothing and is not shown to clients. */
  readonly fenced: boolean;
  /** It gets no new replicas. */
  readonly cordoned: boolean;
  /** What it has is moved to others. */
  readonly draining: boolean;
  /** Its present incarnation is about to stop: it is elected nowhere, and joins no ISR. */
  readonly shuttingDown: boolean;
  /** Where clients are told to find it. */
  readonly endpoints: readonly EndpointView[];
  /** Where it says itself that it is reached: other brokers go by that, whatever clients are told. */
  readonly registered: readonly EndpointView[];
}

/** A registered controller. */
export interface ControllerView {
  readonly id: number;
  /** Where other nodes reach it. */
  readonly host: string;
  readonly port: number;
  /** The machine that it runs on (`weir.host`), for placement (P1); '' when that is not known. */
  readonly machine: string;
}

/** One partition's committed state. Broker lists are in assignment order. */
export interface PartitionView {
  readonly index: number;
  /** −1 while no replica may lead. */
  readonly leader: BrokerId | -1;
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: number;
  /** While it is reassigned: those that come and those that go, too (KIP-455). */
  readonly replicas: readonly BrokerId[];
  /** Those of `replicas` that come with a reassignment. */
  readonly addingReplicas: readonly BrokerId[];
  /** Those of `replicas` that go with a reassignment. */
  readonly removingReplicas: readonly BrokerId[];
  readonly isr: readonly BrokerId[];
  readonly elr: readonly BrokerId[];
  readonly lastKnownElr: readonly BrokerId[];
  /** First leader epoch whose records counted only when synced; −1 when `weir.durability=replicated` (D3). */
  readonly durableFromEpoch: number;
}

/** A topic at one metadata offset: what is handed out never changes. */
export interface TopicView {
  readonly id: TopicId;
  readonly name: string;
  readonly internal: boolean;
  readonly partitionCount: number;
  /** The partition of an index; undefined when there is none. Made anew for each call. */
  partition(index: number): PartitionView | undefined;
  /** All partitions, each at its index. Made anew at each access: for one of them, or for their number, ask above. */
  readonly partitions: readonly PartitionView[];
}

/** Indexes of a topic's partitions, in order. */
export function indexesOf(topic: TopicView): number[] {
  return Array.from({ length: topic.partitionCount }, (_, index) => index);
}

/** What a setting can be attached to. `cluster` is the dynamic default of all brokers (broker resource with an empty name). */
export type ConfigScope = 'topic' | 'broker' | 'cluster' | 'group';

/** The committed metadata as a broker sees it at one offset. Never older than what the caller was told. */
export interface MetadataView {
  readonly clusterId: string;
  /** Offset of the last applied record; −1 before the first. */
  readonly offset: number;
  /** The active controller's node id, −1 when unknown. */
  readonly controllerId: number;
  /** Sorted by id, fenced ones included. */
  brokers(): readonly BrokerView[];
  broker(id: BrokerId): BrokerView | null;
  /** Sorted by id. */
  controllers(): readonly ControllerView[];
  /** Sorted by name in code-unit order. */
  topics(): readonly TopicView[];
  /** Partitions that are moving, those of a topic together, sorted likewise. Only these are made; lists that agree are asked once. */
  partitionsMoving(): readonly { readonly name: string; readonly partitions: readonly PartitionView[] }[];
  /** Names of all topics, sorted likewise. */
  topicNames(): readonly string[];
  topicByName(name: string): TopicView | null;
  topicById(id: TopicId): TopicView | null;
  /** Names that have overrides in this scope, sorted. */
  configNames(scope: ConfigScope): readonly string[];
  /** Only what was set explicitly; the table of settings in core/config adds synonyms and defaults. */
  configOverrides(scope: ConfigScope, name: string): ReadonlyMap<string, string>;
  /** Finalised feature levels by name, sorted. */
  features(): ReadonlyMap<string, number>;
}

/** What one committed batch changed; names and ids, each once. Listeners read the new state from the view. */
export interface MetadataDelta {
  readonly offset: number;
  readonly topicsCreated: readonly TopicView[];
  readonly topicsDeleted: readonly TopicView[];
  /** Partitions new, or whose leader, epochs or replica sets changed. */
  readonly partitionsChanged: readonly { readonly topic: TopicView; readonly partition: PartitionView }[];
  readonly configsChanged: readonly { readonly scope: ConfigScope; readonly name: string }[];
  readonly brokersChanged: readonly BrokerId[];
}

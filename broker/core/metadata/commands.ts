import type {
  AlterPartitionCommand,
  AlterPartitionOutcome,
  AlterReassignmentsCommand,
  AlterReassignmentsOutcome,
  ControlledShutdownCommand,
  ControlledShutdownOutcome,
  ElectLeadersCommand,
  ElectLeadersOutcome,
  PartitionReference,
  ReportDamageCommand,
  ReportDamageOutcome,
  ReportLogsCommand,
  ReportLogsOutcome,
  SetBrokerPlacementCommand,
  SetBrokerPlacementOutcome,
} from './replica-commands.ts';
import type { ConfigScope, EndpointView } from './view.ts';

/** The first command of a cluster's life: names it and fixes its feature levels. Refused when it has been done. */
export interface FormatClusterCommand {
  readonly kind: 'formatCluster';
  /** 22 characters of unpadded base64url. */
  readonly clusterId: string;
}

/**
 * Registers a new incarnation of a broker (D5): it is fenced, and every leadership of an earlier incarnation is taken
 * from it in the same batch. It may lead again after `unfenceBroker`.
 */
export interface RegisterBrokerCommand {
  readonly kind: 'registerBroker';
  readonly brokerId: number;
  /** A new random id for every process start, 22 characters of base64url. */
  readonly incarnationId: string;
  /** Identity of the data directory from `meta.properties`, 22 characters of base64url. */
  readonly directoryId: string;
  /** Epoch of the previous incarnation if it was stopped cleanly, else −1 (D4). */
  readonly previousBrokerEpoch: number;
  /**
   * What the broker-epoch file on its disk says, synced before an incarnation asks to be let in: the last epoch in which this
   * disk was in use, −1 without a file (D4).
   */
  readonly lastUnfencedEpoch: number;
  /** Partitions whose log here lost what was synced (D7): no candidates to lead. */
  readonly damaged: readonly PartitionReference[];
  /**
   * Partitions whose log here ended in bad bytes above its durable mark, which were cut: they may have counted. It leads them only
   * when nobody else can come who surely has everything, and then if it has the most (D8).
   */
  readonly suspect: readonly PartitionReference[];
  /** Where clients reach this broker, one per client listener, and its control plane, under the name `CONTROLLER`. */
  readonly endpoints: readonly EndpointView[];
  readonly rack: string | null;
  /** The machine that it runs on (`weir.host`), '' when that is not known. */
  readonly host: string;
  /** Range of `weir.version` that this build can work with (B4). */
  readonly weirVersionMin: number;
  readonly weirVersionMax: number;
}

/** Forgets a broker that is gone for good; what it held stays assigned to it (KIP-631). */
export interface UnregisterBrokerCommand {
  readonly kind: 'unregisterBroker';
  readonly brokerId: number;
}

/**
 * Says where clients are told to find a broker, one entry for each listener whose address is another than the broker says; all of them at once.
 * It stays with later incarnations. For the operator alone (B3).
 */
export interface SetAdvertisedCommand {
  readonly kind: 'setAdvertised';
  readonly brokerId: number;
  readonly endpoints: readonly EndpointView[];
}

/** Registers an incarnation of a controller: where it listens, and what it can work with. It takes the place of an earlier one. */
export interface RegisterControllerCommand {
  readonly kind: 'registerController';
  readonly controllerId: number;
  /** As those of a broker. */
  readonly incarnationId: string;
  readonly directoryId: string;
  /** Where other nodes reach its control plane. */
  readonly host: string;
  readonly port: number;
  /** The machine that it runs on (`weir.host`), '' when that is not known. */
  readonly machine: string;
  /** Range of `weir.version` that this build can work with (B4). */
  readonly weirVersionMin: number;
  readonly weirVersionMax: number;
}

/** Forgets a controller that is gone for good (KIP-1312); never a voter. */
export interface UnregisterControllerCommand {
  readonly kind: 'unregisterController';
  readonly controllerId: number;
}

/** How far down a feature may be taken: `upgrade` not at all. */
export type UpgradeType = 'upgrade' | 'safe-downgrade' | 'unsafe-downgrade';

/** Changes finalised levels of features, all of them or none (KIP-584). */
export interface UpdateFeaturesCommand {
  readonly kind: 'updateFeatures';
  readonly updates: readonly {
    readonly name: string;
    /** 0 switches the feature off. */
    readonly level: number;
    readonly upgradeType: UpgradeType;
  }[];
  readonly validateOnly: boolean;
}

/** A registered broker that is ready to lead asks to be counted in; elections of what it may lead are in the same batch. */
export interface UnfenceBrokerCommand {
  readonly kind: 'unfenceBroker';
  readonly brokerId: number;
  /** Must be the epoch of the current registration, else STALE_BROKER_EPOCH. */
  readonly brokerEpoch: number;
}

/** Takes a broker out: it leads nothing and is not shown to clients until it is unfenced again. */
export interface FenceBrokerCommand {
  readonly kind: 'fenceBroker';
  readonly brokerId: number;
  readonly brokerEpoch: number;
}

/** One topic to create. */
export interface NewTopic {
  readonly name: string;
  /** −1: `num.partitions` of the cluster; must be −1 with assignments. */
  readonly partitionCount: number;
  /** −1: `default.replication.factor` of the cluster; must be −1 with assignments. */
  readonly replicationFactor: number;
  /** Uses fewer replicas when fewer brokers are there, and no larger `min.insync.replicas` than that; for topics that Weir itself makes. */
  readonly shrinkToBrokers?: boolean;
  /** Explicit replicas per partition; empty for automatic placement. */
  readonly assignments: readonly { readonly partitionIndex: number; readonly brokerIds: readonly number[] }[];
  /** A null value is INVALID_CONFIG. */
  readonly configs: readonly { readonly name: string; readonly value: string | null }[];
}

/** Creates topics; each succeeds or fails by itself. */
export interface CreateTopicsCommand {
  readonly kind: 'createTopics';
  readonly topics: readonly NewTopic[];
  /** Answers what would happen and changes nothing. */
  readonly validateOnly: boolean;
}

/** Deletes topics, each named either by name or by id. */
export interface DeleteTopicsCommand {
  readonly kind: 'deleteTopics';
  readonly topics: readonly { readonly name: string | null; readonly topicId: string | null }[];
}

/** Raises the partition count of topics. */
export interface CreatePartitionsCommand {
  readonly kind: 'createPartitions';
  readonly topics: readonly {
    readonly name: string;
    /** The new total. */
    readonly partitionCount: number;
    /** Replicas of the new partitions in order; null for automatic placement. */
    readonly assignments: readonly (readonly number[])[] | null;
  }[];
  readonly validateOnly: boolean;
}

/** What to do with one setting: `APPEND` and `SUBTRACT` work on lists. */
export type ConfigOperation = 'set' | 'delete' | 'append' | 'subtract';

/** Changes settings of resources; each resource succeeds or fails as a whole. */
export interface AlterConfigsCommand {
  readonly kind: 'alterConfigs';
  readonly resources: readonly {
    readonly scope: ConfigScope;
    /** Topic or group name, broker id as decimal text, '' for `cluster`. */
    readonly name: string;
    readonly operations: readonly {
      readonly name: string;
      readonly operation: ConfigOperation;
      readonly value: string | null;
    }[];
    /** True: what is not named returns to its default (the older AlterConfigs). */
    readonly replaceAll?: boolean;
  }[];
  readonly validateOnly: boolean;
}

/** Reserves a block of producer ids that nobody else ever gets. */
export interface AllocateProducerIdsCommand {
  readonly kind: 'allocateProducerIds';
  readonly brokerId: number;
  readonly brokerEpoch: number;
}

/**
 * The leader tells that whole logs are synced up to the end they had when the current epoch began, after a change to
 * `weir.durability=fsync`: from this epoch on the partition counts as durable (D3).
 */
export interface MarkDurableCommand {
  readonly kind: 'markDurable';
  readonly brokerId: number;
  readonly brokerEpoch: number;
  /** A partition with another leader or leader epoch by now is left alone. */
  readonly partitions: readonly { readonly topicId: string; readonly index: number; readonly leaderEpoch: number }[];
}

/** Everything that may be asked of the controller. */
export type MetadataCommand =
  | FormatClusterCommand
  | RegisterBrokerCommand
  | UnfenceBrokerCommand
  | FenceBrokerCommand
  | UnregisterBrokerCommand
  | SetAdvertisedCommand
  | RegisterControllerCommand
  | UnregisterControllerCommand
  | UpdateFeaturesCommand
  | CreateTopicsCommand
  | DeleteTopicsCommand
  | CreatePartitionsCommand
  | AlterConfigsCommand
  | AllocateProducerIdsCommand
  | MarkDurableCommand
  | AlterPartitionCommand
  | ReportLogsCommand
  | ReportDamageCommand
  | ControlledShutdownCommand
  | ElectLeadersCommand
  | AlterReassignmentsCommand
  | SetBrokerPlacementCommand;

/** A Kafka error code (0 is NONE) with an optional sentence for the user. */
export interface CodedResult {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** The command as a whole was not carried out (REQUEST_TIMED_OUT, NOT_CONTROLLER …); it may still be, after a time-out. */
export interface FailedOutcome extends CodedResult {
  readonly kind: 'failed';
}

/** Result of `formatCluster`. */
export interface FormatClusterOutcome extends CodedResult {
  readonly kind: 'formatCluster';
}

/** Result of `registerBroker`. */
export interface RegisterBrokerOutcome extends CodedResult {
  readonly kind: 'registerBroker';
  /** Epoch of this incarnation (offset of its registration record), −1 on error. */
  readonly brokerEpoch: number;
}

/** Result of `unfenceBroker`. */
export interface UnfenceBrokerOutcome extends CodedResult {
  readonly kind: 'unfenceBroker';
}

/** Result of `fenceBroker`. */
export interface FenceBrokerOutcome extends CodedResult {
  readonly kind: 'fenceBroker';
}

/** Result of `unregisterBroker`. */
export interface UnregisterBrokerOutcome extends CodedResult {
  readonly kind: 'unregisterBroker';
}

/** Result of `setAdvertised`. */
export interface SetAdvertisedOutcome extends CodedResult {
  readonly kind: 'setAdvertised';
}

/** Result of `registerController`. */
export interface RegisterControllerOutcome extends CodedResult {
  readonly kind: 'registerController';
}

/** Result of `unregisterController`. */
export interface UnregisterControllerOutcome extends CodedResult {
  readonly kind: 'unregisterController';
}

/** Result of `updateFeatures`. */
export interface UpdateFeaturesOutcome extends CodedResult {
  readonly kind: 'updateFeatures';
}

/** Result of `createTopics`, in the order asked. */
export interface CreateTopicsOutcome extends CodedResult {
  readonly kind: 'createTopics';
  readonly topics: readonly CreatedTopic[];
}

/** What became of one topic to create. */
export interface CreatedTopic extends CodedResult {
  readonly name: string;
  /** Zero id on error and with `validateOnly`. */
  readonly topicId: string;
  /** −1 on error. */
  readonly partitionCount: number;
  /** −1 on error. */
  readonly replicationFactor: number;
}

/** Result of `deleteTopics`, in the order asked. */
export interface DeleteTopicsOutcome extends CodedResult {
  readonly kind: 'deleteTopics';
  readonly topics: readonly (CodedResult & { readonly name: string | null; readonly topicId: string })[];
}

/** Result of `createPartitions`, in the order asked. */
export interface CreatePartitionsOutcome extends CodedResult {
  readonly kind: 'createPartitions';
  readonly topics: readonly (CodedResult & { readonly name: string })[];
}

/** Result of `alterConfigs`, in the order asked. */
export interface AlterConfigsOutcome extends CodedResult {
  readonly kind: 'alterConfigs';
  readonly resources: readonly (CodedResult & { readonly scope: ConfigScope; readonly name: string })[];
}

/** Result of `allocateProducerIds`: the ids [first, first + count). */
export interface AllocateProducerIdsOutcome extends CodedResult {
  readonly kind: 'allocateProducerIds';
  readonly firstProducerId: number;
  readonly producerIdCount: number;
}

/** Result of `markDurable`. */
export interface MarkDurableOutcome extends CodedResult {
  readonly kind: 'markDurable';
}

/** What a command came to. `errorCode` is for the command as a whole; parts have their own. */
export type MetadataOutcome =
  | FailedOutcome
  | FormatClusterOutcome
  | RegisterBrokerOutcome
  | UnfenceBrokerOutcome
  | FenceBrokerOutcome
  | UnregisterBrokerOutcome
  | SetAdvertisedOutcome
  | RegisterControllerOutcome
  | UnregisterControllerOutcome
  | UpdateFeaturesOutcome
  | CreateTopicsOutcome
  | DeleteTopicsOutcome
  | CreatePartitionsOutcome
  | AlterConfigsOutcome
  | AllocateProducerIdsOutcome
  | MarkDurableOutcome
  | AlterPartitionOutcome
  | ReportLogsOutcome
  | ReportDamageOutcome
  | ControlledShutdownOutcome
  | ElectLeadersOutcome
  | AlterReassignmentsOutcome
  | SetBrokerPlacementOutcome;

/** The outcomes that a command of type `C` can have. */
export type OutcomeOf<C extends MetadataCommand> = Extract<MetadataOutcome, { readonly kind: C['kind'] | 'failed' }>;

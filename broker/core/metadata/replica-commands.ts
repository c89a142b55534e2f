import type { CodedResult } from './commands.ts';

// What brokers and tools ask of the controller for partitions with several replicas (`weir.version` 3).

/** One partition by its topic's id. */
export interface PartitionReference {
  readonly topicId: string;
  readonly index: number;
}

/** The leader of partitions wants other ISRs (KIP-497, KIP-903); each partition succeeds or fails by itself. */
export interface AlterPartitionCommand {
  readonly kind: 'alterPartition';
  readonly brokerId: number;
  readonly brokerEpoch: number;
  readonly partitions: readonly (PartitionReference & {
    /** The epochs of the state that the leader works with. */
    readonly leaderEpoch: number;
    readonly partitionEpoch: number;
    /** Members with the incarnation that has caught up; −1 when the leader does not know it. */
    readonly isr: readonly { readonly brokerId: number; readonly brokerEpoch: number }[];
  })[];
}

/** How far a broker has the logs of partitions that have no leader (D8). */
export interface ReportLogsCommand {
  readonly kind: 'reportLogs';
  readonly brokerId: number;
  readonly brokerEpoch: number;
  readonly partitions: readonly (PartitionReference & {
    /** Leader epoch of the last batch; −1 for an empty log. */
    readonly lastEpoch: number;
    readonly endOffset: number;
  })[];
}

/** Logs of a broker turned out damaged in use: it leaves their ISRs and ELRs, and leads them no more (D7). */
export interface ReportDamageCommand {
  readonly kind: 'reportDamage';
  readonly brokerId: number;
  readonly brokerEpoch: number;
  readonly partitions: readonly PartitionReference[];
}

/** A broker is about to stop: others lead what it leads, wherever another member of the ISR can (asked again until none remains). */
export interface ControlledShutdownCommand {
  readonly kind: 'controlledShutdown';
  readonly brokerId: number;
  readonly brokerEpoch: number;
}

/** Elects leaders: the first replicas, or whoever is there even if records are lost (KIP-460). */
export interface ElectLeadersCommand {
  readonly kind: 'electLeaders';
  readonly electionType: 'preferred' | 'unclean';
  /** null: every partition. */
  readonly partitions: readonly { readonly topic: string; readonly index: number }[] | null;
}

/** Gives partitions other replicas (KIP-455). */
export interface AlterReassignmentsCommand {
  readonly kind: 'alterReassignments';
  readonly partitions: readonly {
    readonly topic: string;
    readonly index: number;
    /** The replicas at the end, the preferred leader first; null cancels what is under way. */
    readonly replicas: readonly number[] | null;
  }[];
  /** False: another number of replicas is refused. */
  readonly allowReplicationFactorChange: boolean;
}

/** Says what a broker is wanted for. */
export interface SetBrokerPlacementCommand {
  readonly kind: 'setBrokerPlacement';
  readonly brokerId: number;
  /** It gets no new replicas. */
  readonly cordoned: boolean;
  /** What it has is moved to others. */
  readonly draining: boolean;
}

/** Result of `alterPartition`, in the order asked: how the partition stands now, with an error as well. */
export interface AlterPartitionOutcome extends CodedResult {
  readonly kind: 'alterPartition';
  readonly partitions: readonly (PartitionReference & {
    readonly errorCode: number;
    readonly leader: number;
    readonly leaderEpoch: number;
    readonly partitionEpoch: number;
    readonly isr: readonly number[];
  })[];
}

/** Result of `reportLogs`: noted; an election may follow. */
export interface ReportLogsOutcome extends CodedResult {
  readonly kind: 'reportLogs';
}

/** Result of `reportDamage`. */
export interface ReportDamageOutcome extends CodedResult {
  readonly kind: 'reportDamage';
}

/** Result of `controlledShutdown`. */
export interface ControlledShutdownOutcome extends CodedResult {
  readonly kind: 'controlledShutdown';
  /** Partitions that it still leads: nobody else can. */
  readonly remaining: number;
}

/** Result of `electLeaders`: of every partition asked for, or of those for which something was done or failed. */
export interface ElectLeadersOutcome extends CodedResult {
  readonly kind: 'electLeaders';
  readonly partitions: readonly (CodedResult & { readonly topic: string; readonly index: number })[];
}

/** Result of `alterReassignments`, in the order asked. */
export interface AlterReassignmentsOutcome extends CodedResult {
  readonly kind: 'alterReassignments';
  readonly partitions: readonly (CodedResult & { readonly topic: string; readonly index: number })[];
}

/** Result of `setBrokerPlacement`. */
export interface SetBrokerPlacementOutcome extends CodedResult {
  readonly kind: 'setBrokerPlacement';
}

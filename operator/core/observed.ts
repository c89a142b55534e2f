import type { Formation } from '../../broker/core/config/formation.ts';
import type { Condition } from './desired.ts';

/** See `NodeObservation.mark`. */
export type NodeMark = 'joining' | 'leaving';

/** Where something is found. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where clients of a listener find a broker. */
export interface ListenerAddress extends Address {
  /** In capitals, as brokers keep it. */
  readonly listener: string;
}

/** What a host sees of one node. */
export interface NodeObservation {
  /** `node.id`, ≥ 0. */
  readonly id: number;
  /** Hash of the static settings that it was started with; '' while it never ran under this host. */
  readonly specHash: string;
  /** `NodeSpec.declaredHash` that it was started with; absent where the host does not keep it. */
  readonly declaredHash?: string;
  /** `NodeSpec.restart` that it was started under; absent where the host does not keep it. */
  readonly restart?: string;
  /** `waiting`: it died and starts again after a pause. */
  readonly phase: 'stopped' | 'starting' | 'running' | 'waiting' | 'stopping';
  /** Registered, listeners open. */
  readonly ready: boolean;
  /** Why it won't be ready by itself, as far as the host knows: how it ends each time, with its last words. */
  readonly failure?: string;
  /** It waits for a machine to run on: why none takes it. */
  readonly unplaced?: string;
  /** It should have ended, or been heard of, since then (wall clock, ms since the epoch); a sentence with what a person can do. */
  readonly lost?: { readonly sinceMs: number; readonly remedy: string };
  /** `host:port` of the first listener, null while unknown. */
  readonly address: string | null;
  /** Id of its disk, 22 characters of base64url; null while the host doesn't know it. */
  readonly directoryId: string | null;
  /** `host:port` of its control plane, null while unknown. */
  readonly controlAddress: string | null;
  /**
   * What is still to be done about it as a broker: `joining` has got no share of the partitions yet, `leaving` is being
   * drained. The host keeps it beside the node's data.
   */
  readonly mark: NodeMark | null;
  /**
   * How far the replacement of its disk is that is remembered: none is, the disk that is to go is there, or another one is. Absent
   * where the host replaces none.
   */
  readonly replacement?: 'none' | 'begun' | 'done';
  /** Bytes of its volume, null where the host does not bound it. */
  readonly volumeBytes: number | null;
  /** Addresses that load balancers and machines have for it by now, by the manifest's name of the listener. Absent where a host has none of these. */
  readonly outside?: ReadonlyMap<string, Address>;
}

/** What a NodeHost sees of one cluster. */
export interface HostObservation {
  /** null: never formed. */
  readonly formation: Formation | null;
  /** Sorted by id; nodes that have data or run. */
  readonly nodes: readonly NodeObservation[];
  /** See `SettledScale.floor`; null: nothing is remembered. Absent where the load decides nothing, whatever the manifest says. */
  readonly floor?: number | null;
  /** Every controller of the formed cluster has come back with an empty disk. Absent: some have not, or the host doesn't know. */
  readonly isQuorumLost?: true;
  /** Absent where nodes are of no other version than whoever starts them. */
  readonly versions?: HostVersions;
}

/** Versions of Weir, by the tags of images. */
export interface HostVersions {
  /** The operator's own, which nodes get unless the manifest says otherwise. */
  readonly own: string;
  /** What nodes that are started get now, null while none was. */
  readonly made: string | null;
  /** What the nodes that are ready run, each version once. */
  readonly running: readonly string[];
}

/** A topic as the cluster has it. */
export interface TopicObservation {
  readonly partitions: number;
  /** Numbers of copies that its partitions have, or will have when what is under way is done: each number once, sorted. */
  readonly copies: readonly number[];
  /** Partitions that are getting another number of copies. */
  readonly resizing: number;
  /** `min.insync.replicas` in force, ≥ 1. */
  readonly minInsyncReplicas: number;
  /** Partitions without a leader, as the broker that sees the most of them says; all of them where one doesn't know the topic. */
  readonly leaderless: number;
  /** Settings that were set on the topic itself. */
  readonly config: ReadonlyMap<string, string>;
}

/** A group as the cluster has it. */
export interface GroupObservation {
  /** `share`, `consumer`, `classic` …; null while only its settings exist. */
  readonly type: string | null;
  /** `Empty`, `Stable` …, as its coordinator says; absent while only its settings exist. */
  readonly state?: string;
  /** Partitions that it has share state of, by topic; absent where its coordinator did not say. */
  readonly begun?: ReadonlyMap<string, ReadonlySet<number>>;
  /** Records that it is not done with; absent where that is not known of each partition. */
  readonly backlog?: number;
  /** The same of each topic of which it is known. */
  readonly backlogs?: ReadonlyMap<string, number>;
  /** Consumers in it; absent where its coordinator did not say. */
  readonly members?: number;
  /** Topics that any of them subscribes to, sorted. */
  readonly subscriptions?: readonly string[];
  readonly config: ReadonlyMap<string, string>;
}

/** One replica of the metadata log, as the active controller sees it (V12). */
export interface QuorumReplica {
  readonly id: number;
  readonly directoryId: string;
  /** Metadata records that it is behind, ≥ 0. */
  readonly lag: number;
  /** How long ago the active controller heard of it last, ms, ≥ 0; infinite: never. */
  readonly silentMs: number;
}

/** The quorum as the active controller sees it. */
export interface QuorumObservation {
  /** The active controller. */
  readonly leaderId: number;
  readonly voters: readonly QuorumReplica[];
  readonly observers: readonly QuorumReplica[];
}

/** What a broker holds, and totals since it started: of two of one start the difference is what it did between them. */
export interface BrokerLoad {
  /** Another one after every start of it. */
  readonly brokerEpoch: number;
  /** When it was measured, by a clock of the broker that never jumps, ms. */
  readonly atMs: number;
  /** Time that its data loop was in turns, ms. */
  readonly busyMs: number;
  /** Bytes of requests and of answers, of clients and of other brokers. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly logBytes: number;
  /** Size of the file system of its logs; 0 while it does not know. */
  readonly diskBytes: number;
  readonly shareSessions: number;
  /** As many as it takes at most. */
  readonly shareSessionsMax: number;
}

/** How far the feature `weir.version` is. */
export interface FeatureObservation {
  /** In force. */
  readonly level: number;
  /** The highest that all nodes can work at, as far as the broker that was asked knows; `level` where there is no higher one. */
  readonly next: number;
}

/** How many there are, and some of them, ten at most. */
export interface Some {
  readonly count: number;
  /** Names of topics, or of partitions as `topic-index`. */
  readonly examples: readonly string[];
}

/** How the partitions of all topics are, internal ones included, as the active controller has it. */
export interface AssessedTopics {
  readonly partitionCount: number;
  readonly leaderless: Some;
  /** Of them, those with a damaged log. */
  readonly damaged: Some;
  /** Partitions that somebody leads, with fewer in sync than `min.insync.replicas`. */
  readonly underMinIsr: Some;
  /** Partitions that somebody leads, with a replica that is not in sync. */
  readonly underReplicated: Some;
  /** Topics with a partition of one replica, or of no more than `min.insync.replicas`. */
  readonly thin: Some;
}

/** What a ClusterAdmin sees: only what was asked for. */
export interface AdminObservation {
  /** Sorted ids of the brokers that answered Metadata. */
  readonly brokers: readonly number[];
  /** Sorted ids of the brokers that are not fenced, as those that answered see it together: they may hold what nobody else has. */
  readonly unfenced: readonly number[];
  /** null when it wasn't asked for, or while no controller is active. */
  readonly quorum: QuorumObservation | null;
  /** Partitions that have a replica on each of the brokers that were asked about, or are getting one. */
  readonly members: ReadonlyMap<number, number>;
  /** Why each of the nodes that were asked about should not be restarted now; nothing when it may be. */
  readonly obstacles: ReadonlyMap<number, readonly string[]>;
  /** Why each of the nodes that were asked about should not lose its disk now; nothing when it may. Who can't be told of is left out. */
  readonly losses: ReadonlyMap<number, readonly string[]>;
  readonly topics: ReadonlyMap<string, TopicObservation>;
  readonly groups: ReadonlyMap<string, GroupObservation>;
  /** Dynamic settings of the whole cluster. */
  readonly config: ReadonlyMap<string, string>;
  /**
   * What clients are told of brokers instead of what these say of themselves, each sorted by listener; brokers of which nothing is said are left
   * out. Absent when it wasn't asked for, or nobody tells.
   */
  readonly advertised?: ReadonlyMap<number, readonly ListenerAddress[]>;
  /** `unsaid`: the active controller did not tell. `unserved`: it runs a version that can't. Absent when it wasn't asked for. */
  readonly assessed?: AssessedTopics | 'unsaid' | 'unserved';
  /** Absent when it wasn't asked for, or while no controller is active. */
  readonly features?: FeatureObservation;
  /** What brokers have to do; those that don't tell are left out. Absent when it wasn't asked for. */
  readonly loads?: ReadonlyMap<number, BrokerLoad>;
  /** The most copies that a partition of any topic has, ≥ 0. Absent when it wasn't asked for. */
  readonly copiesMax?: number;
}

/** What the load makes of the number of brokers (O10). */
export interface ScaleVerdict {
  /** One more or one less than there are, and why; null: they stay. */
  readonly change: { readonly brokers: number; readonly why: string } | null;
  readonly notes: readonly Condition[];
}

/** Everything that a plan is made from, besides the manifests. */
export interface Observed {
  readonly host: HostObservation;
  /** The wall clock, ms since the epoch. Absent: maintenance windows hold nothing back. */
  readonly nowMs?: number;
  /** Another Cluster, as people name it, where this operator restarts nodes for reasons of its own first. Absent: there is none. */
  readonly rollsFirst?: string;
  /** Absent where nobody judges the load. */
  readonly scale?: ScaleVerdict;
  /** Other Clusters, as people name them, that wait in the same way for this one; absent or empty: there are none. */
  readonly rollsLater?: readonly string[];
  /** null while no broker answers. */
  readonly admin: AdminObservation | null;
}

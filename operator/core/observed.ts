import type { Formation } from '../../broker/core/config/formation.ts';

/** What a host sees of one node. */
export interface NodeObservation {
  /** `node.id`, ≥ 0. */
  readonly id: number;
  /** Hash of the static settings that it was started with; '' while it never ran under this host. */
  readonly specHash: string;
  /** `waiting`: it died and starts again after a pause. */
  readonly phase: 'stopped' | 'starting' | 'running' | 'waiting' | 'stopping';
  /** Registered, listeners open. */
  readonly ready: boolean;
  /** `host:port` of the first listener, null while unknown. */
  readonly address: string | null;
  /** Bytes of its volume, null where the host does not bound it. */
  readonly volumeBytes: number | null;
}

/** What a NodeHost sees of one cluster. */
export interface HostObservation {
  /** null: never formed. */
  readonly formation: Formation | null;
  /** Sorted by id; nodes that have data or run. */
  readonly nodes: readonly NodeObservation[];
}

/** A topic as the cluster has it. */
export interface TopicObservation {
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Partitions without a leader, as the broker that sees the most of them says. */
  readonly leaderless: number;
  /** Settings that were set on the topic itself. */
  readonly config: ReadonlyMap<string, string>;
}

/** A group as the cluster has it. */
export interface GroupObservation {
  /** `share`, `consumer`, `classic` …; null while only its settings exist. */
  readonly type: string | null;
  readonly config: ReadonlyMap<string, string>;
}

/** What a ClusterAdmin sees: only what was asked for. */
export interface AdminObservation {
  readonly topics: ReadonlyMap<string, TopicObservation>;
  readonly groups: ReadonlyMap<string, GroupObservation>;
  /** Dynamic settings of the whole cluster. */
  readonly config: ReadonlyMap<string, string>;
}

/** Everything that a plan is made from, besides the manifests. */
export interface Observed {
  readonly host: HostObservation;
  /** null while no broker answers. */
  readonly admin: AdminObservation | null;
}

import type { AdminObservation, ListenerAddress } from '../core/observed.ts';
import type { ConfigChange, GroupStart } from '../core/steps.ts';

/** What a plan needs to know; nothing else is asked for. */
export interface AdminQuestion {
  readonly topics: readonly string[];
  /** Number of copies that topics are to have, where that is declared. */
  readonly copies: ReadonlyMap<string, number>;
  readonly groups: readonly string[];
  /** Names of cluster-wide dynamic settings; nothing is asked when empty. */
  readonly settings: readonly string[];
  /** Brokers that have to answer Metadata, each for itself. */
  readonly brokers: readonly number[];
  /** Whether to ask for the voters. */
  readonly quorum: boolean;
  /** Brokers that are to go. */
  readonly members: readonly number[];
  /** Nodes that are to be restarted. */
  readonly restarts: readonly number[];
  /** Nodes whose disks are to be replaced. */
  readonly replacements: readonly number[];
  /** Whether to ask what clients are told of brokers. */
  readonly advertised: boolean;
  /** Brokers that are to say what they have to do, and whether to ask how many copies partitions have. Absent: nothing of it is asked. */
  readonly load?: { readonly brokers: readonly number[]; readonly copies: boolean };
  /** Whether to ask which level of `weir.version` is in force, and which may be. Absent: not. */
  readonly features?: boolean;
  /** Whether to ask how the partitions of all topics are. Absent: not. */
  readonly assessment?: boolean;
}

/** What settings are attached to; the cluster's have no name. */
export type AdminResource =
  | { readonly kind: 'topic'; readonly name: string }
  | { readonly kind: 'group'; readonly name: string }
  | { readonly kind: 'cluster' };

/** Whether something that was asked for is done, or goes on by itself and how many partitions are left to be moved. */
export type Progress = 'done' | { readonly left: number };

/**
 * The administration of one cluster over the Kafka protocol. Failures are `OperatorError`s: `UNREACHABLE` when no
 * broker answered in time, else Kafka's name of the error, `fatal` when it cannot succeed by trying again.
 */
export interface ClusterAdmin {
  observe(question: AdminQuestion): Promise<AdminObservation>;
  /** −1 leaves a number to the cluster's settings. A topic that exists already is no failure. */
  createTopic(topic: {
    readonly name: string;
    readonly partitions: number;
    readonly replicationFactor: number;
    readonly config: ReadonlyMap<string, string>;
  }): Promise<void>;
  /** Grows a topic to this number of partitions in all. */
  growTopic(name: string, partitions: number): Promise<void>;
  /** Deletes a topic with its records. One that is not there is no failure. */
  deleteTopic(name: string): Promise<void>;
  /** Deletes a share group with what it has acknowledged; fails with `NON_EMPTY_GROUP` while it has members. One that is not there is no failure. */
  deleteGroup(groupId: string): Promise<void>;
  /**
   * Has a share group that nobody is in begin in these partitions; those that it has state of are left alone. One that has members is no
   * failure: it has begun by itself.
   */
  beginGroup(groupId: string, starts: readonly GroupStart[]): Promise<void>;
  /**
   * Gives every partition of a topic this number of copies, on these brokers, some partitions at a time; asked again it goes on, and
   * tells how many are left. Fails when there are too few brokers.
   */
  resizeTopic(
    name: string,
    wanted: { readonly replicationFactor: number; readonly brokers: readonly number[] },
  ): Promise<Progress>;
  /** Makes a controller that observes a voter, by its disk (KIP-853). A voter already is no failure. */
  addVoter(voter: {
    readonly id: number;
    readonly directoryId: string;
    readonly address: string | null;
  }): Promise<void>;
  /** Takes a voter away, by its disk. One that is none is no failure. */
  removeVoter(voter: { readonly id: number; readonly directoryId: string }): Promise<void>;
  /**
   * Brokers get no new replicas, and what they have moves to others by itself; `members` tells whether that is over. Gives how
   * many replicas are left; fails with the reason when something can't move.
   */
  drain(ids: readonly number[]): Promise<number>;
  /** Ends a drain; what has moved stays where it is. */
  undrain(id: number): Promise<void>;
  /** Moves what is needed for brokers to have their share, the least of it; asked again, it tells how far that is. */
  rebalance(): Promise<Progress>;
  /** Says where clients find a broker, on these listeners and on no other; what is said already is no change. */
  setAdvertised(broker: { readonly id: number; readonly endpoints: readonly ListenerAddress[] }): Promise<void>;
  /** Forgets a broker that is stopped, and the controller of that id if it is one too. One that is none is no failure. */
  unregister(node: { readonly id: number; readonly isController: boolean }): Promise<void>;
  /** Raises `weir.version`, and Kafka's features that come with that level; a level that is in force already is no failure. */
  raiseFeature(level: number): Promise<void>;
  alterConfig(resource: AdminResource, change: ConfigChange): Promise<void>;
  /** Closes its connections. */
  close(): Promise<void>;
}

import type { DeleteShareState, InitializeShareState, ShareStateResults } from './persister.ts';

/** Who speaks: shown by the describe APIs. */
export interface ClientIdentity {
  readonly clientId: string;
  /** Address with a leading slash, as Kafka shows it. */
  readonly clientHost: string;
}

/** One protocol (for consumers: assignor) that a classic member can use, in its order of preference. */
export interface ClassicProtocol {
  readonly name: string;
  /** Memory of its own, never a view of a socket's buffer. */
  readonly metadata: Uint8Array;
}

/** JoinGroup, with what its version means spelled out. */
export interface JoinGroupCommand {
  readonly kind: 'joinGroup';
  readonly groupId: string;
  readonly client: ClientIdentity;
  /** Empty: the member has none yet. */
  readonly memberId: string;
  /** The id that a member without one gets; chosen by the caller, since cores have no randomness. */
  readonly newMemberId: string;
  readonly groupInstanceId: string | null;
  readonly protocolType: string;
  readonly protocols: readonly ClassicProtocol[];
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** v4+: a dynamic member learns its id first and joins with it (KIP-394). */
  readonly requireKnownMemberId: boolean;
  /** v9+: a static leader that returns may be told to skip the assignment (KIP-814). */
  readonly supportsSkippingAssignment: boolean;
}

/** Answer to JoinGroup: the wire's fields. */
export interface JoinGroupResult {
  readonly errorCode: number;
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leader: string;
  readonly skipAssignment: boolean;
  readonly memberId: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly metadata: Uint8Array;
  }[];
}

/** SyncGroup. */
export interface SyncGroupCommand {
  readonly kind: 'syncGroup';
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  /** v5+; null: not checked. */
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  /** From the leader: one per member, memory of their own. */
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[];
}

/** Answer to SyncGroup. */
export interface SyncGroupResult {
  readonly errorCode: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Uint8Array;
}

/** Heartbeat of a classic member. */
export interface HeartbeatCommand {
  readonly kind: 'heartbeat';
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

/** An answer that is only an error code. */
export interface CodeResult {
  readonly errorCode: number;
}

/** LeaveGroup of one or several members. */
export interface LeaveGroupCommand {
  readonly kind: 'leaveGroup';
  readonly groupId: string;
  readonly members: readonly { readonly memberId: string; readonly groupInstanceId: string | null }[];
}

/** Answer to LeaveGroup: `errorCode` is the group's, members have their own. */
export interface LeaveGroupResult {
  readonly errorCode: number;
  readonly members: readonly {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly errorCode: number;
  }[];
}

/** One offset to commit; the topic was found in the metadata. */
export interface OffsetToCommit {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string | null;
}

/** OffsetCommit of partitions that exist. */
export interface OffsetCommitCommand {
  readonly kind: 'offsetCommit';
  readonly groupId: string;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly generationIdOrMemberEpoch: number;
  /** v9+: GROUP_ID_NOT_FOUND in place of ILLEGAL_GENERATION when there is no such group. */
  readonly supportsMemberEpochs: boolean;
  readonly offsets: readonly OffsetToCommit[];
}

/** Answer to OffsetCommit: codes in the order of `offsets`; `errorCode` holds for all of them when not NONE. */
export interface OffsetCommitResult {
  readonly errorCode: number;
  readonly partitionErrors: readonly number[];
}

/** OffsetFetch of one group. */
export interface OffsetFetchCommand {
  readonly kind: 'offsetFetch';
  readonly groupId: string;
  /** v9+; null: not checked. */
  readonly memberId: string | null;
  readonly memberEpoch: number;
  /** Null: everything that the group has committed. `topicId` null: any topic of that name. */
  readonly topics:
    | readonly { readonly topic: string; readonly topicId: string | null; readonly partitions: readonly number[] }[]
    | null;
}

/** One committed offset; `offset` −1 where nothing is committed. */
export interface FetchedOffset {
  readonly partition: number;
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
}

/** Answer to OffsetFetch, topics in the order asked, else sorted. `topicId` is the zero id when unknown. */
export interface OffsetFetchResult {
  readonly errorCode: number;
  readonly topics: readonly {
    readonly topic: string;
    readonly topicId: string;
    readonly partitions: readonly FetchedOffset[];
  }[];
}

/** DescribeGroups of one group. */
export interface DescribeGroupCommand {
  readonly kind: 'describeGroup';
  readonly groupId: string;
}

/** A classic group as DescribeGroups shows it; GROUP_ID_NOT_FOUND with state Dead when there is none. */
export interface DescribedClassicGroup {
  readonly errorCode: number;
  readonly groupId: string;
  readonly groupState: string;
  readonly protocolType: string;
  readonly protocolData: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly clientId: string;
    readonly clientHost: string;
    readonly memberMetadata: Uint8Array;
    readonly memberAssignment: Uint8Array;
  }[];
}

/** ListGroups of one shard. Filters are lower case; empty: everything. */
export interface ListGroupsCommand {
  readonly kind: 'listGroups';
  readonly statesFilter: readonly string[];
  readonly typesFilter: readonly string[];
}

/** Answer to ListGroups, sorted by group id. */
export interface ListGroupsResult {
  readonly groups: readonly {
    readonly groupId: string;
    readonly protocolType: string;
    readonly groupState: string;
    readonly groupType: string;
  }[];
}

/** DeleteGroups of one group. */
export interface DeleteGroupCommand {
  readonly kind: 'deleteGroup';
  readonly groupId: string;
}

/** Answer to DeleteGroups. */
export interface DeleteGroupResult {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** ShareGroupHeartbeat. */
export interface ShareHeartbeatCommand {
  readonly kind: 'shareHeartbeat';
  readonly groupId: string;
  readonly client: ClientIdentity;
  readonly memberId: string;
  /** 0 joins, −1 leaves, else the member's current epoch. */
  readonly memberEpoch: number;
  /** Null: unchanged. */
  readonly rackId: string | null;
  /** Null: unchanged. Else what the member's whole subscription is now. */
  readonly subscribedTopicNames: readonly string[] | null;
}

/** Partitions of one topic. */
export interface TopicPartitions {
  readonly topicId: string;
  /** Ascending. */
  readonly partitions: readonly number[];
}

/** Answer to ShareGroupHeartbeat. */
export interface ShareHeartbeatResult {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly memberId: string | null;
  readonly memberEpoch: number;
  readonly heartbeatIntervalMs: number;
  /** Null: unchanged since the member was last told. */
  readonly assignment: { readonly topicPartitions: readonly TopicPartitions[] } | null;
}

/** ShareGroupDescribe of one group. */
export interface DescribeShareGroupCommand {
  readonly kind: 'describeShareGroup';
  readonly groupId: string;
}

/** A share group as ShareGroupDescribe shows it. */
export interface DescribedShareGroup {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly groupId: string;
  readonly groupState: string;
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  readonly assignorName: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly rackId: string | null;
    readonly memberEpoch: number;
    readonly clientId: string;
    readonly clientHost: string;
    readonly subscribedTopicNames: readonly string[];
    readonly assignment: {
      readonly topicPartitions: readonly {
        readonly topicId: string;
        readonly topicName: string;
        readonly partitions: readonly number[];
      }[];
    };
  }[];
}

/** Which share-partitions of a group have state: what DescribeShareGroupOffsets without topics answers for. */
export interface ShareGroupPartitionsCommand {
  readonly kind: 'shareGroupPartitions';
  readonly groupId: string;
}

/** Answer to `shareGroupPartitions`; GROUP_ID_NOT_FOUND when there is no such share group. */
export interface ShareGroupPartitionsResult {
  readonly errorCode: number;
  readonly groupEpoch: number;
  readonly topics: readonly {
    readonly topicId: string;
    readonly topicName: string;
    readonly partitions: readonly number[];
  }[];
}

/** AlterShareGroupOffsets, of partitions that exist: a group without members begins there, and is made if need be. */
export interface AlterShareOffsetsCommand {
  readonly kind: 'alterShareOffsets';
  readonly groupId: string;
  readonly topics: readonly {
    readonly topicId: string;
    readonly topicName: string;
    /** Each once. A start of −1: where `share.auto.offset.reset` says. */
    readonly partitions: readonly { readonly partition: number; readonly startOffset: number }[];
  }[];
}

/** Answer to `alterShareOffsets`; `results` are empty when `errorCode` is not NONE. */
export interface AlterShareOffsetsResult extends ShareStateResults {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** DeleteShareGroupOffsets, of topics that exist: a group without members forgets that it read them. */
export interface DeleteShareOffsetsCommand {
  readonly kind: 'deleteShareOffsets';
  readonly groupId: string;
  /** Each once. */
  readonly topicIds: readonly string[];
}

/** Answer to `deleteShareOffsets`, topics in the order asked; there are none when `errorCode` is not NONE. */
export interface DeleteShareOffsetsResult {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly topics: readonly {
    readonly topicId: string;
    readonly errorCode: number;
    readonly errorMessage: string | null;
  }[];
}

/** Metadata changed: topics named here were created, deleted or got partitions. Nobody waits for it. */
export interface MetadataChangedCommand {
  readonly kind: 'metadataChanged';
  readonly topicNames: readonly string[];
  readonly deletedTopics: readonly { readonly name: string; readonly topicId: string }[];
}

/** The share coordinators have answered an `initializeShareState` effect. */
export interface ShareStateInitializedCommand {
  readonly kind: 'shareStateInitialized';
  readonly groupId: string;
  readonly request: InitializeShareState;
  readonly response: ShareStateResults;
}

/** The share coordinators have answered a `deleteShareState` effect. */
export interface ShareStateDeletedCommand {
  readonly kind: 'shareStateDeleted';
  readonly groupId: string;
  readonly request: DeleteShareState;
  readonly response: ShareStateResults;
}

/** Commands with the responses they get, by kind. */
export interface GroupExchanges {
  readonly joinGroup: { readonly command: JoinGroupCommand; readonly response: JoinGroupResult };
  readonly syncGroup: { readonly command: SyncGroupCommand; readonly response: SyncGroupResult };
  readonly heartbeat: { readonly command: HeartbeatCommand; readonly response: CodeResult };
  readonly leaveGroup: { readonly command: LeaveGroupCommand; readonly response: LeaveGroupResult };
  readonly offsetCommit: { readonly command: OffsetCommitCommand; readonly response: OffsetCommitResult };
  readonly offsetFetch: { readonly command: OffsetFetchCommand; readonly response: OffsetFetchResult };
  readonly describeGroup: { readonly command: DescribeGroupCommand; readonly response: DescribedClassicGroup };
  readonly listGroups: { readonly command: ListGroupsCommand; readonly response: ListGroupsResult };
  readonly deleteGroup: { readonly command: DeleteGroupCommand; readonly response: DeleteGroupResult };
  readonly shareHeartbeat: { readonly command: ShareHeartbeatCommand; readonly response: ShareHeartbeatResult };
  readonly describeShareGroup: { readonly command: DescribeShareGroupCommand; readonly response: DescribedShareGroup };
  readonly shareGroupPartitions: {
    readonly command: ShareGroupPartitionsCommand;
    readonly response: ShareGroupPartitionsResult;
  };
  readonly alterShareOffsets: {
    readonly command: AlterShareOffsetsCommand;
    readonly response: AlterShareOffsetsResult;
  };
  readonly deleteShareOffsets: {
    readonly command: DeleteShareOffsetsCommand;
    readonly response: DeleteShareOffsetsResult;
  };
  readonly metadataChanged: { readonly command: MetadataChangedCommand; readonly response: never };
  readonly shareStateInitialized: { readonly command: ShareStateInitializedCommand; readonly response: never };
  readonly shareStateDeleted: { readonly command: ShareStateDeletedCommand; readonly response: never };
}

/** Kinds of commands. */
export type GroupCommandKind = keyof GroupExchanges;
/** Everything that can be asked of a group shard. */
export type GroupCommand = GroupExchanges[GroupCommandKind]['command'];
/** Everything that a group shard answers. */
export type GroupResponse = GroupExchanges[GroupCommandKind]['response'];

/** What a group shard wants done outside, once its records are committed. Repeating one is harmless. */
export type GroupEffect =
  | { readonly kind: 'initializeShareState'; readonly request: InitializeShareState }
  | { readonly kind: 'deleteShareState'; readonly request: DeleteShareState };

/** One error code of the protocol. */
export interface ProtocolError {
  readonly code: number;
  /** Whether the same request may succeed later without a change. */
  readonly retriable: boolean;
  /** What it tells the client. */
  readonly meaning: string;
}

/** Every error code of Kafka 4.4 by name, in the order of codes. */
export const errorTable = {
  UNKNOWN_SERVER_ERROR: { code: -1, retriable: false, meaning: 'something unexpected failed in the server' },
  NONE: { code: 0, retriable: false, meaning: 'no error' },
  OFFSET_OUT_OF_RANGE: { code: 1, retriable: false, meaning: 'the offset lies outside what the replica holds' },
  CORRUPT_MESSAGE: {
    code: 2,
    retriable: true,
    meaning: 'a batch fails its checksum, is too large or otherwise malformed',
  },
  UNKNOWN_TOPIC_OR_PARTITION: { code: 3, retriable: true, meaning: 'this broker hosts no such topic or partition' },
  INVALID_FETCH_SIZE: { code: 4, retriable: false, meaning: 'the fetch size asked for is not valid' },
  LEADER_NOT_AVAILABLE: {
    code: 5,
    retriable: true,
    meaning: 'the partition has no leader now, probably during an election',
  },
  NOT_LEADER_OR_FOLLOWER: {
    code: 6,
    retriable: true,
    meaning: 'this broker is not the leader, or not a replica, of the partition',
  },
  REQUEST_TIMED_OUT: { code: 7, retriable: true, meaning: 'the request was not finished in its time' },
  BROKER_NOT_AVAILABLE: { code: 8, retriable: false, meaning: 'the broker asked about is not alive' },
  REPLICA_NOT_AVAILABLE: { code: 9, retriable: true, meaning: 'the replica that was expected here is not' },
  MESSAGE_TOO_LARGE: { code: 10, retriable: false, meaning: 'a batch is larger than the topic accepts' },
  STALE_CONTROLLER_EPOCH: { code: 11, retriable: false, meaning: 'the controller has moved to another broker' },
  OFFSET_METADATA_TOO_LARGE: { code: 12, retriable: false, meaning: 'the text beside a committed offset is too long' },
  NETWORK_EXCEPTION: { code: 13, retriable: true, meaning: 'the connection ended before the answer came' },
  COORDINATOR_LOAD_IN_PROGRESS: { code: 14, retriable: true, meaning: 'the coordinator is still reading its log' },
  COORDINATOR_NOT_AVAILABLE: { code: 15, retriable: true, meaning: 'no coordinator can be named now' },
  NOT_COORDINATOR: { code: 16, retriable: true, meaning: 'this broker is not the coordinator of that key' },
  INVALID_TOPIC_EXCEPTION: {
    code: 17,
    retriable: false,
    meaning: 'the topic name is illegal or the operation is not allowed on it',
  },
  RECORD_LIST_TOO_LARGE: { code: 18, retriable: false, meaning: 'a batch is larger than a log segment' },
  NOT_ENOUGH_REPLICAS: {
    code: 19,
    retriable: true,
    meaning: 'fewer replicas are in sync than required; nothing was appended',
  },
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: {
    code: 20,
    retriable: true,
    meaning: 'appended, but fewer replicas were in sync than required',
  },
  INVALID_REQUIRED_ACKS: { code: 21, retriable: false, meaning: 'acks is none of 0, 1 and -1' },
  ILLEGAL_GENERATION: { code: 22, retriable: false, meaning: 'the generation of the group is not the current one' },
  INCONSISTENT_GROUP_PROTOCOL: {
    code: 23,
    retriable: false,
    meaning: "the protocol type or protocols fit none of the group's",
  },
  INVALID_GROUP_ID: { code: 24, retriable: false, meaning: 'the group id is empty or malformed' },
  UNKNOWN_MEMBER_ID: { code: 25, retriable: false, meaning: 'the group has no such member' },
  INVALID_SESSION_TIMEOUT: {
    code: 26,
    retriable: false,
    meaning: 'the session timeout is outside the range that the broker allows',
  },
  REBALANCE_IN_PROGRESS: { code: 27, retriable: false, meaning: 'the group rebalances; the member must join again' },
  INVALID_COMMIT_OFFSET_SIZE: {
    code: 28,
    retriable: false,
    meaning: 'the committed offset makes a record that is too large',
  },
  TOPIC_AUTHORIZATION_FAILED: { code: 29, retriable: false, meaning: 'not allowed on the topic' },
  GROUP_AUTHORIZATION_FAILED: { code: 30, retriable: false, meaning: 'not allowed on the group' },
  CLUSTER_AUTHORIZATION_FAILED: { code: 31, retriable: false, meaning: 'not allowed on the cluster' },
  INVALID_TIMESTAMP: { code: 32, retriable: false, meaning: "a record's timestamp is outside what the topic accepts" },
  UNSUPPORTED_SASL_MECHANISM: { code: 33, retriable: false, meaning: 'the SASL mechanism is not enabled here' },
  ILLEGAL_SASL_STATE: {
    code: 34,
    retriable: false,
    meaning: 'the request does not fit the state of the SASL exchange',
  },
  UNSUPPORTED_VERSION: { code: 35, retriable: false, meaning: 'this version of the API is not served' },
  TOPIC_ALREADY_EXISTS: { code: 36, retriable: false, meaning: 'a topic of that name exists' },
  INVALID_PARTITIONS: { code: 37, retriable: false, meaning: 'the number of partitions is not possible' },
  INVALID_REPLICATION_FACTOR: {
    code: 38,
    retriable: false,
    meaning: 'the replication factor is below 1 or above the brokers there are',
  },
  INVALID_REPLICA_ASSIGNMENT: {
    code: 39,
    retriable: false,
    meaning: 'the given assignment of replicas is not possible',
  },
  INVALID_CONFIG: { code: 40, retriable: false, meaning: 'a setting is unknown or its value is not allowed' },
  NOT_CONTROLLER: { code: 41, retriable: true, meaning: 'this node is not the active controller' },
  INVALID_REQUEST: { code: 42, retriable: false, meaning: 'the request contradicts itself or misses what it needs' },
  UNSUPPORTED_FOR_MESSAGE_FORMAT: { code: 43, retriable: false, meaning: "the log's message format cannot do this" },
  POLICY_VIOLATION: { code: 44, retriable: false, meaning: 'a configured policy refuses the request' },
  OUT_OF_ORDER_SEQUENCE_NUMBER: {
    code: 45,
    retriable: false,
    meaning: 'a batch of this producer is missing before this one',
  },
  DUPLICATE_SEQUENCE_NUMBER: { code: 46, retriable: false, meaning: 'this batch of the producer was appended before' },
  INVALID_PRODUCER_EPOCH: { code: 47, retriable: false, meaning: "the producer's epoch is older than one seen before" },
  INVALID_TXN_STATE: { code: 48, retriable: false, meaning: "the transaction's state does not allow the operation" },
  INVALID_PRODUCER_ID_MAPPING: {
    code: 49,
    retriable: false,
    meaning: 'the producer id is not the one of this transactional id',
  },
  INVALID_TRANSACTION_TIMEOUT: {
    code: 50,
    retriable: false,
    meaning: 'the transaction timeout is above what the broker allows',
  },
  CONCURRENT_TRANSACTIONS: {
    code: 51,
    retriable: true,
    meaning: 'another operation on this transaction is still running',
  },
  TRANSACTION_COORDINATOR_FENCED: {
    code: 52,
    retriable: false,
    meaning: 'a newer coordinator has taken over the transaction',
  },
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: { code: 53, retriable: false, meaning: 'not allowed on the transactional id' },
  SECURITY_DISABLED: { code: 54, retriable: false, meaning: 'security features are switched off here' },
  OPERATION_NOT_ATTEMPTED: {
    code: 55,
    retriable: false,
    meaning: 'not tried, because another part of the request failed',
  },
  KAFKA_STORAGE_ERROR: { code: 56, retriable: true, meaning: 'the disk failed under the log' },
  LOG_DIR_NOT_FOUND: { code: 57, retriable: false, meaning: 'the named log directory is not one of this broker' },
  SASL_AUTHENTICATION_FAILED: { code: 58, retriable: false, meaning: 'the credentials were refused' },
  UNKNOWN_PRODUCER_ID: { code: 59, retriable: false, meaning: 'nothing is known of this producer id any more' },
  REASSIGNMENT_IN_PROGRESS: { code: 60, retriable: false, meaning: 'the partition is being reassigned' },
  DELEGATION_TOKEN_AUTH_DISABLED: { code: 61, retriable: false, meaning: 'delegation tokens are switched off' },
  DELEGATION_TOKEN_NOT_FOUND: { code: 62, retriable: false, meaning: 'no such delegation token' },
  DELEGATION_TOKEN_OWNER_MISMATCH: {
    code: 63,
    retriable: false,
    meaning: 'only the owner or a renewer may do this to the token',
  },
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: {
    code: 64,
    retriable: false,
    meaning: 'tokens are not handed out over this kind of connection',
  },
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: { code: 65, retriable: false, meaning: 'not allowed on the delegation token' },
  DELEGATION_TOKEN_EXPIRED: { code: 66, retriable: false, meaning: 'the delegation token has run out' },
  INVALID_PRINCIPAL_TYPE: { code: 67, retriable: false, meaning: 'that type of principal is not supported' },
  NON_EMPTY_GROUP: { code: 68, retriable: false, meaning: 'the group still has members' },
  GROUP_ID_NOT_FOUND: { code: 69, retriable: false, meaning: 'no such group' },
  FETCH_SESSION_ID_NOT_FOUND: { code: 70, retriable: true, meaning: 'no such fetch session' },
  INVALID_FETCH_SESSION_EPOCH: {
    code: 71,
    retriable: true,
    meaning: 'the epoch is not the next one of the fetch session',
  },
  LISTENER_NOT_FOUND: {
    code: 72,
    retriable: true,
    meaning: 'the leader has no listener of the name that was asked on',
  },
  TOPIC_DELETION_DISABLED: { code: 73, retriable: false, meaning: 'topics may not be deleted here' },
  FENCED_LEADER_EPOCH: { code: 74, retriable: true, meaning: 'the leader epoch sent is older than the current one' },
  UNKNOWN_LEADER_EPOCH: { code: 75, retriable: true, meaning: 'the leader epoch sent is newer than this broker knows' },
  UNSUPPORTED_COMPRESSION_TYPE: {
    code: 76,
    retriable: false,
    meaning: 'the compression is not allowed for this version',
  },
  STALE_BROKER_EPOCH: { code: 77, retriable: false, meaning: 'the broker epoch is not the current one of that broker' },
  OFFSET_NOT_AVAILABLE: {
    code: 78,
    retriable: true,
    meaning: 'the new leader cannot tell offsets before its high watermark has caught up',
  },
  MEMBER_ID_REQUIRED: { code: 79, retriable: false, meaning: 'join again with the member id in this answer' },
  PREFERRED_LEADER_NOT_AVAILABLE: {
    code: 80,
    retriable: true,
    meaning: 'the preferred leader is not alive or not in sync',
  },
  GROUP_MAX_SIZE_REACHED: { code: 81, retriable: false, meaning: 'the group has as many members as it may' },
  FENCED_INSTANCE_ID: { code: 82, retriable: false, meaning: 'another member has taken the group instance id' },
  ELIGIBLE_LEADERS_NOT_AVAILABLE: { code: 83, retriable: true, meaning: 'no replica that may lead is alive' },
  ELECTION_NOT_NEEDED: { code: 84, retriable: true, meaning: 'the partition has the leader it should have' },
  NO_REASSIGNMENT_IN_PROGRESS: { code: 85, retriable: false, meaning: 'the partition is not being reassigned' },
  GROUP_SUBSCRIBED_TO_TOPIC: {
    code: 86,
    retriable: false,
    meaning: "the group's members still subscribe to the topic",
  },
  INVALID_RECORD: { code: 87, retriable: false, meaning: 'a record breaks a rule of its batch or topic' },
  UNSTABLE_OFFSET_COMMIT: { code: 88, retriable: true, meaning: 'offsets of open transactions have yet to be decided' },
  THROTTLING_QUOTA_EXCEEDED: {
    code: 89,
    retriable: true,
    meaning: 'the quota is used up; wait as long as the answer says',
  },
  PRODUCER_FENCED: { code: 90, retriable: false, meaning: 'a newer producer uses the transactional id' },
  RESOURCE_NOT_FOUND: { code: 91, retriable: false, meaning: 'what the request names does not exist' },
  DUPLICATE_RESOURCE: { code: 92, retriable: false, meaning: 'what the request names is there or named twice' },
  UNACCEPTABLE_CREDENTIAL: { code: 93, retriable: false, meaning: 'the credential does not meet the rules' },
  INCONSISTENT_VOTER_SET: { code: 94, retriable: false, meaning: 'one side is not a voter in the view of the other' },
  INVALID_UPDATE_VERSION: {
    code: 95,
    retriable: false,
    meaning: 'the version of the state to update is not the expected one',
  },
  FEATURE_UPDATE_FAILED: { code: 96, retriable: false, meaning: 'a feature level could not be changed' },
  PRINCIPAL_DESERIALIZATION_FAILURE: { code: 97, retriable: false, meaning: 'the forwarded principal cannot be read' },
  SNAPSHOT_NOT_FOUND: { code: 98, retriable: false, meaning: 'no such snapshot' },
  POSITION_OUT_OF_RANGE: { code: 99, retriable: false, meaning: 'the position lies outside the snapshot' },
  UNKNOWN_TOPIC_ID: { code: 100, retriable: true, meaning: 'this broker hosts no topic of that id' },
  DUPLICATE_BROKER_REGISTRATION: { code: 101, retriable: false, meaning: 'another live broker has this id' },
  BROKER_ID_NOT_REGISTERED: { code: 102, retriable: false, meaning: 'no broker of this id is registered' },
  INCONSISTENT_TOPIC_ID: {
    code: 103,
    retriable: true,
    meaning: 'the topic id in the log is not the one in the request',
  },
  INCONSISTENT_CLUSTER_ID: { code: 104, retriable: false, meaning: 'the request was meant for another cluster' },
  TRANSACTIONAL_ID_NOT_FOUND: { code: 105, retriable: false, meaning: 'nothing is known of the transactional id' },
  FETCH_SESSION_TOPIC_ID_ERROR: {
    code: 106,
    retriable: true,
    meaning: 'the fetch session mixes requests with and without topic ids',
  },
  INELIGIBLE_REPLICA: { code: 107, retriable: false, meaning: 'the replica may not join the in-sync set now' },
  NEW_LEADER_ELECTED: { code: 108, retriable: false, meaning: 'the change made another broker the leader' },
  OFFSET_MOVED_TO_TIERED_STORAGE: { code: 109, retriable: false, meaning: 'the offset is only in remote storage' },
  FENCED_MEMBER_EPOCH: {
    code: 110,
    retriable: false,
    meaning: 'the member epoch is not the one that the coordinator expects; join again',
  },
  UNRELEASED_INSTANCE_ID: {
    code: 111,
    retriable: false,
    meaning: 'the group instance id is still used by another member',
  },
  UNSUPPORTED_ASSIGNOR: { code: 112, retriable: false, meaning: 'no such assignor on the server' },
  STALE_MEMBER_EPOCH: {
    code: 113,
    retriable: false,
    meaning: 'the member epoch is behind; retry after the next heartbeat',
  },
  MISMATCHED_ENDPOINT_TYPE: {
    code: 114,
    retriable: false,
    meaning: 'brokers were asked at a controller or the other way round',
  },
  UNSUPPORTED_ENDPOINT_TYPE: { code: 115, retriable: false, meaning: 'that kind of endpoint is not known' },
  UNKNOWN_CONTROLLER_ID: { code: 116, retriable: false, meaning: 'no controller of this id' },
  UNKNOWN_SUBSCRIPTION_ID: {
    code: 117,
    retriable: false,
    meaning: 'the telemetry subscription has changed; ask again',
  },
  TELEMETRY_TOO_LARGE: { code: 118, retriable: false, meaning: 'the pushed metrics are larger than accepted' },
  INVALID_REGISTRATION: { code: 119, retriable: false, meaning: "the controller refuses the broker's registration" },
  TRANSACTION_ABORTABLE: { code: 120, retriable: false, meaning: 'the transaction can only be aborted' },
  INVALID_RECORD_STATE: {
    code: 121,
    retriable: false,
    meaning: "the record's delivery state does not allow this acknowledgement",
  },
  SHARE_SESSION_NOT_FOUND: { code: 122, retriable: true, meaning: 'no such share session' },
  INVALID_SHARE_SESSION_EPOCH: {
    code: 123,
    retriable: true,
    meaning: 'the epoch is not the next one of the share session',
  },
  FENCED_STATE_EPOCH: { code: 124, retriable: false, meaning: "the state epoch is older than the share coordinator's" },
  INVALID_VOTER_KEY: { code: 125, retriable: false, meaning: 'the voter key is not that of the receiver' },
  DUPLICATE_VOTER: { code: 126, retriable: false, meaning: 'the voter is in the set already' },
  VOTER_NOT_FOUND: { code: 127, retriable: false, meaning: 'the voter is not in the set' },
  INVALID_REGULAR_EXPRESSION: { code: 128, retriable: false, meaning: 'the regular expression cannot be used' },
  REBOOTSTRAP_REQUIRED: {
    code: 129,
    retriable: false,
    meaning: "the client's view of the cluster is too old; start from the bootstrap servers",
  },
  STREAMS_INVALID_TOPOLOGY: { code: 130, retriable: false, meaning: 'the topology cannot be run' },
  STREAMS_INVALID_TOPOLOGY_EPOCH: { code: 131, retriable: false, meaning: 'the topology epoch is not valid' },
  STREAMS_TOPOLOGY_FENCED: { code: 132, retriable: false, meaning: 'a newer topology is in use' },
  SHARE_SESSION_LIMIT_REACHED: {
    code: 133,
    retriable: true,
    meaning: 'the broker has as many share sessions as it may',
  },
  GROUP_DELETION_FAILED: { code: 134, retriable: false, meaning: 'the group could not be deleted' },
  STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED: {
    code: 135,
    retriable: false,
    meaning: 'the description of the topology could not be stored',
  },
  CONTROLLER_ID_NOT_REGISTERED: { code: 136, retriable: false, meaning: 'no controller of this id is registered' },
} as const satisfies Readonly<Record<string, ProtocolError>>;

/** Name of an error, like `UNKNOWN_TOPIC_ID`. */
export type ErrorName = keyof typeof errorTable;

type Codes = { readonly [N in ErrorName]: (typeof errorTable)[N]['code'] };

/** Error codes by name: `ErrorCode.NONE` is 0. */
// What Object.fromEntries makes of the table is exactly that type.
export const ErrorCode = Object.fromEntries(
  Object.entries(errorTable).map(([name, error]) => [name, error.code]),
) as Codes;

/** Any error code of the table. */
export type ErrorCode = Codes[ErrorName];

const namesByCode = new Map<number, string>(Object.entries(errorTable).map(([name, error]) => [error.code, name]));

/** The name of an error code; a code that is not in the table gives its number. */
export function errorName(code: number): string {
  return namesByCode.get(code) ?? `ERROR_${code}`;
}

/** Whether a client may send the same request again; false for a code that is not in the table. */
export function isRetriable(code: number): boolean {
  const name = namesByCode.get(code);
  return name !== undefined && errorTable[name as ErrorName].retriable;
}

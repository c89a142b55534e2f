import { CONTROLLER_LISTENER } from '../../core/config/listeners.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ApiRequests } from '../../core/protocol/messages.ts';
import type { QuorumReplica, QuorumResponse } from '../../ports/control-net.ts';
import type { QuorumClient } from '../metadata-client.ts';
import { CHANGE_TIMEOUT_MS } from './metadata-timeout.ts';
import type { Answer, ApiRow, AuthorizationNeed } from './row.ts';

/** What DescribeQuorum tells of. */
export interface DescribeQuorumServices {
  readonly quorum: QuorumClient;
}

/** The one partition that the quorum replicates, as Kafka names it. */
const METADATA_TOPIC = '__cluster_metadata';
const DESCRIBE: AuthorizationNeed = { operation: 'describe', resourceType: 'cluster', resourceName: 'kafka-cluster' };

/** DescribeQuorum (KIP-595, KIP-836, KIP-853): the voters and observers of the metadata log; offsets count records (V12). */
export const row: ApiRow<typeof ApiKey.DescribeQuorum, DescribeQuorumServices> = {
  key: ApiKey.DescribeQuorum,
  versions: { min: 0, max: 2 },
  listener: 'client',
  quota: 'request',
  authorize: () => [DESCRIBE],
  handle({ quorum }, request, context, reply) {
    const refuse = (errorCode: number, errorMessage: string): void =>
      reply({ errorCode, errorMessage, topics: [], nodes: [] });
    if (!context.allowed(DESCRIBE)) {
      refuse(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, 'Cluster authorization failed.');
    } else if (!asksForMetadata(request)) {
      reply(strangers(request));
    } else {
      quorum.describeQuorum(CHANGE_TIMEOUT_MS, (response) => {
        if (response === null) refuse(ErrorCode.REQUEST_TIMED_OUT, 'no active controller answered in time');
        else reply(described(response));
      });
    }
  },
};

function asksForMetadata({ topics }: ApiRequests[typeof ApiKey.DescribeQuorum]): boolean {
  const [topic] = topics;
  return (
    topics.length === 1 &&
    topic?.topicName === METADATA_TOPIC &&
    topic.partitions.length === 1 &&
    topic.partitions[0]?.partitionIndex === 0
  );
}

/** Nothing else is replicated by a quorum. */
function strangers({ topics }: ApiRequests[typeof ApiKey.DescribeQuorum]): Answer<typeof ApiKey.DescribeQuorum> {
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: '',
    topics: topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        errorMessage: 'This server does not host this topic-partition.',
        leaderId: 0,
        leaderEpoch: 0,
        highWatermark: 0,
        currentVoters: [],
        observers: [],
      })),
    })),
    nodes: [],
  };
}

function described(response: QuorumResponse): Answer<typeof ApiKey.DescribeQuorum> {
  const { isLeader, leaderId, leaderEpoch, highWatermark, voters, observers } = response;
  const partition = {
    partitionIndex: 0,
    // Clients ask again: whoever was asked has just lost its leadership.
    errorCode: isLeader ? ErrorCode.NONE : ErrorCode.NOT_LEADER_OR_FOLLOWER,
    errorMessage: isLeader ? '' : 'the controller that answered does not lead the quorum any more',
    leaderId,
    leaderEpoch,
    highWatermark,
    currentVoters: voters.map(replicaState),
    observers: observers.map(replicaState),
  };
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: '',
    topics: [{ topicName: METADATA_TOPIC, partitions: [partition] }],
    nodes: response.nodes.map(({ id, address: { host, port } }) => ({
      nodeId: id,
      listeners: [{ name: CONTROLLER_LISTENER, host, port }],
    })),
  };
}

function replicaState({ replica, logEndOffset, lastFetchMs, lastCaughtUpMs }: QuorumReplica) {
  return {
    replicaId: replica.id,
    replicaDirectoryId: replica.directoryId,
    logEndOffset,
    lastFetchTimestamp: lastFetchMs,
    lastCaughtUpTimestamp: lastCaughtUpMs,
  };
}

import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ReplicaKey } from '../../core/raft/types.ts';
import type { ChangeQuorumRequest, ChangeQuorumResponse, QuorumResponse } from '../../ports/control-net.ts';

/** The quorum of a controller that is alone: it leads, and is never behind itself. */
export function describeLone(lone: {
  readonly self: ReplicaKey;
  readonly term: number;
  /** Last committed metadata offset. */
  readonly offset: number;
  readonly wallMs: number;
}): QuorumResponse {
  const { self, term, offset, wallMs } = lone;
  return {
    isLeader: true,
    controller: null,
    leaderId: self.id,
    leaderEpoch: term,
    highWatermark: offset + 1,
    voters: [{ replica: self, logEndOffset: offset + 1, lastFetchMs: wallMs, lastCaughtUpMs: wallMs }],
    observers: [],
    nodes: [],
  };
}

/** What changes of the voters come to while nobody else can be reached. */
export function changeLone(self: ReplicaKey, { change, replica }: ChangeQuorumRequest): ChangeQuorumResponse {
  const refuse = (errorCode: number, errorMessage: string): ChangeQuorumResponse => ({
    errorCode,
    errorMessage,
    controller: null,
  });
  const isSelf = replica.id === self.id && replica.directoryId === self.directoryId;
  if (change === 'add-voter')
    return isSelf
      ? refuse(ErrorCode.DUPLICATE_VOTER, `${replica.id} is the only voter already`)
      : refuse(ErrorCode.INVALID_REQUEST, 'this node is alone: it has no address for other controllers');
  if (change === 'remove-voter')
    return refuse(ErrorCode.VOTER_NOT_FOUND, `${isSelf ? 'the only voter stays' : `${replica.id} is no voter`}`);
  return replica.id === self.id || replica.id === -1
    ? { errorCode: ErrorCode.NONE, errorMessage: null, controller: null }
    : refuse(ErrorCode.VOTER_NOT_FOUND, `${replica.id} is no voter`);
}

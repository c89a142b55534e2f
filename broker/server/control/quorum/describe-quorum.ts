import { hasVoter } from '../../../core/raft/quorum.ts';
import { isSame, keyOf } from '../../../core/raft/types.ts';
import type { ControllerHint, QuorumReplica, QuorumResponse } from '../../../ports/control-net.ts';
import type { QuorumNode } from './quorum-node.ts';

/** What DescribeQuorum tells (V12), in metadata offsets, which count records. */
export function describeQuorum(
  quorum: QuorumNode,
  known: {
    readonly controller: ControllerHint | null;
    readonly nodes: readonly ControllerHint[];
    readonly observers: readonly QuorumReplica[];
    readonly wallMs: number;
  },
): QuorumResponse {
  const { state } = quorum.host;
  const { leadership, voters, self, term, log, nowMs } = state;
  const wallOf = (atMs: number): number =>
    atMs === Number.NEGATIVE_INFINITY ? -1 : Math.round(known.wallMs - (nowMs - atMs));
  return {
    isLeader: quorum.active !== null,
    controller: known.controller,
    leaderId: quorum.controllerId,
    leaderEpoch: term,
    highWatermark: quorum.offset + 1,
    voters: voters.map((replica) => {
      const progress = leadership?.followers.get(keyOf(replica));
      if (isSame(replica, self)) {
        return {
          replica,
          logEndOffset: quorum.offsetAt(log.lastIndex) + 1,
          lastFetchMs: known.wallMs,
          lastCaughtUpMs: known.wallMs,
        };
      }
      return {
        replica,
        logEndOffset: progress === undefined ? -1 : quorum.offsetAt(progress.matchIndex) + 1,
        lastFetchMs: progress === undefined ? -1 : wallOf(progress.answeredAtMs),
        lastCaughtUpMs: progress === undefined ? -1 : wallOf(progress.caughtUpAtMs),
      };
    }),
    // A voter that is a broker too is told of once.
    observers: known.observers.filter(({ replica }) => !hasVoter(voters, replica)),
    nodes: known.nodes,
  };
}

import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { FollowerPartition } from '../partitions/follower-partition.ts';
import type { Peers } from '../peers/peers.ts';

/** Stands for the log start in ListOffsets. */
const EARLIEST = -2;
/** Flexible, and with a leader epoch in the question. */
const LIST_OFFSETS_VERSION = 6;

/** Asks a partition's leader where its log begins; `done` gets null when it does not tell now. */
export function askLeaderStart(
  peers: Pick<Peers, 'call'>,
  follower: FollowerPartition,
  done: (startOffset: number | null) => void,
): void {
  const { topicName: name, index, leader, leaderEpoch } = follower;
  const asked = { partitionIndex: index, currentLeaderEpoch: leaderEpoch, timestamp: EARLIEST };
  peers.call(leader, {
    key: ApiKey.ListOffsets,
    minVersion: LIST_OFFSETS_VERSION,
    body: () => ({ replicaId: -1, isolationLevel: 0, topics: [{ name, partitions: [asked] }] }),
    done: (outcome) => {
      const told = outcome.ok ? outcome.body.topics[0]?.partitions[0] : undefined;
      done(told?.errorCode === ErrorCode.NONE ? told.offset : null);
    },
  });
}

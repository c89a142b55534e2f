import { expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { FollowerReplica } from '../../../../broker/core/replica/follower.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';

const EMPTY = {
  ...{
    logStartOffset: 0,
    durableStartOffset: 0,
    logEndOffset: 0,
    writtenOffset: 0,
    durableOffset: 0,
    latestEpoch: -1,
    highWatermark: 0,
  },
  endOffsetForEpoch: () => ({ leaderEpoch: -1, endOffset: -1 }),
};
const REFUSED = {
  errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ...{ highWatermark: -1, logStartOffset: -1, records: null },
  divergingEpoch: { epoch: -1, endOffset: -1 },
};

test('a follower rests longer after each refusal, and briefly again under a new leader', () => {
  const state = { leaderEpoch: 1, durability: 'fsync', isCandidate: true } as const;
  const replica = new FollowerReplica({ ...state, crc32c, pauseMaxMs: () => 1000 });
  const rest = (): number => {
    const asked = replica.position(EMPTY);
    if (asked === null) throw new Error('it asks nothing');
    const [step] = replica.onAnswer(EMPTY, asked, REFUSED);
    replica.onPauseOver();
    return step?.kind === 'pause' ? step.pauseMs : -1;
  };
  expect([rest(), rest(), rest()]).toEqual([20, 40, 80]);
  replica.follow(2, 'fsync', true);
  expect(rest()).toBe(20);
});

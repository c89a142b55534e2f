import { expect, test } from '@jest/globals';
import type { Call, CallOutcome } from '../../../../broker/core/client/call.ts';
import type { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import type { WireKey } from '../../../../broker/core/protocol/messages.ts';
import { askLeaderStart } from '../../../../broker/server/replication/leader-start.ts';
import { LaneLab } from '../../../support/replication/lane-lab.ts';

type Outcome = CallOutcome<typeof ApiKey.ListOffsets>;

/** What a follower of broker 2 takes for the start of the leader's log when that answers this, and what it asked. */
function told(outcome: Outcome): { readonly asked: unknown; readonly startOffset: unknown } {
  let asked: unknown;
  let startOffset: unknown;
  const peers = {
    call: <K extends WireKey>(node: number, call: Call<K>): void => {
      asked = { node, body: call.body(6) };
      // It is the only one by its key.
      (call.done as unknown as (outcome: Outcome) => void)(outcome);
    },
  };
  askLeaderStart(peers, new LaneLab().follow('t', { epoch: 3 }), (offset) => {
    startOffset = offset;
  });
  return { asked, startOffset };
}

function answer(errorCode: number, offset: number): Outcome {
  const partition = { partitionIndex: 0, errorCode, oldStyleOffsets: [], timestamp: -1, offset, leaderEpoch: 3 };
  return { ok: true, version: 6, body: { throttleTimeMs: 0, topics: [{ name: 't', partitions: [partition] }] } };
}

test('a leader is asked for its earliest offset in the epoch that the follower knows', () => {
  const { asked, startOffset } = told(answer(ErrorCode.NONE, 17));
  const partitions = [{ partitionIndex: 0, currentLeaderEpoch: 3, timestamp: -2 }];
  expect(asked).toEqual({ node: 2, body: { replicaId: -1, isolationLevel: 0, topics: [{ name: 't', partitions }] } });
  expect(startOffset).toBe(17);
});

test('a leader that refuses, leaves the partition out or is gone tells nothing, whatever stands in its answer', () => {
  const outcomes: Outcome[] = [
    answer(ErrorCode.FENCED_LEADER_EPOCH, 17),
    { ok: true, version: 6, body: { throttleTimeMs: 0, topics: [] } },
    { ok: false, code: ErrorCode.NETWORK_EXCEPTION, reason: 'gone', sent: true },
  ];
  expect(outcomes.map((outcome) => told(outcome).startOffset)).toEqual([null, null, null]);
});

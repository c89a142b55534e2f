import { describe, expect, it } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import type { PartitionLog } from '../../../../broker/server/logs/partition-log.ts';
import { FollowerReads } from '../../../../broker/server/partitions/follower-reads.ts';
import { EPOCH, served, TOPIC_ID } from '../../../support/fetch-lab.ts';
import { HandLog, lead } from '../../../support/leader-lab.ts';
import { ELSEWHERE, ledElsewhere } from '../../../support/led-elsewhere.ts';
import { requestContext } from '../../../support/request-context.ts';

const NOBODY = { leaderId: -1, leaderEpoch: -1 };
const { NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH } = ErrorCode;

/** Broker 0, which does not lead jobs-0; `follows`: consumers may read it there all the same. */
function asked(options: { readonly follows?: boolean; readonly changes?: Parameters<typeof ledElsewhere>[1] } = {}) {
  const view = ledElsewhere(TOPIC_ID, options.changes);
  const { view: partition } = lead();
  const followed = { ...partition, leader: brokerId(1), leaderEpoch: 4 as typeof partition.leaderEpoch };
  // A fake of the port: what this test does not use of it is left out.
  const reads = new FollowerReads('jobs', () => followed, new HandLog() as unknown as PartitionLog);
  const lab = served([], 0, { view, isLed: false, ...(options.follows === true ? { followed: reads } : {}) });
  const consume = (
    parts: { readonly epoch?: number; readonly version?: number } & Parameters<typeof requestContext>[0] = {},
  ) => {
    const { epoch = -1, version = 18, ...context } = parts;
    const request = { follower: -1, leaderEpoch: epoch, maxWaitMs: 0 };
    return told(lab.ask(request, requestContext({ apiVersion: version, ...context })).response);
  };
  return { ...lab, consume };
}

function told(response: ReturnType<ReturnType<typeof served>['ask']>['response']) {
  const { errorCode, currentLeader } = response?.responses[0]?.partitions[0] ?? {};
  return { errorCode, currentLeader, nodeEndpoints: response?.nodeEndpoints };
}

describe('a consumer that asks a broker which does not lead', () => {
  it('is told at once who leads, in which epoch and where (KIP-951)', () => {
    const { consume } = asked();
    for (const version of [16, 17, 18])
      expect(consume({ version })).toEqual({ errorCode: NOT_LEADER_OR_FOLLOWER, ...ELSEWHERE });
  });

  it('is told the same when it has not heard of the present leader', () => {
    const { consume } = asked({ follows: true });
    expect(consume({ epoch: 3 })).toEqual({ errorCode: FENCED_LEADER_EPOCH, ...ELSEWHERE });
    const ahead = { errorCode: UNKNOWN_LEADER_EPOCH, currentLeader: NOBODY, nodeEndpoints: [] };
    expect(consume({ epoch: 5 })).toEqual(ahead);
    expect(consume({ epoch: 4 })).toMatchObject({ errorCode: ErrorCode.NONE, currentLeader: NOBODY });
  });

  it('gets the address under which it came in', () => {
    const { ask } = asked();
    const { nodeEndpoints } =
      ask({ epoch: EPOCH, leaderEpoch: 4 }, requestContext({ listener: 'brokers' })).response ?? {};
    expect(nodeEndpoints).toEqual([{ nodeId: 1, host: 'inner-1', port: 9093, rack: null }]);
  });

  it('is told nothing in versions that have no addresses', () => {
    const { consume } = asked();
    for (const version of [12, 13, 15])
      expect(consume({ version })).toEqual({
        errorCode: NOT_LEADER_OR_FOLLOWER,
        currentLeader: NOBODY,
        nodeEndpoints: [],
      });
  });

  it('is told the epoch while nobody leads', () => {
    const { consume } = asked({ changes: { leader: -1 } });
    const currentLeader = { leaderId: -1, leaderEpoch: 4 };
    expect(consume()).toEqual({ errorCode: NOT_LEADER_OR_FOLLOWER, currentLeader, nodeEndpoints: [] });
  });

  it('is told nothing of a topic that it may not read', () => {
    const { consume } = asked();
    const refused = { currentLeader: NOBODY, nodeEndpoints: [] };
    const allowed = (): boolean => false;
    expect(consume({ allowed })).toEqual({ errorCode: ErrorCode.UNKNOWN_TOPIC_ID, ...refused });
    expect(consume({ allowed, version: 12 })).toEqual({ errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, ...refused });
  });
});

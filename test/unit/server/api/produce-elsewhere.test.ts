import { describe, expect, it } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { row } from '../../../../broker/server/api/produce.ts';
import { LeadWaits } from '../../../../broker/server/partitions/lead-waits.ts';
import type { ReadablePartition } from '../../../../broker/server/partitions/partition.ts';
import { FakePartition, FakePartitions } from '../../../support/fake-partition.ts';
import { records } from '../../../support/leader-lab.ts';
import { ELSEWHERE, ledElsewhere } from '../../../support/led-elsewhere.ts';
import { requestContext } from '../../../support/request-context.ts';
import { VirtualLoop } from '../../../support/virtual-loop.ts';

const ID = 'jobsAAAAAAAAAAAAAAAAAA';
const [SELF, LEADER] = [brokerId(0), brokerId(1)];

/** Broker 0, which follows jobs-0; broker 1 leads it in epoch 4. */
function follower(
  options: { readonly isFollowed?: boolean; readonly changes?: Parameters<typeof ledElsewhere>[1] } = {},
) {
  const loop = new VirtualLoop();
  const view = ledElsewhere(ID, options.changes);
  const partitions = new FakePartitions();
  const reads = options.isFollowed === false ? null : ({} as unknown as ReadablePartition);
  Object.assign(partitions, { followed: () => reads });
  const metadata = { view };
  const leadWaits = new LeadWaits({ nodeId: SELF, clock: loop, timers: loop, metadata, partitions });
  const server = { metadata, partitions, leadWaits, ports: { timers: loop } };
  const produce = (apiVersion = 13, context: Parameters<typeof requestContext>[0] = {}) => {
    const asked: { response: ReturnType<typeof told> | null } = { response: null };
    const names = apiVersion >= 13 ? { name: '', topicId: ID } : { name: 'jobs', topicId: '' };
    const topicData = [{ ...names, partitionData: [{ index: 0, records: records('a') }] }];
    const request = { transactionalId: null, acks: -1, timeoutMs: 30_000, topicData };
    row.handle(server, request, requestContext({ apiKey: 0, apiVersion, ...context }), (response) => {
      asked.response = told(response);
    });
    loop.run();
    return asked;
  };
  const lead = (): FakePartition => {
    const partition = new FakePartition({ id: ID, name: 'jobs' }, 0, loop.post);
    partitions.lead(partition);
    loop.run();
    return partition;
  };
  const leave = (partition: FakePartition): void => {
    Object.assign(partitions, { byId: () => null });
    partition.resign();
    loop.run();
  };
  return { loop, produce, lead, leave };
}

function told(response: Parameters<Parameters<typeof row.handle>[3]>[0]) {
  const { errorCode, currentLeader, baseOffset } = response?.responses[0]?.partitionResponses[0] ?? {};
  return { errorCode, currentLeader, baseOffset, nodeEndpoints: response?.nodeEndpoints };
}

const REFUSED = { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, baseOffset: -1, ...ELSEWHERE };

describe('a producer that asks a broker which does not lead', () => {
  it('is told at once who leads, in which epoch and where (KIP-951)', () => {
    for (const options of [{ isFollowed: false }, { changes: { isr: [LEADER] } }]) {
      const { produce } = follower(options);
      expect(produce().response).toEqual(REFUSED);
      expect(produce(12).response).toEqual(REFUSED);
    }
  });

  it('is told nothing of a topic that it may not write', () => {
    const { produce } = follower({ isFollowed: false });
    const mayNot = { allowed: () => false };
    for (const version of [12, 13])
      expect(produce(version, mayNot).response).toMatchObject({
        errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
        currentLeader: { leaderId: -1, leaderEpoch: -1 },
      });
  });

  it('is served as soon as that broker leads, which the producer knew before it', () => {
    const { loop, produce, lead } = follower();
    const [first, second] = [produce(), produce(12)];
    loop.advance(99);
    expect([first.response, second.response]).toEqual([null, null]);
    lead();
    expect(first.response).toMatchObject({ errorCode: ErrorCode.NONE, baseOffset: 0 });
    expect(second.response).toMatchObject({ errorCode: ErrorCode.NONE, baseOffset: 1 });
    loop.advance(1_000);
    expect(first.response).toMatchObject({ errorCode: ErrorCode.NONE });
  });

  it('is not sent away by a broker that knows that it leads and is about to begin', () => {
    const { loop, produce, lead } = follower({ isFollowed: false, changes: { leader: SELF } });
    const asked = produce();
    loop.advance(99);
    expect(asked.response).toBeNull();
    lead();
    expect(asked.response).toMatchObject({ errorCode: ErrorCode.NONE, baseOffset: 0 });
  });

  it('is refused after a tenth of a second in which the broker did not come to lead', () => {
    const { loop, produce, lead } = follower();
    const asked = produce();
    loop.advance(100);
    expect(asked.response).toEqual(REFUSED);
    expect(lead().logEndOffset).toBe(0);
  });

  it('is refused at once by who led a moment ago', () => {
    const { loop, produce, lead, leave } = follower();
    leave(lead());
    expect(produce().response).toEqual(REFUSED);
    loop.advance(10_000);
    expect(produce().response).toBeNull();
  });
});

import { describe, expect, it } from '@jest/globals';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { idOf, metadataOf } from '../../../support/client-harness.ts';
import {
  ACCEPT,
  RELEASE,
  RENEW,
  TOPIC,
  HEARTBEAT_MS,
  start,
  beat,
  joined,
  batchOf,
  fetched,
  acknowledged,
  acknowledge,
  acksOf,
} from '../../../support/share-harness.ts';

describe('a member of a share group', () => {
  it('joins, opens a session with all its partitions and hands out what it acquired', () => {
    const harness = joined({}, [0, 1]);
    const asked = harness.next(ApiKey.ShareFetch);
    expect(asked.body).toMatchObject({
      groupId: 'g',
      memberId: 'm',
      shareSessionEpoch: 0,
      maxRecords: 100,
      maxWaitMs: 500,
      shareAcquireMode: 1,
    });
    expect(asked.body.topics[0]?.partitions.map((one) => one.partitionIndex)).toEqual([0, 1]);
    fetched(harness, asked, [{ records: batchOf(5, 3), acquired: [[6, 7, 2]] }]);
    expect(harness.told('assigned')).toEqual([{ kind: 'assigned', partitions: ['t-0', 't-1'] }]);
    expect(
      harness
        .told('records')
        .flatMap((event) =>
          event.records.map((one) => [one.topic, one.partition, one.offset, String(one.value), one.deliveryCount]),
        ),
    ).toEqual([
      ['t', 0, 6, 'v6', 2],
      ['t', 0, 7, 'v7', 2],
    ]);
  });

  it('acknowledges in ranges with the next epoch of the session, and fetches again only then', () => {
    const harness = joined();
    fetched(harness, harness.next(ApiKey.ShareFetch), [{ records: batchOf(0, 4), acquired: [[0, 3, 1]] }]);
    expect(harness.pending).toEqual([]);
    acknowledge(harness, 0);
    const first = harness.next(ApiKey.ShareAcknowledge);
    expect(first.body.shareSessionEpoch).toBe(1);
    for (const [offset, type] of [
      [1, ACCEPT],
      [2, ACCEPT],
      [3, RELEASE],
    ] as const)
      acknowledge(harness, offset, type);
    acknowledged(harness, first);
    const second = harness.next(ApiKey.ShareAcknowledge);
    expect(second.body.shareSessionEpoch).toBe(2);
    expect(acksOf(second)).toEqual([
      {
        partition: 0,
        batches: [
          [1, 2, ACCEPT],
          [3, 3, RELEASE],
        ],
      },
    ]);
    acknowledged(harness, second);
    expect(harness.told('settled').map(({ offset, type, code }) => [offset, type, code])).toEqual([
      [0, 1, 0],
      [1, 1, 0],
      [2, 1, 0],
      [3, 2, 0],
    ]);
    expect(harness.next(ApiKey.ShareFetch).body).toMatchObject({ shareSessionEpoch: 3, topics: [] });
  });

  it('says gap for offsets that hold no record', () => {
    const harness = joined();
    fetched(harness, harness.next(ApiKey.ShareFetch), [{ records: batchOf(4, 1), acquired: [[2, 5, 1]] }]);
    const asked = harness.next(ApiKey.ShareAcknowledge);
    expect(acksOf(asked)).toEqual([
      {
        partition: 0,
        batches: [
          [2, 3, 0],
          [5, 5, 0],
        ],
      },
    ]);
    acknowledged(harness, asked);
    expect(harness.told('settled')).toEqual([]);
  });

  it('gives records back that it cannot read', () => {
    const harness = joined();
    const broken = batchOf(0, 1);
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
    fetched(harness, harness.next(ApiKey.ShareFetch), [{ records: broken, acquired: [[0, 0, 1]] }]);
    expect(acksOf(harness.next(ApiKey.ShareAcknowledge))).toEqual([{ partition: 0, batches: [[0, 0, RELEASE]] }]);
    expect(harness.told('trouble')).toMatchObject([{ code: ErrorCode.CORRUPT_MESSAGE }]);
  });

  it('decompresses outside before it hands out', () => {
    const harness = joined();
    const batch = Buffer.from(batchOf(0, 1));
    const plain = Buffer.from(batch.subarray(61));
    batch.writeUInt16BE(4, 21);
    batch.writeUInt32BE(crc32c(batch, 21, batch.length), 17);
    fetched(harness, harness.next(ApiKey.ShareFetch), [{ records: batch, acquired: [[0, 0, 1]] }]);
    expect(harness.told('records')).toEqual([]);
    expect(harness.pending).toEqual([]);
    harness.step({ kind: 'decompressed', jobId: 1, bytes: plain });
    expect(harness.told('records')[0]?.records.map((one) => String(one.value))).toEqual(['v0']);
  });

  it('holds no more than it wants and hands out no more than its limit', () => {
    const harness = joined({ want: 2, limit: 3 });
    const first = harness.next(ApiKey.ShareFetch);
    expect(first.body.maxRecords).toBe(2);
    fetched(harness, first, [{ records: batchOf(0, 2), acquired: [[0, 1, 1]] }]);
    acknowledge(harness, 0);
    const ack = harness.next(ApiKey.ShareAcknowledge);
    acknowledge(harness, 1);
    acknowledged(harness, ack);
    acknowledged(harness, harness.next(ApiKey.ShareAcknowledge));
    const second = harness.next(ApiKey.ShareFetch);
    expect(second.body.maxRecords).toBe(1);
    fetched(harness, second, [{ records: batchOf(2, 1), acquired: [[2, 2, 1]] }]);
    acknowledge(harness, 2);
    acknowledged(harness, harness.next(ApiKey.ShareAcknowledge));
    expect(harness.pending).toEqual([]);
    harness.step({ kind: 'more', count: 1 });
    expect(harness.next(ApiKey.ShareFetch).body.maxRecords).toBe(1);
  });

  it.each([0, 1, 2, 3])(
    'asks each leader in its turn when it wants but one more record, with %i steps between',
    (steps) => {
      const harness = joined({ limit: 1 }, [0, 1], [0, 1]);
      const asked: (number | undefined)[] = [];
      for (let round = 0; round < 6; round += 1) {
        if (harness.dials.length > 0) harness.connect();
        const fetch = harness.next(ApiKey.ShareFetch);
        asked.push(fetch.connectionId);
        for (let step = 0; step < steps; step += 1) harness.step({ kind: 'wake' });
        fetched(harness, fetch);
      }
      expect(asked).toEqual([1, 2, 1, 2, 1, 2]);
    },
  );

  it('has a session with each leader', () => {
    const harness = joined({}, [0, 1], [0, 1]);
    expect(harness.next(ApiKey.ShareFetch).body.topics[0]?.partitions.map((one) => one.partitionIndex)).toEqual([0]);
    harness.connect();
    const other = harness.next(ApiKey.ShareFetch);
    expect(other.connectionId).toBe(2);
    expect(other.body.topics[0]?.partitions.map((one) => one.partitionIndex)).toEqual([1]);
  });

  it('follows a partition to its new leader and forgets it at the old one', () => {
    const harness = joined({}, [0, 1]);
    fetched(harness, harness.next(ApiKey.ShareFetch), [{ partition: 1, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER }]);
    const next = harness.next(ApiKey.ShareFetch);
    expect(next.body.forgottenTopicsData).toEqual([{ topicId: TOPIC, partitions: [1] }]);
    // Answers come in the order of requests: the fetch under way ends before the leader is known.
    harness.nowMs += 200;
    harness.step({ kind: 'wake' });
    fetched(harness, next);
    harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [0, 1] }));
    harness.nowMs += 500;
    fetched(harness, harness.next(ApiKey.ShareFetch));
    expect(harness.next(ApiKey.ShareFetch).connectionId).toBe(1);
    harness.connect();
    expect(harness.next(ApiKey.ShareFetch).body).toMatchObject({
      shareSessionEpoch: 0,
      topics: [{ partitions: [{ partitionIndex: 1 }] }],
    });
  });

  it('opens the session anew when the broker lost it; what was acknowledged through the old one is not', () => {
    const harness = joined();
    fetched(harness, harness.next(ApiKey.ShareFetch), [{ records: batchOf(0, 1), acquired: [[0, 0, 1]] }]);
    acknowledge(harness, 0);
    harness.reply(harness.next(ApiKey.ShareAcknowledge), {
      errorCode: ErrorCode.SHARE_SESSION_NOT_FOUND,
      responses: [],
      nodeEndpoints: [],
      throttleTimeMs: 0,
    });
    expect(harness.told('settled')).toMatchObject([
      { offset: 0, code: ErrorCode.SHARE_SESSION_NOT_FOUND, certain: true },
    ]);
    expect(harness.next(ApiKey.ShareFetch).body).toMatchObject({
      shareSessionEpoch: 0,
      topics: [{ partitions: [{ partitionIndex: 0, acknowledgementBatches: [] }] }],
    });
  });

  it.each([
    [ErrorCode.INVALID_RECORD_STATE, true],
    [ErrorCode.NOT_LEADER_OR_FOLLOWER, false],
    [ErrorCode.COORDINATOR_NOT_AVAILABLE, false],
    [ErrorCode.UNKNOWN_SERVER_ERROR, false],
  ])('knows what error %i says about an acknowledgement: certainly not taken is %p', (code, certain) => {
    const harness = joined();
    fetched(harness, harness.next(ApiKey.ShareFetch), [{ records: batchOf(0, 1), acquired: [[0, 0, 1]] }]);
    acknowledge(harness, 0);
    acknowledged(harness, harness.next(ApiKey.ShareAcknowledge), code);
    expect(harness.told('settled')).toMatchObject([{ offset: 0, code, certain }]);
  });

  it('does not know what became of an acknowledgement whose answer was lost', () => {
    const harness = joined();
    fetched(harness, harness.next(ApiKey.ShareFetch), [{ records: batchOf(0, 2), acquired: [[0, 1, 1]] }]);
    acknowledge(harness, 0);
    harness.step({ kind: 'closed', connectionId: 1, reason: 'ECONNRESET' });
    expect(harness.told('settled')).toMatchObject([{ offset: 0, code: ErrorCode.NETWORK_EXCEPTION, certain: false }]);
    acknowledge(harness, 1);
    expect(harness.told('settled')[1]).toMatchObject({
      offset: 1,
      code: ErrorCode.INVALID_RECORD_STATE,
      certain: true,
    });
  });

  it('goes on holding what it renewed, and nothing else; it fetches meanwhile from nobody who gave it that', () => {
    const harness = joined();
    fetched(harness, harness.next(ApiKey.ShareFetch), [{ records: batchOf(0, 2), acquired: [[0, 1, 1]] }]);
    acknowledge(harness, 0, RENEW);
    const renewal = harness.next(ApiKey.ShareAcknowledge);
    expect(renewal.body.isRenewAck).toBe(true);
    expect(acksOf(renewal)).toEqual([{ partition: 0, batches: [[0, 0, RENEW]] }]);
    acknowledge(harness, 1, ACCEPT);
    acknowledged(harness, renewal);
    const accepted = harness.next(ApiKey.ShareAcknowledge);
    expect(accepted.body.isRenewAck ?? false).toBe(false);
    acknowledged(harness, accepted);
    expect(harness.pending).toEqual([]);
    acknowledge(harness, 0, RENEW);
    acknowledged(harness, harness.next(ApiKey.ShareAcknowledge), ErrorCode.INVALID_RECORD_STATE);
    acknowledge(harness, 0, ACCEPT);
    expect(harness.told('settled').map(({ offset, type, code }) => [offset, type, code])).toEqual([
      [0, RENEW, ErrorCode.NONE],
      [1, ACCEPT, ErrorCode.NONE],
      [0, RENEW, ErrorCode.INVALID_RECORD_STATE],
      [0, ACCEPT, ErrorCode.INVALID_RECORD_STATE],
    ]);
    expect(harness.next(ApiKey.ShareFetch).body.shareSessionEpoch).toBe(4);
  });

  it('ends where renewals are not known', () => {
    const harness = joined({}, [0], [0], new Map([[ApiKey.ShareAcknowledge, { min: 1, max: 1 }]]));
    fetched(harness, harness.next(ApiKey.ShareFetch), [{ records: batchOf(0, 1), acquired: [[0, 0, 1]] }]);
    acknowledge(harness, 0, RENEW);
    expect(harness.told('fatal')).toMatchObject([{ code: ErrorCode.UNSUPPORTED_VERSION }]);
  });

  it('refuses to acknowledge what it does not hold, or twice', () => {
    const harness = joined();
    acknowledge(harness, 9);
    fetched(harness, harness.next(ApiKey.ShareFetch), [{ records: batchOf(0, 1), acquired: [[0, 0, 1]] }]);
    acknowledge(harness, 0);
    acknowledge(harness, 0);
    expect(harness.told('settled')).toMatchObject([
      { offset: 9, code: ErrorCode.INVALID_RECORD_STATE },
      { offset: 0, code: ErrorCode.INVALID_RECORD_STATE },
    ]);
  });

  it('beats at the interval that it was told, sooner while nothing is assigned', () => {
    const harness = joined({}, []);
    expect(harness.wake()).toBe(200);
    beat(harness, [0]);
    expect(harness.pending).toEqual([ApiKey.ShareFetch]);
    fetched(harness, harness.next(ApiKey.ShareFetch));
    const beganMs = harness.nowMs;
    while (harness.pending[0] !== ApiKey.ShareGroupHeartbeat) {
      if (harness.pending[0] === ApiKey.ShareFetch) harness.next(ApiKey.ShareFetch);
      harness.wake();
    }
    expect(harness.nowMs - beganMs).toBe(HEARTBEAT_MS);
  });

  it.each([ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.FENCED_MEMBER_EPOCH])(
    'joins again at epoch 0 after error %d',
    (errorCode) => {
      const harness = joined({}, []);
      harness.wake();
      harness.reply(harness.next(ApiKey.ShareGroupHeartbeat), {
        errorCode,
        memberEpoch: 0,
        heartbeatIntervalMs: 0,
        throttleTimeMs: 0,
      });
      harness.wake();
      expect(harness.next(ApiKey.ShareGroupHeartbeat).body).toMatchObject({
        memberEpoch: 0,
        subscribedTopicNames: ['t'],
      });
    },
  );

  it('asks for an assigned topic that it does not know until it is told', () => {
    const harness = joined({}, []);
    harness.wake();
    harness.reply(harness.next(ApiKey.ShareGroupHeartbeat), {
      errorCode: 0,
      memberId: 'm',
      memberEpoch: 2,
      heartbeatIntervalMs: HEARTBEAT_MS,
      assignment: { topicPartitions: [{ topicId: idOf('new'), partitions: [0] }] },
      throttleTimeMs: 0,
    });
    while (harness.pending[0] !== ApiKey.Metadata) harness.wake();
    const { connectionId } = harness.next(ApiKey.Metadata);
    harness.step({ kind: 'closed', connectionId, reason: 'ECONNRESET' });
    while (harness.dials.length === 0) harness.wake();
    harness.connect();
    harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [0], new: [0] }));
    expect(harness.told('assigned').at(-1)).toMatchObject({ partitions: ['new-0'] });
  });

  it('asks for its assignment again when the answer to a heartbeat was lost', () => {
    const harness = joined({}, []);
    harness.wake();
    const { connectionId } = harness.next(ApiKey.ShareGroupHeartbeat);
    harness.step({ kind: 'closed', connectionId, reason: 'ECONNRESET' });
    while (harness.dials.length === 0) harness.wake();
    harness.connect();
    harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [0, 0] }));
    harness.reply(harness.next(ApiKey.FindCoordinator), { errorCode: 0, nodeId: 0, host: 'b', port: 1 });
    const asked = harness.next(ApiKey.ShareGroupHeartbeat);
    expect(asked.body).toMatchObject({ memberEpoch: 1, subscribedTopicNames: ['t'] });
  });

  it('looks for the coordinator again when it moved', () => {
    const harness = joined({}, []);
    harness.wake();
    harness.reply(harness.next(ApiKey.ShareGroupHeartbeat), {
      errorCode: ErrorCode.NOT_COORDINATOR,
      memberEpoch: 0,
      heartbeatIntervalMs: 0,
      throttleTimeMs: 0,
    });
    while (harness.pending.length === 0) harness.wake();
    harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [0, 0] }));
    expect(harness.pending).toEqual([ApiKey.FindCoordinator]);
  });

  it('gives up when the group cannot be joined at all', () => {
    const harness = start();
    harness.connect();
    harness.reply(harness.next(ApiKey.Metadata), metadataOf({ t: [0] }));
    harness.reply(harness.next(ApiKey.FindCoordinator), { errorCode: 0, nodeId: 0, host: 'b', port: 1 });
    harness.reply(harness.next(ApiKey.ShareGroupHeartbeat), {
      errorCode: ErrorCode.GROUP_ID_NOT_FOUND,
      errorMessage: 'not a share group',
      memberEpoch: 0,
      heartbeatIntervalMs: 0,
      throttleTimeMs: 0,
    });
    expect(harness.told('fatal')).toEqual([
      { kind: 'fatal', code: ErrorCode.GROUP_ID_NOT_FOUND, reason: 'not a share group' },
    ]);
    harness.step({ kind: 'close' });
    expect(harness.events.at(-1)).toEqual({ kind: 'closed' });
  });

  it('gives back what it holds when it is closed, ends the session, then leaves', () => {
    const harness = joined();
    fetched(harness, harness.next(ApiKey.ShareFetch), [{ records: batchOf(0, 2), acquired: [[0, 1, 1]] }]);
    harness.step({ kind: 'close' });
    const last = harness.next(ApiKey.ShareAcknowledge);
    expect(last.body.shareSessionEpoch).toBe(-1);
    expect(acksOf(last)).toEqual([{ partition: 0, batches: [[0, 1, RELEASE]] }]);
    expect(harness.pending).toEqual([]);
    acknowledged(harness, last);
    const leave = harness.next(ApiKey.ShareGroupHeartbeat);
    expect(leave.body.memberEpoch).toBe(-1);
    harness.reply(leave, { errorCode: 0, memberEpoch: -1, heartbeatIntervalMs: 0, throttleTimeMs: 0 });
    expect(harness.events.at(-1)).toEqual({ kind: 'closed' });
    expect(harness.closed).toEqual([1]);
  });

  it('ends in time even when nobody answers', () => {
    const harness = joined();
    harness.step({ kind: 'close' });
    harness.nowMs += 1_000;
    harness.step({ kind: 'wake' });
    expect(harness.events.at(-1)).toEqual({ kind: 'closed' });
  });
});

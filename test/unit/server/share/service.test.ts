import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { acquired, errors, ShareNode, verdictsOf } from './bench.ts';

const ACCEPT = 1;
const RELEASE = 2;
const RENEW = 4;

describe('a share fetch', () => {
  test('gives what is there at once', () => {
    const node = new ShareNode();
    node.produce(3);
    const timersBefore = node.loop.timerCount;
    const pending = node.member('a').fetch();
    expect(acquired(pending)).toEqual(['0:0-2 x1']);
    expect(pending.answer?.acquisitionLockTimeoutMs).toBe(30_000);
    expect(node.loop.timerCount - timersBefore).toBe(1);
  });

  test('waits for records and gives them as soon as they are committed', () => {
    const node = new ShareNode();
    const pending = node.member('a').fetch();
    expect(acquired(pending)).toBeNull();
    node.log().hold = true;
    node.produce(2);
    expect(acquired(pending)).toBeNull();
    node.log().commit();
    node.loop.run();
    expect(acquired(pending)).toEqual(['0:0-1 x1']);
  });

  test('comes back empty after MaxWaitMs, and reads nothing meanwhile', () => {
    const node = new ShareNode();
    const pending = node.member('a').fetch({ maxWaitMs: 500 });
    node.loop.advance(499);
    expect(pending.answer).toBeNull();
    node.loop.advance(1);
    expect(acquired(pending)).toEqual([]);
    expect(node.log().readCount).toBe(0);
  });

  test('waits for MinBytes, but gives what there is when its time is over', () => {
    const node = new ShareNode();
    node.produce(1);
    const pending = node.member('a').fetch({ minBytes: 10_000 });
    expect(pending.answer).toBeNull();
    node.loop.advance(500);
    expect(acquired(pending)).toEqual(['0:0-0 x1']);
  });

  test('is woken by another that has read what both waited for, and took its part', () => {
    const node = new ShareNode();
    node.log().slowReads = true;
    const first = node.member('a').fetch();
    const second = node.member('b').fetch();
    node.log().hold = true;
    for (let count = 0; count < 4; count += 1) node.produce(1);
    node.log().commit();
    node.loop.run();
    expect([acquired(first), acquired(second)]).toEqual([['0:0-1 x1'], ['0:2-3 x1']]);
  });

  test('is woken by a release of another member', () => {
    const node = new ShareNode();
    node.produce(2);
    const a = node.member('a');
    const b = node.member('b');
    a.fetch();
    const pending = b.fetch();
    expect(pending.answer).toBeNull();
    a.acknowledge({ 0: [[1, 1, RELEASE]] });
    expect(acquired(pending)).toEqual(['0:1-1 x2']);
  });

  test('is woken by the end of a lock', () => {
    const node = new ShareNode();
    node.produce(2);
    node.member('a').fetch();
    const pending = node.member('b').fetch({ maxWaitMs: 60_000 });
    node.loop.advance(29_999);
    expect(pending.answer).toBeNull();
    node.loop.advance(1);
    expect(acquired(pending)).toEqual(['0:0-1 x2']);
    expect(node.share.partitions.stats).toEqual({ acquiredRecords: 4, expiredRecords: 2 });
  });

  test('is woken by room: acknowledging at the lock limit lets others fetch', () => {
    const node = new ShareNode();
    node.metadata.groupConfigs.set('g', new Map([['share.partition.max.record.locks', '100']]));
    for (let count = 0; count < 3; count += 1) node.produce(100);
    const a = node.member('a');
    a.fetch();
    const pending = node.member('b').fetch();
    expect(pending.answer).toBeNull();
    a.acknowledge({ 0: [[0, 99, ACCEPT]] });
    expect(acquired(pending)).toEqual(['0:100-199 x1']);
  });

  test('gives waiting members one after the other what there is, oldest first', () => {
    const node = new ShareNode();
    const [first, second] = [node.member('a').fetch(), node.member('b').fetch()];
    node.produce(1);
    expect([acquired(first), acquired(second)]).toEqual([['0:0-0 x1'], null]);
    node.produce(1);
    expect(acquired(second)).toEqual(['0:1-1 x1']);
  });

  test('takes an equal part of what is there while others wait, so that nobody starves', () => {
    const node = new ShareNode();
    const pending = ['a', 'b', 'c'].map((id) => node.member(id).fetch());
    node.log().hold = true;
    for (let count = 0; count < 8; count += 1) node.produce(1);
    node.log().commit();
    node.loop.run();
    expect(pending.map((one) => acquired(one))).toEqual([['0:0-2 x1'], ['0:3-5 x1'], ['0:6-7 x1']]);
  });

  test('takes its part of what is there rounded up to a batch, strictly when it asks for that', () => {
    const node = new ShareNode();
    const whole = [node.member('a').fetch(), node.member('b').fetch()];
    const strict = [node.member('c').fetch({ shareAcquireMode: 1 }), node.member('d').fetch({ shareAcquireMode: 1 })];
    node.log().hold = true;
    for (let count = 0; count < 3; count += 1) node.produce(4);
    node.log().commit();
    node.loop.run();
    expect(whole.map((one) => acquired(one))).toEqual([['0:0-3 x1'], ['0:4-7 x1']]);
    expect(strict.map((one) => acquired(one))).toEqual([['0:8-9 x1'], ['0:10-11 x1']]);
  });

  test('takes its part of what came back and of the record locks that are left', () => {
    const node = new ShareNode();
    node.metadata.groupConfigs.set('g', new Map([['share.partition.max.record.locks', '100']]));
    for (let count = 0; count < 120; count += 1) node.produce(1);
    const a = node.member('a');
    a.fetch();
    const pending = [node.member('b').fetch(), node.member('c').fetch()];
    a.acknowledge({
      0: [
        [0, 9, ACCEPT],
        [50, 53, RELEASE],
      ],
    });
    expect(pending.map((one) => acquired(one))).toEqual([['0:50-53 x2', '0:100-102 x1'], ['0:103-109 x1']]);
  });

  test('takes no more than its part of the record locks though nobody waits: others work, and will come back', () => {
    const node = new ShareNode();
    node.metadata.groupConfigs.set('g', new Map([['share.partition.max.record.locks', '400']]));
    for (let count = 0; count < 20; count += 1) node.produce(30);
    const members = ['a', 'b', 'c', 'd'].map((id) => node.member(id));
    const firsts = members.map((member) => acquired(member.fetch({ maxRecords: 30 })));
    expect(firsts).toEqual([['0:0-29 x1'], ['0:30-59 x1'], ['0:60-89 x1'], ['0:90-119 x1']]);
    // A fifth of 400 records, in whole batches; strictly, when it asks for that.
    expect(acquired(members[0]?.fetch() ?? { answer: null })).toEqual(['0:120-179 x1']);
    expect(acquired(members[1]?.fetch({ shareAcquireMode: 1 }) ?? { answer: null })).toEqual(['0:180-259 x1']);
  });

  test('takes a whole batch though it is more than its part of the record locks', () => {
    const node = new ShareNode();
    node.metadata.groupConfigs.set('g', new Map([['share.partition.max.record.locks', '100']]));
    const [a, b] = [node.member('a'), node.member('b')];
    node.produce(1);
    expect(acquired(a.fetch())).toEqual(['0:0-0 x1']);
    b.fetch({ maxWaitMs: 0 });
    node.produce(60);
    expect(acquired(b.fetch())).toEqual(['0:1-60 x1']);
  });

  test('reads for a share-partition one at a time: no record goes out twice however slow the disk is', () => {
    const node = new ShareNode();
    node.produce(2);
    node.log().slowReads = true;
    const pending = ['a', 'b', 'c'].map((id) => node.member(id).fetch());
    node.loop.run();
    expect(pending.map((one) => acquired(one))).toEqual([['0:0-1 x1'], null, null]);
    node.produce(2);
    expect(pending.map((one) => acquired(one))).toEqual([['0:0-1 x1'], ['0:2-3 x1'], null]);
  });

  test('KAFKA-18936: gives a batch larger than MaxBytes', () => {
    const node = new ShareNode();
    node.produce(1, 0, 10_000);
    expect(acquired(node.member('a').fetch({ maxBytes: 1 }))).toEqual(['0:0-0 x1']);
  });

  test('gives whole batches around what was acquired, and no others', () => {
    const node = new ShareNode();
    for (let count = 0; count < 4; count += 1) node.produce(2);
    const a = node.member('a');
    a.fetch({ maxRecords: 6 });
    a.acknowledge({ 0: [[3, 4, RELEASE]] });
    const pending = node.member('b').fetch({ maxRecords: 2 });
    expect(acquired(pending)).toEqual(['0:3-4 x2']);
    const chunks = pending.answer?.responses[0]?.partitions[0]?.records;
    expect(Array.isArray(chunks) ? chunks.length : -1).toBe(2);
  });

  test('takes MaxRecords over all partitions and begins with another one next time', () => {
    const node = new ShareNode();
    for (const index of [0, 1]) for (let count = 0; count < 4; count += 1) node.produce(2, index);
    const a = node.member('a');
    expect(acquired(a.fetch({ partitions: [0, 1], maxRecords: 4 }))).toEqual(['1:0-3 x1']);
    expect(acquired(a.fetch({ maxRecords: 4 }))).toEqual(['0:0-3 x1']);
  });

  test('with acquire mode record_limit gives no record more than asked for', () => {
    const node = new ShareNode();
    node.produce(10);
    expect(acquired(node.member('a').fetch({ shareAcquireMode: 1, maxRecords: 3 }))).toEqual(['0:0-2 x1']);
  });

  test('gives nothing without a lease (S0)', () => {
    const node = new ShareNode();
    node.produce(2);
    node.lease = false;
    const pending = node.member('a').fetch({ maxWaitMs: 100 });
    node.loop.advance(100);
    expect(acquired(pending)).toEqual([]);
  });

  test('KAFKA-19389: leaves nothing behind when it is done', () => {
    const node = new ShareNode();
    const member = node.member('a');
    const timersBefore = node.loop.timerCount;
    for (let round = 0; round < 5; round += 1) {
      member.fetch();
      node.loop.advance(500);
    }
    expect(node.loop.timerCount).toBe(timersBefore);
    expect(node.share.partitions.ofGroup('g').map(({ waiters }) => waiters.size)).toEqual([0]);
  });
});

describe('acknowledging', () => {
  test('with a fetch answers both', () => {
    const node = new ShareNode();
    node.produce(2);
    const a = node.member('a');
    a.fetch();
    const pending = a.fetch({ verdicts: { 0: [[0, 1, ACCEPT]] } });
    expect(pending.answer).toBeNull();
    node.produce(1);
    expect(acquired(pending)).toEqual(['0:2-2 x1']);
    expect(errors(pending)).toEqual([[0, 0, 0]]);
    expect(node.remembered()).toContain('start 2');
  });

  test('is answered only when the share state is committed (S0)', () => {
    const node = new ShareNode();
    node.produce(2);
    const a = node.member('a');
    a.fetch();
    node.stateLog.hold = true;
    const pending = a.acknowledge({ 0: [[0, 1, ACCEPT]] });
    expect(pending.answer).toBeNull();
    node.stateLog.commit();
    node.loop.run();
    expect(verdictsOf(pending)).toEqual([0]);
  });

  test('of many at a time makes one write of the ones that wait', () => {
    const node = new ShareNode();
    node.produce(10);
    const members = ['a', 'b', 'c', 'd'].map((id) => node.member(id));
    members.forEach((member) => member.fetch({ shareAcquireMode: 1, maxRecords: 2 }));
    node.stateLog.hold = true;
    const before = node.stateLog.logEndOffset;
    const pending = members.map((member, index) => member.acknowledge({ 0: [[index * 2, index * 2 + 1, ACCEPT]] }));
    expect(node.stateLog.logEndOffset).toBe(before + 1);
    node.stateLog.hold = false;
    node.stateLog.commit();
    node.loop.run();
    expect(pending.map((one) => verdictsOf(one))).toEqual([[0], [0], [0], [0]]);
    expect(node.stateLog.logEndOffset).toBe(before + 2);
    expect(node.remembered()).toContain('start 8');
  });

  test('on the first fetch of a session is refused (KAFKA-18198)', () => {
    const node = new ShareNode();
    const a = node.member('a');
    const pending = a.fetch({ verdicts: { 0: [[0, 0, ACCEPT]] } });
    expect(pending.answer?.errorCode).toBe(ErrorCode.INVALID_REQUEST);
    expect(node.share.sessions.count).toBe(0);
  });

  test('of a share-partition that is not in memory is refused', () => {
    const node = new ShareNode();
    node.produce(1);
    const a = node.member('a');
    a.fetch();
    expect(verdictsOf(a.acknowledge({ 1: [[0, 0, ACCEPT]], 0: [[0, 0, ACCEPT]] }))).toEqual([
      0,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ]);
  });

  test('in bad form is refused for its partition only', () => {
    const node = new ShareNode();
    node.produce(2);
    node.produce(2, 1);
    const a = node.member('a');
    a.fetch({ partitions: [0, 1] });
    expect(verdictsOf(a.acknowledge({ 0: [[1, 0, ACCEPT]], 1: [[0, 1, ACCEPT]] }))).toEqual([
      ErrorCode.INVALID_REQUEST,
      0,
    ]);
  });

  test('renews when the request says so, without fetching', () => {
    const node = new ShareNode();
    node.produce(2);
    node.produce(2, 1);
    const a = node.member('a');
    a.fetch();
    node.loop.advance(20_000);
    const renewal = { isRenewAck: true, maxBytes: 0, minBytes: 0, maxRecords: 0, maxWaitMs: 0 };
    const pending = a.fetch({ ...renewal, verdicts: { 0: [[0, 1, RENEW]] }, partitions: [1] });
    expect([acquired(pending), errors(pending)]).toEqual([[], [[0, 0, 0]]]);
    node.loop.advance(20_000);
    expect(verdictsOf(a.acknowledge({ 0: [[0, 1, ACCEPT]] }))).toEqual([0]);
    expect(acquired(a.fetch())).toEqual(['1:0-1 x1']);
  });

  test('that renews and fetches in one request is refused', () => {
    const node = new ShareNode();
    const a = node.member('a');
    expect(a.fetch({ isRenewAck: true }).answer?.errorCode).toBe(ErrorCode.INVALID_REQUEST);
  });

  test('that renews without saying so is refused', () => {
    const node = new ShareNode();
    node.produce(1);
    const a = node.member('a');
    a.fetch();
    expect(verdictsOf(a.acknowledge({ 0: [[0, 0, RENEW]] }))).toEqual([ErrorCode.INVALID_REQUEST]);
    expect(verdictsOf(a.acknowledge({ 0: [[0, 0, RENEW]] }, { isRenewAck: true }))).toEqual([0]);
  });
});

describe('errors of partitions', () => {
  test('an unknown topic id', () => {
    const node = new ShareNode();
    const a = node.member('a');
    const topics = [
      {
        topicId: 'AAAAAAAAAAAAAAAAAAAAZg',
        partitions: [{ partitionIndex: 0, partitionMaxBytes: 0, acknowledgementBatches: [] }],
      },
    ];
    expect(errors(a.fetch({ topics }))).toEqual([[0, ErrorCode.UNKNOWN_TOPIC_ID, 0]]);
  });

  test('an unknown partition', () => {
    expect(errors(new ShareNode().member('a').fetch({ partitions: [7] }))).toEqual([
      [7, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 0],
    ]);
  });

  test('a partition without share state', () => {
    const node = new ShareNode();
    const pending = node.member('a').fetch({ groupId: 'other' });
    expect(errors(pending)).toEqual([[0, ErrorCode.UNKNOWN_SERVER_ERROR, 0]]);
    expect(node.share.partitions.count).toBe(0);
  });

  test('a topic or group that the member may not read', () => {
    const node = new ShareNode();
    const a = node.member('a');
    a.denied = (name) => name === 'jobs';
    expect(errors(a.fetch())).toEqual([[0, ErrorCode.TOPIC_AUTHORIZATION_FAILED, 0]]);
    a.denied = (name) => name === 'g';
    expect(a.fetch().answer?.errorCode).toBe(ErrorCode.GROUP_AUTHORIZATION_FAILED);
  });

  test('a lost leadership tells who leads now, to waiting fetches too', () => {
    const node = new ShareNode();
    node.produce(1);
    const a = node.member('a');
    a.fetch();
    const b = node.member('b');
    const pending = b.fetch();
    node.log().resign();
    node.loop.run();
    expect(errors(pending)).toEqual([[0, ErrorCode.NOT_LEADER_OR_FOLLOWER, 0]]);
    const answer = a.acknowledge({ 0: [[0, 0, ACCEPT]] }).answer;
    expect(answer?.responses[0]?.partitions[0]).toMatchObject({
      errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER,
      currentLeader: { leaderId: 0, leaderEpoch: 0 },
    });
    expect(answer?.nodeEndpoints).toEqual([{ nodeId: 0, host: '127.0.0.1', port: 9092, rack: null }]);
    expect(node.share.partitions.count).toBe(0);
  });

  test('KAFKA-19198: a topic that was deleted under a waiting fetch', () => {
    const node = new ShareNode();
    const pending = node.member('a').fetch();
    node.metadata.byName.delete('jobs');
    node.log().resign(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    node.loop.run();
    expect(errors(pending)).toEqual([[0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 0]]);
  });

  test('records below the log start are skipped', () => {
    const node = new ShareNode();
    for (let count = 0; count < 3; count += 1) node.produce(2);
    node.log().deleteRecords(4, () => {});
    expect(acquired(node.member('a').fetch())).toEqual(['0:4-5 x1']);
  });
});

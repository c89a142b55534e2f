import { describe, expect, it } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { EPOCH, served, TOPIC_ID } from '../../../support/fetch-lab.ts';
import { records } from '../../../support/leader-lab.ts';
import { ledElsewhere } from '../../../support/led-elsewhere.ts';
import { requestContext } from '../../../support/request-context.ts';

describe('a fetch of a follower', () => {
  it('is served on the listener of brokers alone, to those who may act for the cluster (B2)', () => {
    const { ask } = served(['a'], 1);
    const refused = { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, sessionId: 0, responses: [] };
    expect(ask({}, requestContext()).response).toEqual(refused);
    const denied = requestContext({ listener: 'brokers', allowed: ({ operation }) => operation !== 'cluster-action' });
    expect(ask({}, denied).response).toEqual(refused);
    expect(ask().response?.errorCode).toBe(ErrorCode.NONE);
  });

  it('is of the node that has shown who it is, and of no other', () => {
    const { ask, partition } = served(['a'], 1);
    ask({ follower: 2, from: 1 }, requestContext({ listener: 'brokers', node: 1 }));
    const other = ask({ follower: 1, from: 1 }, requestContext({ listener: 'brokers', node: 2 }));
    expect(other.response?.errorCode).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
    expect(partition.highWatermark).toBe(0);
    for (const follower of [1, 2]) ask({ follower, from: 1 }, requestContext({ listener: 'brokers', node: follower }));
    expect(partition.highWatermark).toBe(1);
  });

  it('is not one of an earlier incarnation', () => {
    const { ask, partition } = served(['a'], 1);
    expect(ask({ epoch: EPOCH - 1, from: 1 }).response?.errorCode).toBe(ErrorCode.STALE_BROKER_EPOCH);
    ask({ follower: 2, from: 1 });
    expect(partition.highWatermark).toBe(0);
    ask({ epoch: EPOCH + 1, from: 1 });
    expect(partition.highWatermark).toBe(1);
  });

  it('reads all that is written, asks for no memory, and says where its log ends', () => {
    const { ask, partitionOf, partition, granted } = served(['a', 'b'], 1);
    expect(partitionOf(ask())).toMatchObject({ errorCode: 0, highWatermark: 0, records: { length: 2 } });
    ask({ from: 2 });
    ask({ follower: 2, from: 1 });
    expect(partition.highWatermark).toBe(1);
    expect(partitionOf(ask({ follower: 2, from: 1 }))).toMatchObject({ highWatermark: 1, records: { length: 1 } });
    expect(granted).toEqual([]);
    ask({ follower: -1, leaderEpoch: -1 }, requestContext());
    expect(granted).toHaveLength(1);
  });

  it('knows the leader epoch', () => {
    const { ask, partitionOf, partition } = served(['a'], 1);
    ask({ follower: 2, from: 1 });
    expect(partitionOf(ask({ leaderEpoch: 6, from: 1 }))?.errorCode).toBe(ErrorCode.FENCED_LEADER_EPOCH);
    expect(partitionOf(ask({ leaderEpoch: 8, from: 1, maxWaitMs: 0 }))?.errorCode).toBe(ErrorCode.UNKNOWN_LEADER_EPOCH);
    expect(partitionOf(ask({ leaderEpoch: -1, from: 1 }))?.errorCode).toBe(ErrorCode.FENCED_LEADER_EPOCH);
    expect(partition.highWatermark).toBe(0);
    ask({ from: 1 });
    expect(partition.highWatermark).toBe(1);
  });

  it('waits for the leadership that its leader has yet to hear of, and counts from there', () => {
    const { ask, begin, loop, partition, partitionOf } = served(['a'], 1, {
      isLed: false,
      view: ledElsewhere(TOPIC_ID),
    });
    const first = ask({ follower: 2, from: 1 });
    loop.advance(99);
    expect([first.response, partition.highWatermark]).toEqual([null, 0]);
    begin();
    expect([first.response, partition.highWatermark]).toEqual([null, 0]);
    const records = ask({ from: 0 });
    expect(partitionOf(records)).toMatchObject({ errorCode: ErrorCode.NONE, records: { length: 1 } });
    ask({ from: 1 });
    expect(partition.highWatermark).toBe(1);
    loop.advance(401);
    expect(first.response).toMatchObject({ errorCode: ErrorCode.NONE });
    expect(partitionOf(first)?.errorCode).toBe(ErrorCode.NONE);
  });

  it('of a session is told nothing of a leadership that it would wait for when something else ends it', () => {
    const { ask, begin, loop, partitionOf } = served(['a'], 1, { isLed: false, view: ledElsewhere(TOPIC_ID) });
    const first = ask({ session: [0, 0], maxWaitMs: 0 });
    expect(partitionOf(first)?.errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    const next = ask({ unnamed: true, session: [7, 1], maxWaitMs: 10 });
    loop.advance(10);
    expect(next.response).toMatchObject({ errorCode: ErrorCode.NONE, responses: [] });
    begin();
    expect(partitionOf(ask({ unnamed: true, session: [7, 2], maxWaitMs: 10 }))?.records).toHaveLength(1);
  });

  it('leaves nothing waiting when it is answered: others may wait as before', () => {
    const { ask, loop } = served(['a'], 1, { isLed: false, view: ledElsewhere(TOPIC_ID) });
    for (let n = 0; n < 50; n += 1) {
      for (let m = 0; m < 50; m += 1) ask({ maxWaitMs: 1 });
      loop.advance(1);
    }
    const waiting = ask();
    loop.advance(99);
    expect(waiting.response).toBeNull();
  });

  it('is woken by what is appended in the leadership that it waited for', () => {
    const lab = served(['a'], 1, { isLed: false, view: ledElsewhere(TOPIC_ID) });
    const waiting = lab.ask({ from: 1 });
    lab.begin();
    expect(waiting.response).toBeNull();
    lab.append(records('b'));
    lab.log.progress(2, 1);
    lab.loop.run();
    expect(lab.partitionOf(waiting)).toMatchObject({ errorCode: ErrorCode.NONE, records: { length: 1 } });
  });

  it('is refused at once by who has no replica, however new its epoch is', () => {
    const view = ledElsewhere(TOPIC_ID, { replicas: [brokerId(1), brokerId(2)], isr: [brokerId(1)] });
    const { ask, partitionOf } = served(['a'], 1, { isLed: false, view });
    expect(partitionOf(ask({ leaderEpoch: 9 }))?.errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  });

  it('waits for it for a tenth of a second at most, and not when its epoch is no newer than what is known', () => {
    const { ask, loop, partitionOf } = served(['a'], 1, { isLed: false, view: ledElsewhere(TOPIC_ID) });
    const refused = { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER };
    for (const leaderEpoch of [3, 4]) expect(partitionOf(ask({ leaderEpoch }))).toMatchObject(refused);
    const ahead = ask({ leaderEpoch: 5 });
    loop.advance(99);
    expect(ahead.response).toBeNull();
    loop.advance(1);
    loop.run();
    expect(partitionOf(ahead)).toMatchObject(refused);
  });

  it('says nothing of what it has where its history is another, and is told where they part', () => {
    const { ask, partitionOf, partition, log } = served(['a', 'b'], 2);
    ask({ follower: 2, from: 2 });
    log.epochEnds.set(6, { leaderEpoch: 5, endOffset: 1 });
    expect(partitionOf(ask({ from: 2, lastEpoch: 6 }))).toMatchObject({
      errorCode: 0,
      divergingEpoch: { epoch: 5, endOffset: 1 },
      records: [],
    });
    expect(partition.highWatermark).toBe(0);
  });

  it('is told when its log ends beyond this one or below its start', () => {
    const { ask, partitionOf, partition, log } = served(['a', 'b'], 2);
    ask({ follower: 2, from: 2 });
    expect(partitionOf(ask({ from: 3 }))?.errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE);
    log.logStartOffset = 1;
    expect(partitionOf(ask({ from: 0 }))).toMatchObject({ errorCode: ErrorCode.OFFSET_OUT_OF_RANGE });
    expect(partition.highWatermark).toBe(0);
  });

  it('of no replica is told that the leader may not know yet', () => {
    const { ask, partitionOf } = served(['a'], 1);
    expect(partitionOf(ask({ follower: 3 }))?.errorCode).toBe(ErrorCode.UNKNOWN_LEADER_EPOCH);
  });

  it('waits for what is written, and not for what is committed', () => {
    const { ask, partitionOf, append, log, loop, partition } = served(['a'], 1);
    const waiting = ask({ from: 1 });
    loop.run();
    expect(waiting.response).toBeNull();
    ask({ follower: 2, from: 1 });
    expect(partition.highWatermark).toBe(1);
    loop.advance(10);
    expect(waiting.response).toBeNull();
    append(records('b'));
    log.progress(2, 1);
    loop.advance(1);
    expect(partitionOf(waiting)).toMatchObject({ highWatermark: 1, records: { length: 1 } });
  });

  it('is answered when the log begins elsewhere than it was told, and tells where its own does', () => {
    const { ask, partitionOf, partition, loop } = served(['a', 'b'], 2);
    ask({ follower: 2, from: 2, start: 2 });
    ask({ from: 2, session: [0, 0], maxWaitMs: 0 });
    const waiting = ask({ unnamed: true, session: [7, 1] });
    loop.run();
    expect(waiting.response).toBeNull();
    const answers: unknown[] = [];
    partition.deleteRecords(2, (answer) => answers.push(answer));
    loop.advance(1);
    expect(partitionOf(waiting)).toMatchObject({ logStartOffset: 2, records: [] });
    expect(answers).toEqual([]);
    ask({ from: 2, start: 2, session: [7, 2] });
    expect(answers).toEqual([{ errorCode: 0, lowWatermark: 2 }]);
  });

  it('of a session counts for every partition in it, named or not', () => {
    const { ask, append, log, partition } = served(['a'], 1);
    ask({ from: 1, session: [0, 0], maxWaitMs: 0 });
    ask({ follower: 2, from: 1 });
    append(records('b'));
    log.progress(2, 2);
    ask({ unnamed: true, session: [7, 1], maxWaitMs: 0 });
    expect(partition.replica.followers.map(({ endOffset }) => endOffset)).toEqual([1, 1]);
    ask({ from: 2, session: [7, 2], maxWaitMs: 0 });
    expect(partition.replica.followers.map(({ endOffset }) => endOffset)).toEqual([2, 1]);
  });
});

describe('a fetch of a follower that is throttled', () => {
  const view = { replicas: [0, 1, 2].map((id) => brokerId(id)), isr: [0, 1].map((id) => brokerId(id)) };
  const throttled = (throttledLeaders: readonly string[]) =>
    served(['a', 'b'], 2, { rate: 10, led: { view, rules: { throttledLeaders } } });

  it('gets no records while the rate is used up, and the rest later', () => {
    const { ask, partitionOf, loop } = throttled(['0:0']);
    const first = partitionOf(ask({ follower: 2 }));
    expect(first?.records).toHaveLength(2);
    const waiting = ask({ follower: 2 });
    loop.run();
    expect(waiting.response).toBeNull();
    loop.advance(500);
    expect(partitionOf(waiting)).toMatchObject({ errorCode: 0, records: [] });
    loop.advance(14_000);
    expect(partitionOf(ask({ follower: 2 }))?.records).toHaveLength(2);
  });

  it('is one out of sync, of a leader that is named', () => {
    for (const [throttledLeaders, follower, isThrottled] of [
      [['*'], 2, true],
      [['*'], 1, false],
      [['0:1', '1:0'], 2, false],
      [[], 2, false],
    ] as const) {
      const { ask, partitionOf } = throttled(throttledLeaders);
      ask({ follower });
      expect(partitionOf(ask({ follower }))?.records?.length).toBe(isThrottled ? undefined : 2);
    }
  });
});

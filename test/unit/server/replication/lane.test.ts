import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { answerOf, LaneLab, named, partitionData, records, viewOf } from '../../../support/replication/lane-lab.ts';
import { resolveTopicRules } from '../../../../broker/server/partitions/topic-rules.ts';
import { Settings } from '../../../../broker/core/config/settings.ts';

const RULES = resolveTopicRules(new Settings(new Map()), new Map());

/** Two partitions of one topic in the same lane. */
function twoInALane() {
  const lab = new LaneLab();
  const first = lab.follow('t', { index: 0 });
  lab.only.answer({});
  const second = lab.follow('t', { index: 4 });
  lab.world.time.advance(0);
  lab.world.time.settle();
  return { lab, first, second };
}

describe('a lane of fetches from one leader', () => {
  test('names its broker and epoch, its limits, and everything in its first request', () => {
    const lab = new LaneLab({
      'replica.fetch.max.bytes': '1000',
      'replica.fetch.response.max.bytes': '5000',
      'replica.fetch.min.bytes': '7',
      'replica.fetch.wait.max.ms': '250',
    });
    lab.follow('t');
    const { request } = lab.only;
    expect(request).toMatchObject({
      replicaState: { replicaId: 1, replicaEpoch: 77 },
      maxBytes: 5000,
      minBytes: 7,
      maxWaitMs: 250,
      sessionId: 0,
      sessionEpoch: 0,
    });
    expect(request.topics[0]?.partitions).toMatchObject([
      {
        partition: 0,
        fetchOffset: 0,
        currentLeaderEpoch: 0,
        lastFetchedEpoch: -1,
        logStartOffset: 0,
        partitionMaxBytes: 1000,
      },
    ]);
  });

  test('asks for more when everything that came is synced, not when it is written, and names what advanced alone', () => {
    const { lab, first, second } = twoInALane();
    lab.only.answer({});
    expect(named(lab.only)).toEqual([]);
    lab.syncsHeld = true;
    lab.only.answer(
      answerOf(
        first.topicId,
        partitionData(0, { records: records(0, 3), highWatermark: 1 }),
        partitionData(4, { records: records(0, 2) }),
      ),
    );
    expect(first.log).toMatchObject({ writtenOffset: 3, durableOffset: 0, highWatermark: 1 });
    expect(lab.sent).toHaveLength(0);
    lab.releaseSyncs();
    expect(second.log.durableOffset).toBe(2);
    expect(named(lab.only)).toEqual(['0@3', '4@2']);
    expect(lab.only.request).toMatchObject({ sessionId: 5, sessionEpoch: 2 });
    lab.only.answer(answerOf(first.topicId, partitionData(4, { records: records(2, 5) })));
    expect(named(lab.only)).toEqual(['4@5']);
    lab.only.answer({});
    expect(named(lab.only)).toEqual([]);
  });

  test('under a planted bug asks past what is synced', () => {
    const lab = new LaneLab({}, new Set(['counts-written']));
    const follower = lab.follow('t');
    lab.syncsHeld = true;
    lab.only.answer(answerOf(follower.topicId, partitionData(0, { records: records(0, 3) })));
    expect(named(lab.only)).toEqual(['0@3']);
  });

  test('goes on without a partition whose log is being cut, and takes it up when the cut is synced', () => {
    const { lab, first } = twoInALane();
    lab.only.answer(answerOf(first.topicId, partitionData(0, { records: records(0, 3) })));
    lab.syncsHeld = true;
    lab.only.answer(answerOf(first.topicId, partitionData(0, { divergingEpoch: { epoch: 0, endOffset: 1 } })));
    expect(named(lab.only)).toEqual(['-0']);
    expect(first.position()).toBeNull();
    lab.releaseSyncs();
    expect(first.log).toMatchObject({ logEndOffset: 1, durableOffset: 1 });
    expect(lab.stats.cuts).toBe(1);
    // The request in flight would hold it up.
    lab.world.time.advance(100);
    expect(lab.closed).toHaveLength(2);
    expect(named(lab.last)).toEqual(['0@1', '4@0']);
  });
});

test('a partition whose log has to allow for gaps first is waited for, and takes nothing more meanwhile', () => {
  const { lab, first } = twoInALane();
  lab.syncsHeld = true;
  const gappy = Buffer.concat([records(0, 1), records(3, 4)]);
  const answer = partitionData(0, { records: gappy, highWatermark: 4 });
  // A leader that says it twice.
  lab.only.answer(answerOf(first.topicId, answer, answer));
  expect([first.position(), lab.sent.length]).toEqual([null, 0]);
  lab.releaseSyncs();
  expect([first.log.logEndOffset, lab.stats.fetchedBytes]).toEqual([4, gappy.length]);
  expect(named(lab.only)).toEqual(['0@4']);
});

describe('what fails', () => {
  test('as a whole begins a new session, after pauses that grow up to replica.fetch.backoff.ms', () => {
    const lab = new LaneLab({ 'replica.fetch.backoff.ms': '120' });
    const follower = lab.follow('t');
    lab.only.answer({});
    expect(lab.only.request.sessionEpoch).toBe(1);
    for (const pauseMs of [50, 100, 120, 120]) {
      lab.only.fail();
      follower.onProgress();
      lab.world.time.advance(pauseMs - 1);
      expect(lab.sent).toHaveLength(0);
      lab.world.time.advance(1);
      // The new session takes the place of the old one at the leader.
      expect(lab.only.request).toMatchObject({ sessionId: 5, sessionEpoch: 0 });
      expect(named(lab.only)).toEqual(['0@0']);
    }
  });

  test('a session that the leader does not know begins anew at once', () => {
    const lab = new LaneLab();
    lab.follow('t');
    lab.only.answer({});
    lab.only.answer({ errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, sessionId: 0 });
    expect(lab.only.request.sessionEpoch).toBe(0);
    // A leader that always says so is not asked without a pause.
    lab.only.answer({ errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, sessionId: 0 });
    expect(lab.sent).toHaveLength(0);
  });

  test('a leader without room for sessions is told everything each time', () => {
    const lab = new LaneLab();
    lab.follow('t');
    lab.only.answer({ sessionId: 0 });
    expect(named(lab.only)).toEqual(['0@0']);
    expect(lab.only.request).toMatchObject({ sessionId: 0, sessionEpoch: 0 });
  });

  test('a log that takes no records is not asked for more, and keeps nobody waiting', () => {
    const { lab, first } = twoInALane();
    lab.world.disk.faults.fail = (operation, path) =>
      operation === 'write' && path.startsWith('/data/t-0/') ? 'ENOSPC' : null;
    lab.only.answer(answerOf(first.topicId, partitionData(0, { records: records(0, 3) })));
    expect(first.state).toBe('failed');
    expect(named(lab.only)).toEqual(['-0']);
    lab.world.disk.faults.fail = () => null;
    lab.world.opened.manager.resumeWrites();
    lab.world.time.settle();
    lab.world.time.advance(100);
    expect(named(lab.only)).toEqual(['0@0', '4@0']);
  });

  test('a bad batch is not appended, is told, and is asked for again', () => {
    const lab = new LaneLab();
    const follower = lab.follow('t');
    const spoiled = records(0, 2);
    spoiled.fill(1, spoiled.length - 1);
    lab.only.answer(answerOf(follower.topicId, partitionData(0, { records: spoiled })));
    expect(follower.log.logEndOffset).toBe(0);
    expect(lab.errors).toMatchObject([
      { topic: 't', partition: 0, leader: 2, reason: expect.stringContaining('checksum') },
    ]);
    expect(lab.stats).toEqual({ fetchedBytes: 0, cuts: 0, badAnswers: 1 });
    lab.world.time.advance(20);
    expect(named(lab.last)).toEqual(['0@0']);
    lab.last.answer(answerOf(follower.topicId, partitionData(0, { records: records(0, 2) })));
    expect(follower.log.durableOffset).toBe(2);
  });
});

describe('partitions come and go', () => {
  test('four lanes for each leader, a partition always in the same', () => {
    const lab = new LaneLab();
    for (const index of [0, 1, 2, 3]) lab.follow('t', { index });
    expect(new Set(lab.sent.map(({ lane }) => lane)).size).toBe(4);
    lab.follow('u', { leader: 3 });
    expect(lab.sent.at(-1)?.leader).toBe(3);
  });

  test('one that joins a lane does not wait for the fetch that is under way', () => {
    const { lab } = twoInALane();
    expect(lab.closed).toHaveLength(1);
    expect(named(lab.only)).toEqual(['0@0', '4@0']);
  });

  test('one that could not be asked for when the session began does not wait for the fetch that is under way', () => {
    const { lab, first } = twoInALane();
    first.onState('read-only');
    lab.only.fail();
    lab.world.time.advance(50);
    expect(named(lab.only)).toEqual(['4@0']);
    first.onState('open');
    lab.world.time.advance(100);
    expect(named(lab.only)).toEqual(['0@0', '4@0']);
  });

  test('newcomers make a lane begin anew every 100 ms at most, and what it asks for already never', () => {
    const { lab, first } = twoInALane();
    first.onProgress();
    lab.world.time.advance(200);
    expect(lab.closed).toHaveLength(1);
    const { time } = lab.world;
    const newcomer = (index: number): number => {
      const count = lab.closed.length + 1;
      lab.follow('t', { index });
      while (lab.closed.length < count) time.advance(1);
      return time.monotonicMs();
    };
    const onceMs = newcomer(8);
    // Looked at every millisecond.
    expect(newcomer(12) - onceMs).toBeGreaterThanOrEqual(99);
    expect(named(lab.only)).toEqual(['0@0', '4@0', '8@0', '12@0']);
  });

  test('a newcomer that the next request asks for makes no lane begin anew, nor does one while none is in flight', () => {
    const { lab, first } = twoInALane();
    lab.follow('t', { index: 8 });
    lab.only.answer({});
    expect(named(lab.only)).toEqual(['8@0']);
    lab.world.time.advance(200);
    expect([lab.closed.length, named(lab.only)]).toEqual([1, ['8@0']]);
    lab.syncsHeld = true;
    lab.follow('t', { index: 12 });
    lab.only.answer(answerOf(first.topicId, partitionData(0, { records: records(0, 3) })));
    lab.world.time.advance(200);
    expect([lab.closed.length, lab.sent.length]).toEqual([1, 0]);
  });

  test('one of which nothing can be asked makes no lane begin anew', () => {
    const { lab, first } = twoInALane();
    first.onState('read-only');
    lab.only.fail();
    lab.world.time.advance(100);
    first.onProgress();
    lab.world.time.advance(200);
    expect(lab.closed).toHaveLength(1);
  });

  test('an answer that comes after the lane has hung up means nothing', () => {
    const lab = new LaneLab();
    const follower = lab.follow('t');
    lab.only.answer({});
    const old = lab.only;
    lab.follow('t', { index: 4 });
    lab.world.time.advance(0);
    old.answer(answerOf(follower.topicId, partitionData(0, { records: records(0, 2) })));
    expect(follower.log.logEndOffset).toBe(0);
    expect(named(lab.only)).toEqual(['0@0', '4@0']);
  });

  test('one that leaves while its records do not count yet holds up nobody', () => {
    const { lab, first } = twoInALane();
    lab.syncsHeld = true;
    lab.only.answer(answerOf(first.topicId, partitionData(0, { records: records(0, 3) })));
    expect(lab.sent).toHaveLength(0);
    first.follow(viewOf(0, { leader: 3, epoch: 1 }), RULES);
    lab.fetcher.follow(first);
    lab.world.time.settle();
    expect([lab.only.leader, named(lab.only)]).toEqual([2, ['-0']]);
  });

  test('a lane without anything to ask tells everything when it goes on: the leader has not heard of that', () => {
    const lab = new LaneLab();
    const follower = lab.follow('t');
    lab.only.answer(answerOf(follower.topicId, partitionData(0, { records: records(0, 3) })));
    lab.syncsHeld = true;
    lab.only.answer(answerOf(follower.topicId, partitionData(0, { divergingEpoch: { epoch: 0, endOffset: 1 } })));
    expect(lab.sent).toHaveLength(0);
    lab.releaseSyncs();
    expect([lab.only.request.sessionEpoch, named(lab.only)]).toEqual([0, ['0@1']]);
  });

  test('another leader is asked from another lane, with its epoch; an answer of the old one means nothing', () => {
    const lab = new LaneLab();
    const follower = lab.follow('t');
    const old = lab.only;
    follower.follow(viewOf(0, { leader: 3, epoch: 1 }), RULES);
    lab.fetcher.follow(follower);
    lab.world.time.settle();
    old.answer(answerOf(follower.topicId, partitionData(0, { records: records(0, 2) })));
    expect(follower.log.logEndOffset).toBe(0);
    expect(lab.only).toMatchObject({ leader: 3 });
    expect(lab.only.request.topics[0]?.partitions[0]).toMatchObject({ currentLeaderEpoch: 1 });
  });

  test('a leader that was elected again is asked at once, whatever the pause after failures', () => {
    const lab = new LaneLab();
    const follower = lab.follow('t');
    lab.only.fail();
    expect(lab.sent).toHaveLength(0);
    follower.follow(viewOf(0, { leader: 2, epoch: 1 }), RULES);
    lab.fetcher.follow(follower);
    lab.world.time.settle();
    expect(lab.only.request.topics[0]?.partitions[0]).toMatchObject({ currentLeaderEpoch: 1 });
  });

  test('a lane that begins anew after nothing was left in it has not failed before', () => {
    const lab = new LaneLab();
    const follower = lab.follow('t');
    for (const pauseMs of [50, 100, 200]) {
      lab.only.fail();
      lab.world.time.advance(pauseMs);
    }
    lab.fetcher.drop(follower);
    lab.fetcher.follow(follower);
    lab.world.time.settle();
    lab.only.fail();
    lab.world.time.advance(50);
    expect(named(lab.only)).toEqual(['0@0']);
  });

  test('without a leader nobody is asked', () => {
    const lab = new LaneLab();
    const follower = lab.follow('t');
    follower.follow(viewOf(0, { leader: -1, epoch: 1 }), RULES);
    lab.fetcher.follow(follower);
    lab.world.time.advance(5000);
    expect(lab.closed).toHaveLength(1);
    expect(lab.sent.filter(({ leader }) => leader !== 2)).toHaveLength(0);
  });
});

describe('follower.replication.throttled.rate', () => {
  test('keeps back what is throttled and out of sync, and nothing else', () => {
    const lab = new LaneLab({ 'follower.replication.throttled.rate': '1000' });
    const other = lab.follow('t', { index: 4 });
    lab.only.answer({});
    lab.overrides = new Map([['follower.replication.throttled.replicas', '0:1,8:7']]);
    lab.follow('t', { index: 0, isr: [2] });
    lab.follow('t', { index: 8, isr: [2] });
    lab.world.time.advance(0);
    lab.only.answer({});
    // Each batch takes some 70 bytes: this is more than a second's worth.
    lab.only.answer(answerOf(other.topicId, partitionData(0, { records: records(0, 40) })));
    expect(named(lab.only)).toEqual(['-0']);
    lab.only.answer(answerOf(other.topicId, partitionData(4, { records: records(0, 1) })));
    expect(named(lab.only)).toEqual(['4@1']);
    lab.only.answer({});
    lab.world.time.advance(3000);
    lab.only.answer({});
    expect(named(lab.only)).toEqual(['0@40']);
  });

  test('counts nothing of replicas that are in sync', () => {
    const lab = new LaneLab({ 'follower.replication.throttled.rate': '1000' });
    lab.overrides = new Map([['follower.replication.throttled.replicas', '*']]);
    const follower = lab.follow('t');
    lab.only.answer(answerOf(follower.topicId, partitionData(0, { records: records(0, 40) })));
    expect(named(lab.only)).toEqual(['0@40']);
  });

  test('counts nothing of what is in sync beside what is not', () => {
    const lab = new LaneLab({ 'follower.replication.throttled.rate': '1000' });
    lab.overrides = new Map([['follower.replication.throttled.replicas', '*']]);
    const behind = lab.follow('t', { index: 0, isr: [2] });
    lab.only.answer({});
    lab.follow('t', { index: 4 });
    lab.world.time.advance(0);
    lab.only.answer(answerOf(behind.topicId, partitionData(4, { records: records(0, 40) })));
    expect(named(lab.only)).toEqual(['4@40']);
  });

  test('keeps back what is alone in its lane until there is allowance again', () => {
    const lab = new LaneLab({ 'follower.replication.throttled.rate': '1000' });
    lab.overrides = new Map([['follower.replication.throttled.replicas', '*']]);
    const follower = lab.follow('t', { isr: [2] });
    lab.only.answer(answerOf(follower.topicId, partitionData(0, { records: records(0, 40) })));
    lab.world.time.advance(1000);
    expect(lab.sent).toHaveLength(0);
    lab.world.time.advance(2000);
    expect(named(lab.only)).toEqual(['0@40']);
  });

  test('keeps back all that is throttled, and takes all of it up again', () => {
    const lab = new LaneLab({ 'follower.replication.throttled.rate': '1000' });
    lab.follow('t', { index: 8 });
    lab.only.answer({});
    lab.overrides = new Map([['follower.replication.throttled.replicas', '*']]);
    const behind = lab.follow('t', { index: 0, isr: [2] });
    lab.follow('t', { index: 4, isr: [2] });
    lab.world.time.advance(100);
    lab.only.answer(answerOf(behind.topicId, partitionData(0, { records: records(0, 40) })));
    expect(named(lab.only)).toEqual(['-0', '-4']);
    const asked: string[] = [];
    for (let round = 0; round < 300; round += 1) {
      lab.only.answer({});
      asked.push(...named(lab.only));
      lab.world.time.advance(10);
    }
    expect(asked.toSorted()).toEqual(['0@40', '4@0']);
  });

  test('takes up again what came while others had had all of the rate, in its lane and in others', () => {
    const lab = new LaneLab({ 'follower.replication.throttled.rate': '1000' });
    lab.overrides = new Map([['follower.replication.throttled.replicas', '*']]);
    const first = lab.follow('t', { index: 0, isr: [2] });
    lab.only.answer(answerOf(first.topicId, partitionData(0, { records: records(0, 40) })));
    for (const index of [1, 4]) lab.follow('t', { index, isr: [2] });
    lab.world.time.advance(1000);
    expect(lab.sent).toHaveLength(0);
    lab.world.time.advance(2000);
    expect(lab.sent.flatMap((request) => named(request)).toSorted()).toEqual(['0@40', '1@0', '4@0']);
  });

  test('keeps nothing back that is not named any more', () => {
    const lab = new LaneLab({ 'follower.replication.throttled.rate': '1000' });
    lab.overrides = new Map([['follower.replication.throttled.replicas', '*']]);
    const follower = lab.follow('t', { isr: [2] });
    lab.only.answer(answerOf(follower.topicId, partitionData(0, { records: records(0, 40) })));
    expect(lab.sent).toHaveLength(0);
    follower.follow(viewOf(0, { isr: [2] }), RULES);
    lab.fetcher.changed(follower);
    lab.world.time.settle();
    expect(named(lab.only)).toEqual(['0@40']);
  });

  test('leaves no timer when nothing is fetched any more', () => {
    const lab = new LaneLab({ 'follower.replication.throttled.rate': '1000' });
    lab.overrides = new Map([['follower.replication.throttled.replicas', '*']]);
    const before = lab.world.time.timerCount;
    const kept = lab.follow('t', { isr: [2] });
    lab.only.answer(answerOf(kept.topicId, partitionData(0, { records: records(0, 40) })));
    const failed = lab.follow('t', { index: 1 });
    lab.only.fail();
    const waiting = [2, 6].map((index) => lab.follow('t', { index }));
    expect(lab.world.time.timerCount - before).toBe(3);
    for (const one of [kept, failed, ...waiting]) lab.fetcher.drop(one);
    expect(lab.world.time.timerCount).toBe(before);
  });

  test('a newcomer that is kept back makes no lane begin anew', () => {
    const lab = new LaneLab({ 'follower.replication.throttled.rate': '1000' });
    const sync = lab.follow('t', { index: 4 });
    lab.only.answer({});
    lab.overrides = new Map([['follower.replication.throttled.replicas', '*']]);
    const behind = lab.follow('t', { index: 0, isr: [2] });
    lab.world.time.advance(0);
    lab.only.answer(answerOf(sync.topicId, partitionData(0, { records: records(0, 40) })));
    const { length } = lab.closed;
    behind.onProgress();
    lab.world.time.advance(500);
    expect(lab.closed).toHaveLength(length);
  });
});

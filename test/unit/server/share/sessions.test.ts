import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { SESSION_PARTITIONS_MAX } from '../../../../broker/core/share/session.ts';
import { acquired, bound, errors, ShareNode, verdictsOf } from './bench.ts';

const ACCEPT = 1;

describe('sessions', () => {
  test('answer a wrong epoch, and a session that is not there', () => {
    const node = new ShareNode();
    const a = node.member('a');
    expect(a.acknowledge({ 0: [[0, 0, ACCEPT]] }).answer?.errorCode).toBe(ErrorCode.INVALID_SHARE_SESSION_EPOCH);
    a.epoch = 1;
    expect(a.fetch().answer?.errorCode).toBe(ErrorCode.SHARE_SESSION_NOT_FOUND);
    a.epoch = 0;
    a.fetch({ maxWaitMs: 0 });
    a.epoch = 5;
    expect(a.fetch().answer?.errorCode).toBe(ErrorCode.INVALID_SHARE_SESSION_EPOCH);
  });

  test('refuse a member without a proper id', () => {
    const node = new ShareNode();
    for (const id of ['', 'x'.repeat(37)])
      expect(node.member(id).fetch().answer?.errorCode).toBe(ErrorCode.INVALID_REQUEST);
    expect(node.member('a').fetch({ groupId: null }).answer?.errorCode).toBe(ErrorCode.INVALID_REQUEST);
  });

  test('over the limit are refused, but not before MaxWaitMs', () => {
    const node = new ShareNode({ settings: { 'group.share.max.share.sessions': '1', 'group.share.max.size': '1' } });
    node.member('a').fetch({ maxWaitMs: 0 });
    const pending = node.member('b').fetch({ maxWaitMs: 300 });
    expect(pending.answer).toBeNull();
    node.loop.advance(300);
    expect(pending.answer?.errorCode).toBe(ErrorCode.SHARE_SESSION_LIMIT_REACHED);
  });

  test('that name more partitions than a session may have end, and the member begins anew', () => {
    const node = new ShareNode();
    node.produce(2);
    const a = node.member('a');
    expect(acquired(a.fetch())).toEqual(['0:0-1 x1']);
    const partitions = Array.from({ length: SESSION_PARTITIONS_MAX }, (_, index) => index + 2);
    const pending = a.fetch({ partitions, maxWaitMs: 300 });
    expect(pending.answer).toBeNull();
    node.loop.advance(300);
    expect(pending.answer?.errorCode).toBe(ErrorCode.SHARE_SESSION_LIMIT_REACHED);
    expect([node.share.sessions.count, node.share.sessions.partitionCount]).toEqual([0, 0]);
    a.epoch = 0;
    expect(acquired(a.fetch())).toEqual(['0:0-1 x2']);
  });

  test('that end with their connection give everything back at once', () => {
    const node = new ShareNode();
    node.produce(2);
    const a = node.member('a');
    a.fetch();
    const pending = node.member('b').fetch();
    a.close();
    expect(acquired(pending)).toEqual(['0:0-1 x2']);
    expect(node.share.sessions.count).toBe(1);
  });

  test('that end while a fetch reads hand nothing to the member that is gone', () => {
    const node = new ShareNode();
    const a = node.member('a');
    const b = node.member('b');
    a.fetch({ maxWaitMs: 0 });
    b.fetch({ maxWaitMs: 0, partitions: [1] });
    node.produce(2);
    node.log().slowReads = true;
    node.paused = true;
    const pending = a.fetch();
    expect(node.log().readCount).toBe(1);
    a.close();
    node.paused = false;
    node.loop.run();
    expect(acquired(pending)).toEqual([]);
    expect(acquired(b.fetch({ partitions: [0] }))).toEqual(['0:0-1 x1']);
  });

  test('with a final fetch count the verdicts, then give the rest back and fetch nothing', () => {
    const node = new ShareNode();
    node.produce(4);
    const a = node.member('a');
    a.fetch();
    const waiting = node.member('b').fetch();
    a.epoch = -1;
    const pending = a.fetch({ verdicts: { 0: [[0, 0, ACCEPT]] } });
    expect([acquired(pending), errors(pending)]).toEqual([[], [[0, 0, 0]]]);
    expect(acquired(waiting)).toEqual(['0:1-3 x2']);
  });

  test('with a final acknowledgement too', () => {
    const node = new ShareNode();
    node.produce(4);
    const a = node.member('a');
    a.fetch();
    expect(verdictsOf(a.acknowledge({ 0: [[0, 1, ACCEPT]] }, { shareSessionEpoch: -1 }))).toEqual([0]);
    expect(acquired(node.member('b').fetch())).toEqual(['0:2-3 x2']);
  });

  test('opened again on another connection give back what the member held with the first', () => {
    const node = new ShareNode();
    node.produce(2);
    node.member('a').fetch();
    expect(acquired(node.member('a').fetch())).toEqual(['0:0-1 x2']);
  });

  test('opened again on the same connection keep what the member holds', () => {
    const node = new ShareNode();
    node.produce(2);
    const a = node.member('a');
    a.fetch();
    a.epoch = 0;
    a.fetch({ maxWaitMs: 0 });
    expect(verdictsOf(a.acknowledge({ 0: [[0, 1, ACCEPT]] }))).toEqual([0]);
  });

  test('forget partitions, and do not fetch from them any more (KAFKA-20736)', () => {
    const node = new ShareNode();
    const a = node.member('a');
    a.fetch({ partitions: [0, 1], maxWaitMs: 0 });
    a.fetch({ maxWaitMs: 0, forgottenTopicsData: [{ topicId: node.log().topicId, partitions: [1] }] });
    node.produce(1, 1);
    node.produce(1, 0);
    expect(acquired(a.fetch({ maxWaitMs: 0 }))).toEqual(['0:0-0 x1']);
  });

  test('forget a partition together with its last verdicts: what it has goes to others', () => {
    const node = new ShareNode();
    const [a, b] = [node.member('a'), node.member('b')];
    node.produce(1);
    expect(acquired(a.fetch({ partitions: [0, 1] }))).toEqual(['0:0-0 x1']);
    const forgottenTopicsData = [{ topicId: node.log().topicId, partitions: [0] }];
    const last = a.fetch({ maxWaitMs: 0, verdicts: { 0: [[0, 0, ACCEPT]] }, forgottenTopicsData });
    expect(errors(last)).toEqual([[0, 0, 0]]);
    const waits = a.fetch();
    node.produce(1);
    expect(waits.answer).toBeNull();
    expect(acquired(b.fetch())).toEqual(['0:1-1 x1']);
    node.produce(1, 1);
    expect(acquired(waits)).toEqual(['1:0-0 x1']);
  });

  test('of a group that are all gone let its memory go, and nothing is lost', () => {
    const node = new ShareNode();
    node.produce(3);
    const a = node.member('a');
    a.fetch();
    a.acknowledge({ 0: [[0, 0, ACCEPT]] });
    a.close();
    expect(node.share.partitions.count).toBe(0);
    expect(node.log().listenerCount).toBe(0);
    expect(acquired(node.member('b').fetch())).toEqual(['0:1-2 x2']);
  });
});

describe('the memory of a group whose sessions are all gone', () => {
  const LOCK_MS = 30_000;

  /** A node whose writes of share state end with a code while it is not 0. */
  function failing(): { readonly node: ShareNode; readonly fail: (errorCode: number) => void } {
    let code: number = ErrorCode.NONE;
    const node = new ShareNode({
      wrap: (persister) => ({
        ...bound(persister),
        write: (...all) => (code === ErrorCode.NONE ? persister.write(...all) : all[4](code)),
      }),
    });
    node.produce(2);
    return { node, fail: (errorCode) => void (code = errorCode) };
  }

  test('goes when the last one ended while its fetch was reading', () => {
    const node = new ShareNode();
    const a = node.member('a');
    a.fetch({ maxWaitMs: 0 });
    node.produce(2);
    node.log().slowReads = true;
    node.paused = true;
    a.fetch();
    expect(node.log().readCount).toBe(1);
    a.close();
    node.paused = false;
    node.loop.run();
    expect(node.share.partitions.count).toBe(0);
    expect(node.log().listenerCount).toBe(0);
  });

  test('stays until what the last one gave back is written', () => {
    const { node, fail } = failing();
    const a = node.member('a');
    a.fetch();
    fail(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    a.close();
    node.loop.advance(5_000);
    expect(node.share.partitions.count).toBe(1);
    fail(ErrorCode.NONE);
    node.loop.advance(1_000);
    expect(node.share.partitions.count).toBe(0);
    expect(acquired(node.member('b').fetch())).toEqual(['0:0-1 x2']);
  });

  test('stays until it is written that locks had ended, and that a record has no attempt left', () => {
    const { node, fail } = failing();
    node.metadata.groupConfigs.set('g', new Map([['share.delivery.count.limit', '2']]));
    const a = node.member('a');
    a.fetch({ maxRecords: 1, shareAcquireMode: 1 });
    fail(ErrorCode.NOT_COORDINATOR);
    node.loop.advance(LOCK_MS);
    a.fetch({ maxRecords: 1, shareAcquireMode: 1 });
    a.fetch({ maxRecords: 1, shareAcquireMode: 1 });
    node.loop.advance(LOCK_MS + 5_000);
    a.close();
    expect(node.share.partitions.count).toBe(1);
    fail(ErrorCode.NONE);
    node.loop.advance(1_000);
    expect(node.share.partitions.count).toBe(0);
    expect(acquired(node.member('b').fetch())).toEqual(['0:1-1 x2']);
  });

  test('serves a member that comes before it is written', () => {
    const { node, fail } = failing();
    const a = node.member('a');
    a.fetch();
    fail(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    a.close();
    const pending = node.member('b').fetch({ maxWaitMs: 2 * LOCK_MS });
    node.loop.advance(LOCK_MS + 5_000);
    expect(acquired(pending)).toEqual(['0:0-1 x2']);
  });

  test('goes when the share coordinator will never take it', () => {
    const { node, fail } = failing();
    const a = node.member('a');
    a.fetch();
    fail(ErrorCode.INVALID_REQUEST);
    a.close();
    expect(node.share.partitions.count).toBe(0);
  });
});

describe('share state that is set up anew', () => {
  const LATER = 2;

  test('is taken when the group has no member in memory any more', () => {
    const node = new ShareNode();
    node.produce(10);
    const a = node.member('a');
    a.fetch();
    a.acknowledge({ 0: [[0, 9, 1]] });
    a.close();
    node.initialize(0, 4, LATER);
    expect(acquired(node.member('b').fetch())).toEqual(['0:4-9 x1']);
  });

  test('under a session that is still open fences what its leader holds, which takes no verdict and begins anew', () => {
    const node = new ShareNode();
    node.produce(10);
    const a = node.member('a');
    a.fetch();
    node.initialize(0, 4, LATER);
    expect(verdictsOf(a.acknowledge({ 0: [[0, 9, 1]] }))).toEqual([ErrorCode.NOT_LEADER_OR_FOLLOWER]);
    expect(acquired(a.fetch())).toEqual(['0:4-9 x1']);
    expect(verdictsOf(a.acknowledge({ 0: [[4, 9, 1]] }))).toEqual([ErrorCode.NONE]);
  });
});

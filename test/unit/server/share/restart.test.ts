import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { acquired, bound, ShareNode, verdictsOf } from './bench.ts';

const ACCEPT = 1;
const RELEASE = 2;

describe('a restart', () => {
  test('loses no acknowledgement, and brings back what was not acknowledged', () => {
    const node = new ShareNode();
    for (let count = 0; count < 3; count += 1) node.produce(2);
    const a = node.member('a');
    a.fetch();
    a.acknowledge({
      0: [
        [0, 0, ACCEPT],
        [2, 3, ACCEPT],
        [5, 5, RELEASE],
      ],
    });
    node.restart();
    expect(acquired(node.member('b').fetch())).toEqual(['0:1-1 x1', '0:4-4 x1', '0:5-5 x2']);
  });

  test.each([
    ['colons', 'a:b:0'],
    ['nothing else', ':'],
    ['letters of the world', '日本 🐇'],
    ['very many letters', 'g'.repeat(249)],
  ])('keeps the state of a group whose id has %s apart from all others', (_, groupId) => {
    const node = new ShareNode();
    const { topicId } = node.log();
    let code = -1;
    node.groups.sharePersister.initialize(groupId, topicId, 0, 1, 0, (errorCode) => void (code = errorCode));
    node.loop.run();
    expect(code).toBe(0);
    node.produce(3);
    const a = node.member('a');
    expect(acquired(a.fetch({ groupId }))).toEqual(['0:0-2 x1']);
    expect(verdictsOf(a.acknowledge({ 0: [[0, 1, ACCEPT]] }, { groupId }))).toEqual([0]);
    node.restart();
    expect(acquired(node.member('b').fetch({ groupId }))).toEqual(['0:2-2 x1']);
    expect(acquired(node.member('c').fetch())).toEqual(['0:0-2 x1']);
  });

  test('with latest as the reset skips nothing that was produced after the first fetch (S6)', () => {
    const node = new ShareNode();
    node.produce(5);
    node.initialize(0, -1, 2);
    const a = node.member('a');
    a.fetch({ maxWaitMs: 0 });
    node.produce(2);
    node.restart();
    expect(acquired(node.member('b').fetch())).toEqual(['0:5-6 x1']);
  });

  test('with latest as the reset begins behind what may have been committed before its election', () => {
    const node = new ShareNode();
    const log = node.log();
    log.hold = true;
    node.produce(5);
    log.commit(3);
    log.isBehindStart = true;
    node.initialize(0, -1, 2);
    const fetched = node.member('a').fetch();
    log.isBehindStart = false;
    log.commit();
    node.loop.run();
    node.produce(2);
    log.commit();
    node.loop.run();
    expect(acquired(fetched)).toEqual(['0:5-6 x1']);
  });

  test('with a duration as the reset begins behind records that are all older', () => {
    const node = new ShareNode();
    node.metadata.groupConfigs.set('g', new Map([['share.auto.offset.reset', 'by_duration:PT1H']]));
    node.produce(5);
    node.initialize(0, -1, 2);
    const fetched = node.member('a').fetch();
    node.produce(2);
    expect(acquired(fetched)).toEqual(['0:5-6 x1']);
  });

  test('with earliest as the reset begins at the log start', () => {
    const node = new ShareNode();
    node.metadata.groupConfigs.set('g', new Map([['share.auto.offset.reset', 'earliest']]));
    for (let count = 0; count < 3; count += 1) node.produce(2);
    node.log().deleteRecords(2, () => {});
    node.initialize(0, -1, 2);
    expect(acquired(node.member('a').fetch())).toEqual(['0:2-5 x1']);
  });

  test('fences the leader of before: its write is refused and its share-partition dropped', () => {
    const node = new ShareNode();
    node.produce(2);
    const a = node.member('a');
    a.fetch();
    node.groups.sharePersister.read('g', node.log().topicId, 0, 9, () => {});
    node.loop.run();
    expect(verdictsOf(a.acknowledge({ 0: [[0, 1, ACCEPT]] }))).toEqual([ErrorCode.NOT_LEADER_OR_FOLLOWER]);
    expect(node.share.partitions.count).toBe(0);
  });
});

describe('a share coordinator that is not there', () => {
  test('is asked again until it answers; the fetch waits', () => {
    let failing = 2;
    const node = new ShareNode({
      wrap: (persister) => ({
        ...bound(persister),
        read: (groupId, topicId, partition, epoch, done) => {
          failing -= 1;
          if (failing >= 0)
            done({
              errorCode: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
              stateEpoch: 0,
              startOffset: 0,
              stateBatches: [],
            });
          else persister.read(groupId, topicId, partition, epoch, done);
        },
      }),
    });
    node.produce(1);
    const pending = node.member('a').fetch();
    expect(pending.answer).toBeNull();
    node.loop.advance(100);
    expect(acquired(pending)).toEqual(['0:0-0 x1']);
  });

  test('is told of while it does not answer, now and then', () => {
    const node = new ShareNode({
      wrap: (persister) => ({
        ...bound(persister),
        read: (_groupId, _topicId, _partition, _epoch, done) =>
          done({ errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, stateEpoch: 0, startOffset: 0, stateBatches: [] }),
      }),
    });
    node.member('a').fetch({ maxWaitMs: 60_000 });
    expect(node.share.partitions.loadingCount).toBe(1);
    node.loop.advance(1_000);
    expect(node.warnings).toEqual([]);
    node.loop.advance(29_000);
    expect(node.warnings).toEqual(Array(4).fill('share-partition still waits for its share coordinator'));
  });

  test('fails acknowledgements after some attempts, and the member keeps the records', () => {
    let down = true;
    const node = new ShareNode({
      wrap: (persister) => ({
        ...bound(persister),
        write: (groupId, topicId, partition, change, done) => {
          if (down) done(ErrorCode.NOT_COORDINATOR);
          else persister.write(groupId, topicId, partition, change, done);
        },
      }),
    });
    node.produce(2);
    const a = node.member('a');
    a.fetch();
    const pending = a.acknowledge({ 0: [[0, 1, ACCEPT]] });
    expect(pending.answer).toBeNull();
    node.loop.advance(5_000);
    expect(verdictsOf(pending)).toEqual([ErrorCode.COORDINATOR_NOT_AVAILABLE]);
    down = false;
    expect(verdictsOf(a.acknowledge({ 0: [[0, 1, ACCEPT]] }))).toEqual([0]);
  });
});

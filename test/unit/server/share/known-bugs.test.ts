import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import type { SharePersister } from '../../../../broker/server/share/persister.ts';
import { topicView } from '../../../support/fake-metadata.ts';
import { FakePartition } from '../../../support/fake-partition.ts';
import { acquired, bound, errors, type Member, ShareNode, TOPIC_ID, verdictsOf } from './bench.ts';

const ACCEPT = 1;
const RELEASE = 2;
const NEW_ID = 'AAAAAAAAAAAAAAAAAAAAAw';

/** A persister whose writes are committed before `write` returns. */
function atOnce(persister: SharePersister): SharePersister {
  return { ...bound(persister), write: (...all) => all[4](ErrorCode.NONE) };
}

describe('bugs of share groups that others had', () => {
  test('KAFKA-20505: a write that ends within the step that began it, and answers that ask again, go one after the other', () => {
    const node = new ShareNode({ wrap: atOnce });
    node.produce(4);
    const a = node.member('a');
    const waiting = node.member('b').fetch();
    expect(acquired(waiting)).toEqual(['0:0-3 x1']);
    const [host] = node.share.partitions.ofGroup('g');
    const verdicts: number[] = [];
    const batch = (offset: number) => [{ firstOffset: offset, lastOffset: offset, acknowledgeTypes: [RELEASE] }];
    host?.acknowledge('b', batch(0), (first) => {
      verdicts.push(first);
      host.acknowledge('b', batch(1), (second) => verdicts.push(second));
    });
    node.loop.run();
    expect(verdicts).toEqual([0, 0]);
    expect(acquired(a.fetch())).toEqual(['0:0-1 x2']);
  });

  test.each<[string, string[], (node: ShareNode, reader: Member) => void]>([
    ['a read that fails', ['0:1-4 x1'], (node) => void (node.log().logStartOffset = 1)],
    ['a leadership that ends', ['0:0-4 x1'], (node) => node.partitions.lead(node.log().reelect())],
    ['a session that ends', ['0:0-4 x1'], (_, reader) => reader.close()],
  ])('KAFKA-19215, KAFKA-20783: the fetch lock comes back once after %s', (_, expected, happens) => {
    const node = new ShareNode();
    const [a, b] = [node.member('a'), node.member('b')];
    a.fetch({ maxWaitMs: 0 });
    b.fetch({ maxWaitMs: 0, partitions: [1] });
    node.produce(2);
    node.log().slowReads = true;
    node.paused = true;
    a.fetch();
    expect(node.log().readCount).toBe(1);
    happens(node, a);
    node.paused = false;
    node.loop.run();
    a.close();
    node.produce(3);
    expect(acquired(b.fetch({ partitions: [0] }))).toEqual(expected);
  });

  test('KAFKA-18155: a member that goes while its acknowledgement is written hangs nobody, and the verdict holds', () => {
    const node = new ShareNode();
    node.produce(4);
    const a = node.member('a');
    a.fetch();
    const waiting = node.member('b').fetch({ maxWaitMs: 60_000 });
    node.stateLog.hold = true;
    const pending = a.acknowledge({ 0: [[0, 1, ACCEPT]] });
    a.close();
    expect([verdictsOf(pending), acquired(waiting)]).toEqual([null, null]);
    node.stateLog.hold = false;
    node.stateLog.commit();
    node.loop.run();
    node.stateLog.commit();
    node.loop.run();
    expect([verdictsOf(pending), acquired(waiting)]).toEqual([[0], ['0:2-3 x2']]);
  });

  test('KAFKA-19454: a topic that is deleted under members that hold its records, and made again, begins anew', () => {
    const node = new ShareNode();
    node.produce(4);
    const a = node.member('a');
    a.fetch();
    node.metadata.byName.set('jobs', topicView('jobs', NEW_ID, 1));
    node.log().resign(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    node.partitions.lead(new FakePartition({ id: NEW_ID, name: 'jobs' }, 0, node.loop.post));
    node.loop.run();
    expect(verdictsOf(a.acknowledge({ 0: [[0, 3, ACCEPT]] }))).toEqual([ErrorCode.UNKNOWN_TOPIC_ID]);
    expect(errors(a.fetch())).toEqual([[0, ErrorCode.UNKNOWN_TOPIC_ID, 0]]);
    expect(node.share.partitions.count).toBe(0);
    node.initialize(0);
    node.produce(2);
    const partitions = [{ partitionIndex: 0, partitionMaxBytes: 0, acknowledgementBatches: [] }];
    const forgottenTopicsData = [{ topicId: TOPIC_ID, partitions: [0] }];
    const pending = a.fetch({ topics: [{ topicId: NEW_ID, partitions }], forgottenTopicsData });
    expect(acquired(pending)).toEqual(['0:0-1 x1']);
  });

  test('#23119: a topic id is compared by what it says, not by which object says it', () => {
    const node = new ShareNode();
    node.produce(2);
    const a = node.member('a');
    const copy = Buffer.from(TOPIC_ID).toString();
    a.fetch({
      topics: [
        { topicId: TOPIC_ID, partitions: [{ partitionIndex: 0, partitionMaxBytes: 0, acknowledgementBatches: [] }] },
      ],
    });
    const batches = [{ firstOffset: 0, lastOffset: 1, acknowledgeTypes: [ACCEPT] }];
    const pending = a.fetch({
      maxWaitMs: 0,
      topics: [
        { topicId: copy, partitions: [{ partitionIndex: 0, partitionMaxBytes: 0, acknowledgementBatches: batches }] },
      ],
    });
    expect(errors(pending)).toEqual([[0, 0, 0]]);
    expect(node.share.sessions.partitionCount).toBe(1);
  });

  test('KAFKA-20736, franz-go 1.21.5: a partition that a member names for its verdicts alone is fetched until it is forgotten', () => {
    const node = new ShareNode();
    const a = node.member('a');
    a.fetch({ partitions: [0, 1], maxWaitMs: 0 });
    node.produce(2, 1);
    expect(acquired(a.fetch())).toEqual(['1:0-1 x1']);
    const forget = [{ topicId: TOPIC_ID, partitions: [1] }];
    a.fetch({ maxWaitMs: 0, forgottenTopicsData: forget });
    a.fetch({ maxWaitMs: 0, verdicts: { 1: [[0, 1, ACCEPT]] } });
    node.produce(1, 1);
    expect(acquired(a.fetch({ maxWaitMs: 0 }))).toEqual(['1:2-2 x1']);
  });
});

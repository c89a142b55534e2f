import { describe, expect, it } from '@jest/globals';
import { brokerId, leaderEpoch } from '../../../../broker/core/base/ids.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import type { PartitionLog } from '../../../../broker/server/logs/partition-log.ts';
import { FollowerReads } from '../../../../broker/server/partitions/follower-reads.ts';
import { served, TOPIC_ID } from '../../../support/fetch-lab.ts';
import { HandLog, lead, records } from '../../../support/leader-lab.ts';
import { ledElsewhere } from '../../../support/led-elsewhere.ts';
import { requestContext } from '../../../support/request-context.ts';

const SELECTOR = 'org.apache.kafka.common.replica.RackAwareReplicaSelector';
const CONSUMER = { follower: -1, leaderEpoch: -1 };

/** Three records on a leader in rack a, both followers in rack b; broker 1 has all of them and broker 2 two. */
function racks(selector = SELECTOR) {
  const lab = served(['a', 'b', 'c'], 3, { selector });
  lab.cluster.racks.set(0, 'a').set(1, 'b').set(2, 'b');
  lab.ask({ from: 3, maxWaitMs: 0 });
  lab.ask({ follower: 2, from: 2, maxWaitMs: 0 });
  const consume = (from: number, rackId: string, apiVersion = 18) =>
    lab.ask({ ...CONSUMER, from, rackId, maxWaitMs: 0 }, requestContext({ apiVersion }));
  const preferred = (from: number, rackId: string): number | undefined =>
    lab.partitionOf(consume(from, rackId))?.preferredReadReplica;
  return { ...lab, consume, preferred };
}

describe('a consumer that names its rack (KIP-392)', () => {
  it('is sent to the live follower there that is furthest on and has what it asks for', () => {
    const { preferred, cluster, partitionOf, consume } = racks();
    expect(preferred(0, 'b')).toBe(1);
    expect(partitionOf(consume(0, 'b'))?.records).toEqual([]);
    cluster.fenced.add(1);
    expect([preferred(2, 'b'), preferred(3, 'b')]).toEqual([2, -1]);
    expect([preferred(0, 'a'), preferred(0, 'c'), preferred(0, '')]).toEqual([-1, -1, -1]);
  });

  it('reads from the leader where that is in its rack, whoever else is', () => {
    const { preferred, cluster } = racks();
    cluster.racks.set(1, 'a');
    expect([preferred(0, 'a'), preferred(0, 'b')]).toEqual([-1, 2]);
  });

  it('is told at once, however long it would wait for records', () => {
    const { ask, partitionOf } = racks();
    const asked = ask({ ...CONSUMER, from: 3, rackId: 'b' }, requestContext());
    expect(partitionOf(asked)?.preferredReadReplica).toBe(1);
  });

  it('reads from the leader where no selector is set', () => {
    expect(racks('').preferred(0, 'b')).toBe(-1);
    expect(racks('org.apache.kafka.common.replica.LeaderSelector').preferred(0, 'b')).toBe(-1);
  });

  it('has followers told of a new high watermark at once', () => {
    for (const [selector, isTold] of [
      [SELECTOR, true],
      ['', false],
    ] as const) {
      const { ask, loop, partitionOf, partition } = racks(selector);
      ask({ from: 3, session: [0, 0], maxWaitMs: 0 });
      const waiting = ask({ unnamed: true, session: [7, 1] });
      expect(partition.highWatermark).toBe(2);
      ask({ follower: 2, from: 3, maxWaitMs: 0 });
      loop.advance(1);
      expect(partitionOf(waiting)?.highWatermark).toBe(isTold ? 3 : undefined);
    }
  });
});

/** Broker 1 follows; three records are here, and two are known to be committed. */
function follower() {
  const log = new HandLog();
  const { view, append } = lead({ log });
  for (const value of ['a', 'b', 'c']) append(records(value));
  log.progress(3, 3);
  log.setListener(null);
  log.highWatermark = 2;
  let followed = { ...view, leader: brokerId(0) };
  // A fake of the port: what this test does not use of it is left out.
  const reads = new FollowerReads('jobs', () => followed, log as unknown as PartitionLog);
  const known = ledElsewhere(TOPIC_ID, { leaderEpoch: view.leaderEpoch });
  const lab = served([], 0, { followed: reads, isLed: false, view: known });
  const consume = (from: number, options: { readonly epoch?: number; readonly version?: number } = {}) =>
    lab.ask(
      { ...CONSUMER, from, leaderEpoch: options.epoch ?? 7 },
      requestContext({ apiVersion: options.version ?? 18 }),
    );
  const elect = (): void => {
    followed = { ...followed, leaderEpoch: leaderEpoch(8), leader: brokerId(2) };
    reads.moved();
  };
  return { ...lab, log, reads, consume, elect };
}

describe('a consumer at a follower (KIP-392)', () => {
  it('reads up to the high watermark that is known there', () => {
    const { consume, partitionOf, loop } = follower();
    expect(partitionOf(consume(0))).toMatchObject({ errorCode: 0, highWatermark: 2, records: { length: 2 } });
    expect(partitionOf(consume(4))?.errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE);
    expect(partitionOf(consume(0, { epoch: 6 }))?.errorCode).toBe(ErrorCode.FENCED_LEADER_EPOCH);
    const ahead = consume(0, { epoch: 8 });
    loop.advance(100);
    expect(partitionOf(ahead)?.errorCode).toBe(ErrorCode.UNKNOWN_LEADER_EPOCH);
  });

  it('speaks a version that knows of followers', () => {
    const { consume, partitionOf } = follower();
    expect(partitionOf(consume(0, { version: 13 }))?.errorCode).toBe(ErrorCode.NONE);
    expect(partitionOf(consume(0, { version: 10 }))?.errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  });

  it('waits for the watermark to move', () => {
    const { consume, partitionOf, log, reads, loop } = follower();
    const waiting = consume(2);
    loop.run();
    expect(waiting.response).toBeNull();
    log.highWatermark = 3;
    reads.moved();
    loop.advance(1);
    expect(partitionOf(waiting)).toMatchObject({ highWatermark: 3, records: { length: 1 } });
  });

  it('is told of a new leader, and when nothing is followed here any more', () => {
    for (const strike of ['elect', 'end'] as const) {
      const { consume, partitionOf, elect, reads, loop } = follower();
      const waiting = consume(2);
      if (strike === 'elect') elect();
      else reads.end();
      loop.advance(1);
      const { FENCED_LEADER_EPOCH, NOT_LEADER_OR_FOLLOWER } = ErrorCode;
      expect(partitionOf(waiting)?.errorCode).toBe(strike === 'elect' ? FENCED_LEADER_EPOCH : NOT_LEADER_OR_FOLLOWER);
    }
  });
});

import { beforeEach, describe, expect, test } from '@jest/globals';
import { topicId } from '../../../../broker/core/base/ids.ts';
import { partitionForKey } from '../../../../broker/core/coordinator/partitioner.ts';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { decodeResponse, encodeRequest } from '../../../../broker/core/protocol/messages.ts';
import { brokerVersions } from '../../../../broker/server/api/table.ts';
import { JOBS, Pair } from './brokers.ts';

const ID = topicId(JOBS);
/** Partitions of `jobs` by the broker that keeps their state for group `g`. */
const KEPT = [0, 1].map((node) =>
  [0, 1, 2, 3, 4, 5, 6, 7].filter((partition) => partitionForKey(`g:${JOBS}:${partition}`, 2) === node),
);
const FAR = KEPT[1]?.[0] ?? -1;
const CHANGE = { stateEpoch: 1, leaderEpoch: 0, startOffset: 5, deliveryCompleteCount: 2, stateBatches: [] };

let pair: Pair;

beforeEach(() => {
  pair = new Pair();
});

function initialize(partitions: readonly number[], topics = [JOBS]) {
  const asked = partitions.map((partition) => ({ partition, stateEpoch: 1, startOffset: 0 }));
  const request = { groupId: 'g', topics: topics.map((one) => ({ topicId: one, partitions: asked })) };
  const router = pair.zero.groups.shareStateRouter;
  const { results } = pair.wait<Parameters<Parameters<typeof router.initialize>[1]>[0]>((done) =>
    router.initialize(request, done),
  );
  return results.flatMap((topic) => topic.partitions.map(({ partition, errorCode }) => [partition, errorCode]));
}

/** A write of broker 0 about a partition whose state broker 1 keeps. */
function write(partition = FAR): number[] {
  const codes: number[] = [];
  pair.zero.groups.sharePersister.write('g', ID, partition, CHANGE, (errorCode) => codes.push(errorCode));
  return codes;
}

describe('share state that another broker keeps', () => {
  test('is started there, and answered in the order of the request', () => {
    const partitions = [3, 0, 7, 1, 2, 5, 4, 6];
    expect(initialize(partitions)).toEqual(partitions.map((partition) => [partition, 0]));
    for (const [node, broker] of [pair.zero, pair.one].entries()) {
      const known = [...broker.remembered.matchAll(/g:\S+?:(\d)/g)].map((match) => Number(match[1]));
      expect(known.toSorted()).toEqual(KEPT[node]);
    }
  });

  test('is read, written and deleted there, its count of finished records included', () => {
    initialize([FAR]);
    const { sharePersister } = pair.zero.groups;
    expect(pair.wait((done) => sharePersister.write('g', ID, FAR, CHANGE, done))).toBe(0);
    expect(pair.wait((done) => sharePersister.readSummary('g', ID, FAR, done))).toMatchObject({
      errorCode: 0,
      startOffset: 5,
      deliveryCompleteCount: 2,
    });
    expect(pair.wait((done) => sharePersister.read('g', ID, FAR, 3, done))).toMatchObject({ startOffset: 5 });
    expect(pair.wait((done) => sharePersister.write('g', ID, FAR, CHANGE, done))).toBe(ErrorCode.FENCED_LEADER_EPOCH);
    expect(pair.wait((done) => sharePersister.remove('g', ID, FAR, done))).toBe(0);
    expect(pair.one.remembered).not.toContain(`${JOBS}:${FAR}`);
  });

  test('is not written to a broker that would forget its count of finished records', () => {
    const { sharePersister } = pair.zero.groups;
    const wanted: readonly number[] = [ApiKey.WriteShareGroupState, ApiKey.ReadShareGroupStateSummary];
    pair.one.served = brokerVersions.map((row) => (wanted.includes(row.key) ? { ...row, max: 0 } : row));
    expect(initialize([FAR])).toEqual([[FAR, 0]]);
    expect(pair.wait((done) => sharePersister.write('g', ID, FAR, CHANGE, done))).toBe(
      ErrorCode.COORDINATOR_NOT_AVAILABLE,
    );
    expect(pair.wait((done) => sharePersister.readSummary('g', ID, FAR, done))).toMatchObject({
      errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    });
    expect(pair.wait((done) => sharePersister.read('g', ID, FAR, 3, done))).toMatchObject({ errorCode: 0 });
  });

  test('is written for many share-partitions at once: none waits for the commit of another', () => {
    initialize(KEPT[1] ?? []);
    const before = pair.one.stateLog.logEndOffset;
    pair.one.stateLog.hold = true;
    const codes = (KEPT[1] ?? []).map((partition) => write(partition));
    pair.run(100);
    expect(codes.length).toBeGreaterThan(2);
    expect(pair.one.stateLog.logEndOffset - before).toBe(codes.length);
    expect(codes.flat()).toEqual([]);
    pair.one.stateLog.commit();
    pair.run(100);
    expect(codes.flat()).toEqual(codes.map(() => 0));
  });

  test('is asked for where its coordinator is now', () => {
    initialize([FAR]);
    pair.zero.knowledge.leaders(0, -1);
    expect(write()).toEqual([ErrorCode.COORDINATOR_NOT_AVAILABLE]);
    pair.zero.knowledge.leaders(0, 1);
    expect(pair.wait((done) => pair.zero.groups.sharePersister.write('g', ID, FAR, CHANGE, done))).toBe(0);
  });

  test('is not coordinated by a broker that only metadata of before names', () => {
    initialize([FAR]);
    pair.one.knowledge.leaders(0, 0);
    pair.one.stateLog.resign();
    const codes = write();
    pair.run(100);
    expect(codes).toEqual([ErrorCode.NOT_COORDINATOR]);
  });

  test('may be kept by a broker that has not heard of the topic yet', () => {
    const known = pair.one.knowledge.byName.get('jobs');
    pair.one.knowledge.byName.delete('jobs');
    const codes = write();
    pair.run(100);
    expect(codes).toEqual([ErrorCode.COORDINATOR_NOT_AVAILABLE]);
    if (known !== undefined) pair.one.knowledge.byName.set('jobs', known);
    expect(initialize([FAR])).toEqual([[FAR, 0]]);
  });

  test('of a topic that is nowhere is not asked for again', () => {
    const codes: number[] = [];
    const gone = topicId('AAAAAAAAAAAAAAAAAAAAZg');
    for (const partition of [0, 1, 2, 3])
      pair.zero.groups.sharePersister.write('g', gone, partition, CHANGE, (errorCode) => codes.push(errorCode));
    pair.run(100);
    expect(codes).toEqual([3, 3, 3, 3]);
  });
});

describe('a broker that can not be reached', () => {
  test('is an answer at once while it is not dialed again, and a line now and then', () => {
    initialize([FAR]);
    pair.one.die();
    pair.run(10);
    const codes: number[] = [];
    for (let tick = 0; tick < 250; tick += 1) {
      codes.push(...write());
      pair.run(20);
    }
    pair.run(100);
    expect(codes.length).toBeGreaterThan(200);
    expect(new Set(codes)).toEqual(new Set([ErrorCode.COORDINATOR_NOT_AVAILABLE]));
    expect(pair.zero.lines).toEqual(['another broker can not be reached; it is tried again']);
    expect(pair.zero.figure('weir_peer_connected')).toBe(0);
    expect(pair.zero.figure('weir_peer_failures_total')).toBe(250);
    pair.one.restart();
    pair.run(2_000);
    const again = write();
    pair.run(100);
    expect(again).toEqual([0]);
    expect(pair.zero.lines.at(-1)).toBe('the other broker answers again');
    expect(pair.zero.figure('weir_peer_connected')).toBe(1);
  });

  test('fails what it was asked when it dies before it answers', () => {
    initialize([FAR]);
    pair.one.stateLog.hold = true;
    const codes = write();
    pair.run(50);
    expect(codes).toEqual([]);
    pair.one.die();
    pair.run(50);
    expect(codes).toEqual([ErrorCode.COORDINATOR_NOT_AVAILABLE]);
  });

  test('fails what it was asked when it stands still, after ten seconds at the latest', () => {
    initialize([FAR]);
    pair.one.host.sleepUntil(pair.world.nowMs + 60_000);
    const codes = write();
    pair.run(9_900);
    expect(codes).toEqual([]);
    pair.run(200);
    expect(codes).toEqual([ErrorCode.COORDINATOR_NOT_AVAILABLE]);
  });

  test('fails what it was asked when it is fenced, and is asked nothing more', () => {
    initialize([FAR]);
    pair.one.host.sleepUntil(pair.world.nowMs + 60_000);
    const codes = write();
    pair.run(10);
    pair.zero.knowledge.fence(1);
    expect(codes).toEqual([ErrorCode.COORDINATOR_NOT_AVAILABLE]);
    expect(write()).toEqual([ErrorCode.COORDINATOR_NOT_AVAILABLE]);
  });

  test('is not mistaken for a node of another cluster that has its address', () => {
    Object.assign(pair.one.knowledge, { clusterId: 'BBBBBBBBBBBBBBBBBBBBBB' });
    const codes = write();
    pair.run(100);
    expect(codes).toEqual([ErrorCode.COORDINATOR_NOT_AVAILABLE]);
    expect(pair.one.remembered).not.toContain(JOBS);
    expect(pair.zero.lines).toEqual(['another broker can not be reached; it is tried again']);
  });
});

describe('ends of partitions', () => {
  test('are told by their leaders, as far as those are there', () => {
    pair.zero.partitions.byName('jobs', 0)?.produce(3);
    pair.one.partitions.byName('jobs', 1)?.produce(5);
    pair.one.partitions.byName('jobs', 3)?.produce(1);
    pair.run(10);
    pair.one.partitions.byName('jobs', 1)?.deleteRecords(2, () => {});
    expect(pair.zero.ends([0, 1, 3, 5])).toEqual({
      0: { logStartOffset: 0, highWatermark: 3 },
      1: { logStartOffset: 2, highWatermark: 5 },
      3: { logStartOffset: 0, highWatermark: 1 },
      5: { logStartOffset: 0, highWatermark: 0 },
    });
    pair.one.die();
    expect(pair.zero.ends([0, 1])).toEqual({ 0: { logStartOffset: 0, highWatermark: 3 } });
  });
});

/** A request of somebody who is no broker; null when the connection is closed. */
function ask(port: number) {
  const header = { apiKey: ApiKey.WriteShareGroupState, version: 1, correlationId: 1, clientId: null };
  const topics = [{ topicId: JOBS, partitions: [{ partition: FAR, ...CHANGE }] }];
  const frames = pair.wait<Buffer | null>((done) => {
    const handlers = {
      onData: (bytes: Uint8Array) => done(Buffer.from(bytes)),
      onDrain: () => {},
      onClose: () => done(null),
    };
    pair.network.host().dial({ host: '127.0.0.1', port, timeoutMs: 1_000 }, handlers, (_failure, connection) => {
      connection?.write(encodeRequest({ ...header, apiKey: ApiKey.WriteShareGroupState }, { groupId: 'g', topics }));
    });
  });
  return frames === null ? null : decodeResponse(ApiKey.WriteShareGroupState, 1, frames.subarray(4)).body;
}

describe('a request between brokers', () => {
  test('closes the connection on a listener that is not theirs', () => {
    expect(ask(9193)).toBeNull();
    expect(pair.one.lines.join()).toContain('API key 85 is not served on listener clients');
  });

  test('is refused by each partition to who may not act for the cluster', () => {
    initialize([FAR]);
    pair.one.authorizer = { allows: (_connection, { operation }) => operation !== 'cluster-action' };
    const results = ask(9093)?.results;
    expect(results?.[0]?.partitions).toEqual([
      { partition: FAR, errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, errorMessage: null },
    ]);
    pair.one.authorizer = { allows: () => true };
    expect(ask(9093)?.results[0]?.partitions[0]?.errorCode).toBe(0);
  });
});

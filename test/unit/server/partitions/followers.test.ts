import { describe, expect, it } from '@jest/globals';
import { brokerId, leaderEpoch } from '../../../../broker/core/base/ids.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { HandLog, lead, records, RULES } from '../../../support/leader-lab.ts';

const ALL = [0, 1, 2].map((id) => brokerId(id));
const LAG_MAX_MS = 10_000;

/** Broker 0 leads, 1 and 2 follow; the log begins with `end` records. */
function replicated(options: Parameters<typeof lead>[0] = {}, end = 0) {
  const log = new HandLog();
  log.logEndOffset = end;
  log.writtenOffset = end;
  log.durableOffset = end;
  const rules = { minInsyncReplicas: 2, ...options.rules };
  const led = lead({ log, ...options, rules, view: { replicas: ALL, isr: ALL, ...options.view } });
  const fetch = (id: number, fetchOffset: number, logStartOffset = 0): number =>
    led.partition.onFollowerFetch({ brokerId: brokerId(id), brokerEpoch: 5, fetchOffset, logStartOffset });
  /** The metadata says that these are in sync. */
  const inSync = (isr: readonly number[], partitionEpoch: number): void =>
    led.partition.update({ ...led.view, isr: isr.map((id) => brokerId(id)), partitionEpoch }, { ...RULES, ...rules });
  return { ...led, log, fetch, inSync };
}

describe('a led partition with followers', () => {
  it('acknowledges to acks=all when every member has the record, and to acks=1 before', () => {
    const { partition, append, log, fetch } = replicated();
    append(records('a'));
    const codes: string[] = [];
    partition.awaitInSync(1, (code) => codes.push(`all ${code}`));
    partition.awaitLocal(1, (code) => codes.push(`one ${code}`));
    log.progress(1, 1);
    expect(codes).toEqual(['one 0']);
    fetch(1, 1);
    expect(codes).toEqual(['one 0']);
    fetch(2, 1);
    expect(codes).toEqual(['one 0', 'all 0']);
    expect([partition.highWatermark, log.highWatermark]).toEqual([1, 1]);
  });

  it('tells acks=all that too few are left, while the node itself waits on for what it has appended', () => {
    const { partition, append, log, fetch, inSync } = replicated();
    append(records('a'));
    log.progress(1, 1);
    const codes: string[] = [];
    partition.awaitInSync(1, (code) => codes.push(`client ${code}`));
    partition.awaitCommitted(1, (code) => codes.push(`own ${code}`));
    inSync([0], 1);
    expect(codes).toEqual([`client ${ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND}`]);
    partition.awaitInSync(1, (code) => codes.push(`late ${code}`));
    expect(codes[1]).toBe(`late ${ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND}`);
    fetch(1, 1);
    inSync([0, 1], 2);
    expect(codes[2]).toBe('own 0');
    partition.awaitInSync(1, (code) => codes.push(`again ${code}`));
    expect(codes[3]).toBe('again 0');
  });

  it('refuses acks=all and no other while too few are in sync', () => {
    const { append, inSync } = replicated();
    inSync([0], 1);
    expect(append(records('a'))?.errorCode).toBe(ErrorCode.NOT_ENOUGH_REPLICAS);
    expect(append(records('a'), 1)?.errorCode).toBe(ErrorCode.NONE);
    expect(append(records('a'), 0)?.errorCode).toBe(ErrorCode.NONE);
  });

  it('tells everybody who waits when it does not lead any more', () => {
    const { partition, append, log } = replicated();
    append(records('a'));
    log.progress(1, 1);
    const codes: number[] = [];
    partition.awaitInSync(1, (code) => codes.push(code));
    partition.awaitCommitted(1, (code) => codes.push(code));
    partition.deleteRecords(0, ({ errorCode }) => codes.push(errorCode));
    partition.resign(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    expect(codes).toEqual([6, 6, 6]);
  });

  it('does not know what is committed before the high watermark has come to the start of its epoch', () => {
    const { partition, fetch } = replicated({}, 3);
    expect([partition.isBehindStart, partition.highWatermark]).toEqual([true, 0]);
    fetch(1, 3);
    fetch(2, 2);
    expect([partition.isBehindStart, partition.highWatermark]).toEqual([true, 2]);
    fetch(2, 3);
    expect([partition.isBehindStart, partition.highWatermark]).toEqual([false, 3]);
  });

  it('begins with what is synced here, not with all that is written', () => {
    const log = new HandLog();
    Object.assign(log, { logEndOffset: 3, writtenOffset: 3, durableOffset: 1 });
    const { partition } = lead({ log });
    expect(partition.highWatermark).toBe(1);
    log.progress(3, 3);
    expect(partition.highWatermark).toBe(3);
  });

  it('gives followers what is written, and consumers what all members have', () => {
    const { partition, append, log, fetch } = replicated();
    append(records('a'));
    log.progress(1, 0);
    const counts = (isolationLevel: 0 | 'replica'): number => {
      const options = { fetchOffset: 0, maxBytes: 1000, minOneBatch: true, isolationLevel, currentLeaderEpoch: 7 };
      let count = -1;
      partition.read(options, ({ chunks }) => (count = chunks.length));
      return count;
    };
    expect([counts('replica'), counts(0)]).toEqual([1, 0]);
    log.progress(1, 1);
    fetch(1, 1);
    fetch(2, 1);
    expect(counts(0)).toBe(1);
  });

  it('names a follower in the rack of a consumer only when it has what is asked for', () => {
    const { partition, append, log, fetch, cluster } = replicated();
    cluster.racks.set(1, 'near');
    append(records('a', 'b'));
    log.progress(2, 2);
    fetch(1, 1, 1);
    expect([0, 1, 2].map((offset) => partition.preferredReplica('near', offset))).toEqual([-1, 1, -1]);
  });

  it('wakes followers for what is written, once for each end', () => {
    const { partition, append, log } = replicated();
    const woken: number[] = [];
    const unsubscribe = partition.onAppend(() => woken.push(log.writtenOffset));
    append(records('a'));
    log.progress(1, 0);
    log.progress(1, 1);
    append(records('b'));
    log.progress(2, 1);
    unsubscribe();
    append(records('c'));
    log.progress(3, 1);
    expect(woken).toEqual([1, 2]);
  });

  it('has records deleted when no live replica has them any more', () => {
    const { partition, append, log, fetch, cluster } = replicated();
    append(records('a', 'b'));
    log.progress(2, 2);
    fetch(1, 2);
    fetch(2, 2);
    const answers: unknown[] = [];
    let woken = 0;
    partition.onAppend(() => (woken += 1));
    partition.deleteRecords(2, (answer) => answers.push(answer));
    expect([log.logStartOffset, woken]).toEqual([2, 1]);
    fetch(1, 2, 2);
    expect(answers).toEqual([]);
    fetch(2, 2, 1);
    expect(answers).toEqual([]);
    cluster.fenced.add(2);
    partition.watchFollowers(LAG_MAX_MS, false);
    expect(answers).toEqual([{ errorCode: ErrorCode.NONE, lowWatermark: 2 }]);
  });

  it('has records deleted only when a replica that lives and is not in sync does not have them either', () => {
    const { partition, append, log, fetch, inSync } = replicated();
    append(records('a', 'b'));
    log.progress(2, 2);
    inSync([0, 1], 1);
    fetch(1, 2, 2);
    fetch(2, 0);
    const answers: unknown[] = [];
    partition.deleteRecords(2, (answer) => answers.push(answer));
    fetch(1, 2, 2);
    expect(answers).toEqual([]);
    fetch(2, 2, 2);
    expect(answers).toEqual([{ errorCode: ErrorCode.NONE, lowWatermark: 2 }]);
  });

  it('has who lags proposed to leave, and who has all to join; once, until it is told more', () => {
    const { partition, append, log, fetch, inSync, cluster, sources, stats } = replicated();
    append(records('a'));
    log.progress(1, 1);
    fetch(1, 1);
    cluster.nowMs = LAG_MAX_MS;
    partition.watchFollowers(LAG_MAX_MS, false);
    expect(sources).toEqual([]);
    cluster.nowMs += 1;
    partition.watchFollowers(LAG_MAX_MS, false);
    const members = (): unknown => sources.at(-1)?.proposal?.isr.map((one) => one.brokerId);
    expect(members()).toEqual([0, 1]);
    inSync([0, 1], 1);
    expect([sources.at(-1)?.proposal, partition.highWatermark]).toEqual([null, 1]);
    fetch(2, 1);
    // Who joins does so in the incarnation that fetched.
    const joined = [0, 1, 2].map((id) => ({ brokerId: id, brokerEpoch: id === 2 ? 5 : -1 }));
    expect(sources.at(-1)?.proposal?.isr).toEqual(joined);
    inSync([0, 1, 2], 2);
    expect(stats).toEqual({ isrShrinks: 1, isrExpands: 1 });
    cluster.nowMs += LAG_MAX_MS + 1;
    append(records('b'));
    log.progress(2, 2);
    partition.watchFollowers(LAG_MAX_MS, false);
    expect(members()).toEqual([0]);
    partition.resign(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    expect(sources.at(-1)?.proposal).toBeNull();
  });

  it('blames nobody for the time in which this node stood still', () => {
    const { partition, append, log, cluster, sources } = replicated();
    append(records('a'));
    log.progress(1, 1);
    cluster.nowMs = 60_000;
    partition.watchFollowers(LAG_MAX_MS, true);
    partition.watchFollowers(LAG_MAX_MS, false);
    expect(sources).toEqual([]);
  });

  it('asks for the mark of D3 when every member has synced what there was at the start', () => {
    const { log, fetch, marks, changed, inSync, partition, view } = replicated({ view: { durableFromEpoch: -1 } }, 3);
    log.durableOffset = 2;
    fetch(1, 3);
    fetch(2, 3);
    expect(marks).toEqual([]);
    log.progress(3, 3);
    expect(marks.at(-1)).toMatchObject({ leaderEpoch: 7, wantsDurableMark: true });
    const other = replicated({ view: { durableFromEpoch: -1 } }, 3);
    other.fetch(1, 3);
    other.fetch(2, 2);
    expect(other.marks).toEqual([]);
    other.fetch(2, 3);
    expect(other.marks).toHaveLength(1);
    expect(changed).toEqual([]);
    inSync([0], 1);
    // What was refused may be given to another ISR.
    expect(changed).toHaveLength(1);
    expect(marks.at(-1)?.wantsDurableMark).toBe(false);
    partition.update({ ...view, leaderEpoch: leaderEpoch(7), partitionEpoch: 2, durableFromEpoch: 7 }, RULES);
    expect(marks.at(-1)?.wantsDurableMark).toBe(false);
  });

  it('does not take a follower that it does not know for one', () => {
    expect(replicated().fetch(3, 0)).toBe(ErrorCode.UNKNOWN_LEADER_EPOCH);
  });
});

import { describe, expect, it } from '@jest/globals';
import { checkCommits } from '../../sim/check-groups.ts';
import { checkLog } from '../../sim/check-log.ts';
import { checkDrained, checkOwnership } from '../../sim/check-share.ts';
import type { GroupFacts, Observation, Place, Seen, TopicFacts } from '../../sim/history.ts';

const at = (offset: number): Place => ({ topic: 'jobs', partition: 0, offset });
const VALUES = ['a', 'b', 'c', 'd'];
const TOPICS = new Map<string, TopicFacts>([['jobs', { durability: 'fsync', retentionMs: null, isCompacted: false }]]);
const REPLICATED = new Map<string, TopicFacts>([
  ['jobs', { durability: 'replicated', retentionMs: null, isCompacted: false }],
]);
const GROUPS = new Map<string, GroupFacts>([['g', { deliveryLimit: 3, offsetReset: 'earliest', topics: ['jobs'] }]]);

/** A history in which everything went well. */
function good(): Observation[] {
  const history: Observation[] = [];
  VALUES.forEach((value, offset) => {
    history.push({ kind: 'sent', atMs: offset, value, key: null, producer: 'p', sequence: offset });
    history.push({ kind: 'acknowledged', atMs: offset + 1, value, place: at(offset) });
  });
  VALUES.forEach((value, offset) => {
    const member = offset % 2 === 0 ? 'm1' : 'm2';
    history.push(delivered({ atMs: 10 + offset, value, place: at(offset), member }));
    history.push({ kind: 'giving-up', atMs: 20 + offset, group: 'g', place: at(offset), member, verdict: 'accept' });
    history.push(settled({ atMs: 21 + offset, sentMs: 20 + offset, place: at(offset), member }));
  });
  VALUES.forEach((value, offset) => history.push({ kind: 'scanned', atMs: 50, value, place: at(offset) }));
  history.push({
    kind: 'scan-bounds',
    atMs: 51,
    topic: 'jobs',
    partition: 0,
    startOffset: 0,
    endOffset: VALUES.length,
  });
  return history;
}

function delivered(
  what: Pick<Seen<'delivered'>, 'atMs' | 'value' | 'place' | 'member'> & Partial<Seen<'delivered'>>,
): Seen<'delivered'> {
  const told = { askedMs: what.atMs - 1, node: 0, untilMs: 1000, expiredMs: 1010, deliveryCount: 1 };
  return { kind: 'delivered', group: 'g', ...told, ...what };
}

function settled(
  what: Pick<Seen<'settled'>, 'atMs' | 'sentMs' | 'place' | 'member'> & Partial<Seen<'settled'>>,
): Seen<'settled'> {
  return { kind: 'settled', group: 'g', node: 0, verdict: 'accept', ...what };
}

function gone(atMs: number, member: string, cause: 'connection' | 'node' = 'connection'): Observation {
  return { kind: 'member-gone', atMs, group: 'g', member, node: null, cause };
}

function all(history: readonly Observation[], topics = TOPICS): string[] {
  return [
    ...checkLog(history, topics),
    ...checkOwnership(history, GROUPS, topics),
    ...checkDrained(history, GROUPS, topics),
    ...checkCommits(history),
  ];
}

/** A good history with something put behind its first observation of a kind. */
function inserted(kind: Observation['kind'], ...more: readonly Observation[]): Observation[] {
  const history = good();
  history.splice(history.findIndex((one) => one.kind === kind) + 1, 0, ...more);
  return history;
}

describe('the history checkers', () => {
  it('find nothing wrong with a good history', () => {
    expect(all(good())).toEqual([]);
  });

  it('name an acknowledged record that is missing', () => {
    const history = good().filter((one) => !(one.kind === 'scanned' && one.value === 'c'));
    expect(all(history)).toEqual([
      'L1: c was acknowledged at jobs-0@2, where nothing is',
      'L1: c was delivered at jobs-0@2, where nothing is',
      'L4: jobs-0 has 3 records between 0 and 4',
    ]);
  });

  it('allow a replicated topic to lose what was acknowledged before power went, and nothing later', () => {
    const kept = good().filter((one) => one.kind !== 'scanned' || one.value !== 'd');
    const shorter = kept.map((one) => (one.kind === 'scan-bounds' ? { ...one, endOffset: 3 } : one));
    const loss: Observation = { kind: 'leaders-changed', atMs: 40, cause: 'power' };
    expect(all([...shorter, loss], REPLICATED)).toEqual([]);
    expect(all([...shorter, { ...loss, cause: 'process' }], REPLICATED)).toContain(
      'L1: d was acknowledged at jobs-0@3, where nothing is',
    );
    const late = { kind: 'acknowledged', atMs: 46, value: 'd', place: at(3) } as const;
    expect(all([...shorter, loss, late], REPLICATED)).toEqual(['L1: d was acknowledged at jobs-0@3, where nothing is']);
  });

  it('name a record that a consumer read and that is not there any more', () => {
    const history = inserted('acknowledged', {
      kind: 'sent',
      atMs: 5,
      value: 'e',
      key: null,
      producer: 'q',
      sequence: -1,
    });
    expect(all([...history, { kind: 'read', atMs: 6, value: 'e', place: at(4) }])).toEqual([
      'L1: e was read at jobs-0@4, where nothing is',
    ]);
  });

  it('name two records that changed places', () => {
    const swap = (value: string): string => (value === 'b' ? 'c' : value === 'c' ? 'b' : value);
    const history = good().map((one) => (one.kind === 'scanned' ? { ...one, value: swap(one.value) } : one));
    expect(all(history)).toEqual([
      'L1: b was acknowledged at jobs-0@1, where c is',
      'L1: c was acknowledged at jobs-0@2, where b is',
      'L1: b was delivered at jobs-0@1, where c is',
      'L1: c was delivered at jobs-0@2, where b is',
      'L3: b at jobs-0@2 stands behind record 2 of its producer',
    ]);
  });

  it('name a record that was read twice', () => {
    const history = [...good(), { kind: 'scanned', atMs: 52, value: 'a', place: at(0) } as const];
    expect(all(history)).toContain('L4: jobs-0@0 was read twice');
  });

  it('name an idempotent producer’s record that is there twice', () => {
    const history = good().map((one) => (one.kind === 'scan-bounds' ? { ...one, endOffset: 5 } : one));
    history.push({ kind: 'scanned', atMs: 52, value: 'a', place: at(4) });
    expect(all(history)).toContain('L3: a of an idempotent producer is at jobs-0@0 and at jobs-0@4');
  });

  it('name a record that nobody sent, and one that its producer was told was not stored', () => {
    const ghost = good().map((one) => (one.kind === 'scanned' && one.value === 'd' ? { ...one, value: 'ghost' } : one));
    expect(all(ghost)).toContain('L2: jobs-0@3 holds ghost, which nobody sent');
    const refused = inserted('acknowledged', { kind: 'refused', atMs: 4, value: 'b' });
    expect(all(refused)).toContain('L2: jobs-0@1 holds b, which its producer was told was not stored');
  });

  it('name a log that starts before what was deleted, or beyond it', () => {
    const cut = { kind: 'cut', atMs: 30, topic: 'jobs', partition: 0, beforeOffset: 2, confirmed: true } as const;
    expect(all([...good(), cut])).toEqual(['L5: jobs-0 starts at 0 though records before 2 were deleted']);
    const short = good()
      .filter((one) => one.kind !== 'scanned' || one.place.offset > 2)
      .map((one) => (one.kind === 'scan-bounds' ? { ...one, startOffset: 3 } : one));
    expect(all([...short, cut])).toEqual(['L5: jobs-0 starts at 3, nobody deleted records beyond 2']);
  });

  it('name a record that retention dropped before its time', () => {
    const short = good()
      .filter((one) => one.kind !== 'scanned' || one.place.offset > 0)
      .map((one) => (one.kind === 'scan-bounds' ? { ...one, startOffset: 1 } : one));
    const kept = (retentionMs: number) =>
      new Map([['jobs', { durability: 'fsync' as const, retentionMs, isCompacted: false }]]);
    expect(all(short, kept(20))).toEqual([]);
    expect(all(short, kept(100))).toEqual(['L5: a at jobs-0@0 was dropped before its time']);
  });

  it('name a key of a compacted topic whose last value is gone, and nothing that a later one stands for', () => {
    const compacted = new Map([['jobs', { durability: 'fsync' as const, retentionMs: null, isCompacted: true }]]);
    // `a` and `c` have one key, `b` and `d` another.
    const history = good().map((one) =>
      one.kind === 'sent' ? { ...one, key: 'ac'.includes(one.value) ? 'first' : 'second' } : one,
    );
    const without = (...values: readonly string[]): string[] =>
      checkLog(
        history.filter((one) => one.kind !== 'scanned' || !values.includes(one.value)),
        compacted,
      );
    expect([without(), without('a'), without('a', 'b')]).toEqual([[], [], []]);
    const lost = (value: string, offset: number): string[] =>
      ['acknowledged', 'delivered'].map((what) => `L1: ${value} was ${what} at jobs-0@${offset}, where nothing is`);
    expect(without('c')).toEqual(lost('c', 2));
    expect(without('a', 'd').toSorted()).toEqual(lost('d', 3).toSorted());
    expect(without('b', 'd').toSorted()).toEqual([...lost('b', 1), ...lost('d', 3)].toSorted());
    const unkeyed = good().filter((one) => one.kind !== 'scanned' || one.value !== 'a');
    expect(checkLog(unkeyed, compacted)).toEqual(lost('a', 0));
  });

  it('name a record with two owners', () => {
    const second = delivered({ atMs: 15, value: 'a', place: at(0), member: 'm2', deliveryCount: 2 });
    expect(checkOwnership(inserted('delivered', second), GROUPS, TOPICS)).toContain(
      'S1: g jobs-0@0 (a) went to m2 at 15 while m1 held it until 1000',
    );
  });

  it('allow a second owner after the lock, after the member went, and after the leaders changed', () => {
    const again = (atMs: number) => delivered({ atMs, value: 'a', place: at(0), member: 'm2', deliveryCount: 2 });
    const first = delivered({ atMs: 1, value: 'a', place: at(0), member: 'm1' });
    const check = (history: readonly Observation[]): string[] => checkOwnership(history, GROUPS, TOPICS);
    expect(check([first, again(1000)])).toEqual([]);
    expect(check([first, gone(5, 'm1'), again(10)])).toEqual([]);
    expect(check([first, { kind: 'leaders-changed', atMs: 5, cause: 'process' }, again(10)])).toEqual([]);
    expect(check([first, gone(5, 'm3'), again(10)])).toHaveLength(1);
  });

  it('name a delivery that did not count, and one too many', () => {
    const count = (deliveryCount: number, atMs: number) =>
      delivered({ atMs, value: 'a', place: at(0), member: 'm1', untilMs: atMs + 1, deliveryCount });
    const check = (history: readonly Observation[]): string[] => checkOwnership(history, GROUPS, TOPICS);
    expect(check([count(1, 1), count(2, 5), count(3, 10)])).toEqual([]);
    expect(check([count(1, 1), count(1, 5)])).toEqual([
      'S2: g jobs-0@0 (a) was delivered for the 1. time after the 1.',
    ]);
    expect(check([count(4, 1)])).toEqual(['S2: g jobs-0@0 (a) was delivered for the 4. time of 3']);
  });

  it('name a record that came back after it was accepted or rejected', () => {
    const again = delivered({ atMs: 60, value: 'b', place: at(1), member: 'm1', deliveryCount: 2 });
    expect(all([...good(), again])).toEqual(['S3: g jobs-0@1 (b) went to m1 after m2 had said accept']);
    const rejected = good().map((one) => (one.kind === 'settled' ? { ...one, verdict: 'reject' as const } : one));
    expect(all([...rejected, again])).toEqual(['S4: g jobs-0@1 (b) went to m1 after m2 had said reject']);
  });

  it('name an acknowledgement by somebody who does not hold the record, or not any more', () => {
    const mine = delivered({ atMs: 1, value: 'a', place: at(0), member: 'm1' });
    const theirs = settled({ atMs: 7, sentMs: 5, place: at(0), member: 'm2' });
    const late = settled({ atMs: 1025, sentMs: 1020, place: at(0), member: 'm1' });
    const check = (history: readonly Observation[]): string[] => checkOwnership(history, GROUPS, TOPICS);
    expect(check([mine, theirs])).toEqual(['S8: m2 was let to accept g jobs-0@0 while m1 held it']);
    expect(check([mine, late])).toEqual(['S8: m1 was let to accept g jobs-0@0 at 1020, its lock had ended at 1010']);
  });

  it('name a record that nobody ever finished', () => {
    const history = good().filter((one) => !(one.kind === 'settled' && one.place.offset === 3));
    expect(all(history)).toEqual(['S6: g never finished d at jobs-0@3, delivered 1 times']);
    const doubtful = {
      kind: 'unsettled',
      atMs: 30,
      group: 'g',
      member: 'm2',
      place: at(3),
      verdict: 'accept',
    } as const;
    expect(all([...history, doubtful])).toEqual([]);
    expect(all([...history, gone(30, 'm2'), gone(40, 'm2')])).toEqual([]);
    expect(all([...history, gone(30, 'm2', 'node'), gone(40, 'm2', 'node')])).toHaveLength(1);
  });

  it('name a group’s offset that went back', () => {
    const where = { group: 'c', topic: 'jobs', partition: 0 };
    const commit = (offset: number, confirmed: boolean): Observation => ({
      kind: 'commit',
      atMs: 1,
      ...where,
      offset,
      confirmed,
    });
    const found = (offset: number): Observation => ({ kind: 'committed', atMs: 2, ...where, offset });
    const history = [commit(3, false), commit(3, true), commit(5, false)];
    expect(checkCommits([...history, found(3)])).toEqual([]);
    expect(checkCommits([...history, found(5)])).toEqual([]);
    expect(checkCommits([...history, found(-1)])).toEqual(['C1: the offset of c jobs-0 is -1, 3 or 5 was committed']);
  });
});

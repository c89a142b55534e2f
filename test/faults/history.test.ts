import { describe, expect, it } from '@jest/globals';
import { type Acquired, type Finished, type History, judge, type Read } from './history.ts';

const PARTITIONS = 2;
const RECORDS = 20;
const LOCK_MS = 1000;

/** A history without a fault: each record sent, confirmed, stored, delivered, accepted and read, then a crash, then commits. */
function clean(): History {
  const places = Array.from({ length: PARTITIONS * RECORDS }, (_, index) => ({
    partition: Math.floor(index / RECORDS),
    offset: index % RECORDS,
    id: `r${index}`,
    sequence: index % RECORDS,
  }));
  return {
    sent: places.map(({ id, partition, sequence }) => ({ id, partition, sequence, producer: 'p' })),
    acknowledged: places.map(({ id, partition, offset }) => ({ id, partition, offset })),
    scanned: places.map(({ id, partition, offset }) => ({ id, partition, offset })),
    acquired: places.map(
      ({ partition, offset, id }): Acquired => ({
        partition,
        offset,
        id,
        member: 'a',
        atMs: offset * 10,
        lockMs: LOCK_MS,
      }),
    ),
    finished: places.map(
      ({ partition, offset }): Finished => ({
        partition,
        offset,
        member: 'a',
        outcome: 'accepted',
        sentMs: offset * 10 + 2,
        atMs: offset * 10 + 4,
      }),
    ),
    crashes: [{ fromMs: 10_000, untilMs: 10_000 }],
    committed: [0, 1].flatMap((partition) => [5, 12].map((offset) => ({ partition, offset, isConfirmed: true }))),
    committedAtEnd: [0, 1].map((partition) => ({ partition, offset: 12 })),
    // The first commit falls between two records.
    read: places.map(({ partition, offset, id }) => ({ partition, offset, id, commitCount: offset < 5 ? 0 : 1 })),
  };
}

/** The clean history with the reads of its first partition replaced. */
function reading(change: (reads: readonly Read[]) => readonly Read[]): History {
  const history = clean();
  const [first, second] = [0, 1].map((partition) => (history.read ?? []).filter((one) => one.partition === partition));
  return { ...history, read: [...change(first ?? []), ...(second ?? [])] };
}

const without = <T>(list: readonly T[], index: number): readonly T[] => list.filter((_, at) => at !== index);

describe('the history checker', () => {
  it('finds nothing in a history without a fault', () => {
    expect(judge(clean())).toEqual([]);
  });

  it('names an acknowledged record that is missing at the end of the log', () => {
    const history = clean();
    const spoiled = { ...history, scanned: without(history.scanned, PARTITIONS * RECORDS - 1) };
    expect(judge(spoiled)).toEqual([
      { rule: 'acknowledged record is lost', record: '1:19 r39', detail: 'found nothing there' },
      { rule: 'record out of thin air', record: '1:19 ?', detail: 'a was handed r39 there' },
      { rule: 'record out of thin air', record: '1:19 ?', detail: 'the group was handed r39 there' },
    ]);
  });

  it('names a lost record and the gap it leaves in the middle', () => {
    const history = clean();
    const violations = judge({ ...history, scanned: without(history.scanned, 7) });
    expect(violations).toContainEqual({
      rule: 'acknowledged record is lost',
      record: '0:7 r7',
      detail: 'found nothing there',
    });
    expect(violations).toContainEqual({ rule: 'offsets have a gap', record: '0:8 r8', detail: 'expected offset 7' });
  });

  it('names a record in the place of another', () => {
    const history = clean();
    const scanned = history.scanned.map((record) =>
      record.offset === 3 && record.partition === 0 ? { ...record, id: 'other' } : record,
    );
    const violations = judge({ ...history, scanned });
    expect(violations.map(({ rule, record }) => [rule, record])).toEqual([
      ['acknowledged record is lost', '0:3 r3'],
      ['record out of thin air', '0:3 other'],
      // Whoever took or read it was handed the other one.
      ['record out of thin air', '0:3 other'],
      ['record out of thin air', '0:3 other'],
    ]);
  });

  it('names a record that is stored twice', () => {
    const history = clean();
    const scanned = [...history.scanned, { id: 'r25', partition: 1, offset: RECORDS }];
    const finished: readonly Finished[] = [
      ...history.finished,
      { partition: 1, offset: RECORDS, member: 'a', outcome: 'accepted', sentMs: 1, atMs: 1 },
    ];
    expect(judge({ ...history, scanned, finished })).toEqual([
      { rule: 'record is stored twice', record: '1:20 r25', detail: 'first at 1:5' },
    ]);
  });

  it('names a record that came before one sent earlier', () => {
    const history = clean();
    const swap = (id: string): string => (id === 'r4' ? 'r5' : id === 'r5' ? 'r4' : id);
    const swapped = <T extends { readonly id?: string }>(records: readonly T[]): readonly T[] =>
      records.map((record) => ({ ...record, id: swap(record.id ?? '') }));
    const { acknowledged, acquired, scanned, read = [] } = history;
    const spoiled = {
      ...history,
      acknowledged: swapped(acknowledged),
      acquired: swapped(acquired),
      scanned: swapped(scanned),
      read: swapped(read),
    };
    expect(judge(spoiled)).toEqual([
      { rule: 'records are out of order', record: '0:5 r4', detail: 'after r5, which was sent later' },
    ]);
  });

  it('names a record that two members own at the same time', () => {
    const history = clean();
    const second: Acquired = { partition: 0, offset: 6, member: 'b', atMs: 61, lockMs: LOCK_MS };
    expect(judge({ ...history, acquired: [...history.acquired, second] })).toEqual([
      { rule: 'record has two owners', record: '0:6 r6', detail: 'a from 60 to 62, b from 61' },
    ]);
  });

  it('names what a member was handed and nobody stored, there or at all', () => {
    const history = clean();
    const [first] = history.acquired;
    if (first === undefined) throw new Error('nobody was handed anything');
    const handed = (one: Acquired) => judge({ ...history, acquired: [...without(history.acquired, 0), one] });
    expect(handed({ ...first, id: 'other' })).toEqual([
      { rule: 'record out of thin air', record: '0:0 r0', detail: 'a was handed other there' },
    ]);
    const beyond = { ...first, offset: RECORDS };
    expect(judge({ ...history, acquired: [...history.acquired, beyond] })).toEqual([
      { rule: 'record out of thin air', record: '0:20 ?', detail: 'a was handed r0 there' },
    ]);
    const { partition, offset, member, atMs, lockMs } = first;
    expect(handed({ partition, offset, member, atMs, lockMs })).toEqual([]);
    const scanned = history.scanned.filter((one) => one.partition > 0 || one.offset > 0);
    expect(judge({ ...history, scanned, starts: new Map([[0, 1]]) })).toEqual([]);
  });

  it('names a record that is delivered after it was accepted', () => {
    const history = clean();
    const second: Acquired = { partition: 1, offset: 2, member: 'b', atMs: 20_000, lockMs: LOCK_MS };
    expect(judge({ ...history, acquired: [...history.acquired, second] })).toEqual([
      {
        rule: 'accepted record is delivered again',
        record: '1:2 r22',
        detail: 'accepted by a at 24, delivered to b at 20000',
      },
    ]);
  });

  it('allows a second delivery after a release, an expired lock or a crash, and not before', () => {
    const history = clean();
    const at = (atMs: number, member: string): Acquired => ({ partition: 0, offset: 0, member, atMs, lockMs: LOCK_MS });
    const end: Finished = { partition: 0, offset: 0, member: 'b', outcome: 'accepted', sentMs: 30_000, atMs: 30_001 };
    const released: Finished = {
      partition: 0,
      offset: 0,
      member: 'a',
      outcome: 'released',
      sentMs: 20_000,
      atMs: 20_002,
    };
    const acquired = without(history.acquired, 0);
    const finished = without(history.finished, 0);
    const after = (first: number, second: number, ends: readonly Finished[]) =>
      judge({ ...history, acquired: [...acquired, at(first, 'a'), at(second, 'b')], finished: [...finished, ...ends] });
    expect(after(19_999, 20_001, [released, end])).toEqual([]);
    expect(after(19_000, 20_000, [end])).toEqual([]);
    expect(after(9_999, 10_001, [end])).toEqual([]);
    const roll = { fromMs: 14_000, untilMs: 16_000 };
    const rolled = (first: number, second: number) =>
      judge({
        ...history,
        crashes: [roll],
        acquired: [...acquired, at(first, 'a'), at(second, 'b')],
        finished: [...finished, end],
      });
    expect([rolled(13_000, 14_500), rolled(14_500, 15_000)]).toEqual([[], []]);
    expect(rolled(16_001, 16_002)).not.toEqual([]);
    expect(after(10_001, 10_002, [end]).map(({ rule }) => rule)).toEqual(['record has two owners']);
  });

  it('excuses by a roll nobody whom the broker took for the owner until the end', () => {
    const history = clean();
    const roll = { fromMs: 0, untilMs: 10_000 };
    const second: Acquired = { partition: 0, offset: 6, member: 'b', atMs: 61, lockMs: LOCK_MS };
    const ended = (outcome: Finished['outcome']): Finished => ({ ...second, outcome, sentMs: 62, atMs: 63 });
    const found = (...ends: readonly Finished[]) =>
      judge({
        ...history,
        crashes: [roll],
        acquired: [...history.acquired, second],
        finished: [...history.finished, ...ends],
      }).map(({ rule, record }) => `${rule}: ${record}`);
    const owners = 'record has two owners: 0:6 r6';
    expect(found(ended('released'))).toEqual([owners]);
    expect(found(ended('rejected'))).toEqual([owners]);
    expect(found(ended('accepted'))).toEqual([owners]);
    expect([found(ended('refused')), found(ended('unknown')), found()]).toEqual([[], [], []]);
  });

  it('names a record that is accepted twice, whoever was first', () => {
    const history = clean();
    const [member, lockMs] = ['b', LOCK_MS];
    const before: Acquired = { partition: 1, offset: 2, member, atMs: 5, lockMs };
    const accepted: Finished = { partition: 1, offset: 2, member, outcome: 'accepted', sentMs: 6, atMs: 7 };
    const acquired = [...history.acquired, before];
    expect(judge({ ...history, acquired, finished: [...history.finished, accepted] })).toEqual([
      {
        rule: 'accepted record is delivered again',
        record: '1:2 r22',
        detail: 'accepted by b at 7, delivered to a at 20',
      },
    ]);
  });

  it('does not count as owner whom the broker refused', () => {
    const history = clean();
    const second: Acquired = { partition: 0, offset: 6, member: 'b', atMs: 61, lockMs: LOCK_MS };
    const refused: Finished = { partition: 0, offset: 6, member: 'b', outcome: 'refused', sentMs: 62, atMs: 63 };
    expect(
      judge({ ...history, acquired: [...history.acquired, second], finished: [...history.finished, refused] }),
    ).toEqual([]);
  });

  it('names a record that nobody finished', () => {
    const history = clean();
    expect(judge({ ...history, finished: without(history.finished, 30) })).toEqual([
      { rule: 'record is never accepted', record: '1:10 r30', detail: 'no member finished it' },
    ]);
  });

  it('names a commit that is lost and one out of thin air, and allows one without an answer', () => {
    const history = clean();
    const end = (offset: number) => [
      { partition: 0, offset },
      { partition: 1, offset: 12 },
    ];
    expect(judge({ ...history, committedAtEnd: end(5) })).toEqual([
      { rule: 'committed offset is lost', record: '0:5', detail: 'last confirmed 12' },
    ]);
    expect(judge({ ...history, committedAtEnd: end(15) })).toEqual([
      { rule: 'offset was never committed', record: '0:15', detail: 'last confirmed 12' },
    ]);
    const unanswered = [...history.committed, { partition: 0, offset: 15, isConfirmed: false }];
    expect(judge({ ...history, committed: unanswered, committedAtEnd: end(15) })).toEqual([]);
  });

  it('names what a group was handed and is not in the log in the end', () => {
    const other = reading((reads) => reads.map((one) => (one.offset === 7 ? { ...one, id: 'other' } : one)));
    expect(judge(other)).toEqual([
      { rule: 'record out of thin air', record: '0:7 r7', detail: 'the group was handed other there' },
    ]);
    const beyond = reading((reads) => [...reads, { partition: 0, offset: RECORDS, id: 'r99', commitCount: 1 }]);
    expect(judge(beyond)).toEqual([
      { rule: 'record out of thin air', record: '0:20 ?', detail: 'the group was handed r99 there' },
    ]);
  });

  it('names a record that a group skipped, in the middle and at the end', () => {
    expect(judge(reading((reads) => without(reads, 3)))).toEqual([
      { rule: 'record is skipped', record: '0:3 r3', detail: 'the group was handed 0:4 in its place' },
    ]);
    expect(judge(reading((reads) => reads.slice(0, 11)))).toEqual([
      {
        rule: 'record is skipped',
        record: '0:11 r11',
        detail: 'the group has committed 12 and was handed nothing from there on',
      },
    ]);
  });

  it('allows a group to go back to what it has committed, or may have, and to nothing else', () => {
    const again = (offset: number, commitCount: number): History =>
      reading((reads) => [
        ...reads.slice(0, 10),
        ...reads.slice(offset).map((one) => ({ ...one, commitCount: Math.max(one.commitCount, commitCount) })),
      ]);
    expect(judge(again(5, 1))).toEqual([]);
    expect(judge(again(4, 1))).toEqual([
      { rule: 'reading begins where nothing was committed', record: '0:4 r4', detail: 'after offset 9, confirmed 5' },
    ]);
    expect(judge(again(6, 1)).map(({ record }) => record)).toEqual(['0:6 r6']);
    const history = again(8, 2);
    expect(judge(history)).toHaveLength(1);
    const unanswered = { partition: 0, offset: 8, isConfirmed: false };
    const [first, second] = history.committed;
    if (first === undefined || second === undefined) throw new Error('nothing is committed');
    expect(judge({ ...history, committed: [first, unanswered, second, ...history.committed.slice(2)] })).toEqual([]);
  });
});

import { describe, expect, it } from '@jest/globals';
import {
  type Answer,
  type Deletion,
  type Delivery,
  judgeShares,
  type MemberEnd,
  type Said,
  type ShareHistory,
} from './share-history.ts';

const LOCK_MS = 1000;

type Seen = Partial<Delivery> & Pick<Delivery, 'offset' | 'member' | 'count' | 'atMs'>;

/** A record came to a member a little after it asked; records are named for their offsets. */
function delivery({ offset, member, count, atMs, ...more }: Seen): Delivery {
  const where = { partition: 0, offset, id: `r${offset}`, node: 1 };
  return { ...where, member, count, askedMs: atMs - 10, atMs, lockMs: LOCK_MS, renewals: [], answer: null, ...more };
}

/** It said something of it, and heard ten milliseconds later what came of that. */
function answer(verdict: Answer['verdict'], sentMs: number, outcome: Answer['outcome'] = 'done'): Answer {
  return { verdict, sentMs, atMs: outcome === 'unknown' ? Number.POSITIVE_INFINITY : sentMs + 10, outcome };
}

/** It asked to go on holding it. */
const renewal = (sentMs: number, outcome: Said['outcome'] = 'done'): Said => ({
  ...{ sentMs, outcome },
  atMs: outcome === 'unknown' ? Number.POSITIVE_INFINITY : sentMs + 10,
});

const deletion = (before: number, sentMs: number): Deletion => ({ partition: 0, before, sentMs, atMs: sentMs + 10 });

const end = (member: string, atMs: number, node: number | null = 1): MemberEnd => ({
  ...{ member, node },
  ...{ sinceMs: atMs - 50, atMs },
});

const RECORDS = [0, 1, 2, 3, 4];

/**
 * Record 0 is accepted at once, 1 released and accepted by another, 2 rejected, 3 delivered as often as it may be, 4 lost by the
 * death of a leader and accepted from the next one.
 */
const GOOD: ShareHistory = {
  limit: 3,
  slackMs: 20,
  sent: RECORDS.map((offset) => ({ id: `r${offset}`, partition: 0, sentMs: 100 + offset })),
  acknowledged: RECORDS.map((offset) => ({ id: `r${offset}`, partition: 0, offset })),
  stored: RECORDS.map((offset) => ({ id: `r${offset}`, partition: 0, offset })),
  deliveries: [
    delivery({ offset: 0, member: 'a', count: 1, atMs: 200, answer: answer('accept', 250) }),
    delivery({ offset: 1, member: 'a', count: 1, atMs: 200, answer: answer('release', 250) }),
    delivery({ offset: 1, member: 'b', count: 2, atMs: 260, answer: answer('accept', 300) }),
    delivery({ offset: 2, member: 'b', count: 1, atMs: 200, answer: answer('reject', 250) }),
    delivery({ offset: 3, member: 'a', count: 1, atMs: 200 }),
    delivery({ offset: 3, member: 'b', count: 2, atMs: 1250 }),
    delivery({ offset: 3, member: 'a', count: 3, atMs: 2300, answer: answer('release', 2400) }),
    delivery({ offset: 4, member: 'a', count: 1, atMs: 2900, answer: answer('accept', 5300, 'refused') }),
    delivery({ offset: 4, member: 'b', node: 2, count: 1, atMs: 5200, answer: answer('accept', 5250) }),
  ],
  ends: [],
  strikes: [{ fromMs: 4000, untilMs: 5000 }],
  deletions: [],
  lives: [
    { node: 1, partition: 0, epoch: 0, fromMs: 50, untilMs: 4000 },
    { node: 2, partition: 0, epoch: 1, fromMs: 5000, untilMs: 90_000 },
  ],
  letters: [
    { partition: 0, offset: 2, count: 1 },
    { partition: 0, offset: 3, count: 3 },
  ],
};

const judged = (spoilt: Partial<ShareHistory>) =>
  judgeShares({ ...GOOD, ...spoilt }).map(({ rule, record }) => `${rule}: ${record}`);

/** The deliveries, with those of one record replaced. */
const instead = (offset: number, ...seen: readonly Omit<Seen, 'offset'>[]) => ({
  deliveries: [
    ...GOOD.deliveries.filter((one) => one.offset !== offset),
    ...seen.map((one) => delivery({ offset, ...one })),
  ],
});
const also = (...seen: readonly Seen[]) => ({ deliveries: [...GOOD.deliveries, ...seen.map(delivery)] });
const without =
  (offset: number) =>
  <T extends { readonly offset: number }>(list: readonly T[]) =>
    list.filter((one) => one.offset !== offset);

/** The first two records are deleted, the second when a member held it. */
const deleted = (...seen: readonly Seen[]): Partial<ShareHistory> => ({
  stored: GOOD.stored.slice(2),
  deliveries: [
    ...GOOD.deliveries.filter(({ offset }) => offset > 1),
    delivery({ offset: 1, member: 'a', count: 1, atMs: 200 }),
    ...seen.map(delivery),
  ],
  deletions: [deletion(1, 300), deletion(2, 400)],
});

/** Another member gets a record, too, and soon accepts it. */
const second = (atMs: number, count = 2) => ({ member: 'b', count, atMs, answer: answer('accept', atMs + 50) });

describe('the judge of what members of a share group saw', () => {
  it('is content where all was kept', () => {
    expect(judged({})).toEqual([]);
  });

  it.each<[string, Partial<ShareHistory>, readonly string[]]>([
    [
      'a record that the log lost',
      { stored: GOOD.stored.slice(0, 4) },
      ['acknowledged record is lost: 0:4 r4', 'record out of thin air: 0:4 ?'],
    ],
    [
      'a record that nobody sent',
      instead(0, { id: 'x', member: 'a', count: 1, atMs: 200, answer: answer('accept', 250) }),
      ['record out of thin air: 0:0 r0'],
    ],
    ['a record that no member got', instead(0), ['record is neither accepted nor dead: 0:0 r0']],
    [
      'a record whose only acceptance was refused',
      instead(0, { member: 'a', count: 1, atMs: 200, answer: answer('accept', 250, 'refused') }),
      ['record is neither accepted nor dead: 0:0 r0'],
    ],
    [
      'a record that was only accepted long after its lock',
      instead(0, { member: 'a', count: 1, atMs: 200, answer: answer('accept', 3800) }),
      ['record is neither accepted nor dead: 0:0 r0'],
    ],
    [
      'an accepted record that comes again from the same leader',
      also({ offset: 0, member: 'b', count: 2, atMs: 1300 }),
      ['accepted record is delivered again: 0:0 r0'],
    ],
    [
      'the same when it was asked for before',
      also({ offset: 0, member: 'b', count: 2, atMs: 1300, askedMs: 240 }),
      ['accepted record is delivered again: 0:0 r0'],
    ],
    [
      'an accepted record that comes again from a later leader',
      also({ offset: 0, member: 'b', node: 2, count: 1, atMs: 6000 }),
      ['accepted record is delivered again: 0:0 r0'],
    ],
    [
      'the same where nobody knows who led, from the same broker',
      { ...also({ offset: 0, member: 'b', count: 1, atMs: 6000 }), lives: [] },
      ['accepted record is delivered again: 0:0 r0'],
    ],
    [
      'the same from any broker, longer after it than a lease',
      { ...also({ offset: 0, member: 'b', node: 2, count: 1, atMs: 16_000 }), lives: [] },
      ['accepted record is delivered again: 0:0 r0'],
    ],
    [
      'a rejected record that comes again',
      also({ offset: 2, member: 'a', node: 2, count: 2, atMs: 6000 }),
      ['rejected record is delivered again: 0:2 r2'],
    ],
    [
      'two owners within a lock',
      instead(0, { member: 'a', count: 1, atMs: 200 }, second(850)),
      ['record has two owners: 0:0 r0'],
    ],
    [
      'two owners of whom the first has lost another connection',
      { ...instead(0, { member: 'a', count: 1, atMs: 200 }, second(850)), ends: [end('a', 500, 2)] },
      ['record has two owners: 0:0 r0'],
    ],
    [
      'two owners of whom the first goes later',
      { ...instead(0, { member: 'a', count: 1, atMs: 200 }, second(850)), ends: [end('a', 900)] },
      ['record has two owners: 0:0 r0'],
    ],
    [
      'two owners with the same count',
      instead(0, { member: 'a', count: 1, atMs: 200 }, second(850, 1)),
      ['delivery count stands still: 0:0 r0'],
    ],
    [
      'two owners within a renewed lock',
      instead(0, { member: 'a', count: 1, atMs: 200, renewals: [renewal(900)] }, second(1700)),
      ['record has two owners: 0:0 r0'],
    ],
    [
      'two owners within a lock that was renewed twice',
      instead(0, { member: 'a', count: 1, atMs: 200, renewals: [renewal(900), renewal(1800)] }, second(2700)),
      ['record has two owners: 0:0 r0'],
    ],
    [
      'an accepted record that comes again, when its lock was renewed',
      instead(
        0,
        { member: 'a', count: 1, atMs: 200, renewals: [renewal(900)], answer: answer('accept', 1500) },
        second(1700),
      ),
      ['accepted record is delivered again: 0:0 r0'],
    ],
    [
      'a renewal by who has lost it',
      instead(
        0,
        { member: 'a', count: 1, atMs: 200, renewals: [renewal(1400)] },
        { member: 'b', count: 2, atMs: 1300, answer: answer('accept', 1800) },
      ),
      ['record is renewed by who lost it: 0:0 r0'],
    ],
    [
      'a record that was only accepted long after its renewed lock',
      instead(0, { member: 'a', count: 1, atMs: 200, renewals: [renewal(900)], answer: answer('accept', 3940) }),
      ['record is neither accepted nor dead: 0:0 r0'],
    ],
    [
      'a record that was only accepted long after its lock, when its renewal was refused',
      instead(0, {
        ...{ member: 'a', count: 1, atMs: 200, renewals: [renewal(3300, 'refused')] },
        answer: answer('accept', 3800),
      }),
      ['record is neither accepted nor dead: 0:0 r0'],
    ],
    [
      'a record that is lost above those that were deleted',
      { ...deleted(), stored: GOOD.stored.slice(3) },
      [
        'acknowledged record is lost: 0:2 r2',
        'offsets have a gap: 0:3 r3',
        'record out of thin air: 0:2 ?',
        'dead letter of no record: 0:2 ?',
      ],
    ],
    [
      'a record that is still stored after it was deleted',
      { ...deleted(), stored: GOOD.stored.slice(1) },
      ['offsets have a gap: 0:1 r1'],
    ],
    [
      'a deleted record that is delivered',
      deleted({ offset: 1, member: 'b', count: 2, atMs: 1300 }),
      ['deleted record is delivered: 0:1 r1'],
    ],
    [
      'a deleted record that is delivered by a later leader',
      deleted({ offset: 1, member: 'b', count: 1, node: 2, atMs: 6000 }),
      ['deleted record is delivered: 0:1 r1'],
    ],
    [
      'a record above the deleted ones that nobody got',
      { ...deleted(), deliveries: deleted().deliveries?.filter(({ offset }) => offset !== 4) ?? [] },
      ['record is neither accepted nor dead: 0:4 r4'],
    ],
    [
      'another record in the place of a deleted one',
      {
        ...deleted(),
        deliveries: [...GOOD.deliveries.slice(3), delivery({ offset: 1, id: 'x', member: 'a', count: 1, atMs: 200 })],
      },
      ['record out of thin air: 0:1 r1'],
    ],
    [
      'a letter of a deleted record that might have been delivered again',
      { ...deleted(), letters: [...GOOD.letters, { partition: 0, offset: 1, count: 1 }] },
      ['dead letter of a living record: 0:1 r1'],
    ],
    [
      'a count behind what a release kept after a renewal, after a change of leaders',
      instead(
        4,
        { member: 'a', count: 1, atMs: 200, renewals: [renewal(900)], answer: answer('release', 1500) },
        { member: 'b', node: 2, count: 1, atMs: 5200, answer: answer('accept', 5300) },
      ),
      ['delivery count goes back: 0:4 r4'],
    ],
    [
      'an acknowledgement by who has lost it',
      instead(
        0,
        { member: 'a', count: 1, atMs: 200, answer: answer('release', 1400) },
        { member: 'b', count: 2, atMs: 1300, answer: answer('accept', 1800) },
      ),
      ['record is acknowledged by who lost it: 0:0 r0'],
    ],
    [
      'a count beyond the limit',
      also({ offset: 3, member: 'a', count: 4, atMs: 3500 }),
      ['delivery count is out of bounds: 0:3 r3'],
    ],
    [
      'a count that skips one',
      instead(0, { member: 'a', count: 1, atMs: 200 }, second(1300, 3)),
      ['delivery count skips: 0:0 r0'],
    ],
    [
      'a first count that is not one',
      instead(0, { member: 'a', count: 2, atMs: 200, answer: answer('accept', 300) }),
      ['delivery count skips: 0:0 r0'],
    ],
    [
      'a count that goes back in a leadership',
      instead(0, { member: 'a', count: 2, atMs: 200 }, second(1300, 1)),
      ['delivery count goes back: 0:0 r0'],
    ],
    [
      'a count behind what a release kept, after a change of leaders',
      instead(
        4,
        { member: 'a', count: 1, atMs: 200, answer: answer('release', 250) },
        { member: 'b', node: 2, count: 1, atMs: 5200, answer: answer('accept', 5300) },
      ),
      ['delivery count goes back: 0:4 r4'],
    ],
    [
      'a rejected record without a letter',
      { letters: without(2)(GOOD.letters) },
      ['record is neither accepted nor dead: 0:2 r2', 'rejected record has no dead letter: 0:2 r2'],
    ],
    [
      'an exhausted record without a letter',
      { letters: without(3)(GOOD.letters) },
      ['record is neither accepted nor dead: 0:3 r3'],
    ],
    [
      'a letter of an accepted record',
      { letters: [...GOOD.letters, { partition: 0, offset: 0, count: 3 }] },
      ['dead letter of an accepted record: 0:0 r0'],
    ],
    [
      'a letter of a record that may be delivered again',
      {
        ...instead(0, { member: 'a', count: 1, atMs: 6000, node: 2, answer: answer('release', 6100) }),
        letters: [...GOOD.letters, { partition: 0, offset: 0, count: 1 }],
        strikes: [],
      },
      ['dead letter of a living record: 0:0 r0'],
    ],
    [
      'a letter that comes too soon, whatever it says of the count',
      {
        ...instead(0, { member: 'a', count: 1, atMs: 7000, node: 2 }),
        letters: [...GOOD.letters, { partition: 0, offset: 0, count: 3 }],
      },
      ['dead letter of a living record: 0:0 r0'],
    ],
    [
      'a letter of nothing',
      { letters: [...GOOD.letters, { partition: 0, offset: 9, count: 1 }] },
      ['dead letter of no record: 0:9 ?'],
    ],
    [
      'a letter with another count',
      { letters: [{ partition: 0, offset: 2, count: 2 }, ...GOOD.letters.slice(1)] },
      ['dead letter tells another count: 0:2 r2'],
    ],
  ])('names %s', (_name, spoilt, sentences) => {
    expect(judged(spoilt)).toEqual(sentences);
  });

  it.each<[string, Partial<ShareHistory>]>([
    [
      'a second owner after the first lost its connection',
      { ...instead(0, { member: 'a', count: 1, atMs: 200 }, second(850)), ends: [end('a', 860)] },
    ],
    [
      'a second owner after the first left, wherever it was',
      { ...instead(0, { member: 'a', count: 1, atMs: 200 }, second(850)), ends: [end('a', 800, null)] },
    ],
    [
      'a second owner after a renewed lock',
      instead(0, { member: 'a', count: 1, atMs: 200, renewals: [renewal(900)] }, second(1950)),
    ],
    [
      'a second owner after a lock whose renewal was refused, or came too late to be certain',
      instead(
        0,
        { member: 'a', count: 1, atMs: 200, renewals: [renewal(1185), renewal(1240, 'refused')] },
        second(1300),
      ),
    ],
    [
      'a record that is accepted within its renewed lock',
      instead(0, {
        ...{ member: 'a', count: 1, atMs: 200, renewals: [renewal(1100), renewal(2000)] },
        answer: answer('accept', 2900),
      }),
    ],
    [
      'a late acceptance after a renewal of which nobody heard',
      instead(0, {
        ...{ member: 'a', count: 1, atMs: 200, renewals: [renewal(1100, 'unknown')] },
        answer: answer('accept', 3800),
      }),
    ],
    ['records that are deleted while a member holds them, or before anybody does', deleted()],
    [
      'an answer that is fine because its record was deleted',
      {
        ...deleted({ offset: 1, member: 'b', count: 2, atMs: 1300, askedMs: 390 }),
        deletions: [deletion(2, 1310)],
        deliveries: [
          ...GOOD.deliveries.slice(3),
          delivery({ offset: 1, member: 'a', count: 1, atMs: 200, answer: answer('accept', 1350) }),
          delivery({ offset: 1, member: 'b', count: 2, atMs: 1300 }),
        ],
      },
    ],
    [
      'a deleted record from a leader of before that may not know',
      { ...deleted({ offset: 1, member: 'b', count: 2, atMs: 1300 }), lives: [] },
    ],
    [
      'a second owner of whom it is not certain that the leader is the same',
      {
        ...instead(0, { member: 'a', count: 1, atMs: 200 }, second(850)),
        lives: [{ node: 1, partition: 0, epoch: 0, fromMs: 195, untilMs: 4000 }],
      },
    ],
    [
      'a first owner who learns of it when its lock is over',
      instead(0, { member: 'a', count: 1, askedMs: 150, atMs: 3000 }, second(1200)),
    ],
    [
      'a count that skips where a member died with an answer on its way',
      {
        ...instead(0, { member: 'a', count: 1, atMs: 200 }, second(1300, 3)),
        ends: [end('c', 700)],
      },
    ],
    [
      'an accepted record from a leader of before that may not know',
      also({ offset: 4, member: 'c', count: 2, atMs: 5400 }),
    ],
    [
      'a late acceptance, when the record was dead',
      instead(
        3,
        { member: 'a', count: 1, atMs: 200 },
        { member: 'b', count: 2, atMs: 1250 },
        { member: 'a', count: 3, atMs: 2300, answer: answer('accept', 3700) },
      ),
    ],
    [
      'an acceptance of which nobody heard, and a letter',
      {
        ...instead(0, { member: 'a', count: 1, atMs: 6000, answer: answer('accept', 6010, 'unknown') }),
        letters: [...GOOD.letters, { partition: 0, offset: 0, count: 3 }],
        ends: [end('a', 6020), end('b', 7300)],
      },
    ],
  ])('has nothing against %s', (_name, history) => {
    expect(judged(history)).toEqual([]);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { GroupFacts, Observation, Seen } from '../history.ts';
import { checkLetters } from './check-letters.ts';

const T = { topic: 't', partition: 0 } as const;
const FACTS: GroupFacts = {
  ...{ deliveryLimit: 3, offsetReset: 'earliest', topics: ['t'] },
  deadLetters: { areCopies: true },
};
const DRAINED = new Set(['g']);

const at = (offset: number) => ({ group: 'g', member: 'm', place: { ...T, offset } });

function scanned(offset: number): Observation {
  return { kind: 'scanned', atMs: 90, value: `v${offset}`, place: { ...T, offset } };
}

/** A member gets a record and says something of it; the answer comes, or not. */
function said(offset: number, verdict: 'accept' | 'reject', isAnswered = true): Observation[] {
  const answer: Observation = isAnswered
    ? { kind: 'settled', atMs: 12, sentMs: 11, node: 1, verdict, ...at(offset) }
    : { kind: 'unsettled', atMs: 12, verdict, ...at(offset) };
  const times = { atMs: 10, askedMs: 9, untilMs: 1000, expiredMs: 1100 };
  return [
    { kind: 'delivered', node: 1, value: `v${offset}`, deliveryCount: 1, ...times, ...at(offset) },
    { kind: 'giving-up', atMs: 11, verdict, ...at(offset) },
    answer,
  ];
}

function letter(offset: number, more: Partial<Seen<'letter'>> = {}): Observation {
  const what = { deliveryCount: 1, reason: 'rejected', value: `v${offset}` } as const;
  return { kind: 'letter', atMs: 99, group: 'g', place: { ...T, offset }, ...what, ...more };
}

const givenUp = (count: number): Observation => ({ kind: 'letters-given-up', atMs: 50, group: 'g', ...T, count });

/** One is accepted, one perhaps, one rejected, and one died with its last lock. */
const DEAD: readonly Observation[] = [
  ...said(0, 'accept'),
  ...said(1, 'accept', false),
  ...said(2, 'reject'),
  ...[0, 1, 2, 3].map(scanned),
];
const EXHAUSTED = letter(3, { reason: 'exhausted', deliveryCount: 3 });

function problems(history: readonly Observation[], facts = FACTS, drained = DRAINED): string[] {
  return checkLetters(history, new Map([['g', facts]]), drained);
}

describe('the checker of dead letters', () => {
  it('takes one or more of each record that died, and none of what may have been accepted', () => {
    expect(problems([...DEAD, letter(2), EXHAUSTED])).toEqual([]);
    expect(problems([...DEAD, letter(2), letter(2), EXHAUSTED, EXHAUSTED])).toEqual([]);
  });

  it('names what nobody accepted and what left no letter (S4), once its group has finished everything', () => {
    expect(problems([...DEAD, letter(2)])).toEqual(['S4: g left no dead letter of v3 at t-0@3, which nobody accepted']);
    expect(problems([...DEAD, EXHAUSTED])).toEqual(['S4: g left no dead letter of v2 at t-0@2, which nobody accepted']);
    expect(problems(DEAD, FACTS, new Set())).toEqual([]);
    const { deadLetters: _, ...without } = FACTS;
    expect(problems(DEAD, without)).toEqual([]);
  });

  it('lets as many of a partition lack as nodes said they gave up', () => {
    expect(problems([...DEAD, givenUp(2)])).toEqual([]);
    expect(problems([...DEAD, givenUp(1)])).toEqual([
      'S4: g left no dead letter of v2 at t-0@2, which nobody accepted, where 1 were given up',
      'S4: g left no dead letter of v3 at t-0@3, which nobody accepted, where 1 were given up',
    ]);
    expect(problems([...DEAD, { ...givenUp(2), partition: 1 } as Observation])).toHaveLength(2);
    expect(problems([...DEAD, { ...givenUp(2), group: 'other' } as Observation])).toHaveLength(2);
  });

  it('wants none of what lay before the first record of a group that began at the end', () => {
    const latest: GroupFacts = { ...FACTS, offsetReset: 'latest' };
    const history = [...said(2, 'reject'), ...[0, 1, 2].map(scanned), letter(2)];
    expect(problems(history, latest)).toEqual([]);
    expect(problems(history)).toHaveLength(2);
  });

  it.each<[string, Partial<Seen<'letter'>>]>([
    ['which it has nothing to do with', { place: { topic: 'u', partition: 0, offset: 2 }, value: null }],
    ['delivered 0 times', { deliveryCount: 0 }],
    ['delivered 4 times', { deliveryCount: 4 }],
    ['for no reason that there is', { reason: 'other' }],
    ['which nobody rejected', { place: { ...T, offset: 0 }, value: 'v0' }],
    ['with 2 deliveries behind it', { reason: 'exhausted', deliveryCount: 2 }],
    ['with a copy of v7', { value: 'v7' }],
  ])('names a letter %s', (why, more) => {
    const found = problems([...DEAD, letter(2), EXHAUSTED, letter(2, more)]);
    expect(found).toContainEqual(expect.stringMatching(new RegExp(`^S4: g left a dead letter of .*, ${why}$`)));
  });

  it('names a copy that the group does not want', () => {
    expect(problems([...DEAD, letter(2), EXHAUSTED], { ...FACTS, deadLetters: { areCopies: false } })).toHaveLength(2);
  });
});

import { describe, expect, it } from '@jest/globals';
import { checkDrained, checkOwnership } from '../check-share.ts';
import type { GroupFacts, Observation, Seen, TopicFacts, Verdict } from '../history.ts';

const T = { topic: 't', partition: 0 } as const;
const TOPICS = new Map<string, TopicFacts>([['t', { durability: 'fsync', retentionMs: null, isCompacted: false }]]);
const GROUPS = new Map<string, GroupFacts>([['g', { deliveryLimit: 3, offsetReset: 'earliest', topics: ['t'] }]]);
/** Long after anybody who was replaced may go on. */
const LATER_MS = 5000;

interface Holder {
  readonly offset: number;
  readonly member: string;
  readonly node: number;
}

function leads(node: number | null, leaderEpoch: number, atMs: number): Observation {
  return { kind: 'leads', atMs, ...T, node, leaderEpoch };
}

/** A record is handed out by a node for a second; values are named for their offsets. */
function delivered({ offset, member, node }: Holder, atMs: number, deliveryCount = 1): Seen<'delivered'> {
  const times = { atMs, askedMs: atMs - 1, untilMs: atMs + 999, expiredMs: atMs + 1050 };
  const what = { group: 'g', member, node, place: { ...T, offset }, value: `v${offset}` };
  return { kind: 'delivered', ...what, ...times, deliveryCount };
}

/** Its member says what becomes of it, and is told that this is kept. */
function settled({ offset, member, node }: Holder, sentMs: number, verdict: Verdict = 'accept'): Observation[] {
  const what = { group: 'g', member, place: { ...T, offset }, verdict };
  return [
    { kind: 'giving-up', atMs: sentMs, ...what },
    { kind: 'settled', atMs: sentMs + 5, sentMs, node, ...what },
  ];
}

function progress(startOffset: number, atMs: number, isHealed = false): Observation {
  return { kind: 'progress', atMs, group: 'g', ...T, startOffset, isHealed };
}

const by = (member: string, node: number, offset = 0): Holder => ({ offset, member, node });
const FIRST = leads(1, 0, 0);
const SECOND = leads(2, 1, 1000);

/** A history in which a leader is replaced, and both do what they may. */
const GOOD: readonly Observation[] = [
  { kind: 'sent', atMs: 1, value: 'v0', key: null, producer: 'p', sequence: 0 },
  { kind: 'acknowledged', atMs: 2, value: 'v0', place: { ...T, offset: 0 } },
  FIRST,
  delivered(by('a', 1), 10),
  ...settled(by('a', 1), 20, 'release'),
  delivered(by('b', 1), 30, 2),
  SECOND,
  // The new one knows nothing of that owner, and nothing of that delivery; the old one has not heard of the end.
  delivered(by('c', 2), 1100, 2),
  delivered(by('d', 1), 1200, 3),
  ...settled(by('c', 2), 1300),
  delivered(by('d', 1), 1900, 3),
  progress(1, LATER_MS, true),
  { kind: 'scanned', atMs: LATER_MS, value: 'v0', place: { ...T, offset: 0 } },
];

function problems(...history: readonly Observation[]): string[] {
  return checkOwnership(history, GROUPS, TOPICS);
}

/** The good history, and something that happens after it. */
function after(...more: readonly Observation[]): string[] {
  return problems(...GOOD, ...more);
}

describe('the checkers of share groups in a cluster', () => {
  it('take what may be', () => {
    expect([problems(...GOOD), checkDrained(GOOD, GROUPS, TOPICS)]).toEqual([[], []]);
  });

  it('name a record that a broker hands out long after it was replaced, or without having led (S0)', () => {
    expect(after(delivered(by('d', 1, 7), LATER_MS))).toEqual([
      'S0: g t-0@7 (v7) went to d from 1, which led no more at 4999',
    ]);
    expect(after(delivered(by('d', 3, 7), LATER_MS))).toHaveLength(1);
    expect(after(delivered(by('d', 1, 7), 3100))).toEqual([]);
    expect(after(delivered(by('d', 1, 7), 3300))).toHaveLength(1);
    const unknown = [leads(null, 2, LATER_MS), leads(2, 3, LATER_MS)];
    expect(after(...unknown, delivered(by('d', 3, 7), LATER_MS + 1))).toEqual([]);
  });

  it('name a record with two owners in an epoch (S1), whoever else led before', () => {
    expect(after(delivered(by('a', 2, 7), 6000), delivered(by('b', 2, 7), 6500, 2))).toEqual([
      'S1: g t-0@7 (v7) went to b at 6500 while a held it until 6999',
    ]);
    const again = [leads(1, 2, 6200), leads(2, 3, 6300)];
    expect(after(delivered(by('a', 2, 7), 6000), ...again, delivered(by('b', 2, 7), 6500, 2))).toEqual([]);
  });

  it('name a count that goes back in an epoch, or behind what a release kept in any later one (S2)', () => {
    expect(after(delivered(by('a', 2, 7), 6000, 2), delivered(by('b', 2, 7), 7500, 2))).toEqual([
      'S2: g t-0@7 (v7) was delivered for the 2. time after the 2.',
    ]);
    const kept = [FIRST, delivered(by('a', 1), 10, 2), ...settled(by('a', 1), 20, 'release'), SECOND];
    expect(problems(...kept, delivered(by('b', 2), 1100, 3))).toEqual([]);
    expect(problems(...kept, delivered(by('b', 2), 1100, 2))).toEqual([
      'S2: g t-0@0 (v0) was delivered for the 2. time after a had given back its 2.',
    ]);
  });

  it('name a record that comes back after it was accepted (S3) or rejected (S4), from the same or a later leader', () => {
    expect(after(delivered(by('a', 2), LATER_MS, 3))).toContain('S3: g t-0@0 (v0) went to a after c had said accept');
    const rejected = GOOD.map((one) => ('verdict' in one ? { ...one, verdict: 'reject' as const } : one));
    expect(problems(...rejected, leads(3, 2, LATER_MS), delivered(by('a', 3), LATER_MS + 1))).toContain(
      'S4: g t-0@0 (v0) went to a after a had said reject',
    );
  });

  it('hold nobody to what was said of a record when its last lock had ended: it lies below the start', () => {
    const limited = new Map([['g', { ...GROUPS.get('g'), deliveryLimit: 2 } as GroupFacts]]);
    const seen = (saidAtMs: number): string[] => {
      const last = [FIRST, delivered(by('a', 1), 10, 2), ...settled(by('a', 1), saidAtMs, 'accept'), SECOND];
      return checkOwnership([...last, delivered(by('a', 2), LATER_MS, 2)], limited, TOPICS);
    };
    expect(seen(2000)).toEqual([]);
    expect(seen(20)).toEqual(['S3: g t-0@0 (v0) went to a after a had said accept']);
  });

  it('name a record that is committed and that nobody ever finished (S6), acknowledged or not', () => {
    const unfinished = GOOD.filter((one) => one.kind !== 'settled');
    expect(
      checkDrained(unfinished, new Map([['g', { ...GROUPS.get('g'), deliveryLimit: 5 } as GroupFacts]]), TOPICS),
    ).toEqual(['S6: g never finished v0 at t-0@0, delivered 2 times']);
    const unheard: Observation = { kind: 'scanned', atMs: LATER_MS, value: 'v1', place: { ...T, offset: 1 } };
    expect(checkDrained([...GOOD, unheard], GROUPS, TOPICS)).toEqual([
      'S6: g never finished v1 at t-0@1, delivered 0 times',
    ]);
  });

  it('name who is let to acknowledge what another holds, or what he lost, in an epoch (S8)', () => {
    const held = [delivered(by('a', 2, 7), 6000), delivered(by('b', 2, 7), 7500, 2)];
    expect(after(...held, ...settled(by('a', 2, 7), 7600))).toEqual([
      'S8: a was let to accept g t-0@7 while b held it',
    ]);
    expect(after(...held, ...settled(by('b', 2, 7), 9000))).toEqual([
      'S8: b was let to accept g t-0@7 at 9000, its lock had ended at 8550',
    ]);
    // The answer may be of another leader than the one who handed it out.
    expect(after(...held, leads(1, 2, 8000), ...settled(by('b', 1, 7), 9000))).toEqual([]);
  });

  it('name a start that goes back, and a record from below it, but not where a leader can’t know of it yet (S9)', () => {
    expect(after(progress(0, 6000, true))).toEqual(['S9: the start of g t-0 goes back from 1 to 0']);
    expect(after(progress(0, 6000))).toEqual([]);
    expect(after(progress(8, 6000), delivered(by('a', 2, 7), 6100))).toEqual([
      'S9: g t-0@7 (v7) went to a from below the start 8',
    ]);
    expect(after(leads(1, 2, 5500), progress(8, 6000), delivered(by('a', 2, 7), 6100))).toEqual([]);
  });
});

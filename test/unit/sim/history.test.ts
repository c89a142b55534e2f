import { describe, expect, it } from '@jest/globals';
import { checkDrained, checkLog, checkOwnership, type Observation, type Place } from '../../sim/history.ts';

const at = (offset: number): Place => ({ topic: 'jobs', partition: 0, offset });
const VALUES = ['a', 'b', 'c', 'd'];

/** A history in which everything went well. */
function good(): Observation[] {
  const history: Observation[] = [];
  VALUES.forEach((value, offset) => {
    history.push({ kind: 'sent', atMs: offset, value });
    history.push({ kind: 'acknowledged', atMs: offset + 1, value, place: at(offset) });
  });
  VALUES.forEach((value, offset) => {
    const member = offset % 2 === 0 ? 'm1' : 'm2';
    history.push({ kind: 'delivered', atMs: 10 + offset, value, place: at(offset), member, untilMs: 1000, deliveryCount: 1 });
    history.push({ kind: 'giving-up', atMs: 20 + offset, place: at(offset), member });
    history.push({ kind: 'accepted', atMs: 21 + offset, place: at(offset), member });
  });
  VALUES.forEach((value, offset) => history.push({ kind: 'scanned', atMs: 50, value, place: at(offset) }));
  history.push({ kind: 'scan-bounds', atMs: 51, topic: 'jobs', partition: 0, startOffset: 0, endOffset: VALUES.length });
  return history;
}

const all = (history: readonly Observation[]): string[] => [
  ...checkLog(history),
  ...checkOwnership(history),
  ...checkDrained(history),
];

describe('the history checkers', () => {
  it('find nothing wrong with a good history', () => {
    expect(all(good())).toEqual([]);
  });

  it('name an acknowledged record that is missing', () => {
    const history = good().filter((one) => !(one.kind === 'scanned' && one.value === 'c'));
    expect(all(history)).toEqual([
      'L1: c was acknowledged at jobs-0@2, where nothing is',
      'L4: jobs-0 has 3 records between 0 and 4',
    ]);
  });

  it('name two records that changed places', () => {
    const swap = (value: string): string => (value === 'b' ? 'c' : value === 'c' ? 'b' : value);
    const history = good().map((one) => (one.kind === 'scanned' ? { ...one, value: swap(one.value) } : one));
    expect(all(history)).toEqual([
      'L1: b was acknowledged at jobs-0@1, where c is',
      'L1: c was acknowledged at jobs-0@2, where b is',
    ]);
  });

  it('name a record that was read twice', () => {
    const history = [...good(), { kind: 'scanned', atMs: 52, value: 'a', place: at(0) } as const];
    expect(all(history)).toContain('L4: jobs-0@0 was read twice');
  });

  it('name a record that nobody sent', () => {
    const history = good().map((one) => (one.kind === 'scanned' && one.value === 'd' ? { ...one, value: 'ghost' } : one));
    expect(all(history)).toContain('L2: jobs-0@3 holds ghost, which nobody sent');
  });

  it('name a record with two owners', () => {
    const second: Observation = { kind: 'delivered', atMs: 15, value: 'a', place: at(0), member: 'm2', untilMs: 1000, deliveryCount: 2 };
    const history = good();
    const first = history.findIndex((one) => one.kind === 'delivered' && one.value === 'a');
    history.splice(first + 1, 0, second);
    expect(all(history)).toEqual(['S1: jobs-0@0 (a) went to m2 at 15 while m1 held it until 1000']);
  });

  it('allow a second owner after the lock, after the member went, and after the leaders changed', () => {
    const again = (atMs: number): Observation => ({ kind: 'delivered', atMs, value: 'a', place: at(0), member: 'm2', untilMs: 9000, deliveryCount: 2 });
    const first: Observation = { kind: 'delivered', atMs: 1, value: 'a', place: at(0), member: 'm1', untilMs: 1000, deliveryCount: 1 };
    expect(checkOwnership([first, again(1000)])).toEqual([]);
    expect(checkOwnership([first, { kind: 'member-gone', atMs: 5, member: 'm1' }, again(10)])).toEqual([]);
    expect(checkOwnership([first, { kind: 'leaders-changed', atMs: 5 }, again(10)])).toEqual([]);
    expect(checkOwnership([first, { kind: 'member-gone', atMs: 5, member: 'm3' }, again(10)])).toHaveLength(1);
  });

  it('name a record that came back after it was accepted', () => {
    const history = [...good(), { kind: 'delivered', atMs: 60, value: 'b', place: at(1), member: 'm1', untilMs: 1000, deliveryCount: 2 } as const];
    expect(all(history)).toEqual(['S3: jobs-0@1 (b) went to m1 after m2 had accepted it']);
  });

  it('name a record that nobody ever accepted', () => {
    const history = good().filter((one) => !(one.kind === 'accepted' && one.place.offset === 3));
    expect(all(history)).toEqual(['S6: d at jobs-0@3 was never accepted']);
  });
});

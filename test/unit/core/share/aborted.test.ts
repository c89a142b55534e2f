import { describe, expect, test } from '@jest/globals';
import { AbortedWalk } from '../../../../broker/core/share/aborted.ts';

const data = (lastOffset: number, producerId: number, isTransactional = true) => ({
  lastOffset,
  producerId,
  isTransactional,
});

describe('a walk through batches', () => {
  test('finds those of an aborted transaction, from its first record to its marker', () => {
    const walk = new AbortedWalk([{ producerId: 7, firstOffset: 10 }]);
    expect(walk.isAborted(data(9, 7))).toBe(false);
    expect(walk.isAborted(data(12, 7))).toBe(true);
    expect(walk.isAborted(data(13, 8))).toBe(false);
    expect(walk.isAborted(data(14, 7, false))).toBe(false);
    expect(walk.isAborted(data(15, 7))).toBe(true);
    walk.onAbortMarker({ lastOffset: 16, producerId: 7 });
    expect(walk.isAborted(data(17, 7))).toBe(false);
    expect(walk.isOver).toBe(true);
  });

  test('knows transactions that began before the first batch, and several of one producer, in any order', () => {
    const walk = new AbortedWalk([
      { producerId: 7, firstOffset: 30 },
      { producerId: 8, firstOffset: 3 },
      { producerId: 7, firstOffset: 2 },
    ]);
    expect([walk.isAborted(data(20, 7)), walk.isAborted(data(21, 8))]).toEqual([true, true]);
    walk.onAbortMarker({ lastOffset: 22, producerId: 7 });
    expect([walk.isAborted(data(25, 7)), walk.isAborted(data(26, 8)), walk.isOver]).toEqual([false, true, false]);
    expect(walk.isAborted(data(30, 7))).toBe(true);
  });

  test('has nothing to find where nothing was aborted', () => {
    const walk = new AbortedWalk([]);
    expect([walk.isOver, walk.isAborted(data(5, 7))]).toEqual([true, false]);
  });
});

import { describe, expect, test } from '@jest/globals';
import { PENDING_BATCHES_MAX, PersistQueue } from '../../../../broker/core/share/persistence.ts';
import { RecordState } from '../../../../broker/core/share/record-state.ts';
import { createRun } from '../../../../broker/core/share/runs.ts';

/** A transition of `count` batches that do not join. */
function transition(queue: PersistQueue, ticket: number, count: number) {
  const one = queue.open(ticket);
  for (let index = 0; index < count; index += 1) {
    one.add(createRun(index * 2, index * 2 + 1, RecordState.available, 1));
  }
  return one;
}

describe('the queue to the share coordinator', () => {
  test('joins neighbours of one fate', () => {
    const queue = new PersistQueue();
    const one = queue.open(1);
    one.add(createRun(0, 4, RecordState.acknowledged, 1));
    one.add(createRun(4, 6, RecordState.acknowledged, 1));
    one.add(createRun(6, 7, RecordState.acknowledged, 2));
    expect(one.batches.map(({ firstOffset, lastOffset }) => [firstOffset, lastOffset])).toEqual([
      [0, 5],
      [6, 6],
    ]);
  });

  test('drops what is dispensable when too much waits (I9), and never a verdict', () => {
    const queue = new PersistQueue();
    queue.push(transition(queue, 1, PENDING_BATCHES_MAX));
    expect([queue.isBehind, queue.pushDispensable(transition(queue, 0, 1))]).toEqual([false, false]);
    expect(queue.isBehind).toBe(true);
    queue.push(transition(queue, 2, 1));
    queue.begin();
    expect(queue.pushDispensable(transition(queue, 0, 1))).toBe(true);
    expect(queue.finish().map(({ ticket }) => ticket)).toEqual([1, 2]);
  });

  test('gives up everything at once, oldest first', () => {
    const queue = new PersistQueue();
    queue.push(transition(queue, 1, 1));
    queue.begin();
    queue.push(transition(queue, 2, 1));
    expect(queue.abandon().map(({ ticket }) => ticket)).toEqual([1, 2]);
    expect([queue.writing, queue.ready]).toEqual([false, false]);
  });
});

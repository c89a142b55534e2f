import { describe, expect, test } from '@jest/globals';
import type { TimestampedOffset } from '../../../../broker/server/logs/partition-log.ts';
import { LogWorld, spec } from '../../../support/logs/log-world.ts';
import { wrapFiles } from '../../../support/wrapped-disk.ts';

const WRITE_MS = 60_000;

/** A log with a batch at each of these times and an index entry for each, and more whose writes are not done. */
function withWritesUnderWay(times: readonly number[], late: readonly number[]) {
  const world = new LogWorld(9);
  let writeMs = 0;
  world.diskForServer = wrapFiles(
    world.disk,
    (path) => path.endsWith('.log'),
    (file) => ({
      write: (position, chunks, done) => world.time.schedule(writeMs, () => file.write(position, chunks, done)),
    }),
  );
  world.start();
  const log = world.createOne(spec('t', { indexIntervalBytes: 0 }));
  for (const timestamp of times) world.append(log, { values: ['v'], timestamp });
  world.time.settle();
  writeMs = WRITE_MS;
  for (const timestamp of late) world.append(log, { values: ['v'], timestamp });
  world.time.advance(100);
  expect(log.writtenOffset).toBe(times.length);
  return { world, log };
}

describe('a search while a write is under way', () => {
  test.each([
    ['a larger time', 9000],
    ['a smaller time', 1500],
  ])('finds the largest time of what is written when %s is not yet', (_what, late) => {
    const { world, log } = withWritesUnderWay([1000, 3000, 2000], [late]);
    const found = world.wait<TimestampedOffset | null>((done) => log.maxTimestampOffset(log.logEndOffset, done));
    expect(found).toEqual({ offset: 1, timestampMs: 3000, leaderEpoch: 0 });
  });

  test('finds the largest time below the end that the caller names', () => {
    const { world, log } = withWritesUnderWay([1000, 3000, 2000, 8000], [9000]);
    const largest = [0, 1, 2, 3, 4].map((end) =>
      world.wait<TimestampedOffset | null>((done) => log.maxTimestampOffset(end, done)),
    );
    expect(largest.map((found) => found?.timestampMs)).toEqual([undefined, 1000, 3000, 3000, 8000]);
  });

  test('believes an index that is ahead of what is written', () => {
    const { world, log } = withWritesUnderWay([1000, 2000, 3000], [4000, 4100, 5000]);
    const { operationCounts } = world.disk;
    const before = operationCounts.get('read') ?? 0;
    const found = world.attempt<TimestampedOffset | null>((done) => log.offsetForTimestamp(4500, done));
    expect(found).toEqual({ failure: null, value: null });
    expect(world.opened.manager.stats().indexesRebuilt).toBe(0);
    // The batch of the last entry that is written, and no other.
    expect(operationCounts.get('read')).toBe(before + 1);
  });
});

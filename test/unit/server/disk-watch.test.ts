import { describe, expect, test } from '@jest/globals';
import { createPrng } from '../../../broker/core/base/prng.ts';
import type { DiskDone, DiskFile } from '../../../broker/ports/disk.ts';
import { WatchedDisk } from '../../../broker/server/disk-watch.ts';
import { SimDisk } from '../../sim/disk.ts';
import { VirtualTime } from '../../support/logs/virtual-time.ts';

const ignore = (): void => undefined;

/** A watched disk that can be told to take `latencyMs` for everything that is begun from then on. */
function bench() {
  const time = new VirtualTime();
  let latencyMs = 0;
  const disk = new SimDisk({
    schedule: (delayMs, done) => time.schedule(delayMs + latencyMs, done),
    prng: createPrng(1),
  });
  const stalls: string[] = [];
  const warnings: string[] = [];
  const watched = new WatchedDisk(disk, {
    timers: time,
    log: { debug: ignore, info: ignore, error: ignore, warn: (_fields, message) => warnings.push(message) },
    stallMs: 30_000,
    onStall: (sentence) => stalls.push(sentence),
  });
  const wait = <T>(start: (done: DiskDone<T>) => void): T => {
    let result: T | undefined;
    start((_failure, value) => {
      result = value;
    });
    time.settle();
    return result as T;
  };
  const file = wait<DiskFile>((done) => watched.open('/a', { create: true }, done));
  return { time, watched, file, stalls, warnings, slow: (ms: number) => void (latencyMs = ms) };
}

describe('a watched disk', () => {
  test('says nothing while everything ends in time', () => {
    const { time, watched, file, stalls, warnings } = bench();
    for (let at = 0; at < 100; at++) {
      file.write(at, [new Uint8Array(1)], ignore);
      file.sync(ignore);
      time.advance(1000);
    }
    expect([stalls, warnings, watched.troubles()]).toEqual([[], [], []]);
  });

  test.each<[string, (file: DiskFile, disk: WatchedDisk) => void]>([
    ['sync', (file) => file.sync(ignore)],
    ['write', (file) => file.write(0, [new Uint8Array(1)], ignore)],
    ['truncate', (file) => file.truncate(0, ignore)],
    ['rename', (_file, disk) => disk.rename('/a', '/b', ignore)],
    ['remove', (_file, disk) => disk.remove('/a', ignore)],
    ['makeDirectory', (_file, disk) => disk.makeDirectory('/c', ignore)],
    ['open', (_file, disk) => disk.open('/d', { create: true }, ignore)],
    ['syncDirectory', (_file, disk) => disk.syncDirectory('/', ignore)],
  ])('tells of a slow %s and gives up on one that does not end', (operation, start) => {
    const { time, watched, file, stalls, warnings, slow } = bench();
    slow(60_000);
    start(file, watched);
    slow(0);
    time.advance(2000);
    expect(watched.troubles()).toEqual([]);
    time.advance(4000);
    const [trouble] = watched.troubles();
    expect(trouble).toMatch(new RegExp(`^the disk does not answer: ${operation} of /`));
    expect(warnings).toHaveLength(1);
    time.advance(20_000);
    expect(stalls).toEqual([]);
    time.advance(7000);
    expect(stalls).toHaveLength(1);
    expect(stalls[0]).toMatch(/longer than weir\.disk\.stall\.ms: stopping$/);
    expect(warnings).toHaveLength(1);
  });

  test('forgets a slow sync that ended after all', () => {
    const { time, watched, file, stalls, slow } = bench();
    slow(25_000);
    file.sync(ignore);
    slow(0);
    time.advance(10_000);
    expect(watched.troubles()).toHaveLength(1);
    time.advance(40_000);
    expect([watched.troubles(), stalls]).toEqual([[], []]);
  });

  test('does not wait for reads', () => {
    const { time, watched, file, stalls, slow } = bench();
    slow(600_000);
    file.read(0, 1, ignore);
    watched.open('/a', { create: false }, ignore);
    time.advance(100_000);
    expect([watched.troubles(), stalls]).toEqual([[], []]);
  });

  test('blames no disk for the time in which the process stood still', () => {
    const { time, file, stalls, slow } = bench();
    slow(1500);
    file.sync(ignore);
    slow(0);
    // One look instead of sixty: the timer was late.
    time.advance(900);
    time.standStill(60_000);
    time.advance(2000);
    expect(stalls).toEqual([]);
  });
});

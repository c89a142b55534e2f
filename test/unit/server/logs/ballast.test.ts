import { describe, expect, test } from '@jest/globals';
import { createPrng } from '../../../../broker/core/base/prng.ts';
import type { DiskFailure } from '../../../../broker/ports/disk.ts';
import { Ballast } from '../../../../broker/server/logs/ballast.ts';
import type { Space } from '../../../../broker/server/logs/space-watch.ts';
import { SimDisk } from '../../../sim/disk.ts';
import { wrapFiles } from '../../../support/wrapped-disk.ts';
import { VirtualTime } from '../../../support/logs/virtual-time.ts';

const MIB = 1024 * 1024;
const ignore = (): void => undefined;

/** `forgets`: what is written is counted and not kept. */
function bench({ forgets = false } = {}) {
  const time = new VirtualTime();
  const disk = new SimDisk({ schedule: time.schedule, prng: createPrng(1) });
  let written = 0;
  const inUse = wrapFiles(
    disk,
    () => forgets,
    (file) => ({
      write: (_position, chunks, done) => {
        written += chunks.reduce((sum, { length }) => sum + length, 0);
        file.size((failure) => done(failure, undefined));
      },
    }),
  );
  const failures: DiskFailure[] = [];
  const warnings: string[] = [];
  const log = { debug: ignore, info: ignore, error: ignore, warn: (_: unknown, text: string) => warnings.push(text) };
  const make = (): Ballast =>
    new Ballast({ disk: inUse, directory: '', log, onFatal: (failure) => failures.push(failure) });
  const look = (ballast: Ballast, usableMiB: number, minFreeMiB = 16): number => {
    const space: Space = { totalBytes: 1000 * MIB, usableBytes: usableMiB * MIB, minFreeBytes: minFreeMiB * MIB };
    ballast.update(space);
    time.settle();
    return ballast.sizeInBytes / MIB;
  };
  return {
    disk,
    failures,
    warnings,
    make,
    look,
    file: () => disk.peek('/ballast')?.length ?? 0,
    written: () => written,
  };
}

describe('the ballast', () => {
  test('is made when the room comes near its end, given up when nothing else is left, and made again after', () => {
    const { make, look, file, warnings } = bench();
    const ballast = make();
    expect([look(ballast, 900), look(ballast, 900), file()]).toEqual([0, 0, 0]);
    expect([look(ballast, 60), look(ballast, 60), file()]).toEqual([0, 4, 4 * MIB]);
    expect([look(ballast, 10), look(ballast, 1), file()]).toEqual([4, 4, 4 * MIB]);
    expect([look(ballast, 0), file(), warnings.length]).toEqual([0, 0, 1]);
    expect([look(ballast, 17), file()]).toEqual([0, 0]);
    expect([look(ballast, 30), file()]).toEqual([4, 4 * MIB]);
  });

  test('is never larger than 64 MiB, and none when nothing is to stay free', () => {
    const { make, look, written } = bench({ forgets: true });
    const large = make();
    look(large, 900, 400);
    expect([look(large, 900, 400), written()]).toEqual([64, 64 * MIB]);
    const none = bench();
    const ballast = none.make();
    none.look(ballast, 1, 0);
    expect([none.look(ballast, 1, 0), none.file()]).toEqual([0, 0]);
  });

  test('of an earlier life is found again', () => {
    const { make, look } = bench();
    const first = make();
    look(first, 60);
    look(first, 60);
    const second = make();
    look(second, 10);
    expect(second.sizeInBytes).toBe(4 * MIB);
  });

  test('that does not fit is given back', () => {
    const { make, look, disk, failures, file } = bench();
    const ballast = make();
    look(ballast, 60);
    disk.faults.fail = (operation) => (operation === 'write' ? 'ENOSPC' : null);
    expect([look(ballast, 60), file(), failures]).toEqual([0, 0, []]);
  });

  test.each(['write', 'sync'])('tells of a disk that fails a %s', (operation) => {
    const { make, look, disk, failures } = bench();
    const ballast = make();
    look(ballast, 60);
    disk.faults.fail = (name) => (name === operation ? 'EIO' : null);
    look(ballast, 60);
    expect(failures).toMatchObject([{ operation, code: 'EIO' }]);
  });
});

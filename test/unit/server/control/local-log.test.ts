import { describe, expect, test } from '@jest/globals';
import { createPrng } from '../../../../broker/core/base/prng.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { recoverLog, type RecoveredLog } from '../../../../broker/server/control/recover-log.ts';
import { runTask } from '../../../../broker/server/task.ts';
import { SimDisk } from '../../../sim/disk.ts';
import { VirtualTime } from '../../../support/logs/virtual-time.ts';

const DIRECTORY = '/data/__cluster_metadata-0';
const WORLDS = 1500;
const ignore = (): void => undefined;

/** A metadata log on a disk that can lose power. */
class Bench {
  readonly time = new VirtualTime();
  readonly disk: SimDisk;
  /** Indexes that were told to be committed. */
  committedIndex = 0;
  /** Why the log gave up, if it did. */
  fatal: string | null = null;

  constructor(seed: number) {
    this.disk = new SimDisk({ schedule: this.time.schedule, prng: createPrng(seed) });
    for (const path of ['/data', DIRECTORY]) this.disk.makeDirectory(path, () => undefined);
    this.time.settle();
    for (const path of ['/', '/data']) this.disk.syncDirectory(path, () => undefined);
    this.time.settle();
  }

  open(): RecoveredLog {
    let opened: RecoveredLog | undefined;
    let failure: unknown = null;
    const deps = {
      disk: this.disk,
      crc32c,
      directory: DIRECTORY,
      timers: this.time,
      log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
      onFatal: (message: string) => {
        this.fatal = message;
        failure = message;
      },
    };
    runTask(recoverLog(deps), (error, recovered) => {
      failure = error;
      opened = recovered;
    });
    this.time.settle();
    if (opened === undefined) throw failure;
    const { log } = opened;
    this.committedIndex = Math.max(this.committedIndex, log.committedIndex);
    log.onCommit((entries) => {
      this.committedIndex = Math.max(this.committedIndex, entries.at(-1)?.index ?? 0);
    });
    return opened;
  }

  crash(keepPageCache: boolean): void {
    this.time.forgetAll();
    this.disk.crash({ keepPageCache });
  }
}

const batch = (offset: number) => ({ baseOffset: offset, recordCount: 1, payload: new Uint8Array(20).fill(offset) });
const snapshotAt = (index: number) => ({ index, offset: index, payload: Buffer.from(`state ${index}`) });

describe('the metadata log under power cuts', () => {
  test('opens again at any moment of a snapshot that is taken while entries come', () => {
    for (let seed = 1; seed <= WORLDS; seed += 1) {
      const bench = new Bench(seed);
      const { log } = bench.open();
      log.append(batch(1));
      bench.time.advance(60);
      log.snapshot(snapshotAt(log.lastIndex));
      bench.time.advance(60);
      log.append(batch(2));
      bench.time.advance(60);
      log.snapshot(snapshotAt(log.lastIndex));
      bench.time.advance(seed % 60);
      log.append(batch(3));
      bench.time.advance(seed % 7);
      const told = bench.committedIndex;
      bench.crash(false);
      const after = bench.open();
      const reached = Math.max(after.log.lastIndex, after.snapshot?.index ?? 0);
      expect([seed, reached >= told]).toEqual([seed, true]);
    }
  });

  test('keeps what it told after the process died and power went later', () => {
    for (let seed = 1; seed <= WORLDS; seed += 1) {
      const bench = new Bench(seed);
      const { log } = bench.open();
      for (let offset = 0; offset < 5; offset += 1) log.append(batch(offset));
      bench.time.advance(seed % 20);
      bench.crash(true);
      bench.open();
      const told = bench.committedIndex;
      bench.crash(false);
      expect([seed, bench.open().log.lastIndex >= told]).toEqual([seed, true]);
    }
  });
});

describe('the metadata log on a full disk', () => {
  const full = (bench: Bench, operation: string, path: RegExp): (() => void) => {
    bench.disk.faults.fail = (name, at) => (name === operation && path.test(at) ? 'ENOSPC' : null);
    return () => {
      bench.disk.faults.fail = () => null;
    };
  };

  test.each(['open', 'write'])(
    'waits for room when an entry fails to %s, commits it then, and keeps it',
    (operation) => {
      const bench = new Bench(7);
      const { log } = bench.open();
      log.append(batch(1));
      bench.time.settle();
      log.snapshot(snapshotAt(log.lastIndex));
      bench.time.settle();
      const free = full(bench, operation, /frames$/);
      log.append(batch(2));
      log.append(batch(3));
      bench.time.advance(20_000);
      expect([bench.fatal, bench.committedIndex]).toEqual([null, 1]);
      free();
      bench.time.advance(5000);
      expect(bench.committedIndex).toBe(3);
      bench.crash(false);
      expect(bench.open().log.lastIndex).toBe(3);
    },
  );

  test('takes its snapshot when there is room again', () => {
    const bench = new Bench(8);
    const { log } = bench.open();
    log.append(batch(1));
    bench.time.settle();
    const free = full(bench, 'write', /tmp$/);
    log.snapshot(snapshotAt(log.lastIndex));
    log.append(batch(2));
    bench.time.advance(20_000);
    expect([bench.fatal, bench.committedIndex]).toEqual([null, 2]);
    free();
    bench.time.advance(5000);
    bench.crash(false);
    const { snapshot, log: after } = bench.open();
    expect([snapshot?.index, after.lastIndex]).toEqual([1, 2]);
  });

  test('loses nothing that it told when power goes while it waits', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const bench = new Bench(seed);
      const { log } = bench.open();
      log.append(batch(1));
      bench.time.settle();
      if (seed % 2 === 0) log.snapshot(snapshotAt(log.lastIndex));
      bench.disk.faults.fail = (name) => (name === 'write' && bench.time.monotonicMs() % 3 !== 0 ? 'ENOSPC' : null);
      log.append(batch(2));
      bench.time.advance(seed * 40);
      const told = bench.committedIndex;
      bench.disk.faults.fail = () => null;
      bench.crash(false);
      const after = bench.open();
      expect([seed, Math.max(after.log.lastIndex, after.snapshot?.index ?? 0) >= told]).toEqual([seed, true]);
    }
  });

  test('ends while it waits: what waited was never told', () => {
    const bench = new Bench(9);
    const { log } = bench.open();
    full(bench, 'write', /frames$/);
    log.append(batch(1));
    bench.time.settle();
    let closed = false;
    log.close(() => {
      closed = true;
    });
    bench.time.advance(5000);
    expect([closed, bench.committedIndex, bench.fatal]).toEqual([true, 0, null]);
  });

  test.each([
    ['write', 'EIO'],
    ['sync', 'EIO'],
    ['sync', 'ENOSPC'],
    ['syncDirectory', 'ENOSPC'],
  ])('never goes on after a %s that failed with %s', (operation, code) => {
    const bench = new Bench(10);
    const { log } = bench.open();
    let failures = 0;
    bench.disk.faults.fail = (name) => {
      if (name !== operation) return null;
      failures += 1;
      return failures === 1 ? code : null;
    };
    log.append(batch(1));
    log.append(batch(2));
    bench.time.advance(20_000);
    expect(bench.committedIndex).toBe(0);
    expect(bench.fatal).toMatch(/^the metadata log can't be written any more: /);
  });
});

import { describe, expect, test } from '@jest/globals';
import { createPrng } from '../../../../broker/core/base/prng.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { recoverLog, type RecoveredLog } from '../../../../broker/server/control/recover-log.ts';
import { runTask } from '../../../../broker/server/task.ts';
import { SimDisk } from '../../../sim/disk.ts';
import { VirtualTime } from '../../../support/logs/virtual-time.ts';

const DIRECTORY = '/data/__cluster_metadata-0';
const WORLDS = 1500;

/** A metadata log on a disk that can lose power. */
class Bench {
  readonly time = new VirtualTime();
  readonly disk: SimDisk;
  /** Indexes that were told to be committed. */
  committedIndex = 0;

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
      onFatal: (message: string) => void (failure = message),
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

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { PartitionLog } from '../../../../broker/server/logs/partition-log.ts';
import { LogWorld, makeBatch, spec } from '../../../support/logs/log-world.ts';
import { finished, openRealLogs, type RealLogs } from '../../../support/logs/real-logs.ts';

const KIB = 1024;
/** Manifest, checkpoints, epochs, a snapshot, and of the last segment the indexes and a piece of its end. */
const SMALL_FILES = 16 * KIB;
const VALUE = 'x'.repeat(10 * KIB);

describe('what a start reads of a log', () => {
  const INTERVAL = 256 * KIB;

  /** 2 MiB in four segments, checkpointed, then 100 KiB more. */
  function filled(): LogWorld {
    const world = new LogWorld(1, { snapshotIntervalBytes: INTERVAL });
    world.start();
    const wanted = spec('read', { segmentBytes: 512 * KIB, retentionMs: -1 });
    const log = world.createOne(wanted);
    for (let i = 0; i < 200; i++) {
      world.append(log, { values: [VALUE] });
      world.time.settle();
    }
    world.time.advance(6000);
    for (let i = 0; i < 10; i++) world.append(log, { values: [VALUE] });
    world.time.settle();
    return world;
  }

  test('after a kill is bounded by what was appended since the last snapshot, not by the size of the log', () => {
    const world = filled();
    world.crash({ keepPageCache: true });
    const { recoveryReadBytes, sizeInBytes } = world.opened.manager.stats();
    expect(sizeInBytes).toBeGreaterThan(2000 * KIB);
    // It does read what no checkpoint vouches for.
    expect(recoveryReadBytes).toBeGreaterThan(100 * KIB);
    expect(recoveryReadBytes).toBeLessThan(INTERVAL + 110 * KIB + SMALL_FILES);
  });

  test('after a clean stop is the ends of its small files', () => {
    const world = filled();
    world.shutdown();
    world.start();
    expect(world.opened.manager.stats().recoveryReadBytes).toBeLessThan(SMALL_FILES);
  });

  test('is all of it when no snapshot vouches for anything', () => {
    const world = filled();
    world.stopDead({ keepPageCache: true });
    for (const { path } of world.disk.files()) if (path.endsWith('.snapshot')) world.disk.vanish(path);
    world.start();
    expect(world.opened.manager.stats().recoveryReadBytes).toBeGreaterThan(2000 * KIB);
  });

  test('is bounded in a real directory too', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'weir-reads-'));
    const lives: RealLogs[] = [];
    const open = async (): Promise<RealLogs> => {
      for (const life of lives) life.abandon();
      const life = await openRealLogs(directory, { snapshotIntervalBytes: INTERVAL });
      lives.push(life);
      return life;
    };
    try {
      const { manager } = await open();
      const wanted = spec('read', { segmentBytes: 1024 * KIB, retentionMs: -1 });
      const [log] = await finished<readonly PartitionLog[]>((done) => manager.create([wanted], done));
      if (log === undefined) throw new Error('no log');
      for (let i = 0; i < 400; i++) {
        await finished((done) => {
          log.setListener({ onProgress: (_written, durable) => durable > i && done(), onState: () => undefined });
          log.append(makeBatch(i, { values: [VALUE] }), { nowMs: 0 });
        });
      }
      await finished((done) => manager.checkpoint(done));
      const killed = await open();
      const afterKill = killed.manager.stats();
      expect(afterKill.sizeInBytes).toBeGreaterThan(4000 * KIB);
      expect(afterKill.recoveryReadBytes).toBeLessThan(2 * INTERVAL + SMALL_FILES);
      await finished((done) => killed.manager.shutdown(1, done));
      const stopped = await open();
      expect(stopped.manager.stats().recoveryReadBytes).toBeLessThan(SMALL_FILES);
    } finally {
      for (const life of lives) life.abandon();
      await rm(directory, { recursive: true, force: true });
    }
  });
});

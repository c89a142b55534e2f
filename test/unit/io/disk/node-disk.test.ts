import { Buffer } from 'node:buffer';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Lane } from '../../../../broker/io/disk/lane.ts';
import { NodeDisk } from '../../../../broker/io/disk/node-disk.ts';
import { countSync, createSyncStats, SYNC_BUCKETS_MS } from '../../../../broker/io/disk/sync-stats.ts';
import type { DiskDone, DiskFailure, DiskFile } from '../../../../broker/ports/disk.ts';

let directory = '';
let disk: NodeDisk;
let posted = 0;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-disk-'));
  posted = 0;
  disk = new NodeDisk((input) => {
    posted += 1;
    setImmediate(input);
  });
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

function attempt<T>(
  start: (done: DiskDone<T>) => void,
): Promise<{ failure: DiskFailure | null; value: T | undefined }> {
  return new Promise((resolve) => {
    start((failure, value) => resolve({ failure, value }));
  });
}

async function run<T>(start: (done: DiskDone<T>) => void): Promise<T> {
  const { failure, value } = await attempt(start);
  if (failure !== null) throw new Error(`${failure.code} ${failure.operation} ${failure.path}`);
  return value as T;
}

describe('the real disk', () => {
  test('writes many chunks in order at a position and reads them back', async () => {
    const path = join(directory, 'f');
    const file = await run<DiskFile>((done) => disk.open(path, { create: true }, done));
    const chunks = Array.from({ length: 3000 }, (_, i) => Buffer.from(`${i},`));
    await run<void>((done) => file.write(5, chunks, done));
    await run<void>((done) => file.sync(done));
    const whole = Buffer.concat([Buffer.alloc(5), ...chunks]);
    expect(await readFile(path)).toEqual(whole);
    expect(Buffer.from(await run<Uint8Array>((done) => file.read(5, 100, done)))).toEqual(whole.subarray(5, 105));
    expect(await run((done) => file.size(done))).toBe(whole.length);
    expect(await run((done) => disk.fileSize(path, done))).toBe(whole.length);
    await run<void>((done) => file.close(done));
  });

  test('reads less at the end of a file, and nothing behind it', async () => {
    await writeFile(join(directory, 'f'), 'abc');
    const file = await run<DiskFile>((done) => disk.open(join(directory, 'f'), { create: false }, done));
    expect(Buffer.from(await run<Uint8Array>((done) => file.read(1, 100, done))).toString()).toBe('bc');
    expect(await run<Uint8Array>((done) => file.read(3, 100, done))).toHaveLength(0);
    await run<void>((done) => file.truncate(1, done));
    expect(await run((done) => file.size(done))).toBe(1);
    await run<void>((done) => file.close(done));
  });

  test('lists by name, renames over a file, and removes files and empty directories', async () => {
    const at = (name: string): string => join(directory, name);
    await run<void>((done) => disk.makeDirectory(at('b/c'), done));
    await run<void>((done) => disk.makeDirectory(at('b/c'), done));
    await writeFile(at('a'), 'old');
    await writeFile(at('z'), 'new');
    await symlink(at('a'), at('link'));
    await run<void>((done) => disk.rename(at('z'), at('a'), done));
    await run<void>((done) => disk.syncDirectory(directory, done));
    expect(await run((done) => disk.list(directory, done))).toEqual([
      { name: 'a', kind: 'file' },
      { name: 'b', kind: 'directory' },
      { name: 'link', kind: 'other' },
    ]);
    expect(Buffer.from(await run<Uint8Array>((done) => disk.readFile(at('a'), 10, done))).toString()).toBe('new');
    for (const name of ['a', 'b/c', 'b']) await run<void>((done) => disk.remove(at(name), done));
    expect(await run((done) => disk.list(directory, done))).toEqual([{ name: 'link', kind: 'other' }]);
  });

  test.each<[string, string, (done: DiskDone<unknown>) => void]>([
    ['a missing file', 'ENOENT', (done) => disk.open(join(directory, 'none'), { create: false }, done)],
    ['a missing file to be read', 'ENOENT', (done) => disk.readFile(join(directory, 'none'), 9, done)],
    ['a missing directory', 'ENOENT', (done) => disk.syncDirectory(join(directory, 'none'), done)],
    ['a directory that is not empty', 'ENOTEMPTY', (done) => disk.remove(directory, done)],
  ])('tells of %s by its code', async (_what, code, start) => {
    await writeFile(join(directory, 'f'), 'x');
    expect((await attempt(start)).failure).toMatchObject({ code });
  });

  test('refuses to read a file that is larger than asked', async () => {
    await writeFile(join(directory, 'f'), 'x'.repeat(100));
    expect((await attempt((done) => disk.readFile(join(directory, 'f'), 99, done))).failure?.code).toBe('EFBIG');
  });

  test('completes as inputs of the loop, and counts and times syncs', async () => {
    const file = await run<DiskFile>((done) => disk.open(join(directory, 'f'), { create: true }, done));
    const before = posted;
    await Promise.all(Array.from({ length: 20 }, () => run<void>((done) => file.sync(done))));
    expect(posted).toBe(before + 20);
    expect(disk.syncStats.count).toBe(20);
    expect(disk.syncStats.buckets.reduce((sum, count) => sum + count, 0)).toBe(20);
    expect(disk.syncStats.totalMs).toBeGreaterThan(0);
    await run<void>((done) => file.close(done));
  });

  test('tells the room of its file system', async () => {
    const { totalBytes, usableBytes } = await run<{ totalBytes: number; usableBytes: number }>((done) =>
      disk.space(directory, done),
    );
    expect(totalBytes).toBeGreaterThan(usableBytes);
  });
});

describe('a lane', () => {
  test('runs as many as it may and the rest in order', () => {
    const lane = new Lane(2);
    const started: number[] = [];
    for (let i = 0; i < 5; i++) {
      lane.enter(() => {
        started.push(i);
      });
    }
    expect([started, lane.waitingCount]).toEqual([[0, 1], 3]);
    lane.leave();
    expect(started).toEqual([0, 1, 2]);
    lane.leave();
    lane.leave();
    expect([started, lane.waitingCount]).toEqual([[0, 1, 2, 3, 4], 0]);
    lane.leave();
    lane.leave();
    lane.enter(() => {
      started.push(5);
    });
    expect(started.at(-1)).toBe(5);
  });
});

describe('times of syncs', () => {
  test('fall into the bucket whose bound they do not pass', () => {
    const stats = createSyncStats();
    for (const tookMs of [0.1, 0.25, 3, 99_999]) countSync(stats, tookMs);
    expect(stats).toMatchObject({ count: 4, maxMs: 99_999 });
    expect(stats.buckets[0]).toBe(2);
    expect(stats.buckets[SYNC_BUCKETS_MS.indexOf(4)]).toBe(1);
    expect(stats.buckets.at(-1)).toBe(1);
  });
});

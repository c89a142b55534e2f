import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { FileCache, type FileLease } from '../../../../broker/server/logs/file-cache.ts';
import { IndexCache } from '../../../../broker/server/logs/index-cache.ts';
import { SharedRound } from '../../../../broker/server/logs/shared-round.ts';
import { type LogTail, TailCache } from '../../../../broker/server/logs/tail-cache.ts';
import { LogWorld } from '../../../support/logs/log-world.ts';

function push(tail: LogTail, baseOffset: number, size: number): void {
  tail.push({ baseOffset, endOffset: baseOffset + 10, bytes: Buffer.alloc(size), bytesBefore: 0 });
}

describe('the tail cache', () => {
  test('gives up the oldest chunks of all logs first and keeps within its budget', () => {
    const cache = new TailCache(5000);
    const [a, b] = [cache.createTail(), cache.createTail()];
    push(a, 0, 1000);
    push(b, 0, 1000);
    push(a, 10, 1000);
    expect(a.startOffset).toBe(0);
    push(b, 10, 1000);
    expect([a.startOffset, b.startOffset]).toEqual([10, 0]);
    push(b, 20, 1000);
    expect([a.startOffset, b.startOffset]).toEqual([10, 10]);
    expect(cache.sizeInBytes).toBeLessThanOrEqual(5000);
  });

  test('finds the chunk that holds an offset, and none outside', () => {
    const cache = new TailCache(1_000_000);
    const tail = cache.createTail();
    for (let i = 5; i < 500; i++) push(tail, i * 10, 10);
    for (const offset of [50, 59, 60, 4999]) {
      const chunk = tail.chunkAt(tail.find(offset));
      expect([chunk?.baseOffset, chunk?.endOffset]).toEqual([offset - (offset % 10), offset - (offset % 10) + 10]);
    }
    expect([tail.find(49), tail.find(5000)]).toEqual([-1, -1]);
  });

  test('forgets a log that was cut and gives its room to others', () => {
    const cache = new TailCache(3500);
    const [a, b] = [cache.createTail(), cache.createTail()];
    push(a, 0, 1000);
    push(b, 0, 500);
    a.clear();
    expect([a.find(0), cache.sizeInBytes]).toEqual([-1, 1100]);
    push(a, 0, 500);
    push(b, 10, 500);
    push(b, 20, 500);
    expect([a.startOffset, b.startOffset]).toEqual([0, 10]);
  });

  test('keeps no trace of chunks that were dropped while there was room for more', () => {
    const cache = new TailCache(1_000_000);
    const quiet = cache.createTail();
    push(quiet, 0, 100);
    for (let i = 0; i < 20_000; i++) {
      const short = cache.createTail();
      push(short, 0, 100);
      short.clear();
    }
    expect(cache.chunkCount).toBeLessThan(5000);
    push(quiet, 10, 999_000);
    expect([quiet.startOffset, cache.sizeInBytes]).toEqual([10, 999_600]);
  });

  test('with no budget holds nothing', () => {
    const tail = new TailCache(0).createTail();
    push(tail, 0, 10);
    expect(tail.find(0)).toBe(-1);
  });
});

describe('the file cache', () => {
  function opened(openFilesMax: number): { world: LogWorld; files: FileCache; lease: (path: string) => FileLease } {
    const world = new LogWorld(1);
    world.start();
    const files = new FileCache(world.disk, openFilesMax);
    const lease = (path: string): FileLease => {
      let got: FileLease | undefined;
      files.acquire(`/data/${path}`, { create: true }, (_failure, value) => {
        got = value;
      });
      world.time.settle();
      if (got === undefined) throw new Error('not opened');
      return got;
    };
    return { world, files, lease };
  }

  test('opens a file once for many users and closes only unused ones', () => {
    const { world, files, lease } = opened(2);
    const before = world.disk.operationCounts.get('open') ?? 0;
    const [first, again] = [lease('a'), lease('a')];
    expect(world.disk.operationCounts.get('open')).toBe(before + 1);
    expect(again.file).toBe(first.file);
    for (const name of ['b', 'c', 'd']) lease(name).release();
    expect(files.openCount).toBe(2);
    first.release();
    again.release();
    lease('e').release();
    expect(files.openCount).toBe(2);
  });

  test('never has more files open than allowed: who asks for one more waits, in order, until one is given back', () => {
    const world = new LogWorld(1);
    world.start();
    let shortCount = 0;
    const files = new FileCache(world.disk, 3, () => {
      shortCount += 1;
    });
    const held: FileLease[] = [];
    const opened: string[] = [];
    const asked: string[] = [];
    world.disk.faults.fail = (operation, path) => {
      if (operation === 'open') asked.push(path);
      return null;
    };
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'a'];
    for (const name of names) {
      files.acquire(`/data/${name}`, { create: true }, (_failure, lease) => {
        opened.push(name);
        if (lease !== undefined) held.push(lease);
      });
    }
    world.time.settle();
    expect([opened.toSorted(), files.openCount, files.waitingCount]).toEqual([['a', 'a', 'b', 'c'], 3, 3]);
    expect(shortCount).toBe(3);
    for (const lease of held.splice(0)) lease.release();
    while (world.time.step()) expect(files.openCount).toBeLessThanOrEqual(3);
    expect(asked).toEqual(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `/data/${name}`));
    expect(opened.slice(4).toSorted()).toEqual(['d', 'e', 'f']);
    expect(files.waitingCount).toBe(0);
  });

  test('goes on with those who wait after an open failed', () => {
    const world = new LogWorld(1);
    world.start();
    const files = new FileCache(world.disk, 1);
    const codes: string[] = [];
    for (const name of ['missing', 'also-missing']) {
      files.acquire(`/data/${name}`, { create: false }, (failure) => codes.push(failure?.code ?? ''));
    }
    world.time.settle();
    expect(codes).toEqual(['ENOENT', 'ENOENT']);
    expect(files.openCount).toBe(0);
  });

  test('closes a forgotten file when its last user is done, and opens its path anew', () => {
    const { world, files, lease } = opened(10);
    const held = lease('a');
    files.forget('/data/a');
    expect(lease('a').file).not.toBe(held.file);
    const before = world.disk.operationCounts.get('close') ?? 0;
    held.release();
    expect(world.disk.operationCounts.get('close')).toBe(before + 1);
  });

  test('tells everybody who waits that a file cannot be opened', () => {
    const { world, files } = opened(10);
    const codes: (string | undefined)[] = [];
    for (let i = 0; i < 2; i++) {
      files.acquire('/data/none', { create: false }, (failure) => codes.push(failure?.code));
    }
    world.time.settle();
    expect([codes, files.openCount]).toEqual([['ENOENT', 'ENOENT'], 0]);
  });
});

describe('the index cache', () => {
  test('keeps the bytes of small files, and no block that others share', () => {
    const world = new LogWorld(1);
    world.start();
    const files = new FileCache(world.disk, 10);
    const cache = new IndexCache(files, 1000);
    files.acquire('/data/small.index', { create: true }, (_failure, lease) => {
      lease?.file.write(0, [Buffer.from('twelve bytes')], () => lease.release());
    });
    world.time.settle();
    const found: unknown[] = [];
    cache.load(
      '/data/small.index',
      12,
      () => true,
      (_failure, bytes) => {
        found.push(bytes?.toString(), bytes?.buffer.byteLength);
      },
    );
    world.time.settle();
    expect(found).toEqual(['twelve bytes', 12]);
  });
});

describe('a shared round', () => {
  test('serves all who asked while the one before ran, and none with a run that began earlier', () => {
    const ends: (() => void)[] = [];
    const served: string[] = [];
    const round = new SharedRound((done) => ends.push(done));
    round.request(() => served.push('a'));
    round.request(() => served.push('b'));
    round.request(() => served.push('c'));
    expect(ends).toHaveLength(1);
    ends[0]?.();
    expect([served, ends.length]).toEqual([['a'], 2]);
    ends[1]?.();
    expect([served, ends.length]).toEqual([['a', 'b', 'c'], 2]);
  });
});

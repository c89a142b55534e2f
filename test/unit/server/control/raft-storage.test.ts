import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import type { Entry, SnapshotMeta } from '../../../../broker/core/raft/types.ts';
import type { SnapshotContent } from '../../../../broker/server/control/raft-storage.ts';
import { batchAt, SELF, StorageBench, textOf, THREE, voteIn, withReads } from '../../../support/raft/storage-bench.ts';

const state = (text: string, offset = 7): SnapshotContent => ({ payload: Buffer.from(text), offset });

/** Writes so many entries, each in a round of its own, and waits for them. */
function grow(bench: StorageBench, from: number, to: number, term = 1): void {
  for (let index = from; index <= to; index += 1) {
    bench.write({ entries: [batchAt(index, term)], ...(index === from ? { hardState: voteIn(term, SELF) } : {}) });
    bench.time.settle();
  }
}

/** Keeps a snapshot and gives its meta. */
function keep(bench: StorageBench, index: number, term: number, content: SnapshotContent): SnapshotMeta {
  const meta = { place: { index, term }, voters: THREE };
  let sizeInBytes = -1;
  bench.storage.keepSnapshot(meta, content, (size) => {
    sizeInBytes = size;
  });
  bench.time.settle();
  return { ...meta, sizeInBytes };
}

/** All of a snapshot's file, in pieces. */
function piecesOf(bench: StorageBench, meta: SnapshotMeta, sizeMax = 100): Buffer[] {
  let file: Uint8Array | null = null;
  bench.storage.readPiece(meta, 0, (data) => {
    file = data;
  });
  bench.time.settle();
  const bytes = Buffer.from(file ?? []);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += sizeMax) pieces.push(bytes.subarray(at, at + sizeMax));
  return pieces;
}

/** Hands the pieces of a snapshot to another storage. */
function install(bench: StorageBench, meta: SnapshotMeta, pieces: readonly Buffer[]): number {
  let position = 0;
  let write = 0;
  for (const data of pieces) {
    const isLast = position + data.length === meta.sizeInBytes;
    write = bench.writePiece({ meta, position, data, isLast });
    position += data.length;
  }
  return write;
}

const texts = (entries: readonly Entry[] | undefined): readonly string[] => (entries ?? []).map(textOf);

describe('a replica that is formed', () => {
  test('is told from a disk that never held a log', () => {
    const bench = new StorageBench(1);
    expect(bench.open()).toMatchObject({ start: null, snapshot: null, damage: null });
    bench.storage.format(THREE, () => undefined);
    bench.time.settle();
    bench.crash(false);
    expect(bench.open()).toMatchObject({
      start: {
        hardState: { term: 0, votedFor: null, damagedUpTo: 0, damagedTerm: 0 },
        snapshot: { place: { index: 0, term: 0 }, voters: THREE },
        entries: [],
      },
      snapshot: null,
      damage: null,
    });
  });

  test('that only observes has no voters', () => {
    const bench = StorageBench.formed(1, []);
    bench.crash(false);
    expect(bench.open().start?.snapshot.voters).toEqual([]);
  });

  test('is formed or not after a power cut at any moment, never half', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const bench = new StorageBench(seed);
      bench.open();
      let isFormed = false;
      bench.storage.format(THREE, () => {
        isFormed = true;
      });
      bench.time.advance(seed % 60);
      bench.crash(false);
      const { start, damage } = bench.open();
      if (start === null) {
        expect([seed, isFormed]).toEqual([seed, false]);
        bench.storage.format(THREE, () => undefined);
        bench.time.settle();
        expect(bench.fatal).toBeNull();
      } else expect([seed, start.snapshot.voters, damage]).toEqual([seed, THREE, null]);
    }
  });
});

describe('what was written', () => {
  test('comes back: hard state and entries of every kind', () => {
    const bench = StorageBench.formed(2, THREE);
    const [, two] = THREE;
    const hardState = voteIn(3, two ?? null);
    const entries: Entry[] = [
      { index: 1, term: 2, body: { kind: 'no-op' } },
      batchAt(2, 2, ''),
      batchAt(3, 3, 'x'),
      { index: 4, term: 3, body: { kind: 'voters', voters: THREE.slice(0, 2) } },
    ];
    bench.write({ hardState });
    bench.write({ entries: entries.slice(0, 2) });
    bench.write({ entries: entries.slice(2) });
    bench.time.settle();
    expect(bench.written).toBe(3);
    bench.crash(false);
    const { start, damage, cutBytes } = bench.open();
    expect([texts(start?.entries), start?.hardState, damage, cutBytes]).toEqual([
      entries.map(textOf),
      hardState,
      null,
      0,
    ]);
  });

  test('may be an entry of 16 MiB', () => {
    const bench = StorageBench.formed(2, THREE);
    const payload = Buffer.alloc(16 * 1024 * 1024, 'weir');
    bench.write({ hardState: voteIn(1), entries: [{ index: 1, term: 1, body: { kind: 'batch', payload } }] });
    bench.time.settle();
    bench.crash(false);
    const body = bench.open().start?.entries[0]?.body;
    expect(body?.kind === 'batch' && payload.equals(body.payload)).toBe(true);
  });

  test('is cut where the log was, also within the write that waits and across rounds', () => {
    const bench = StorageBench.formed(3, THREE);
    grow(bench, 1, 6);
    bench.write({ truncateFrom: 5, entries: [batchAt(5, 2, 'five')], hardState: voteIn(2) });
    bench.write({ entries: [batchAt(6, 2, 'six'), batchAt(7, 2, 'seven')] });
    bench.write({ truncateFrom: 7, entries: [batchAt(7, 3, 'seven again')], hardState: voteIn(3) });
    bench.write({ truncateFrom: 4, entries: [batchAt(4, 4, 'four')], hardState: voteIn(4) });
    bench.time.settle();
    bench.crash(false);
    expect(texts(bench.open().start?.entries)).toEqual(['1@1 entry 1', '2@1 entry 2', '3@1 entry 3', '4@4 four']);
    bench.write({ truncateFrom: 2 });
    bench.time.settle();
    bench.crash(false);
    expect(texts(bench.open().start?.entries)).toEqual(['1@1 entry 1']);
  });

  test('is told once it is synced, and what waits meanwhile goes out with one write more', () => {
    const bench = StorageBench.formed(4, THREE);
    const told: number[] = [];
    bench.storage.onWritten((write) => void told.push(write));
    const before = new Map(bench.disk.operationCounts);
    for (let index = 1; index <= 100; index += 1) bench.write({ entries: [batchAt(index, 1)], hardState: voteIn(1) });
    expect(told).toEqual([]);
    bench.time.settle();
    expect(told).toEqual([1, 100]);
    const since = (name: string): number => (bench.disk.operationCounts.get(name) ?? 0) - (before.get(name) ?? 0);
    // Two rounds: a frame and a slot each.
    expect([since('write'), since('sync')]).toEqual([4, 4]);
  });

  test('is one write and one sync for a vote', () => {
    const bench = StorageBench.formed(5, THREE);
    grow(bench, 1, 2);
    const before = new Map(bench.disk.operationCounts);
    bench.write({ hardState: voteIn(2, SELF) });
    bench.time.advance(10_000);
    const since = [...bench.disk.operationCounts]
      .map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const)
      .filter(([, count]) => count > 0);
    expect(since).toEqual([
      ['write', 1],
      ['sync', 1],
    ]);
    bench.crash(false);
    expect(bench.open().start?.hardState).toEqual(voteIn(2, SELF));
  });
});

describe('a snapshot', () => {
  test('stands for the entries up to it; those behind it stay, and files of no use go', () => {
    const bench = StorageBench.formed(6, THREE);
    grow(bench, 1, 4);
    keep(bench, 3, 1, state('three'));
    grow(bench, 5, 6, 1);
    const meta = keep(bench, 6, 1, state('six', 40));
    grow(bench, 7, 8, 1);
    expect(bench.files().map((path) => path.split('/').at(-1))).toEqual([
      '00000000000000000006.checkpoint',
      '00000000000000000007.rounds',
      'quorum.state',
    ]);
    bench.crash(false);
    const { start, snapshot } = bench.open();
    expect([texts(start?.entries), start?.snapshot, snapshot]).toEqual([
      ['7@1 entry 7', '8@1 entry 8'],
      meta,
      state('six', 40),
    ]);
  });

  test('tells how many bytes came since', () => {
    const bench = StorageBench.formed(7, THREE);
    grow(bench, 1, 2);
    expect(bench.storage.bytesSinceSnapshot).toBe(2 * 'entry 1'.length);
    keep(bench, 2, 1, state('two'));
    expect(bench.storage.bytesSinceSnapshot).toBe(0);
    grow(bench, 3, 3);
    bench.crash(false);
    bench.open();
    expect(bench.storage.bytesSinceSnapshot).toBe('entry 3'.length);
  });

  test('of what is committed and not on this disk yet waits for that: no term is forgotten', () => {
    const bench = StorageBench.formed(8, THREE);
    grow(bench, 1, 2);
    bench.disk.faults.fail = (name, path) => (name === 'write' && path.endsWith('rounds') ? 'ENOSPC' : null);
    bench.write({ entries: [batchAt(3, 1)] });
    bench.time.settle();
    const write = bench.write({ entries: [batchAt(4, 4), batchAt(5, 4)], hardState: voteIn(4) });
    keep(bench, 4, 4, state('four'));
    expect(bench.files(/4\.checkpoint/)).toEqual([]);
    bench.disk.faults.fail = () => null;
    bench.time.advance(2000);
    bench.time.settle();
    expect(bench.written).toBe(write);
    bench.crash(false);
    const { start, snapshot } = bench.open();
    expect([texts(start?.entries), snapshot, start?.hardState]).toEqual([['5@4 entry 5'], state('four'), voteIn(4)]);
  });

  test('is read in pieces by a follower until another takes its place', () => {
    const bench = StorageBench.formed(9, THREE);
    grow(bench, 1, 4);
    const meta = keep(bench, 2, 1, state('x'.repeat(3 * 1024 * 1024)));
    const sizes: number[] = [];
    for (let position = 0; position < meta.sizeInBytes; position += sizes.at(-1) ?? 0) {
      bench.storage.readPiece(meta, position, (data) => void sizes.push(data?.length ?? -1));
      bench.time.settle();
    }
    expect(sizes).toEqual([1024 * 1024, 1024 * 1024, 1024 * 1024, meta.sizeInBytes - 3 * 1024 * 1024]);
    keep(bench, 4, 1, state('y'));
    const pieces: (Uint8Array | null)[] = [];
    bench.storage.readPiece(meta, 0, (data) => void pieces.push(data));
    bench.time.settle();
    expect([pieces, bench.fatal]).toEqual([[null], null]);
  });

  test('of the leader takes the place of a log that ends before it or differs', () => {
    const leader = StorageBench.formed(10, THREE);
    grow(leader, 1, 3);
    const meta = keep(leader, 3, 1, state('three'.repeat(100), 33));
    for (const [last, term] of [
      [0, 1],
      [2, 1],
      [5, 2],
    ] as const) {
      const bench = StorageBench.formed(11, []);
      if (last > 0) grow(bench, 1, last, term);
      bench.write({ hardState: voteIn(3) });
      const write = install(bench, meta, piecesOf(leader, meta));
      bench.time.settle();
      expect(bench.written).toBe(write);
      const read: SnapshotContent[] = [];
      bench.storage.readSnapshot((content) => void read.push(content));
      bench.time.settle();
      expect(read).toMatchObject([state('three'.repeat(100), 33)]);
      grow(bench, 4, 5, 3);
      bench.crash(false);
      const { start, snapshot, damage } = bench.open();
      expect([texts(start?.entries), start?.snapshot, snapshot, damage]).toEqual([
        ['4@3 entry 4', '5@3 entry 5'],
        meta,
        state('three'.repeat(100), 33),
        null,
      ]);
    }
  });

  test('of the leader that is read while another takes its place: the other is given', () => {
    const leader = StorageBench.formed(10, THREE);
    grow(leader, 1, 3);
    const first = keep(leader, 2, 1, state('two'));
    const firstPieces = piecesOf(leader, first);
    const second = keep(leader, 3, 1, state('three'));
    const secondPieces = piecesOf(leader, second);
    const bench = StorageBench.formed(11, THREE);
    bench.close();
    const slow: (() => void)[] = [];
    bench.diskInUse = withReads(bench.disk, (path, read) => {
      if (path.endsWith('2.checkpoint')) slow.push(read);
      else read();
    });
    bench.open();
    bench.write({ hardState: voteIn(1) });
    install(bench, first, firstPieces);
    bench.time.settle();
    const read: SnapshotContent[] = [];
    bench.storage.readSnapshot((content) => void read.push(content));
    install(bench, second, secondPieces);
    bench.time.settle();
    // It comes to the file when that is gone.
    for (const run of slow) run();
    bench.time.settle();
    expect([read.map(({ payload }) => Buffer.from(payload).toString()), bench.fatal]).toEqual([['three'], null]);
  });

  test('of the leader leaves the entries that follow it', () => {
    const leader = StorageBench.formed(10, THREE);
    grow(leader, 1, 3);
    const meta = keep(leader, 3, 1, state('three'));
    const bench = StorageBench.formed(11, THREE);
    grow(bench, 1, 5);
    install(bench, meta, piecesOf(leader, meta));
    bench.time.settle();
    bench.crash(false);
    expect(texts(bench.open().start?.entries)).toEqual(['4@1 entry 4', '5@1 entry 5']);
  });

  test('of the leader that was given up for a shorter one leaves nothing behind', () => {
    const leader = StorageBench.formed(10, THREE);
    grow(leader, 1, 3);
    const longer = keep(leader, 2, 1, state('two'.repeat(200)));
    const longerPieces = piecesOf(leader, longer);
    const shorter = keep(leader, 3, 1, state('three'));
    const bench = StorageBench.formed(11, []);
    bench.write({ hardState: voteIn(1) });
    install(bench, longer, longerPieces.slice(0, -1));
    install(bench, shorter, piecesOf(leader, shorter));
    bench.time.settle();
    expect(bench.fatal).toBeNull();
    bench.crash(false);
    expect(bench.open()).toMatchObject({ start: { snapshot: shorter }, snapshot: state('three') });
  });

  test('that is not what the leader announced is never taken over', () => {
    const leader = StorageBench.formed(10, THREE);
    grow(leader, 1, 3);
    const meta = keep(leader, 3, 1, state('three'));
    const bench = StorageBench.formed(11, THREE);
    const pieces = piecesOf(leader, meta);
    pieces.at(-1)?.writeUInt8(0x55, 3);
    const write = install(bench, meta, pieces);
    bench.time.settle();
    expect([bench.written < write, bench.fatal]).toEqual([true, expect.stringContaining('is damaged')]);
    bench.crash(false);
    expect(bench.open().start?.snapshot.place.index).toBe(0);
  });
});

describe('a storage that is closed', () => {
  test('has written all that it was given', () => {
    const bench = StorageBench.formed(12, THREE);
    for (let index = 1; index <= 5; index += 1) bench.write({ entries: [batchAt(index, 1)], hardState: voteIn(1) });
    bench.storage.keepSnapshot({ place: { index: 3, term: 1 }, voters: THREE }, state('three'), () => undefined);
    bench.close();
    bench.crash(false);
    const { start, snapshot } = bench.open();
    expect([texts(start?.entries), snapshot]).toEqual([['4@1 entry 4', '5@1 entry 5'], state('three')]);
  });
});

import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import type { ReplicaKey } from '../../../../broker/core/raft/types.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { encodeRaftFrame } from '../../../../broker/server/control/raft-frames.ts';
import {
  batchAt,
  RAFT_DIRECTORY,
  SELF,
  StorageBench,
  textOf,
  THREE,
  voteIn,
} from '../../../support/raft/storage-bench.ts';

const LONE = [SELF];
const STATE = `${RAFT_DIRECTORY}/quorum.state`;
const ENTRIES = ['1@1 entry 1', '2@1 entry 2', '3@1 entry 3', '4@1 entry 4'];

/** A storage with four entries of a round each, in two segments with a snapshot at 2 or in one; closed or cut off. */
function grown(voters: readonly ReplicaKey[], { snapshotAt = 0, isClosed = true, seed = 1 } = {}): StorageBench {
  const bench = StorageBench.formed(seed, voters);
  for (let index = 1; index <= 4; index += 1) {
    bench.write({ entries: [batchAt(index, 1)], ...(index === 1 ? { hardState: voteIn(1, SELF) } : {}) });
    bench.time.settle();
    if (index !== snapshotAt) continue;
    const meta = { place: { index, term: 1 }, voters };
    bench.storage.keepSnapshot(meta, { payload: Buffer.from('state'), offset: index }, () => undefined);
    bench.time.settle();
  }
  if (isClosed) bench.close();
  bench.crash(true);
  return bench;
}

/** What opening gives: the texts of the entries and the damage, or the message of what it throws. */
function outcome(bench: StorageBench): {
  readonly entries?: readonly string[];
  readonly damagedUpTo?: number;
  readonly damage?: string | null;
  readonly cutBytes?: number;
  readonly stopped?: string;
} {
  try {
    const { start, damage, cutBytes } = bench.open();
    return {
      entries: start?.entries.map(textOf) ?? [],
      damagedUpTo: start?.hardState.damagedUpTo ?? -1,
      damage,
      cutBytes,
    };
  } catch (error) {
    return { stopped: error instanceof Error ? error.message : String(error) };
  }
}

/** Runs a check with each byte of a file spoiled, one after the other. */
function eachByte(bench: StorageBench, path: string, check: (position: number) => void): void {
  const image = bench.disk.image();
  const bytes = bench.disk.peek(path) ?? Buffer.alloc(0);
  expect(bytes.length).toBeGreaterThan(20);
  for (let position = 0; position < bytes.length; position += 1) {
    // Between the slots of the state file nothing is ever read.
    if (path === STATE && position % 4096 > 200) continue;
    bench.disk.restore(image);
    bench.flip(path, position);
    check(position);
  }
}

const roundsOf = (bench: StorageBench): string => bench.files(/rounds$/).at(-1) ?? '';
const checkpointOf = (bench: StorageBench): string => bench.files(/checkpoint$/).at(-1) ?? '';

describe('a spoiled byte of the log', () => {
  test('makes a voter among others damaged up to where it was written, for good (V10)', () => {
    const bench = grown(THREE);
    const path = roundsOf(bench);
    const frameBytes = (bench.disk.peek(path)?.length ?? 0) / 4;
    eachByte(bench, path, (position) => {
      const found = outcome(bench);
      expect([position, found.damagedUpTo, found.damage]).toEqual([
        position,
        4,
        expect.stringContaining('is damaged at'),
      ]);
      expect(found.entries).toEqual(ENTRIES.slice(0, Math.floor(position / frameBytes)));
      bench.crash(false);
      expect(outcome(bench)).toMatchObject({ damagedUpTo: 4, damage: expect.stringContaining('lost something') });
    });
  });

  test('stops a lone voter, whose log stays as it is', () => {
    const bench = grown(LONE);
    eachByte(bench, roundsOf(bench), () => {
      const before = bench.disk.peek(roundsOf(bench));
      expect(outcome(bench).stopped).toMatch(
        /\.rounds is damaged at byte \d+: the log ends at \d, it was written up to 4/,
      );
      expect(bench.disk.peek(roundsOf(bench))).toEqual(before);
    });
  });

  test('in the last frame of a lone voter is cut when that may never have been synced, and said', () => {
    const bench = grown(LONE, { isClosed: false });
    const path = roundsOf(bench);
    const size = bench.disk.peek(path)?.length ?? 0;
    bench.flip(path, size - 1);
    expect(outcome(bench)).toEqual({
      entries: ENTRIES.slice(0, 3),
      damagedUpTo: 0,
      damage: null,
      cutBytes: size / 4,
    });
    bench.write({ entries: [batchAt(4, 2)], hardState: voteIn(2) });
    bench.time.settle();
    bench.crash(false);
    expect(outcome(bench)).toMatchObject({ entries: [...ENTRIES.slice(0, 3), '4@2 entry 4'], damage: null });
  });

  test('is also a whole frame that is not the one whose head was kept', () => {
    const bench = grown(THREE);
    const path = roundsOf(bench);
    const size = (bench.disk.peek(path)?.length ?? 0) / 4;
    const other = { number: 4, hardState: voteIn(1, SELF), fromIndex: 4, entries: [batchAt(4, 1, 'Entry 4')] };
    bench.disk.poke(path, 3 * size, Buffer.concat(encodeRaftFrame(other, crc32c).chunks));
    expect(outcome(bench)).toMatchObject({ entries: ENTRIES.slice(0, 3), damagedUpTo: 4 });
  });

  test('in a frame that cut what a snapshot does not hold brings nothing back', () => {
    const bench = grown(THREE, { snapshotAt: 2 });
    bench.open();
    bench.write({ truncateFrom: 3 });
    bench.time.settle();
    bench.crash(false);
    const path = roundsOf(bench);
    bench.flip(path, (bench.disk.peek(path)?.length ?? 0) - 1);
    expect(outcome(bench)).toMatchObject({ entries: [], damage: null });
  });

  test('takes what lies behind it along: old frames never join new ones', () => {
    const bench = grown(THREE);
    const path = roundsOf(bench);
    bench.flip(path, (bench.disk.peek(path)?.length ?? 0) / 4 + 20);
    expect(outcome(bench).entries).toEqual(ENTRIES.slice(0, 1));
    // As long as the one that was spoiled.
    bench.write({ entries: [batchAt(2, 2)], hardState: voteIn(2, SELF) });
    bench.time.settle();
    bench.crash(false);
    expect(outcome(bench).entries).toEqual([ENTRIES[0], '2@2 entry 2']);
  });

  test('is healed by a leader: hard state says so, and it is remembered', () => {
    const bench = grown(THREE);
    bench.flip(roundsOf(bench), 5);
    expect(outcome(bench).entries).toEqual([]);
    bench.write({ entries: [1, 2, 3, 4].map((index) => batchAt(index, 1)) });
    bench.write({ hardState: voteIn(2) });
    bench.time.settle();
    bench.crash(false);
    expect(outcome(bench)).toMatchObject({ entries: ENTRIES, damagedUpTo: 0, damage: null });
  });
});

describe('a segment that is gone', () => {
  test.each([
    ['the only one', 0],
    ['the one behind a snapshot', 2],
  ])('%s is damage', (_what, snapshotAt) => {
    for (const voters of [LONE, THREE]) {
      const bench = grown(voters, { snapshotAt });
      bench.disk.vanish(roundsOf(bench));
      const found = outcome(bench);
      const sentence = expect.stringContaining(`.rounds is not there: the log ends at ${snapshotAt}`);
      expect(voters === LONE ? found.stopped : found.damage).toEqual(sentence);
      if (voters === THREE) expect(found.damagedUpTo).toBe(4);
    }
  });

  test('is none when the snapshot stands for it', () => {
    const bench = grown(LONE, { snapshotAt: 4 });
    expect(bench.files(/rounds$/)).toEqual([]);
    expect(outcome(bench)).toMatchObject({ entries: [], damage: null });
  });
});

describe('a snapshot', () => {
  test('with any byte spoiled makes a voter among others begin from nothing, damaged', () => {
    const bench = grown(THREE, { snapshotAt: 2 });
    eachByte(bench, checkpointOf(bench), () => {
      const { start, snapshot, damage } = bench.open();
      expect([start?.hardState, start?.entries, start?.snapshot.voters, snapshot, damage]).toEqual([
        { ...voteIn(1, SELF), damagedUpTo: 4, damagedTerm: 1 },
        [],
        [],
        null,
        expect.stringContaining('checkpoint is damaged'),
      ]);
      bench.write({ entries: [batchAt(1, 1)] });
      bench.time.settle();
      bench.crash(false);
      expect(outcome(bench)).toMatchObject({ entries: ['1@1 entry 1'], damagedUpTo: 4 });
    });
  });

  test('that is spoiled is gone for good once that is said', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const bench = grown(THREE, { snapshotAt: 2, seed });
      bench.flip(checkpointOf(bench), 30);
      expect(outcome(bench).damage).toMatch(/checkpoint is damaged/);
      bench.crash(false);
      expect([seed, outcome(bench).damage]).toEqual([seed, expect.stringContaining('once lost something')]);
    }
  });

  test('that is spoiled or gone stops a lone voter', () => {
    const bench = grown(LONE, { snapshotAt: 2 });
    const path = checkpointOf(bench);
    const image = bench.disk.image();
    eachByte(bench, path, () => {
      const before = bench.disk.files();
      expect(outcome(bench).stopped).toMatch(/checkpoint is damaged, and nobody else has the metadata/);
      expect(bench.disk.files()).toEqual(before);
    });
    bench.disk.restore(image);
    bench.disk.vanish(path);
    expect(outcome(bench).stopped).toMatch(/the checkpoint of the metadata at 2 is not there/);
  });
});

describe('the state file', () => {
  test('survives any spoiled byte: vote, term and log are as they were', () => {
    for (const voters of [LONE, THREE]) {
      const bench = grown(voters);
      eachByte(bench, STATE, () => {
        const { start, damage } = bench.open();
        expect([start?.hardState, start?.entries.map(textOf), damage]).toEqual([voteIn(1, SELF), ENTRIES, null]);
      });
    }
  });

  test('survives a spoiled byte right after a vote that no frame names', () => {
    const bench = StorageBench.formed(1, THREE);
    bench.write({ hardState: voteIn(6, SELF) });
    bench.time.settle();
    eachByte(bench, STATE, () => {
      expect(bench.open().start?.hardState).toEqual(voteIn(6, SELF));
    });
  });

  test('survives a round that is torn in both copies: what was told before it is there', () => {
    const bench = StorageBench.formed(1, THREE);
    for (const term of [6, 7, 8]) {
      bench.write({ hardState: voteIn(term, SELF) });
      bench.time.settle();
      const before = bench.disk.peek(STATE) ?? Buffer.alloc(0);
      bench.write({ hardState: voteIn(term + 1) });
      bench.time.settle();
      const after = bench.disk.peek(STATE) ?? Buffer.alloc(0);
      for (let position = 0; position < after.length; position += 4096) {
        const end = position + 200;
        if (!after.subarray(position, end).equals(before.subarray(position, end))) bench.flip(STATE, position + 20);
      }
      bench.crash(false);
      expect(bench.open().start?.hardState).toEqual(voteIn(term, SELF));
    }
  });

  test('that is gone, or bad in every copy, stops the node: its vote is not known', () => {
    const bench = grown(THREE);
    const image = bench.disk.image();
    bench.disk.vanish(STATE);
    expect(outcome(bench).stopped).toMatch(/holds a metadata log, but no quorum.state/);
    bench.disk.restore(image);
    for (const position of [0, 4096, 8192, 12_288]) bench.flip(STATE, position + 20);
    expect(outcome(bench).stopped).toMatch(/quorum.state is damaged: the vote in it is lost/);
  });
});

describe('a newer format', () => {
  /** Makes a block one of format 2, checksum and all. */
  function age(bench: StorageBench, path: string, positions: readonly number[]): void {
    for (const position of positions) {
      const bytes = bench.disk.peek(path) ?? Buffer.alloc(0);
      const end = position + 12 + bytes.readUInt32BE(position + 4);
      bytes.writeUInt16BE(2, position + 12);
      bytes.writeUInt32BE(crc32c(bytes, position + 12, end), position + 8);
      bench.disk.poke(path, 0, bytes);
    }
  }

  test.each([
    ['frame of the metadata log', roundsOf],
    ['checkpoint of the metadata', checkpointOf],
    ['state of the quorum', () => STATE],
  ])('of a %s is refused, and nothing is changed (B4)', (what, pathOf) => {
    const bench = grown(THREE, { snapshotAt: 2 });
    age(bench, pathOf(bench), [0]);
    const before = bench.disk.files().map(({ path }) => bench.disk.peek(path));
    expect(outcome(bench).stopped).toMatch(new RegExp(`the ${what} is of format 2, unknown to this release`));
    expect(bench.disk.files().map(({ path }) => bench.disk.peek(path))).toEqual(before);
  });
});

describe('a disk', () => {
  const full = (bench: StorageBench, operation: string, path: RegExp): (() => void) => {
    bench.disk.faults.fail = (name, at) => (name === operation && path.test(at) ? 'ENOSPC' : null);
    return () => {
      bench.disk.faults.fail = () => null;
    };
  };

  test.each([
    ['open', /rounds$/],
    ['write', /rounds$/],
    ['write', /state$/],
  ])('that is full when it is to %s %s delays what waits, and keeps it then (D11)', (operation, path) => {
    const bench = StorageBench.formed(2, THREE);
    const free = full(bench, operation, path);
    bench.write({ entries: [batchAt(1, 1)], hardState: voteIn(1) });
    bench.write({ entries: [batchAt(2, 1)] });
    bench.time.advance(20_000);
    expect([bench.fatal, bench.written]).toEqual([null, 0]);
    free();
    bench.time.advance(5000);
    expect(bench.written).toBe(2);
    bench.crash(false);
    expect(outcome(bench)).toMatchObject({ entries: ENTRIES.slice(0, 2), damage: null });
  });

  test('that is full keeps its snapshot when there is room again, and entries go on meanwhile', () => {
    const bench = grown(THREE);
    bench.open();
    const free = full(bench, 'write', /checkpoint\.tmp$/);
    const sizes: number[] = [];
    const meta = { place: { index: 3, term: 1 }, voters: THREE };
    bench.storage.keepSnapshot(meta, { payload: Buffer.from('three'), offset: 3 }, (size) => void sizes.push(size));
    bench.write({ entries: [batchAt(5, 1)] });
    bench.time.advance(5000);
    expect([bench.written, sizes, bench.fatal]).toEqual([1, [], null]);
    free();
    bench.time.advance(5000);
    expect(sizes.length).toBe(1);
    bench.crash(false);
    expect(outcome(bench).entries).toEqual(['4@1 entry 4', '5@1 entry 5']);
  });

  test('that is full lets the storage close: what waited was never told', () => {
    const bench = StorageBench.formed(2, THREE);
    full(bench, 'write', /rounds$/);
    bench.write({ entries: [batchAt(1, 1)], hardState: voteIn(1) });
    bench.time.settle();
    let isClosed = false;
    bench.storage.close(() => {
      isClosed = true;
    });
    bench.time.advance(5000);
    expect([isClosed, bench.written, bench.fatal]).toEqual([true, 0, null]);
  });

  test.each([
    ['write', 'EIO', /rounds$/],
    ['sync', 'EIO', /rounds$/],
    ['sync', 'EIO', /state$/],
    ['sync', 'ENOSPC', /state$/],
    ['syncDirectory', 'ENOSPC', /./],
  ])('that fails a %s with %s (%s) ends everything', (operation, code, path) => {
    const bench = StorageBench.formed(3, THREE);
    let failures = 0;
    bench.disk.faults.fail = (name, at) => {
      if (name !== operation || !path.test(at)) return null;
      failures += 1;
      return failures === 1 ? code : null;
    };
    bench.write({ entries: [batchAt(1, 1)], hardState: voteIn(1) });
    bench.write({ entries: [batchAt(2, 1)] });
    bench.time.advance(20_000);
    expect([bench.written, bench.fatal]).toEqual([
      0,
      expect.stringMatching(/^the metadata log can't be written any more: /),
    ]);
  });
});

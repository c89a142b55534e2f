import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { scanFrames } from '../../../../broker/server/control/frames.ts';
import { segmentName, snapshotName } from '../../../../broker/server/control/log-files.ts';
import { batchAt, RAFT_DIRECTORY, SELF, StorageBench, textOf, voteIn } from '../../../support/raft/storage-bench.ts';
import { encodeFrame, encodeSnapshot } from '../../../support/metadata/release-0-1-0.ts';

const FIXTURE = new URL('../../../fixtures/data/0.1.0/data/__cluster_metadata-0/', import.meta.url);

/** Puts files on a bench's disk, durably. */
function put(bench: StorageBench, files: Readonly<Record<string, Uint8Array>>): void {
  for (const [name, bytes] of Object.entries(files)) {
    bench.disk.open(`${RAFT_DIRECTORY}/${name}`, { create: true }, (_failure, file) => {
      file?.write(0, [bytes], () => file.sync(() => bench.disk.syncDirectory(RAFT_DIRECTORY, () => undefined)));
    });
    bench.time.settle();
  }
}

const frame = (term: number, firstIndex: number, ...values: readonly string[]): Uint8Array =>
  encodeFrame(
    {
      term,
      entries: values.map((text, i) => ({
        index: firstIndex + i,
        baseOffset: firstIndex + i,
        recordCount: 1,
        payload: Buffer.from(text),
      })),
    },
    crc32c,
  );

/** A log of two lives with a snapshot. */
const FILES = {
  [snapshotName(2)]: encodeSnapshot({ index: 2, term: 1, offset: 9, payload: Buffer.from('two') }, crc32c),
  [segmentName(2)]: Buffer.concat([frame(1, 2, 'b', 'c'), frame(3, 4, 'd')]),
};
const TEXTS = ['3@1 c', '4@3 d'];

describe('a metadata log of release 0.1.0', () => {
  test('that a release left opens with everything, as the log of a lone voter, and goes on', () => {
    const bench = new StorageBench(1);
    put(bench, Object.fromEntries(readdirSync(FIXTURE).map((name) => [name, readFileSync(new URL(name, FIXTURE))])));
    const { start, snapshot, damage, cutBytes } = bench.open();
    const entries = start?.entries ?? [];
    const { frames } = scanFrames(readFileSync(new URL(segmentName(1), FIXTURE)), 1, crc32c);
    const written = frames.flatMap((part) =>
      part.entries.map(({ index, payload }) => ({ index, term: part.term, body: { kind: 'batch', payload } })),
    );
    expect(written.length).toBeGreaterThan(10);
    expect(entries).toEqual(written);
    expect([start?.snapshot.voters, snapshot, damage, cutBytes]).toEqual([[SELF], null, null, 0]);
    const last = entries.at(-1);
    expect(start?.hardState).toEqual(voteIn(last?.term ?? 0, SELF));
    expect(bench.files().map((path) => path.slice(RAFT_DIRECTORY.length + 1))).toEqual([
      '00000000000000000000.checkpoint',
      '00000000000000000001.rounds',
      'quorum.state',
    ]);
    const next = batchAt((last?.index ?? 0) + 1, (last?.term ?? 0) + 1);
    bench.write({ hardState: voteIn(next.term, SELF), entries: [next] });
    bench.time.settle();
    bench.crash(false);
    expect(bench.open().start?.entries.map(textOf)).toEqual([...entries, next].map(textOf));
  });

  test('keeps its snapshot, the entries behind it and their terms', () => {
    const bench = new StorageBench(1);
    put(bench, FILES);
    const { start, snapshot } = bench.open();
    expect([start?.entries.map(textOf), start?.snapshot.place, snapshot, start?.hardState]).toEqual([
      TEXTS,
      { index: 2, term: 1 },
      expect.objectContaining({ payload: Buffer.from('two'), offset: 9 }),
      voteIn(3, SELF),
    ]);
  });

  test('becomes one of Raft at any power cut, whole', () => {
    for (let seed = 1; seed <= 400; seed += 1) {
      const bench = new StorageBench(seed);
      put(bench, FILES);
      bench.openFor(seed % 130);
      bench.crash(seed % 3 === 0);
      const { start, snapshot, damage } = bench.open();
      expect([seed, start?.entries.map(textOf), snapshot?.offset, damage]).toEqual([seed, TEXTS, 9, null]);
    }
  });

  test('loses a torn end, and says so', () => {
    const bench = new StorageBench(1);
    const torn = frame(3, 5, 'e').subarray(0, 20);
    put(bench, { ...FILES, [segmentName(2)]: Buffer.concat([FILES[segmentName(2)] ?? Buffer.alloc(0), torn]) });
    const { start, cutBytes } = bench.open();
    expect([start?.entries.map(textOf), cutBytes]).toEqual([TEXTS, 20]);
  });

  test('that is damaged stops the node, and stays as it is', () => {
    const bench = new StorageBench(1);
    put(bench, FILES);
    bench.flip(`${RAFT_DIRECTORY}/${segmentName(2)}`, 15);
    const before = bench.disk.files();
    expect(() => bench.open()).toThrow(/is damaged at byte 0/);
    expect(bench.disk.files()).toEqual(before);
  });
});

import { describe, expect, test } from '@jest/globals';
import type { Disk, DiskFile } from '../../broker/ports/disk.ts';
import { StorageRun, type StorageRunOptions } from '../support/raft/storage-run.ts';
import { wrapFiles } from '../support/wrapped-disk.ts';

const SEEDS = Number(process.env['WEIR_RAFT_STORAGE_SEEDS'] ?? 120);

describe("a replica's disk that loses power", () => {
  test.each([
    ['has all that was told', 'among others', { isLone: false, rots: false }],
    [
      'and rots has all that was told, or says that it is damaged and up to where,',
      'among others',
      { isLone: false, rots: true },
    ],
    ['has all that was told', 'of a lone voter', { isLone: true, rots: false }],
    ['and rots has all that was told, or stops,', 'of a lone voter', { isLone: true, rots: true }],
  ])('%s: %s', (_what, _whose, options: StorageRunOptions) => {
    const sum: Record<string, number> = {};
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const run = new StorageRun(seed, options);
      run.run();
      for (const [what, count] of Object.entries(run.counts)) sum[what] = (sum[what] ?? 0) + count;
    }
    console.info(JSON.stringify({ ...options, ...sum }));
    const rare = options.isLone ? ['cuts', 'installed', 'alarms', 'damaged'] : ['stopped'];
    if (!options.rots) rare.push('rotted', 'stopped', 'damaged');
    const missing = Object.entries(sum).filter(([what, count]) => count === 0 && !rare.includes(what));
    expect(missing).toEqual([]);
  });
});

/** A sync that says it is done and is not. */
const lies = (file: DiskFile): Partial<DiskFile> => ({
  sync: (done) => file.size((failure) => done(failure, undefined)),
});
const onFiles =
  (pattern: RegExp, wrap: (file: DiskFile) => Partial<DiskFile>) =>
  (disk: Disk): Disk =>
    wrapFiles(disk, (path) => pattern.test(path), wrap);

describe('a mistake in what is synced and written', () => {
  const among = { isLone: false, rots: false };
  const bugs: readonly [string, number, StorageRunOptions][] = [
    ['frames are not synced', 20, { ...among, plant: onFiles(/rounds$/, lies) }],
    ['the vote is not synced', 20, { ...among, plant: onFiles(/state$/, lies) }],
    ['a checkpoint is not synced before it gets its name', 40, { ...among, plant: onFiles(/checkpoint\.tmp$/, lies) }],
    ['names are not synced', 20, { ...among, losesDirectorySyncs: true }],
    [
      'the state file has one copy of a slot',
      60,
      {
        ...among,
        rots: true,
        plant: onFiles(/state$/, (file) => ({
          write: (position, chunks, done) =>
            file.write(position, [chunks[0]?.subarray(0, 4096) ?? new Uint8Array()], done),
        })),
      },
    ],
    [
      'the head of a frame is not written to the state file in its round',
      60,
      { ...among, rots: true, plant: onFiles(/state$/, lateHeads()) },
    ],
  ];

  test.each(bugs)('%s: found within %i seeds', (_what, seeds, options) => {
    let finding = '';
    for (let seed = 1; seed <= seeds && finding === ''; seed += 1) {
      try {
        new StorageRun(seed, options).run();
      } catch (error) {
        finding = String(error).split('\n')[0] ?? '';
      }
    }
    console.info(finding);
    expect(finding).not.toBe('');
  });
});

/** Writes each slot only when the next one comes. */
function lateHeads(): (file: DiskFile) => Partial<DiskFile> {
  return (file) => {
    let held: { readonly position: number; readonly chunks: readonly Uint8Array[] } | null = null;
    return {
      write: (position, chunks, done) => {
        const late = held;
        held = { position, chunks };
        if (late === null) file.size((failure) => done(failure, undefined));
        else file.write(late.position, late.chunks, done);
      },
    };
  };
}

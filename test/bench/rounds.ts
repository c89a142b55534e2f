// How long a round of syncs takes: one batch is appended to each of N logs, then all of them are durable.
// `node test/bench/rounds.ts [--logs 1,10,100,1000] [--rounds 30] [--bytes 1024] [--files 4096] [--journal 67108864,0] [--directory DIR]`
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PartitionLog } from '../../broker/server/logs/partition-log.ts';
import { readOptions } from '../run/options.ts';
import { cacheDirectory } from '../setup/cache.ts';
import { spec } from '../support/logs/log-world.ts';
import { appendToAll, finished, openRealLogs } from '../support/logs/real-logs.ts';

// As main.ts has it; read when the first file operation is issued.
process.env['UV_THREADPOOL_SIZE'] ??= '16';

const { values } = readOptions({
  options: {
    logs: { type: 'string', default: '1,10,100,1000' },
    rounds: { type: 'string', default: '30' },
    bytes: { type: 'string', default: '1024' },
    // Segment files open at once, as a process has that may have as many descriptors as it likes.
    files: { type: 'string', default: '4096' },
    // Bytes of the journal; 0: every log is synced by itself.
    journal: { type: 'string', default: '67108864,0' },
    directory: { type: 'string' },
  },
});
const ROUNDS = Number(values.rounds);
const VALUE = 'x'.repeat(Number(values.bytes));
/** The first rounds create files. */
const WARM = 3;

/** Appends to every log in one turn; gives the milliseconds until the last is durable. */
async function round(logs: readonly PartitionLog[]): Promise<number> {
  const start = performance.now();
  await appendToAll(logs, () => VALUE);
  return performance.now() - start;
}

const at = (sorted: readonly number[], part: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(1);

/** Times of rounds over so many logs, with a journal of so many bytes. */
async function measure(root: string, count: number, journalBytes: number): Promise<void> {
  const directory = await mkdtemp(join(root, 'rounds-'));
  try {
    const { manager, disk } = await openRealLogs(directory, { openFilesMax: Number(values.files), journalBytes });
    const specs = Array.from({ length: count }, (_, partition) => spec('round', {}, partition));
    const logs = await finished<readonly PartitionLog[]>((done) => manager.create(specs, done));
    for (let i = 0; i < WARM; i++) await round(logs);
    const syncsBefore = disk.syncStats.count;
    const times: number[] = [];
    for (let i = 0; i < ROUNDS; i++) times.push(await round(logs));
    const sorted = times.toSorted((a, b) => a - b);
    const syncs = Math.round((disk.syncStats.count - syncsBefore) / ROUNDS);
    console.log(
      `${count} logs, ${journalBytes === 0 ? 'no journal' : 'a journal'}: median ${at(sorted, 0.5)} ms, ` +
        `p90 ${at(sorted, 0.9)} ms, min ${at(sorted, 0)} ms, ${syncs} syncs a round`,
    );
    await finished((done) => manager.shutdown(1, done));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const root = values.directory ?? (await cacheDirectory());
for (const count of values.logs.split(',').map(Number)) {
  for (const journalBytes of values.journal.split(',').map(Number)) await measure(root, count, journalBytes);
}
process.exit();

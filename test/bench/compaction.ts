// One compaction of a log like `__consumer_offsets`, in a process of its own: `npm run bench -- --compaction-bytes N`.
// Run by itself with a directory it is that process: it compacts the log in there and prints its figures as JSON.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { DEFAULT_CLEANER_CONFIG } from '../../broker/core/log/cleaner-config.ts';
import { buildBatch } from '../../broker/core/record/builder.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import type { PartitionLog } from '../../broker/server/logs/partition-log.ts';
import { cacheDirectory } from '../setup/cache.ts';
import { spec } from '../support/logs/log-world.ts';
import { finished, openRealLogs } from '../support/logs/real-logs.ts';

/** Figures of one compaction. */
export interface CompactionFigures {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly seconds: number;
  /** Of the log as it was, megabytes a second. */
  readonly rate: number;
  readonly peakRssMib: number;
  /** Longest delay that a timer of the loop saw, and longest turn of the cleaner itself, ms. */
  readonly longestDelayMs: number;
  readonly longestTurnMs: number;
}

const SELF = fileURLToPath(import.meta.url);
const GROUPS = 200;
const PARTITIONS = 500;
const RECORDS_PER_BATCH = 20;
/** Kafka's `offsets.topic.segment.bytes`. */
const SEGMENT_BYTES = 104_857_600;
const WANTED = spec('offsets', {
  segmentBytes: SEGMENT_BYTES,
  retentionMs: -1,
  deletePolicy: false,
  compactPolicy: true,
  syncMode: 'lazy',
});

/** Writes a log of about `bytes`, compacts it in a process of its own, and gives the figures. */
export async function measureCompaction(bytes: number): Promise<CompactionFigures> {
  const directory = await mkdtemp(join(await cacheDirectory(), 'compaction-'));
  try {
    await writeLog(directory, bytes);
    const child = spawn(process.execPath, [SELF, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    if (code !== 0) throw new Error(`the compaction ended with ${String(code)}`);
    return JSON.parse(text) as CompactionFigures;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Commits of many groups, each partition again and again. */
async function writeLog(directory: string, bytes: number): Promise<void> {
  const { manager } = await openRealLogs(directory, { cleaner: () => ({ ...DEFAULT_CLEANER_CONFIG, enabled: false }) });
  const [log] = await finished<readonly PartitionLog[]>((done) => manager.create([WANTED], done));
  if (log === undefined) throw new Error('no log');
  for (let count = 0; log.sizeInBytes < bytes; count++) {
    const records = Array.from({ length: RECORDS_PER_BATCH }, (_, i) => {
      const group = count % GROUPS;
      const partition = (Math.floor(count / GROUPS) * RECORDS_PER_BATCH + i) % PARTITIONS;
      const key = Buffer.from(`\0\u0001\0\u0010consumer-group-${group}\0\u000aorders-topic\0\0${partition}`);
      return { key, value: Buffer.from(`\0\u0003${String(count).padStart(16, '0')}commit metadata`) };
    });
    const baseOffset = log.logEndOffset;
    log.append(buildBatch(records, { baseOffset, leaderEpoch: 0, timestamp: Date.now() }, crc32c), {
      nowMs: Date.now(),
    });
    if (log.pendingBytes > 16_000_000) await finished((done) => setImmediate(done));
  }
  await finished((done) => manager.shutdown(1, done));
}

async function compact(directory: string): Promise<CompactionFigures> {
  const { manager } = await openRealLogs(directory, { cleaner: () => ({ ...DEFAULT_CLEANER_CONFIG, backoffMs: 1e9 }) });
  const [log] = await finished<readonly PartitionLog[]>((done) => manager.create([WANTED], done));
  if (log === undefined) throw new Error('no log');
  log.setHighWatermark(log.logEndOffset);
  const bytesBefore = log.sizeInBytes;
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const startMs = performance.now();
  manager.clean();
  while (manager.stats().cleaner.cleanedCount === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const seconds = (performance.now() - startMs) / 1000;
  delays.disable();
  const bytesAfter = log.sizeInBytes;
  const { longestTurnMs } = manager.stats().cleaner;
  await finished((done) => manager.shutdown(2, done));
  return {
    bytesBefore,
    bytesAfter,
    seconds,
    rate: bytesBefore / 1_000_000 / seconds,
    peakRssMib: process.resourceUsage().maxRSS / 1024,
    longestDelayMs: delays.max / 1_000_000,
    longestTurnMs,
  };
}

/** The figures in a line. */
export function compactionLine(figures: CompactionFigures): string {
  const mb = (bytes: number): string => (bytes / 1_000_000).toFixed(1);
  const { bytesBefore, bytesAfter, seconds, rate, peakRssMib, longestDelayMs, longestTurnMs } = figures;
  return [
    `compaction of ${mb(bytesBefore)} MB to ${mb(bytesAfter)} MB: ${seconds.toFixed(1)} s, ${rate.toFixed(0)} MB/s`,
    `peak memory ${peakRssMib.toFixed(0)} MiB, longest loop delay ${longestDelayMs.toFixed(1)} ms`,
    `longest turn of the cleaner ${longestTurnMs.toFixed(1)} ms`,
  ].join(', ');
}

const [, program, directory] = process.argv;
if (program === SELF && directory !== undefined) {
  process.stdout.write(JSON.stringify(await compact(directory)));
  process.exit();
}

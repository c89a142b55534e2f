import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { run } from '../../../broker/cli/run.ts';
import { encodeSparseEnd } from '../../../broker/core/log/marks.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import type { LogReadResult } from '../../../broker/server/logs/partition-log.ts';
import { makeBatch, spec } from '../../support/logs/log-world.ts';
import { finished, openRealLogs, promised } from '../../support/logs/real-logs.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-admin-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

async function admin(...args: string[]): Promise<{ readonly code: number; readonly err: string }> {
  let err = '';
  const terminal = { stdin: Readable.from([]), out: () => undefined, isInteractive: false };
  const note = (text: string): void => {
    err += `${text}\n`;
  };
  const named = ['--data', directory, '--topic', 'orders', '--partition', '0'];
  const code = await run(['admin', 'accept-loss', ...named, ...args], { ...terminal, note });
  return { code, err };
}

const wanted = spec('orders');
const whole = { fetchOffset: 0, maxBytes: 100_000, minOneBatch: true, endOffset: 100 };

/** A directory whose one log was found damaged at its fourth record, by a node that has stopped since. */
async function damage(): Promise<void> {
  const { manager } = await openRealLogs(directory, { tailCacheBytes: 0 });
  const [log] = await finished<Awaited<ReturnType<typeof manager.all>>>((done) => manager.create([wanted], done));
  if (log === undefined) throw new Error('no log');
  for (let i = 0; i < 9; i++) log.append(makeBatch(i, { values: [`v${i}`] }), { nowMs: Date.now() });
  await finished((done) => manager.checkpoint(() => done(undefined)));
  const path = join(directory, 'orders-0', '00000000000000000000.log');
  const bytes = readFileSync(path);
  bytes[makeBatch(0, { values: ['v0'] }).length * 3 + 62] = 0xff;
  writeFileSync(path, bytes);
  await expect(promised<LogReadResult>((done) => log.read(whole, done))).rejects.toThrow('damaged');
  await finished((done) => manager.shutdown(1, () => done(undefined)));
}

it('accept-loss says what would go, and does it when told to', async () => {
  await damage();
  const asked = await admin();
  expect(asked.code).toBe(1);
  expect(asked.err).toContain('it keeps offsets 0 to 2');
  expect(asked.err).toContain('it gives up offsets 3 to 8 (6 offsets that were durable)');
  expect(asked.err).toContain('nothing was changed; give --yes to accept this');
  expect((await admin('--yes')).code).toBe(0);
  const { manager } = await openRealLogs(directory);
  const log = manager.get(wanted.topicId, 0);
  expect([log?.state, log?.logEndOffset]).toEqual(['open', 3]);
  await finished((done) => manager.shutdown(2, () => done(undefined)));
  expect(await admin()).toMatchObject({ code: 1, err: expect.stringContaining('orders-0 is not damaged') });
});

it('accept-loss says that batches may be missing unnoticed when the mark of a compacted log is spoiled', async () => {
  await damage();
  const path = join(directory, 'orders-0', 'sparse-end.sealed');
  const mark = encodeSparseEnd(5, crc32c);
  writeFileSync(path, mark);
  expect((await admin()).err).not.toContain('is spoiled');
  mark.set([0xff], 3);
  writeFileSync(path, mark);
  const { err } = await admin('--yes');
  expect(err).toContain('it keeps offsets 0 to 2');
  expect(err).toContain('where orders-0 was compacted is spoiled: batches that are missing from it are not noticed');
});

it('accept-loss of a directory without logs names what is missing', async () => {
  expect(await admin('--yes')).toMatchObject({ code: 1, err: expect.stringContaining('logs.manifest is missing') });
});

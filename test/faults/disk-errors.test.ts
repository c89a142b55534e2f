import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ErrorCode } from '../../broker/core/protocol/errors.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { JOURNALED, Machine } from './machine.ts';
import { type PowerLoad, STEADY } from './power-load.ts';
import { ensureStrace, inject } from './strace.ts';

const SEED = Number(process.env['WEIR_POWER_SEED'] ?? process.pid);
const VOLUME = { sizeMiB: 256, format: ['-J', 'size=8'], mount: ['commit=300'] };
const FAILED = 1;
/** By itself: a process that waits for its threads would hang with them. */
const KILLED = -1;
const DEADLINE_MS = 120_000;
const HANG_MS = 40_000;
const STALL_MS = 4000;
/** Long enough for a fault to be met and to end the process, unless its file is full. */
const MET_MS = 5000;

let machine: Machine | null = null;
beforeAll(ensureStrace, DEADLINE_MS);
afterEach(async () => {
  await machine?.remove();
  machine = null;
});

async function underLoad(
  settings: Readonly<Record<string, string>> = {},
  planted: { readonly planted?: string } = {},
): Promise<{ readonly machine: Machine; readonly load: PowerLoad }> {
  machine = await Machine.make({ volume: VOLUME, settings, ...planted });
  await machine.peer.start();
  return { machine, load: await machine.load(SEED) };
}

/** Files of a directory of the broker's that end like this. */
async function filesOf(directory: string, ending: string): Promise<readonly string[]> {
  const names = await readdir(directory);
  return names.filter((name) => name.endsWith(ending)).map((name) => join(directory, name));
}

/** Makes calls fail until the broker ends. Segments roll: a fault that met nobody is put on the files that are there then. */
async function failUntilItEnds(
  { peer }: Machine,
  wanted: {
    readonly calls: string;
    readonly fault: string;
    readonly paths: () => Promise<readonly string[]> | readonly string[];
    readonly metMs?: number;
  },
): Promise<void> {
  const { metMs: deadlineMs = MET_MS } = wanted;
  const pid = peer.pid();
  while (!(await isDead(pid))) {
    const injected = await inject({ ...wanted, pid, paths: await wanted.paths() }).catch(async (error: unknown) => {
      if (!(await isDead(pid))) throw error;
      return null;
    });
    await waitFor('the end of the process', () => isDead(pid), { deadlineMs }).catch(() => undefined);
    await injected?.end();
  }
}

/** Whether a process has ended, looked after by its parent or not. */
async function isDead(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tX');
  return /^State:\t[XZ]/m.test(status);
}

const SYNC = 'fdatasync';
const WRITE = 'pwrite64,pwritev,pwritev2';

describe('a broker whose disk fails', () => {
  it.each<[string, string, string, (data: string) => readonly string[] | Promise<readonly string[]>, object?]>([
    ['sync of a segment', SYNC, 'EIO', (data) => filesOf(join(data, 'steady-0'), '.log')],
    ['sync of a segment, for want of space,', SYNC, 'ENOSPC', (data) => filesOf(join(data, 'steady-1'), '.log')],
    ['write of a segment', WRITE, 'EIO', (data) => filesOf(join(data, 'steady-0'), '.log')],
    ['sync of committed offsets', SYNC, 'EIO', (data) => filesOf(join(data, '__consumer_offsets-0'), '.log')],
    ['sync of the metadata', SYNC, 'EIO', (data) => filesOf(join(data, '__cluster_metadata-0'), '.rounds')],
    ['write of the metadata', WRITE, 'EIO', (data) => filesOf(join(data, '__cluster_metadata-0'), '.rounds')],
    ['sync of the term and the vote', SYNC, 'EIO', (data) => [join(data, '__cluster_metadata-0', 'quorum.state')]],
    ['sync of a checkpoint', SYNC, 'EIO', (data) => [join(data, 'log-start-offset-checkpoint.tmp')]],
    ['sync of the list of logs', SYNC, 'EIO', (data) => [join(data, 'logs.manifest.tmp')]],
    ['sync of the data directory', 'fsync', 'EIO', (data) => [data]],
    ['sync of the journal', SYNC, 'EIO', (data) => [join(data, 'logs.journal')], JOURNALED],
    ['write of the journal', WRITE, 'EIO', (data) => [join(data, 'logs.journal')], JOURNALED],
  ])(
    'ends when a %s fails, says so, and has told nobody anything that is not on the disk',
    async (what, calls, code, paths, settings = {}) => {
      const { machine, load } = await underLoad({ ...settings });
      await failUntilItEnds(machine, { calls, fault: `error=${code}`, paths: () => paths(machine.data) });
      expect(await machine.peer.exited()).toBe(FAILED);
      await load.end();
      const operation = what.startsWith('write') ? 'write' : calls === 'fsync' ? 'syncDirectory' : 'sync';
      expect(await machine.output()).toMatch(new RegExp(`weir broker: .*${operation}.*${code}`));
      expect(await machine.judgeAfterPowerCut()).toEqual([]);
    },
    DEADLINE_MS,
  );

  it.each<[string, string, string]>([
    ['a segment', 'steady-0', '.log'],
    ['the metadata', '__cluster_metadata-0', '.rounds'],
  ])(
    'ends when a sync of %s hangs for longer than weir.disk.stall.ms, and clients are not kept waiting',
    async (_what, directory, ending) => {
      const { machine, load } = await underLoad({ 'weir.disk.stall.ms': String(STALL_MS) });
      const paths = (): Promise<readonly string[]> => filesOf(join(machine.data, directory), ending);
      const fault = `delay_enter=${HANG_MS}ms`;
      await failUntilItEnds(machine, { calls: SYNC, fault, paths, metMs: STALL_MS + MET_MS });
      expect(await machine.peer.exited()).toBe(KILLED);
      await load.end();
      expect(await machine.output()).toMatch(
        new RegExp(`weir broker: the disk does not answer: sync of .*${directory}.*: stopping`),
      );
      expect(await machine.judgeAfterPowerCut()).toEqual([]);
    },
    DEADLINE_MS,
  );

  it(
    'ends when the file system becomes read-only, and does not start on it, in sentences that say so',
    async () => {
      const { machine, load } = await underLoad();
      await machine.volume.remount('abort');
      expect(await machine.peer.exited()).toBe(FAILED);
      await load.end();
      expect(await machine.output()).toMatch(/weir broker: .* its file system became read-only .*, stopping/);
      await expect(machine.peer.start()).rejects.toThrow(/weir broker: .*read-only file system/);
      expect(await machine.judgeAfterPowerCut()).toEqual([]);
    },
    DEADLINE_MS,
  );

  it(
    'is found out in one round when it takes a failed sync for a good one',
    async () => {
      // The journal would keep what its log loses.
      const { machine, load } = await underLoad({ 'weir.journal.bytes': '0' }, { planted: 'swallowed-error' });
      let isMet = false;
      while (!isMet) {
        const paths = await filesOf(join(machine.data, 'steady-0'), '.log');
        const injected = await inject({ pid: machine.peer.pid(), calls: SYNC, fault: 'error=EIO', paths });
        const before = load.counts.produce;
        await waitFor('further answers', () => load.counts.produce > before + 50);
        isMet = injected.isMet();
        if (isMet) await machine.peer.kill();
        await injected.end();
      }
      await load.end();
      expect(await machine.judgeAfterPowerCut()).toContainEqual(expect.stringMatching(/lost|unreadable/));
    },
    DEADLINE_MS,
  );

  it(
    'answers KAFKA_STORAGE_ERROR for the partition whose file can not be read, and serves the others',
    async () => {
      const { machine, load } = await underLoad();
      await load.rest();
      await load.end();
      // Only what is not in memory is read from the disk.
      await machine.peer.stop();
      await machine.peer.start();
      const [topic] = machine.book.living().filter(({ name }) => name === STEADY);
      const bad = topic?.firstPartition ?? -1;
      const paths = await filesOf(join(machine.data, 'steady-0'), '.log');
      const { end } = await inject({ pid: machine.peer.pid(), calls: 'pread64,preadv', fault: 'error=EIO', paths });
      expect(await machine.judge()).toEqual([
        `partition is unreadable: ${bad}, error ${ErrorCode.KAFKA_STORAGE_ERROR}`,
      ]);
      expect(await machine.output()).toMatch(/"log":"steady-0",[^\n]*"code":"EIO",[^\n]*the disk refused a read/);
      expect(await machine.page('/metrics')).toMatch(/^weir_log_read_errors_total [1-9]/m);
      await end();
      expect(await machine.judge()).toEqual([]);
    },
    DEADLINE_MS,
  );
});

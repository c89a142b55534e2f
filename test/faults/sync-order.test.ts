import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { aptInstall } from '../setup/apt.ts';

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('../support/logs/traced-program.ts', import.meta.url));
const CALLS = 'pwrite64,pwritev,pwritev2,fdatasync,fsync,openat,rename,renameat,renameat2,mkdir,mkdirat,write';

/** A system call that succeeded: where in the trace it began and ended. */
interface Call {
  readonly text: string;
  readonly begin: number;
  readonly end: number;
}

/** Pairs the halves of calls that were interrupted by other threads' lines. */
function parse(trace: string): Call[] {
  const calls: Call[] = [];
  const begun = new Map<string, { text: string; begin: number }>();
  for (const [at, line] of trace.split('\n').entries()) {
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(rest);
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    if (unfinished !== null) begun.set(thread, { text: unfinished[1] ?? '', begin: at });
    else {
      const before = resumed === null ? undefined : begun.get(thread);
      const text = `${before?.text ?? ''}${resumed?.[1] ?? rest}`;
      if (!/ = -1 /.test(text)) calls.push({ text, begin: before?.begin ?? at, end: at });
    }
  }
  return calls;
}

describe('the system calls of a log', () => {
  let directory = '';
  let calls: readonly Call[] = [];

  beforeAll(async () => {
    await run('strace', ['-V']).catch(() => aptInstall('strace', ['strace']));
    directory = await mkdtemp(join(tmpdir(), 'weir-trace-'));
    const out = join(directory, 'trace');
    await run('strace', [
      '-f',
      '-y',
      '-o',
      out,
      '-e',
      `trace=${CALLS}`,
      process.execPath,
      PROGRAM,
      join(directory, 'data'),
    ]);
    calls = parse(await readFile(out, 'utf8'));
  }, 120_000);

  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  /** The calls that match, between two things that the program said. */
  function between(from: string, to: string, pattern: RegExp): Call[] {
    const said = (text: string): number =>
      calls.findIndex((call) => call.text.startsWith(`write(1<`) && call.text.includes(`"${text}\\n"`));
    const [start, stop] = [calls[said(from)], calls[said(to)]];
    if (start === undefined || stop === undefined) throw new Error(`the program did not say ${from} and ${to}`);
    return calls.filter((call) => pattern.test(call.text) && call.begin > start.end && call.end < stop.begin);
  }

  /** True when some call of each kind begins after one of the kind before has ended. */
  function inOrder(...kinds: readonly (readonly Call[])[]): boolean {
    let after = -1;
    for (const kind of kinds) {
      const next = kind.find((call) => call.begin > after);
      if (next === undefined) return false;
      after = next.end;
    }
    return true;
  }

  test.each([0, 1, 2, 3, 4, 5])('batch %i is written, then synced, then reported', (i) => {
    const at = [`appending ${i}`, `durable ${i}`] as const;
    const writes = between(...at, /^pwrite.*\d{20}\.log>/);
    expect(writes).toHaveLength(1);
    expect(inOrder(writes, between(...at, /^fdatasync\(\d+<.*\.log>/))).toBe(true);
  });

  test('a new segment is reported only after its directory was synced', () => {
    let made = 0;
    for (let i = 0; i < 6; i++) {
      const at = [`appending ${i}`, `durable ${i}`] as const;
      const opened = between(...at, /^openat.*\d{20}\.log", .*O_CREAT/);
      if (opened.length === 0) continue;
      made += 1;
      expect(inOrder(opened, between(...at, /^fsync\(\d+<[^>]*\/traced-0>/))).toBe(true);
    }
    expect(made).toBeGreaterThan(1);
  });

  const JOURNAL_WRITE = /^pwrite.*<[^>]*logs\.journal>/;

  /** Where a call wrote, bytes. */
  const positionOf = (call: Call): number => Number(/, (\d+)\)\s+= \d+$/.exec(call.text)?.[1]);

  test('records of many logs are reported after they are in their segments and the journal is synced', () => {
    let journaled = 0;
    for (let i = 5; i < 30; i++) {
      const at = [`spreading ${i}`, `spread ${i}`] as const;
      const written = between(...at, JOURNAL_WRITE);
      const synced = between(...at, /^fdatasync\(\d+<[^>]*logs\.journal>/);
      const bySegment = between(...at, /^fdatasync\(\d+<[^>]*\/many-\d\/[^>]*\.log>/);
      if (bySegment.length === 0) journaled += 1;
      expect(between(...at, /^pwrite.*\/many-\d\/[^>]*\.log>/)).toHaveLength(4);
      if (bySegment.length === 0) expect(inOrder(written, synced)).toBe(true);
      // Rounds that end earlier may be synced earlier, the last one is what counts.
      const last = written.at(-1);
      if (last !== undefined) expect(synced.some((call) => call.begin > last.end)).toBe(true);
    }
    expect(journaled).toBeGreaterThan(10);
  });

  test('a half of the journal is written over only after the segments of what it held are synced', () => {
    const rounds = between('spreading 0', 'spread 29', JOURNAL_WRITE).filter(
      (call) => positionOf(call) % 32_768 === 0 && !call.text.endsWith(' = 65536'),
    );
    const writes = between('spreading 0', 'spread 29', /^pwrite.*\/many-\d\/[^>]*\.log>/);
    const syncs = between('spreading 0', 'spread 29', /^fdatasync\(\d+<[^>]*\/many-\d\/[^>]*\.log>/);
    const logOf = (call: Call): string => /\/(many-\d)\//.exec(call.text)?.[1] ?? '';
    let reused = 0;
    // A half begins, the other one begins, the first one begins anew: what was written before the second is to be synced.
    for (const [i, begin] of rounds.entries()) {
      const turn = rounds[i - 1];
      if (turn === undefined || i < 2) continue;
      reused += 1;
      for (const log of ['many-0', 'many-1', 'many-2', 'many-3']) {
        const last = writes.findLast((call) => logOf(call) === log && call.end < turn.begin);
        if (last === undefined) continue;
        expect(syncs.some((call) => logOf(call) === log && call.begin > last.end && call.end < begin.begin)).toBe(true);
      }
    }
    expect(reused).toBeGreaterThan(2);
  });

  test('a log is listed only after its directory is durable', () => {
    const at = ['opened', 'created'] as const;
    const synced = between(...at, /^fsync\(\d+<[^>]*\/data>/);
    const order = [
      between(...at, /^mkdir.*traced-0/),
      synced,
      between(...at, /^fdatasync\(\d+<[^>]*logs\.manifest\.tmp>/),
      between(...at, /^rename.*logs\.manifest"/),
      synced,
    ];
    expect(inOrder(...order)).toBe(true);
  });

  test('deleted records are reported only after the log start is durable', () => {
    const at = ['deleting', 'deleted'] as const;
    const order = [
      between(...at, /^pwrite.*log-start-offset-checkpoint\.tmp>/),
      between(...at, /^fdatasync\(\d+<[^>]*log-start-offset-checkpoint\.tmp>/),
      between(...at, /^rename.*log-start-offset-checkpoint"/),
      between(...at, /^fsync\(\d+<[^>]*\/data>/),
    ];
    expect(inOrder(...order)).toBe(true);
  });
});

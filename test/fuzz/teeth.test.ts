import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPrng } from '../../broker/core/base/prng.ts';
import { Reader } from '../../broker/core/codec/reader.ts';
import { apiTable } from '../../broker/server/api/table.ts';
import { Child } from '../wire/harness/child.ts';
import { hostileBatch, soundBatch } from './batches.ts';
import { overGrowth, overLimit, usageOf, walkLogs } from './broker-check.ts';
import { everyHugeNumber, type FuzzCase, fuzzCase } from './cases.ts';
import { FuzzNode, findings as nodeFindings } from './fuzz-node.ts';
import { checkRecords } from './record-check.ts';
import { ILLNESSES } from './sick-broker.ts';
import { runCases } from './socket-run.ts';
import type { Targets } from './targets.ts';

const NOW_MS = 1_700_000_000_000;
const TOPIC = { name: 't', id: 'AAAAAAAAAAAAAAAAAAAAAQ', partitionCount: 2 };
const TARGETS: Targets = { topics: [TOPIC], doomed: TOPIC, groups: ['g'], nowMs: NOW_MS };
const CASES = 200;
/** The server on the other side answers at once or never. */
const SICK_ANSWER_MS = 500;
const LIMIT = { rssBytes: 400 * 1024 * 1024, descriptors: 700 };

describe('the fuzz', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'weir-sick-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  /** What the fuzz says of a server with an illness within `CASES` cases. */
  const findings = async (illness: string): Promise<readonly string[]> => {
    let tellPort: (port: string) => void = () => undefined;
    const port = new Promise<string>((resolve) => {
      tellPort = resolve;
    });
    const program = fileURLToPath(new URL('./sick-broker.ts', import.meta.url));
    const logFile = join(directory, 'log');
    const child = new Child({ command: process.execPath, args: [program, illness], logFile, onLine: tellPort });
    try {
      let seed = 0;
      const next = (): FuzzCase | null => (seed < CASES ? fuzzCase(seed++, TARGETS) : null);
      const found = await runCases(`127.0.0.1:${await port}`, next, SICK_ANSWER_MS);
      return [...found, ...overLimit(await usageOf(child.pid), LIMIT)];
    } catch (error) {
      return [String(error)];
    } finally {
      await child.kill();
    }
  };

  const SAYS: Readonly<Record<(typeof ILLNESSES)[number], RegExp>> = {
    none: /^$/,
    hangs: /no answer within/,
    ends: /ECONNREFUSED|ECONNRESET/,
    'confuses answers': /an answer to request \d+, \d+ was asked/,
    'leaks descriptors': /descriptors are open/,
    balloons: /resident memory is/,
  };
  it.each(ILLNESSES)(
    'names the illness of a server: %s',
    async (illness) => {
      expect((await findings(illness)).join('\n')).toMatch(SAYS[illness]);
    },
    120_000,
  );

  it.each(['take', 'count', 'text'] as const)('notices a codec that lost a limit: %s', (method) => {
    const sound = Object.getOwnPropertyDescriptor(Reader.prototype, method);
    if (sound === undefined) throw new Error(`a Reader has no ${method}`);
    const node = new FuzzNode(1);
    const random = Array.from({ length: 1200 }, (_, seed) => fuzzCase(seed, node.targets));
    const cases = [...everyHugeNumber(node.targets), ...random];
    try {
      Object.defineProperty(Reader.prototype, method, { ...sound, value: UNLIMITED[method] });
      expect(said(() => nodeFindings(node, cases))).toMatch(/RangeError/);
    } finally {
      Object.defineProperty(Reader.prototype, method, sound);
    }
    expect(nodeFindings(new FuzzNode(1), cases.slice(0, 200))).toEqual([]);
  });

  it('tells a broker that grows from one whose caches fill up', () => {
    const rounds = (of: (round: number) => number) =>
      Array.from({ length: 180 }, (_, round) => ({ rssBytes: of(round) * 1024 * 1024, descriptors: 250 }));
    const noise = (round: number): number => ((round * 7) % 11) * 4;
    // What the blocks that a cache kept once did to it, and what they do no more.
    expect(overGrowth(rounds((round) => 280 + noise(round) + 1.5 * round)).join()).toMatch(
      /^rssBytes grew from \d+ to \d+/,
    );
    expect(overGrowth(rounds((round) => 340 + noise(round) - 200 / (round + 1)))).toEqual([]);
    const leaky = rounds(() => 300).map((usage, round) => ({ ...usage, descriptors: 100 + round }));
    expect(overGrowth(leaky).join()).toMatch(/^descriptors grew/);
    expect(overGrowth(leaky.slice(0, 80))).toEqual([]);
  });

  it('gives the same bytes for the same number', () => {
    for (let seed = 0; seed < 500; seed += 1) {
      expect(fuzzCase(seed, TARGETS).bytes.equals(fuzzCase(seed, TARGETS).bytes)).toBe(true);
    }
  });

  it('mutates a valid frame in a third of its cases and goes through every API', () => {
    const cases = Array.from({ length: 2400 }, (_, seed) => fuzzCase(seed, TARGETS));
    expect(cases.filter(({ kind }) => kind === 'mutation')).toHaveLength(800);
    const clientKeys = apiTable.filter(({ listener }) => listener === 'client').map(({ key }) => key);
    const keys = new Set(cases.map(({ apiKey }) => apiKey));
    expect(clientKeys.filter((key) => !keys.has(key))).toEqual([]);
  });

  it('puts 2^31 − 1 into arrays of every API that has one', () => {
    const keys = new Set(
      [...everyHugeNumber(TARGETS)].filter(({ kind }) => kind === 'count').map(({ apiKey }) => apiKey),
    );
    const arrayKeys = apiTable.filter(({ listener }) => listener === 'client').length;
    expect(keys.size).toBeGreaterThan(arrayKeys - 10);
  });
});

/** Readings without their limits, as a bug would have them. */
const UNLIMITED = {
  take(this: Reader, size: number): number {
    const { at } = this;
    this.at += size;
    return at;
  },
  count(this: Reader, compact: boolean): number {
    const count = compact ? this.unsignedVarint() - 1 : this.int32();
    // What a decoder does that makes room for all elements first.
    return new Array<unknown>(count).length;
  },
  text(this: Reader, compact: boolean): string {
    const size = compact ? this.unsignedVarint() - 1 : this.int16();
    return ' '.repeat(size);
  },
} as const;

/** What a run says: its findings, or the error that it ended with. */
function said(run: () => readonly string[]): string {
  try {
    return run().join('\n');
  } catch (error) {
    return String(error);
  }
}

describe('the walk of log files', () => {
  it('names the file whose batch is spoiled, cut off or missing, and takes sound ones', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'weir-walk-'));
    const write = async (bytes: Buffer): Promise<readonly string[]> => {
      await mkdir(join(directory, 't-0'), { recursive: true });
      await writeFile(join(directory, 't-0', '00000000000000000000.log'), bytes);
      return walkLogs(directory);
    };
    const one = soundBatch(createPrng(1), NOW_MS);
    const two = Buffer.from(soundBatch(createPrng(2), NOW_MS));
    two.writeBigInt64BE(BigInt(one.readInt32BE(57)), 0);
    const spoiled = Buffer.from(one);
    spoiled.writeUInt8((one.at(-1) ?? 0) ^ 1, one.length - 1);
    const path = 't-0/00000000000000000000.log';
    expect(await write(Buffer.concat([one, two]))).toEqual([]);
    expect((await write(Buffer.concat([spoiled, two])))[0]).toContain(path);
    expect((await write(Buffer.concat([one, two.subarray(0, -1)])))[0]).toContain(path);
    expect((await write(two))[0]).toContain(path);
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory);
    expect(await walkLogs(directory)).toEqual(['there is not one record']);
    await rm(directory, { recursive: true, force: true });
  });
});

describe('the check of records', () => {
  it('takes what a producer makes', () => {
    for (let seed = 0; seed < 200; seed += 1) {
      const bytes = soundBatch(createPrng(seed), NOW_MS);
      expect(checkRecords(bytes, 0)).toMatchObject({ problem: '', nextOffset: bytes.readInt32BE(57) });
    }
  });

  it('names what is wrong with the inside of a batch whose CRC is right', () => {
    const named = new Map<string, number>();
    for (let seed = 0; seed < 2000; seed += 1) {
      const { what, bytes } = hostileBatch(createPrng(seed), NOW_MS);
      let { problem } = { problem: '' };
      try {
        ({ problem } = checkRecords(bytes, 0));
      } catch (error) {
        problem = String(error);
      }
      if (problem !== '') named.set(what, (named.get(what) ?? 0) + 1);
    }
    const mustBeNamed = [
      'record count',
      'last offset delta',
      'first record length',
      'magic',
      'batch length',
      'cut off',
    ];
    expect(mustBeNamed.filter((what) => (named.get(what) ?? 0) < 20)).toEqual([]);
  });
});

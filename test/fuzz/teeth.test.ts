import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPrng } from '../../broker/core/base/prng.ts';
import { apiTable } from '../../broker/server/api/table.ts';
import { Child } from '../wire/harness/child.ts';
import { hostileBatch, soundBatch } from './batches.ts';
import { overLimit, usageOf } from './broker-check.ts';
import { everyHugeNumber, type FuzzCase, fuzzCase } from './cases.ts';
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

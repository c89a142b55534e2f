import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Peer } from '../wire/harness/peer.ts';
import { weirPeer } from '../wire/harness/weir-peer.ts';
import {
  clearAway,
  overGrowth,
  overLimit,
  prepareTargets,
  readEverything,
  type Usage,
  usageOf,
  walkLogs,
  Witness,
} from './broker-check.ts';
import { everyHugeNumber, type FuzzCase, fuzzCase } from './cases.ts';
import { RawClient } from '../support/raw-client.ts';
import { REGRESSIONS } from './regressions.ts';
import { runCases } from './socket-run.ts';
import type { Targets } from './targets.ts';

/** Random cases of the short form, and after how many the broker is looked at. */
const CASES = 50_000;
const ROUND = 5000;
const WORKERS = 8;
/** The long form begins here: other cases than the short one. */
const LONG_FROM = 10_000_000;
const ROUND_DEADLINE_MS = 240_000;
const MIB = 1024 * 1024;
/**
 * What a broker may take at most. It has about 340 MiB after 200,000 cases and 390 after 1,400,000, when its caches are full; one
 * request of 100 MiB that was believed, or a leak of 2 KiB a connection, is over it.
 */
const RSS_MAX = 512 * MIB;
/** Two files for each of the logs, 107 with the internal topics', and sockets. */
const DESCRIPTORS_MAX = 700;

const minutes = Number(process.env['WEIR_TEST_MINUTES'] ?? 0);

describe('a running broker under bytes that no client would send', () => {
  let directory = '';
  let peer: Peer;
  let witness: Witness;
  let targets: Targets;
  const usages: Usage[] = [];

  const prepare = async (): Promise<void> => {
    const client = await RawClient.connect(peer.bootstrap);
    await clearAway(client);
    targets = await prepareTargets(client);
    client.close();
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'weir-fuzz-'));
    // Topics that come by themselves for every random name would be the load, and not the bytes. What is inside of
    // compressed batches is checked only where that is asked for (D12).
    const settings = { 'auto.create.topics.enable': 'false', 'weir.validate.compressed': 'full' };
    peer = await weirPeer({ directory, settings });
    await peer.start();
    await prepare();
    witness = new Witness(peer.bootstrap);
    await witness.ask();
  });

  afterAll(async () => {
    const figures = usages.map(({ rssBytes, descriptors }) => `${rssBytes >> 20}/${descriptors}`);
    console.info(`MiB/descriptors after each round: ${figures.join(' ')}`);
    await peer.kill();
    await rm(directory, { recursive: true, force: true });
  });

  /** Sends cases over several connections at once, then looks at the broker. */
  const round = async (cases: Iterator<FuzzCase>): Promise<readonly string[]> => {
    const next = (): FuzzCase | null => {
      const { value, done } = cases.next();
      return done === true ? null : value;
    };
    const findings = await Promise.all(Array.from({ length: WORKERS }, () => runCases(peer.bootstrap, next)));
    const limit: Usage = { rssBytes: RSS_MAX, descriptors: DESCRIPTORS_MAX };
    const usage = await usageOf(peer.pid());
    usages.push(usage);
    const problems = overLimit(usage, limit);
    await witness.ask();
    await prepare();
    return [...findings.flat(), ...problems];
  };

  function* random(from: number, count: number): Generator<FuzzCase> {
    for (let seed = from; seed < from + count; seed += 1) yield fuzzCase(seed, targets);
  }

  it('answers or closes at what once broke a broker', async () => {
    expect(await round(REGRESSIONS.values())).toEqual([]);
  });

  it('answers or closes at 2^31 − 1 elements in every array and 2^28 tagged fields in every section', async () => {
    expect(await round(everyHugeNumber(targets))).toEqual([]);
  });

  it.each(Array.from({ length: CASES / ROUND }, (_, index) => index * ROUND))(
    `answers or closes at ${ROUND} random cases from %d on`,
    async (from) => {
      expect(await round(random(from, ROUND))).toEqual([]);
    },
    ROUND_DEADLINE_MS,
  );

  if (minutes > 0) {
    it(
      `answers or closes at as many cases as fit into ${minutes} minutes, and levels off`,
      async () => {
        const endMs = Date.now() + minutes * 60_000;
        let from = LONG_FROM;
        for (; Date.now() < endMs; from += ROUND) expect(await round(random(from, ROUND))).toEqual([]);
        console.info(`sent cases ${LONG_FROM} to ${from - 1}`);
        expect(overGrowth(usages)).toEqual([]);
      },
      minutes * 60_000 + ROUND_DEADLINE_MS,
    );
  }

  it('holds only records that a consumer can read, before and after a kill -9', async () => {
    const read = async (): Promise<readonly string[]> => {
      const client = await RawClient.connect(peer.bootstrap);
      const problems = await readEverything(client);
      client.close();
      return problems;
    };
    expect(await read()).toEqual([]);
    await peer.kill();
    await peer.start();
    expect(await read()).toEqual([]);
    await witness.ask();
  });

  it('leaves nothing but whole batches in the files of its logs', async () => {
    await peer.stop();
    expect(await walkLogs(peer.dataDirectory)).toEqual([]);
    await peer.start();
  });
});

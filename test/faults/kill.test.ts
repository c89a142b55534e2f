import { mkdtemp, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureKafka } from '../setup/kafka.ts';
import { cliOf } from '../wire/harness/cli.ts';
import { chosenPeer, type Peer } from '../wire/harness/peer.ts';
import { makePeer } from '../wire/harness/session.ts';
import { startToolHost, ToolHost, type ToolHostProcess } from '../wire/harness/tool-host.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { type Crash, judgeByPartition, judgeLog } from './history.ts';
import { KillLoad, parseProducer, scan } from './kill-load.ts';

const {
  WEIR_TEST_MINUTES: MINUTES,
  WEIR_KILL_ROUNDS: ROUNDS = '20',
  WEIR_KILL_SEED: SEED = String(process.pid),
  WEIR_KILL_KEEP: KEEP,
} = process.env;
const LONG_MS = Number(MINUTES ?? 0) * 60_000;
const LOCK_MS = 30_000;
const PROGRESS = { producer: 100, share: 20, consumer: 1 } as const;
const WHO = ['producer', 'share', 'consumer'] as const;
const ALIVE_MS_MAX = 500;
const PARTITIONS = 3;
const RATE = 2000;
const DEADLINE_MS = 10 * 60_000;

let directory: string;
let peer: Peer;
let host: ToolHostProcess;
let tools: ToolHost;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-kill-'));
  host = await startToolHost(await ensureKafka(), directory);
  tools = await ToolHost.connect(host.port);
  peer = await makePeer(chosenPeer(), {
    directory,
    settings: {
      'group.initial.rebalance.delay.ms': '0',
      'offsets.topic.num.partitions': '4',
      'share.coordinator.state.topic.num.partitions': '4',
    },
  });
  await peer.start();
});
afterAll(async () => {
  tools.close();
  await host.child.kill();
  await peer.kill();
  if (KEEP === undefined) await rm(directory, { recursive: true, force: true });
  else console.info(`logs and data are kept in ${directory}`);
});

/** A small generator of numbers in [0, 1), so that a run's moments of death come from a printed seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * Ends the broker at random moments under load, starts it again each time, and judges what the clients saw. `share` is
 * the part of the rounds, and of the long form's minutes, that is its own.
 */
async function endAgainAndAgain(name: string, end: () => Promise<void>, share: number): Promise<void> {
  const rounds = Math.ceil(Number(ROUNDS) * share);
  const cli = cliOf({ bootstrap: peer.bootstrap, tools });
  const [topic, shareGroup, consumerGroup] = [`jobs-${name}`, `workers-${name}`, `readers-${name}`];
  await cli.createTopic(topic, PARTITIONS);
  await cli.configure('groups', shareGroup, {
    'share.auto.offset.reset': 'earliest',
    'share.record.lock.duration.ms': String(LOCK_MS),
  });
  const { bootstrap } = peer;
  const where = { bootstrap, tools, topic, partitions: PARTITIONS, shareGroup, consumerGroup };
  const load = new KillLoad({ ...where, rate: RATE, lockMs: LOCK_MS });
  const random = randomFrom(Number(SEED));
  const ends: Crash[] = [];
  const longEndMs = Date.now() + LONG_MS * share;
  while (ends.length < rounds || Date.now() < longEndMs) {
    const before = load.progress();
    await waitFor(`progress after ${ends.length} ends`, () => {
      const now = load.progress();
      return WHO.every((who) => now[who] >= before[who] + PROGRESS[who]);
    });
    // Not a wait for something: the moment of the end is what this test varies.
    await delay(random() * ALIVE_MS_MAX);
    await end();
    const atMs = Date.now();
    ends.push({ fromMs: atMs, untilMs: atMs });
    await peer.start();
  }
  const history = await load.finish(ends);
  const { acknowledgedCount, acquiredCount, readCount } = history;
  const counts = `${acknowledgedCount} acknowledged, ${acquiredCount} deliveries, ${readCount} reads`;
  console.info(`seed ${SEED}: ${ends.length} ends, ${counts}`);
  expect(judgeByPartition(history)).toEqual([]);
  expect(acknowledgedCount).toBeGreaterThan(ends.length * PROGRESS.producer);
  expect(readCount).toBeGreaterThanOrEqual(acknowledgedCount);
}

describe('a broker that ends under load and starts again', () => {
  it(
    'loses nothing acknowledged, repeats nothing accepted and forgets no commit when killed with -9',
    () => endAgainAndAgain('killed', () => peer.kill(), 1),
    LONG_MS + DEADLINE_MS,
  );

  it(
    'keeps the same promises when it is stopped cleanly',
    () => endAgainAndAgain('stopped', () => peer.stop(), 0.2),
    LONG_MS + DEADLINE_MS,
  );

  it('is found out when the last batch of a log is cut off while it is down', async () => {
    const topic = 'jobs-cut';
    await cliOf({ bootstrap: peer.bootstrap, tools }).createTopic(topic, PARTITIONS);
    const args = ['producer', peer.bootstrap, topic, String(PARTITIONS), String(RATE)];
    const producer = tools.start({ className: 'KillLoad', args });
    await waitFor('some records', () => producer.lines.length > PROGRESS.producer);
    await producer.stop();
    await peer.kill();
    const log = join(peer.dataDirectory, `${topic}-1`, '00000000000000000000.log');
    const { size } = await stat(log);
    await truncate(log, size - 1);
    await peer.start();
    const scanned = await scan({ bootstrap: peer.bootstrap, tools, topic, partitions: PARTITIONS });
    const violations = judgeLog({ ...parseProducer(producer.lines, PARTITIONS), scanned });
    expect(violations.length).toBeGreaterThan(0);
    for (const { rule, record } of violations) {
      expect(rule).toBe('acknowledged record is lost');
      expect(record).toMatch(/^1:/);
    }
  });
});

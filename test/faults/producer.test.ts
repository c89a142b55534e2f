import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureKafka } from '../setup/kafka.ts';
import { type Cli, cliOf } from '../wire/harness/cli.ts';
import type { Peer } from '../wire/harness/peer.ts';
import { startToolHost, ToolHost, type RunningTool, type ToolHostProcess } from '../wire/harness/tool-host.ts';
import { freePort, waitFor } from '../wire/harness/wait.ts';
import { weirPeer } from '../wire/harness/weir-peer.ts';
import { AnswerGate } from './answer-gate.ts';
import { judgeLog } from './history.ts';
import { parseProducer, scan } from './kill-load.ts';

const { WEIR_KILL_ROUNDS: ROUNDS = '20', WEIR_KILL_SEED: SEED = String(process.pid) } = process.env;
const PARTITIONS = 2;
const IN_FLIGHT = 5;
const MORE = [`max.in.flight.requests.per.connection=${IN_FLIGHT}`, 'batch.size=300', 'linger.ms=0'];

let directory: string;
let peer: Peer;
let gate: AnswerGate;
let host: ToolHostProcess;
let tools: ToolHost;
let cli: Cli;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-resent-'));
  host = await startToolHost(await ensureKafka(), directory);
  tools = await ToolHost.connect(host.port);
  const [direct, gated] = [await freePort(), await freePort()];
  gate = await AnswerGate.open(gated);
  // Two listeners: this test's tools go straight to the broker, the producer through the gate.
  peer = await weirPeer({
    directory,
    settings: {
      listeners: `PLAINTEXT://127.0.0.1:${direct},GATED://127.0.0.1:${gated}`,
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${direct},GATED://127.0.0.1:${gate.port}`,
    },
    port: direct,
  });
  await peer.start();
  cli = cliOf({ bootstrap: peer.bootstrap, tools });
});
afterAll(async () => {
  gate.close();
  tools.close();
  await host.child.kill();
  await peer.kill();
  await rm(directory, { recursive: true, force: true });
});

/** Starts an idempotent producer behind the gate on a new topic whose segments hold a batch or two. */
async function startProducer(topic: string, rate: number): Promise<RunningTool> {
  await cli.createTopic(topic, PARTITIONS, { 'segment.ms': '1' });
  const bootstrap = `127.0.0.1:${gate.port}`;
  const args = ['producer', bootstrap, topic, String(PARTITIONS), String(rate), ...MORE];
  return tools.start({ className: 'KillLoad', args, timeoutMs: 600_000 });
}

async function filesOf(topic: string, partition: number, ending: string): Promise<readonly string[]> {
  const names = await readdir(join(peer.dataDirectory, `${topic}-${partition}`));
  return names.filter((name) => name.endsWith(ending)).toSorted();
}

/** Makes the node write its checkpoints now: it does before it answers a deletion of records. */
async function checkpoint(topic: string): Promise<void> {
  const file = join(directory, 'nothing-deleted.json');
  await writeFile(file, JSON.stringify({ version: 1, partitions: [{ topic, partition: 0, offset: 0 }] }));
  await cli.ok('deleteRecords', ['--offset-json-file', file]);
}

/** Stops the producer and judges what it was told and what the log holds; gives the number of records. */
async function judged(topic: string, producer: RunningTool): Promise<number> {
  await producer.stop();
  // Throws when a single record failed.
  const history = parseProducer(producer.lines, PARTITIONS);
  const scanned = await scan({ bootstrap: peer.bootstrap, tools, topic, partitions: PARTITIONS });
  expect(judgeLog({ ...history, scanned })).toEqual([]);
  expect(scanned).toHaveLength(history.sent.length);
  return scanned.length;
}

describe('an idempotent Java producer with five requests in flight has no error, no duplicate and no gap', () => {
  it('when its broker is killed at any moment between tiny segments', async () => {
    const kills = Math.ceil(Number(ROUNDS) * 0.4);
    const producer = await startProducer('killed', 4000);
    let random = Number(SEED) >>> 0;
    for (let kill = 0; kill < kills; kill++) {
      const before = producer.lines.length;
      await waitFor(`progress after ${kill} kills`, () => producer.lines.length > before + 200);
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
      // Not a wait for something: the moment of death is what this test varies.
      await delay((random / 2 ** 32) * 100);
      await peer.kill();
      await peer.start();
    }
    const count = await judged('killed', producer);
    const segments = await filesOf('killed', 0, '.log');
    console.info(`seed ${SEED}: ${kills} kills, ${count} records, ${segments.length} segments`);
    expect(segments.length).toBeGreaterThan(kills);
  }, 300_000);

  it.each([
    ['is killed', () => peer.kill()],
    ['stops cleanly', () => peer.stop()],
  ])(
    'when five answers are lost and the broker %s just after a checkpoint',
    async (name, end) => {
      const topic = name.replace(' ', '-');
      const producer = await startProducer(topic, 2000);
      for (let round = 0; round < 4; round++) {
        const before = producer.lines.length;
        await waitFor(`progress after ${round} rounds`, () => producer.lines.length > before + 1000);
        gate.hold();
        await waitFor('five requests wait for their answers', () => gate.unansweredMax >= IN_FLIGHT);
        // The start will begin at this snapshot, which Kafka would fill with the last batch of the producer only.
        await waitFor('the last roll has its snapshot', async () => {
          const last = (await filesOf(topic, 0, '.log')).at(-1)?.replace('.log', '.snapshot') ?? '';
          return (await filesOf(topic, 0, '.snapshot')).includes(last);
        });
        await checkpoint(topic);
        await end();
        gate.release();
        await peer.start();
      }
      expect(await judged(topic, producer)).toBeGreaterThan(400);
    },
    300_000,
  );
});

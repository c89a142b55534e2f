import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureKafka } from '../setup/kafka.ts';
import { cliOf } from '../wire/harness/cli.ts';
import type { Peer } from '../wire/harness/peer.ts';
import { startToolHost, ToolHost, type ToolHostProcess } from '../wire/harness/tool-host.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { weirPeer } from '../wire/harness/weir-peer.ts';
import { judgeLog } from './history.ts';
import { parseProducer, scan } from './kill-load.ts';

// A shorter form with as many partitions a descriptor: `WEIR_PARTITIONS=1500 WEIR_DESCRIPTORS=256`.
const { WEIR_PARTITIONS: PARTITIONS_TEXT = '10000', WEIR_DESCRIPTORS: LIMIT = '1024' } = process.env;
const PARTITIONS = Number(PARTITIONS_TEXT);
const TOPIC = 'many';
const DEADLINE_MS = 60_000 + PARTITIONS * 40;
const SAMPLE_MS = 20;
/** Resident memory after each step, MiB: of 10,000 partitions 325 when all were written at once, 335 to 460 when all were read. */
const MEMORY_MIB_MAX = 250 + PARTITIONS * 0.035;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

let directory: string;
let peer: Peer;
let host: ToolHostProcess;
let tools: ToolHost;
let sampler: NodeJS.Timeout;
let descriptorsMax = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-descriptors-'));
  host = await startToolHost(await ensureKafka(), directory);
  tools = await ToolHost.connect(host.port);
  const limited = `ulimit -n ${LIMIT}; exec "$0" "$@"`;
  const node = [join(ROOT, 'node_modules/.bin/node'), join(ROOT, 'broker/cli/weir.ts')];
  peer = await weirPeer({ directory, command: ['sh', '-c', limited, ...node], startDeadlineMs: DEADLINE_MS });
  sampler = setInterval(() => {
    void descriptors().then((count) => {
      descriptorsMax = Math.max(descriptorsMax, count);
    });
  }, SAMPLE_MS);
  await peer.start();
}, 60_000);
afterAll(async () => {
  clearInterval(sampler);
  tools.close();
  await host.child.kill();
  await peer.kill();
  // Ten thousand directories.
  await rm(directory, { recursive: true, force: true });
}, DEADLINE_MS);

/** Descriptors that the broker has now; 0 while it does not run. */
async function descriptors(): Promise<number> {
  try {
    return (await readdir(`/proc/${peer.pid()}/fd`)).length;
  } catch {
    return 0;
  }
}

async function report(what: string, run: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await run();
  const status = await readFile(`/proc/${peer.pid()}/status`, 'utf8');
  const memory = Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
  console.info(
    `${what}: ${Math.round(performance.now() - start)} ms, ${memory} MiB, ${descriptorsMax} descriptors at most`,
  );
  expect(memory).toBeLessThan(MEMORY_MIB_MAX);
}

describe(`a broker with ${PARTITIONS} partitions and ${LIMIT} descriptors`, () => {
  it(
    'makes, writes and reads all of them, and starts again with them, within its limit and without a loss',
    async () => {
      const { bootstrap } = peer;
      await report('created', () => cliOf({ bootstrap, tools }).createTopic(TOPIC, PARTITIONS));
      const args = ['producer', bootstrap, TOPIC, String(PARTITIONS), '10000', 'delivery.timeout.ms=600000'];
      const producer = tools.start({ className: 'KillLoad', args, timeoutMs: DEADLINE_MS });
      await report('written', async () => {
        await waitFor('a record in each', () => producer.lines.length >= PARTITIONS * 2, { deadlineMs: DEADLINE_MS });
        await producer.stop();
      });
      const history = parseProducer(producer.lines, PARTITIONS);
      for (const [what, end] of [
        ['killed', () => peer.kill()],
        ['stopped cleanly', () => peer.stop()],
      ] as const) {
        await report(`${what} and started`, async () => {
          await end();
          await peer.start();
        });
      }
      await report('read', async () => {
        const scanned = await scan({
          bootstrap,
          tools,
          topic: TOPIC,
          partitions: PARTITIONS,
          timeoutMs: DEADLINE_MS,
        });
        expect(judgeLog({ ...history, scanned })).toEqual([]);
        expect(new Set(scanned.map(({ partition }) => partition)).size).toBe(PARTITIONS);
      });
      expect(peer.tail()).not.toMatch(/EMFILE|no file descriptor is left/);
      expect(descriptorsMax).toBeLessThan(Number(LIMIT));
      // It did come near: many more segments were written than may be open.
      expect(descriptorsMax).toBeGreaterThan(Number(LIMIT) / 4);
    },
    DEADLINE_MS * 4,
  );
});

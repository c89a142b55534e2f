// How long a start takes with much data, and how much it reads, after kill -9 and after a clean stop.
// `node test/bench/recovery.ts [--mib 1024,10240] [--partitions 20] [--subjects weir,kafka]`; the directory needs the room.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readOptions } from '../run/options.ts';
import { cacheDirectory } from '../setup/cache.ts';
import { ensureKafka } from '../setup/kafka.ts';
import { cliOf } from '../wire/harness/cli.ts';
import type { Peer, PeerName } from '../wire/harness/peer.ts';
import { makePeer } from '../wire/harness/session.ts';
import { startToolHost, ToolHost } from '../wire/harness/tool-host.ts';

const { values } = readOptions({
  options: {
    mib: { type: 'string', default: '1024,10240' },
    partitions: { type: 'string', default: '20' },
    subjects: { type: 'string', default: 'weir,kafka' },
  },
});
const RECORD_BYTES = 10_000;
const FILL_DEADLINE_MS = 3_600_000;

const directory = await mkdtemp(join(await cacheDirectory(), 'recovery-'));
const host = await startToolHost(await ensureKafka(), directory);
const tools = await ToolHost.connect(host.port);

/** Bytes that the process read since it began, its own program included. */
async function readBytes(peer: Peer): Promise<number> {
  const io = await readFile(`/proc/${peer.pid()}/io`, 'utf8');
  return Number(/rchar: (\d+)/.exec(io)?.[1]);
}

async function timedStart(peer: Peer): Promise<string> {
  const startMs = performance.now();
  await peer.start();
  const tookMs = Math.round(performance.now() - startMs);
  return `ready in ${tookMs} ms, ${((await readBytes(peer)) / 1048576).toFixed(1)} MiB read`;
}

async function measure(name: PeerName, mib: number): Promise<void> {
  const own = await mkdtemp(join(directory, 'run-'));
  const peer = await makePeer(name, { directory: own });
  const tell = (what: string, figures: string): void => console.log(`${name}, ${mib} MiB, ${what}: ${figures}`);
  try {
    tell('empty', await timedStart(peer));
    const { bootstrap } = peer;
    await cliOf({ bootstrap, tools }).createTopic('filled', Number(values.partitions));
    const count = String(Math.ceil((mib * 1048576) / RECORD_BYTES));
    const sizes = ['--record-size', String(RECORD_BYTES), '--num-records', count, '--throughput', '-1'];
    const producer = [`bootstrap.servers=${bootstrap}`, 'batch.size=200000', 'linger.ms=5', 'acks=all'];
    const args = ['--topic', 'filled', ...sizes, '--producer-props', ...producer];
    await tools.mustRun('org.apache.kafka.tools.ProducerPerformance', args, { timeoutMs: FILL_DEADLINE_MS });
    await peer.kill();
    tell('after kill -9', await timedStart(peer));
    await peer.stop();
    tell('after a clean stop', await timedStart(peer));
  } finally {
    await peer.kill();
    await rm(own, { recursive: true, force: true });
  }
}

try {
  for (const mib of values.mib.split(',').map(Number)) {
    for (const name of values.subjects.split(',')) {
      if (name !== 'weir' && name !== 'kafka') throw new Error(`subjects are weir and kafka, not ${name}`);
      await measure(name, mib);
    }
  }
} finally {
  tools.close();
  await host.child.kill();
  await rm(directory, { recursive: true, force: true });
}
process.exit();

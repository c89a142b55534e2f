import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPrng } from '../../broker/core/base/prng.ts';
import { ensureKafka } from '../setup/kafka.ts';
import { cliOf } from '../wire/harness/cli.ts';
import { startToolHost, ToolHost, type ToolHostProcess } from '../wire/harness/tool-host.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { type Crash, judge } from './history.ts';
import { KillLoad } from './kill-load.ts';
import { Network } from './network.ts';
import { QuorumFleet } from './quorum-fleet.ts';
import { Volume, type VolumeOptions } from './volume.ts';

const {
  WEIR_TEST_MINUTES: MINUTES,
  WEIR_KILL_SEED: SEED = String(process.pid),
  WEIR_FAULTS: CHOSEN,
  WEIR_KILL_KEEP: KEEP,
} = process.env;
const LONG_MS = Number(MINUTES ?? 0) * 60_000;
const DEADLINE_MS = 10 * 60_000;
const NODES = 3;
const PARTITIONS = 6;
const RATE = 1000;
const LOCK_MS = 30_000;
const PROGRESS = { producer: 100, share: 20, consumer: 1 } as const;
const WHO = ['producer', 'share', 'consumer'] as const;
const BETWEEN_MS_MAX = 1_000;
/** Longer than a broker's session, so that its leaderships move. */
const LONG_PAUSE_MS = 3_500;
const VOLUME: VolumeOptions = { sizeMiB: 640, format: ['-J', 'size=16'], mount: ['commit=300'] };

const prng = createPrng(Number(SEED));
let directory: string;
let network: Network;
let volumes: readonly Volume[];
let fleet: QuorumFleet;
let host: ToolHostProcess;
let tools: ToolHost;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-replication-'));
  network = await Network.create(NODES);
  volumes = await Promise.all(Array.from({ length: NODES }, () => Volume.create(VOLUME)));
  await Promise.all(volumes.map(({ path }) => mkdir(join(path, 'data'))));
  fleet = await QuorumFleet.start({
    nodes: NODES,
    network,
    isWatched: false,
    dataOf: (id) => join(volumeOf(id).path, 'data'),
    settings: {
      'default.replication.factor': '3',
      'min.insync.replicas': '2',
      'group.initial.rebalance.delay.ms': '0',
      'offsets.topic.num.partitions': '4',
      'share.coordinator.state.topic.num.partitions': '4',
    },
  });
  host = await startToolHost(await ensureKafka(), directory);
  tools = await ToolHost.connect(host.port);
});
afterAll(async () => {
  tools.close();
  await host.child.kill();
  if (KEEP !== undefined) return;
  await fleet.remove();
  await network.remove();
  await Promise.all(volumes.map((volume) => volume.remove()));
  await rm(directory, { recursive: true, force: true });
});

function volumeOf(id: number): Volume {
  const volume = volumes[id];
  if (volume === undefined) throw new Error(`there is no node ${id}`);
  return volume;
}

const all = (act: (id: number) => Promise<void>): Promise<unknown> => Promise.all(fleet.ids.map(act));
const others = (id: number): readonly number[] => fleet.ids.filter((one) => one !== id);

/** What is done to the three nodes, of which one is chosen; all run and hear each other when it is over. */
const FAULTS: Readonly<Record<string, (id: number) => Promise<void>>> = {
  'kill -9': async (id) => {
    await fleet.kill(id);
    await fleet.start(id);
  },
  'kill -9, long gone': async (id) => {
    await fleet.kill(id);
    await delay(LONG_PAUSE_MS);
    await fleet.start(id);
  },
  'stands still': async (id) => {
    fleet.signal(id, 'SIGSTOP');
    await delay(LONG_PAUSE_MS);
    fleet.signal(id, 'SIGCONT');
  },
  'cut off': async (id) => {
    for (const other of others(id)) await network.cut(id, other);
    await delay(LONG_PAUSE_MS);
    await network.heal();
  },
  'hears nobody': async (id) => {
    for (const other of others(id)) await network.drop(other, id);
    await delay(LONG_PAUSE_MS);
    await network.heal();
  },
  'all killed at once': async () => {
    await all((id) => fleet.kill(id));
    await all((id) => fleet.start(id));
  },
  'rolling restart': async () => {
    for (const id of fleet.ids) {
      await fleet.stop(id);
      await fleet.start(id);
    }
  },
  'power of one': async (id) => {
    await fleet.kill(id);
    await volumeOf(id).cutPower();
    await fleet.start(id);
  },
  'power of all': async () => {
    await all((id) => fleet.kill(id));
    await all((id) => volumeOf(id).cutPower());
    await all((id) => fleet.start(id));
  },
  'full disk': async (id) => {
    const file = join(volumeOf(id).path, 'filler');
    await writeFile(file, '');
    await fill(file);
    await delay(LONG_PAUSE_MS);
    await rm(file);
    if (fleet.hasEnded(id)) await fleet.start(id);
  },
};

/** Writes until nothing more fits. */
async function fill(file: string): Promise<void> {
  const block = Buffer.alloc(1 << 20);
  for (;;) {
    try {
      await writeFile(file, block, { flag: 'a' });
    } catch {
      return;
    }
  }
}

describe('three nodes that replicate', () => {
  it(
    'lose, repeat, reorder and invent nothing, whatever happens to them under load',
    async () => {
      const { bootstrap } = fleet;
      const cli = cliOf({ bootstrap, tools });
      const [topic, shareGroup, consumerGroup] = ['jobs', 'workers', 'readers'];
      await cli.createTopic(topic, PARTITIONS, {}, NODES);
      await cli.configure('groups', shareGroup, {
        'share.auto.offset.reset': 'earliest',
        'share.record.lock.duration.ms': String(LOCK_MS),
      });
      const where = { bootstrap, tools, topic, partitions: PARTITIONS, shareGroup, consumerGroup };
      const load = new KillLoad({ ...where, rate: RATE, lockMs: LOCK_MS });
      const chosen = CHOSEN?.split(',') ?? Object.keys(FAULTS);
      const crashes: Crash[] = [];
      const rounds: string[] = [];
      const longEndMs = performance.now() + LONG_MS;
      while (rounds.length < 2 * chosen.length || performance.now() < longEndMs) {
        const before = load.progress();
        await waitFor(`progress after ${rounds.slice(-3).join(', ')}`, () => {
          const now = load.progress();
          return WHO.every((who) => now[who] >= before[who] + PROGRESS[who]);
        });
        // Not a wait for something: the moment of the fault is what this test varies.
        await delay(prng.below(BETWEEN_MS_MAX));
        const fault = chosen[rounds.length % chosen.length] ?? '';
        const id = prng.below(NODES);
        rounds.push(`${fault} (${id})`);
        const fromMs = Date.now();
        await FAULTS[fault]?.(id);
        crashes.push({ fromMs, untilMs: Date.now() + LONG_PAUSE_MS });
      }
      const history = await load.finish(crashes);
      const { acknowledged, acquired } = history;
      console.info(
        `seed ${SEED}: ${rounds.length} faults, ${acknowledged.length} acknowledged, ${acquired.length} deliveries`,
      );
      expect(judge(history)).toEqual([]);
      expect(acknowledged.length).toBeGreaterThan(rounds.length * PROGRESS.producer);
    },
    LONG_MS + DEADLINE_MS,
  );
});

import { mkdtemp, rm } from 'node:fs/promises';
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
import { judge } from './history.ts';
import { KillLoad } from './kill-load.ts';

const {
  WEIR_TEST_MINUTES: MINUTES,
  WEIR_KILL_ROUNDS: ROUNDS = '20',
  WEIR_KILL_SEED: SEED = String(process.pid),
} = process.env;
const LONG_MS = Number(MINUTES ?? 0) * 60_000;
const LOCK_MS = 30_000;
const PROGRESS = { producer: 100, share: 20, consumer: 1 } as const;
const ALIVE_MS_MAX = 500;

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
  await rm(directory, { recursive: true, force: true });
});

/** A small generator of numbers in [0, 1), so that a run's moments of death come from a printed seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('a broker that is killed with -9 under load', () => {
  it(
    'loses nothing acknowledged, repeats nothing accepted and forgets no commit',
    async () => {
      const cli = cliOf({ bootstrap: peer.bootstrap, tools });
      const [topic, shareGroup, consumerGroup] = ['jobs', 'workers', 'readers'];
      await cli.createTopic(topic, 3);
      await cli.configure('groups', shareGroup, {
        'share.auto.offset.reset': 'earliest',
        'share.record.lock.duration.ms': String(LOCK_MS),
      });
      const load = new KillLoad({
        bootstrap: peer.bootstrap,
        tools,
        topic,
        partitions: 3,
        rate: 2000,
        shareGroup,
        consumerGroup,
        lockMs: LOCK_MS,
      });
      const random = randomFrom(Number(SEED));
      const crashes: number[] = [];
      const endMs = Date.now() + LONG_MS;
      while (crashes.length < Number(ROUNDS) || Date.now() < endMs) {
        const before = load.progress();
        await waitFor(`progress after ${crashes.length} crashes`, () => {
          const now = load.progress();
          return (Object.keys(PROGRESS) as (keyof typeof PROGRESS)[]).every(
            (who) => now[who] >= before[who] + PROGRESS[who],
          );
        });
        // Not a wait for something: the moment of death is what this test varies.
        await delay(random() * ALIVE_MS_MAX);
        await peer.kill();
        crashes.push(Date.now());
        await peer.start();
      }
      const history = await load.finish(crashes);
      console.info(
        `seed ${SEED}: ${crashes.length} crashes, ${history.acknowledged.length} records acknowledged, ${history.acquired.length} deliveries`,
      );
      expect(judge(history)).toEqual([]);
      expect(history.acknowledged.length).toBeGreaterThan(crashes.length * PROGRESS.producer);
    },
    LONG_MS + 10 * 60_000,
  );
});

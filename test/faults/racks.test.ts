import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureKafka } from '../setup/kafka.ts';
import { type Cli, cliOf } from '../wire/harness/cli.ts';
import { type RunningTool, startToolHost, ToolHost, type ToolHostProcess } from '../wire/harness/tool-host.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { judge } from './history.ts';
import { fieldsOf, parseGroup, parseProducer, scan } from './kill-load.ts';
import { QuorumFleet } from './quorum-fleet.ts';

const DEADLINE_MS = 4 * 60_000;
const TOPIC = 'read-nearby';
const RATE = 500;
/** Records that are read on each side. */
const SOME = 500;
const SELECTOR = 'org.apache.kafka.common.replica.RackAwareReplicaSelector';

let directory: string;
let host: ToolHostProcess;
let tools: ToolHost;
let fleet: QuorumFleet;
let cli: Cli;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-racks-'));
  host = await startToolHost(await ensureKafka(), directory);
  tools = await ToolHost.connect(host.port);
  fleet = await QuorumFleet.start({
    nodes: 3,
    isWatched: false,
    settings: {
      'default.replication.factor': '3',
      'min.insync.replicas': '2',
      'replica.selector.class': SELECTOR,
    },
    ofNode: (id) => ({ 'broker.rack': rackOf(id) }),
  });
  cli = cliOf({ bootstrap: fleet.bootstrap, tools });
  await cli.createTopic(TOPIC, 1, {}, 3);
}, DEADLINE_MS);
afterAll(async () => {
  tools?.close();
  await host?.child.kill();
  await fleet?.remove();
  await rm(directory, { recursive: true, force: true });
});

const rackOf = (id: number): string => `rack-${id}`;

async function leader(): Promise<number> {
  const text = await cli.ok('topics', ['--describe', '--topic', TOPIC]);
  return Number(/Leader: (\d+)/.exec(text)?.[1]);
}

/** A consumer, and who it reads from. */
class Reader {
  readonly #tool: RunningTool;

  constructor(rack: string) {
    const args = [fleet.bootstrap, TOPIC, rack];
    this.#tool = tools.start({ className: 'RackProbe', args, timeoutMs: DEADLINE_MS });
  }

  get lines(): readonly string[] {
    return this.#tool.lines;
  }

  /** What each node has sent so far, bytes. */
  sent(): ReadonlyMap<number, number> {
    return new Map(fieldsOf(this.lines, 'M').map(([node, bytes]) => [Number(node), Number(bytes)]));
  }

  /** Waits until some more records were read, and nearly all that was sent for them came from this node. */
  readsFrom(node: number, when: string): Promise<unknown> {
    return waitFor(`records are read from node ${node} ${when}`, async () => {
      const before = this.sent();
      const count = fieldsOf(this.lines, 'G').length;
      await waitFor(`records are read ${when}`, () => fieldsOf(this.lines, 'G').length >= count + SOME);
      const after = this.sent();
      const grown = (id: number): number => (after.get(id) ?? 0) - (before.get(id) ?? 0);
      const others = fleet.ids.filter((id) => id !== node).map(grown);
      if (grown(node) > 10 * Math.max(...others)) return true;
      throw new Error(`node ${node} sent ${grown(node)} bytes, the others ${others.join(' and ')}`);
    });
  }

  async stop(): Promise<void> {
    await this.#tool.stop();
  }
}

/** The near follower comes, goes and comes back while records are written and read. */
async function readThrough(): Promise<void> {
  const led = await leader();
  const near = (led + 1) % fleet.ids.length;
  const args = ['producer', fleet.bootstrap, TOPIC, '1', String(RATE)];
  const producer = tools.start({ className: 'KillLoad', args, timeoutMs: DEADLINE_MS });
  const reader = new Reader(rackOf(near));
  await reader.readsFrom(near, 'while it is there');
  await fleet.kill(near);
  await reader.readsFrom(led, 'while the near one is gone');
  await fleet.start(near);
  await reader.readsFrom(near, 'when it is back');
  expect(await leader()).toBe(led);

  await producer.stop();
  const produced = parseProducer(producer.lines, 1);
  const end = produced.acknowledged.length;
  await waitFor('everything is read', () => parseGroup(reader.lines, 0).read.at(-1)?.offset === end - 1);
  await reader.stop();
  const scanned = await scan({ bootstrap: fleet.bootstrap, tools, topic: TOPIC, partitions: 1 });
  const nothing = { acquired: [], finished: [], crashes: [] };
  const read = { ...parseGroup(reader.lines, 0), committedAtEnd: [{ partition: 0, offset: end }] };
  expect(judge({ ...produced, ...nothing, ...read, scanned })).toEqual([]);
  expect(end).toBeGreaterThan(3 * SOME);
}

describe('a Java consumer that names its rack', () => {
  it(
    'reads from the follower there, from the leader once that is gone, from the follower again when it is back, and misses nothing',
    async () => {
      try {
        await readThrough();
      } catch (error) {
        throw new Error(fleet.ids.map((id) => `node ${id}:\n${fleet.tail(id)}`).join('\n'), { cause: error });
      }
    },
    DEADLINE_MS,
  );
});

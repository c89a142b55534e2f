// What clients see when a node of three is gone, beside Apache Kafka: `npm run bench -- --failover [--rounds N]`.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Network } from '../faults/network.ts';
import { scan } from '../faults/kill-load.ts';
import { QuorumFleet } from '../faults/quorum-fleet.ts';
import { cliOf, linesOf } from '../wire/harness/cli.ts';
import { KafkaFleet } from '../wire/harness/kafka-fleet.ts';
import type { ToolHost } from '../wire/harness/tool-host.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { KAFKA_FLAGS } from './subjects.ts';

const WEIR = fileURLToPath(new URL('../../dist/weir.js', import.meta.url));
const NODES = 3;
const PARTITIONS = 6;
const TOPIC = 'gaps';
const PAUSE_MS = 5;
/** Acknowledged by every partition this often before anything is done to a node. */
const WARM_COUNT = 100;
/** Lines before something was done in which each partition is. */
const LOOK_BACK_LINES = 20 * PARTITIONS;
const ROUND_DEADLINE_MS = 120_000;
const FOREVER_MS = 3_600_000;
/** A client gives up on a node that vanished as soon as this; at its defaults it waits for 30 s, and 10 s for a new connection, whatever the brokers do. */
const VANISH_SETTINGS = [
  'request.timeout.ms=1000',
  'socket.connection.setup.timeout.ms=1000',
  // Each further connection would be waited for twice as long as the one before.
  'socket.connection.setup.timeout.max.ms=1000',
];
const REPLICATED = {
  'default.replication.factor': '3',
  'min.insync.replicas': '2',
  'offsets.topic.replication.factor': '3',
  'group.initial.rebalance.delay.ms': '0',
};

/** What is done to a node, and how it comes back. */
type Way = 'kill -9 of a leader' | 'kill -9 of the active controller' | 'SIGTERM' | 'vanishes';
/** All of them, in the order in which they are tried. */
export const WAYS: readonly Way[] = ['kill -9 of a leader', 'kill -9 of the active controller', 'SIGTERM', 'vanishes'];

/** The ways of a list with commas. */
export function waysOf(list: string): readonly Way[] {
  return list.split(',').map((name) => {
    const way = WAYS.find((one) => one === name);
    if (way === undefined) throw new Error(`no way ${name}: there are ${WAYS.join(', ')}`);
    return way;
  });
}

/** Nodes of either kind. */
export interface Nodes {
  readonly ids: readonly number[];
  readonly bootstrap: string;
  pid(id: number): number;
  start(id: number): Promise<void>;
  kill(id: number): Promise<void>;
  stop(id: number): Promise<void>;
  remove(): Promise<void>;
}

/** Milliseconds without an acknowledgement, and without a record consumed, in the partition that waited longest, of each round; failed records beside. */
interface Gaps {
  readonly ms: number[];
  readonly consumedMs: number[];
  failed: number;
}

/** What came of one program. */
interface Measured {
  readonly gaps: ReadonlyMap<Way, Gaps>;
  /** Of the records that were acknowledged: how many, how many were not there at the end, and how many more than once. */
  readonly acknowledged: number;
  readonly lost: number;
  readonly repeated: number;
}

/** The table: a line for each way that a node goes, with both programs. */
export async function measureFailover(options: {
  readonly directory: string;
  readonly tools: ToolHost;
  readonly rounds: number;
  readonly subjects: readonly string[];
  readonly ways: readonly Way[];
}): Promise<string> {
  const found = new Map<string, Measured>();
  for (const name of options.subjects) found.set(name, await measureOne(name, options));
  const lines = options.ways.flatMap((way) =>
    [...found].map(([name, { gaps }]) => {
      const { ms, consumedMs, failed } = gaps.get(way) ?? { ms: [], consumedMs: [], failed: 0 };
      const told = `producer ${partsOf(ms)}, consumer ${partsOf(consumedMs)}`;
      return `${way.padEnd(36)}${name.padEnd(18)}${told}, ${ms.length} rounds, ${failed} failed`;
    }),
  );
  const ends = [...found].map(
    ([name, { acknowledged, lost, repeated }]) =>
      `${name}: of ${acknowledged} acknowledged records ${lost} are lost, ${repeated} there more than once`,
  );
  return [...lines, ...ends].join('\n');
}

/** Middle and worst but one in a hundred. */
function partsOf(ms: readonly number[]): string {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (part: number): number => Math.round(sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

async function measureOne(
  name: string,
  options: {
    readonly directory: string;
    readonly tools: ToolHost;
    readonly rounds: number;
    readonly ways: readonly Way[];
  },
): Promise<Measured> {
  const { directory, tools, rounds, ways } = options;
  const own = await mkdtemp(join(directory, 'failover-'));
  const network = await Network.create(NODES);
  const nodes = await makeNodes(name, own, network);
  try {
    const cli = cliOf({ bootstrap: nodes.bootstrap, tools });
    await cli.createTopic(TOPIC, PARTITIONS, {}, NODES);
    const gaps = new Map<Way, Gaps>(ways.map((way) => [way, { ms: [], consumedMs: [], failed: 0 }]));
    const acknowledged: string[] = [];
    for (const way of ways) {
      for (let round = 0; round < rounds; round += 1) {
        const one = gaps.get(way);
        if (one === undefined) continue;
        await inSync(cli);
        await cli
          .ok('leaderElection', ['--election-type', 'preferred', '--all-topic-partitions'])
          .catch(() => undefined);
        const victim = await victimOf(way, cli, round);
        const { gapMs, consumedGapMs, failed, ids } = await gapOf({ way, nodes, network, tools, victim });
        one.ms.push(gapMs);
        one.consumedMs.push(consumedGapMs);
        one.failed += failed;
        for (const id of ids) acknowledged.push(id);
        console.error(
          `${name}, ${way}, round ${round + 1}: producer ${Math.round(gapMs)} ms, consumer ${Math.round(consumedGapMs)} ms`,
        );
      }
    }
    const { bootstrap } = nodes;
    const there = await scan({ tools, bootstrap, topic: TOPIC, partitions: PARTITIONS, timeoutMs: FOREVER_MS });
    const counts = new Map<string, number>();
    for (const { id } of there) {
      const own = id.replace(/\.+$/, '');
      counts.set(own, (counts.get(own) ?? 0) + 1);
    }
    return {
      gaps,
      acknowledged: acknowledged.length,
      lost: acknowledged.filter((id) => !counts.has(id)).length,
      repeated: acknowledged.filter((id) => (counts.get(id) ?? 0) > 1).length,
    };
  } finally {
    await nodes.remove();
    await network.remove();
    await rm(own, { recursive: true, force: true });
  }
}

/** Three combined nodes with RF 3 and min ISR 2, started; each on a host of its own when there is a network. */
export async function makeNodes(name: string, directory: string, network?: Network): Promise<Nodes> {
  if (name === 'kafka') {
    const hosts = Array.from({ length: NODES }, (_, id) => network?.addressOf(id) ?? '127.0.0.1');
    const settings = { ...REPLICATED, 'share.coordinator.state.topic.replication.factor': '3' };
    const prefixOf = (id: number): readonly string[] => network?.prefixOf(id) ?? [];
    return KafkaFleet.start({ directory, hosts, settings, jvmFlags: KAFKA_FLAGS, prefixOf });
  }
  const durability = name === 'weir replicated' ? { 'weir.durability': 'replicated' } : {};
  const settings = { ...REPLICATED, ...durability };
  const place = network === undefined ? {} : { network };
  return QuorumFleet.start({ nodes: NODES, ...place, program: WEIR, isWatched: false, settings });
}

type Tools = ReturnType<typeof cliOf>;

/** Waits until every replica is in sync again. */
async function inSync(cli: Tools): Promise<void> {
  await waitFor(
    'all replicas are in sync',
    async () => {
      const { exitCode, stdout } = await cli.run('topics', ['--describe', '--topic', TOPIC]);
      const isr = linesOf(stdout).flatMap((line) => /Isr: ([\d,]+)/.exec(line)?.[1] ?? []);
      return exitCode === 0 && isr.length === PARTITIONS && isr.every((ids) => ids.split(',').length === NODES);
    },
    { deadlineMs: ROUND_DEADLINE_MS, pollMs: 200 },
  );
}

async function victimOf(way: Way, cli: Tools, round: number): Promise<number> {
  const status = await cli.ok('metadataQuorum', ['describe', '--status']);
  const active = Number(/LeaderId:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN);
  if (way === 'kill -9 of the active controller') return active;
  return way === 'kill -9 of a leader' ? (active + 1 + (round % (NODES - 1))) % NODES : round % NODES;
}

async function gapOf(what: {
  readonly way: Way;
  readonly nodes: Nodes;
  readonly network: Network;
  readonly tools: ToolHost;
  readonly victim: number;
}): Promise<{
  readonly gapMs: number;
  readonly consumedGapMs: number;
  readonly failed: number;
  /** Of what was acknowledged. */
  readonly ids: readonly string[];
}> {
  const { way, nodes, network, tools, victim } = what;
  const args = [nodes.bootstrap, TOPIC, String(PARTITIONS), String(PAUSE_MS)];
  if (way === 'vanishes') args.push(...VANISH_SETTINGS);
  const probe = tools.start({ className: 'GapProbe', args, timeoutMs: FOREVER_MS });
  const countFrom = (line: number): readonly number[] => {
    const counts = Array.from({ length: 2 * PARTITIONS }, () => 0);
    for (const text of probe.lines.slice(line)) {
      const place = Number(text.split(' ')[1]) + (text.startsWith('C ') ? PARTITIONS : 0);
      if (/^[AC] /.test(text)) counts[place] = (counts[place] ?? 0) + 1;
    }
    return counts;
  };
  const flowing = (what: string, line: number): Promise<unknown> =>
    waitFor(what, () => countFrom(line).every((count) => count >= WARM_COUNT), { deadlineMs: ROUND_DEADLINE_MS });
  await flowing('every partition acknowledges, and is consumed', 0);
  const from = probe.lines.length;
  await leave(way, { nodes, network, victim });
  await flowing('every partition acknowledges again, and is consumed', probe.lines.length);
  await probe.stop();
  // From the last record of each partition before, of either kind.
  const since = probe.lines.slice(Math.max(0, from - LOOK_BACK_LINES));
  const failed = probe.lines.filter((line) => line.startsWith('F ')).length;
  if (way === 'vanishes') await network.heal();
  await nodes.kill(victim);
  await nodes.start(victim);
  const ids = probe.lines.flatMap((line) => (line.startsWith('A ') ? (line.split(' ')[3] ?? []) : []));
  return {
    gapMs: Math.max(...longestGaps(since, 'A')),
    consumedGapMs: Math.max(...longestGaps(since, 'C')),
    failed,
    ids,
  };
}

async function leave(
  way: Way,
  { nodes, network, victim }: { readonly nodes: Nodes; readonly network: Network; readonly victim: number },
): Promise<void> {
  if (way === 'vanishes') await network.vanish(victim);
  else if (way === 'SIGTERM') await nodes.stop(victim);
  else await nodes.kill(victim);
}

/** The longest time between two lines of a kind, by partition. */
function longestGaps(lines: readonly string[], wanted: 'A' | 'C'): readonly number[] {
  const last = new Map<string, number>();
  const longest = new Map<string, number>();
  for (const line of lines) {
    const [kind, partition = '', time] = line.split(' ');
    if (kind !== wanted) continue;
    const at = Number(time);
    longest.set(partition, Math.max(longest.get(partition) ?? 0, at - (last.get(partition) ?? at)));
    last.set(partition, at);
  }
  return [...longest.values()];
}

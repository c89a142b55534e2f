import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CORPUS_LINES, ensureCorpus } from '../setup/corpus.ts';
import { ensureKafka, type JavaPeer } from '../setup/kafka.ts';
import { Child } from './harness/child.ts';
import { cellsOf, type Cli, cliOf, linesOf, TOOL } from './harness/cli.ts';
import { openWire, type Wire } from './harness/session.ts';
import { JVM_FLAGS } from './harness/tool-host.ts';
import { waitFor } from './harness/wait.ts';

// Fewer than members, so that no partition waits for the session of the dead one to time out.
const PARTITIONS = 2;
const LOCKS_PER_PARTITION_MAX = 2000;
const DEADLINE_MS = 120_000;

let wire: Wire;
let cli: Cli;
let java: JavaPeer;
let directory: string;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ wire, close } = await openWire());
  cli = cliOf(wire);
  java = await ensureKafka();
  directory = await mkdtemp(join(tmpdir(), 'weir-text-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
  await close();
});

type Delivery = { readonly id: string; readonly count: number; readonly text: string };
type Member = { readonly child: Child; readonly deliveries: Delivery[] };

/** A console share consumer in a process of its own, which prints partition, offset and delivery count of each line. */
function startMember(name: string, topic: string, group: string): Member {
  const deliveries: Delivery[] = [];
  const printed = ['partition', 'offset', 'delivery'].flatMap((field) => [
    '--formatter-property',
    `print.${field}=true`,
  ]);
  const child = new Child({
    command: java.java,
    args: [
      ...JVM_FLAGS,
      '-cp',
      java.classpath,
      TOOL.consoleShareConsumer,
      '--bootstrap-server',
      wire.bootstrap,
      '--topic',
      topic,
      '--group',
      group,
      ...printed,
    ],
    logFile: join(directory, `${name}.log`),
    onLine: (line) => {
      const match = /^Partition:(\d+)\tOffset:(\d+)\tDelivery:(\d+)\t(.*)$/s.exec(line);
      // The last line of a killed process may be torn: then it was not read.
      if (match !== null)
        deliveries.push({ id: `${match[1]}:${match[2]}`, count: Number(match[3]), text: match[4] ?? '' });
    },
  });
  return { child, deliveries };
}

async function lag(topic: string, group: string): Promise<number> {
  const rows = cellsOf(await cli.ok('shareGroups', ['--describe', '--group', group, '--offsets'])).filter(
    (row) => row[1] === topic,
  );
  if (rows.length !== PARTITIONS) return Number.POSITIVE_INFINITY;
  return rows.reduce((sum, row) => sum + Number(row[4]), 0);
}

describe('a real text through a share group', () => {
  it(
    'comes out line by line, acknowledged, none lost, with only what a killed member held delivered again',
    async () => {
      const topic = wire.unique('text');
      const group = wire.unique('readers');
      await cli.createTopic(topic, PARTITIONS);
      await cli.configure('groups', group, { 'share.auto.offset.reset': 'earliest' });
      const members = ['a', 'b', 'c'].map((name) => startMember(name, topic, group));
      const [dead, ...alive] = members;
      try {
        await waitFor('three members', async () => {
          const { stdout } = await cli.run('shareGroups', ['--describe', '--group', group, '--members']);
          return linesOf(stdout).filter((line) => line.startsWith(group)).length === 3;
        });
        const received = (): number => members.reduce((sum, { deliveries }) => sum + deliveries.length, 0);
        const corpus = await ensureCorpus();
        const produced = cli.ok('consoleProducer', ['--topic', topic, '--compression-codec', 'lz4'], {
          stdinFile: corpus,
          timeoutMs: DEADLINE_MS,
        });
        await waitFor(
          'half of the text',
          () => received() >= CORPUS_LINES / 2 && dead !== undefined && dead.deliveries.length > 0,
          {
            deadlineMs: DEADLINE_MS,
            pollMs: 1,
          },
        );
        await dead?.child.kill();
        await produced;
        await waitFor(
          'every line acknowledged',
          async () => received() >= CORPUS_LINES && (await lag(topic, group)) === 0,
          {
            deadlineMs: DEADLINE_MS,
            pollMs: 250,
          },
        );
        judge(
          linesOf(await readFile(corpus, 'utf8')),
          dead?.deliveries ?? [],
          alive.map(({ deliveries }) => deliveries),
        );
      } finally {
        await Promise.all(members.map(({ child }) => child.kill()));
      }
    },
    4 * 60_000,
  );
});

function judge(text: readonly string[], dead: readonly Delivery[], alive: readonly (readonly Delivery[])[]): void {
  const byDead = new Map(dead.map((delivery) => [delivery.id, delivery]));
  const survived = alive.flat();
  const bySurvivors = new Map(survived.map((delivery) => [delivery.id, delivery]));
  expect(byDead.size).toBe(dead.length);
  expect(bySurvivors.size).toBe(survived.length);
  const all = new Map([...byDead, ...bySurvivors]);
  expect(all.size).toBe(CORPUS_LINES);
  const ends = Array.from({ length: PARTITIONS }, (_, partition) => partition).map(
    (partition) => [...all.keys()].filter((id) => id.startsWith(`${partition}:`)).length,
  );
  ends.forEach((end, partition) => {
    for (let offset = 0; offset < end; offset += 1)
      if (!all.has(`${partition}:${offset}`)) throw new Error(`${partition}:${offset} is lost`);
  });
  expect([...all.values()].map((delivery) => delivery.text).sort()).toEqual([...text].sort());
  // A second delivery follows a first one to the dead member and nothing else does.
  expect(dead.filter(({ count }) => count !== 1)).toEqual([]);
  expect(survived.filter(({ count }) => count > 2)).toEqual([]);
  expect(survived.filter(({ id, count }) => byDead.has(id) && count !== 2)).toEqual([]);
  const again = survived.filter(({ count }) => count === 2);
  expect(again.length).toBeLessThanOrEqual(PARTITIONS * LOCKS_PER_PARTITION_MAX);
  for (const member of alive) expect(member.length).toBeGreaterThan(0);
}

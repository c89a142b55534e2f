// Share groups beside Apache Kafka's: `npm run bench -- --share [--quick] [--rounds N] [--subjects a,b] [--parts a,b]`.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unreachable } from '../../broker/core/base/assert.ts';
import { type Cli, cliOf } from '../wire/harness/cli.ts';
import type { Peer } from '../wire/harness/peer.ts';
import type { ToolHost } from '../wire/harness/tool-host.ts';
import { type Figures, middle } from './measures.ts';
import { cpuSecondsOf, memoryOf } from './process.ts';
import { makeSubject, type SubjectName } from './subjects.ts';
import { renderMiddles } from './table.ts';

const PARTITIONS = 4;
const TOOL_MS = 600_000;
const MILLION = 1_000_000;
const SIZES: readonly (readonly [label: string, bytes: number])[] = [
  ['100 B', 100],
  ['1 KiB', 1024],
];
const CONSUMERS = [1, 3, 10] as const;
/** What a member does with a record where members are added, and how many records it is given at once. */
const WORK_MICROS = 5000;
const SMALL_POLLS = 'max.poll.records=10';
/** Members whose work is compared with that of one. */
const LINEAR = [1, 2, 4, 8, 16, 32] as const;
const MANY = 100;
const ACKNOWLEDGE_RATE = 1000;

/** What can be measured by itself, in this order. */
export const SHARE_PARTS = ['rates', 'acknowledgements', 'scaling', 'crowd', 'large-polls', 'groups'] as const;

/** One of `SHARE_PARTS`. */
type SharePart = (typeof SHARE_PARTS)[number];

/** How much is done. */
interface Amount {
  readonly records: number;
  readonly stageSeconds: number;
  readonly groups: number;
}
const QUICK: Amount = { records: 200_000, stageSeconds: 5, groups: 100 };
const FULL: Amount = { records: 1_000_000, stageSeconds: 10, groups: 1000 };

/** What `ShareSwarm` tells of a stage. */
interface Stage {
  readonly members: number;
  readonly records: number;
  readonly ms: number;
  readonly pauseMs: number;
  readonly each: readonly number[];
  readonly firstMs: readonly number[];
}

/** A line for each measure, a column for each subject; the middle of the rounds. */
export async function measureShare(options: {
  readonly directory: string;
  readonly tools: ToolHost;
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly subjects: readonly SubjectName[];
  readonly parts: readonly SharePart[];
}): Promise<string> {
  const found = new Map<string, Figures[]>(options.subjects.map((name) => [name, []]));
  for (let round = 0; round < options.rounds; round += 1) {
    for (const name of options.subjects) {
      found.get(name)?.push(await measureOne(name, options));
      console.error(`round ${round + 1} of ${options.rounds}: ${name}`);
    }
  }
  const [rounds] = [...found.values()];
  return renderMiddles(
    found,
    Object.keys(rounds?.[0] ?? {}).map((measure) => [measure, measure]),
  );
}

async function measureOne(
  name: SubjectName,
  options: Omit<Parameters<typeof measureShare>[0], 'rounds' | 'subjects'>,
): Promise<Figures> {
  const { directory, tools, isQuick, parts } = options;
  const own = await mkdtemp(join(directory, 'share-'));
  const peer = await makeSubject(name, own);
  try {
    await peer.start();
    return await new ShareBench(peer, tools, isQuick ? QUICK : FULL).measure(parts);
  } catch (error) {
    throw new Error(`${name}: ${peer.tail()}`, { cause: error });
  } finally {
    await peer.stop();
    await rm(own, { recursive: true, force: true });
  }
}

class ShareBench {
  readonly #peer: Peer;
  readonly #tools: ToolHost;
  readonly #cli: Cli;
  readonly #amount: Amount;
  readonly #row: Record<string, number> = {};

  constructor(peer: Peer, tools: ToolHost, amount: Amount) {
    this.#peer = peer;
    this.#tools = tools;
    this.#cli = cliOf({ bootstrap: peer.bootstrap, tools });
    this.#amount = amount;
  }

  async measure(parts: readonly SharePart[]): Promise<Figures> {
    await this.#fill('warm', 100_000, 100);
    await this.#swarm('warm', 'warm', 0, '2:90000r');
    for (const [label, bytes] of SIZES) await this.#fill(label, this.#amount.records, bytes);
    for (const part of SHARE_PARTS) if (parts.includes(part)) await this.#measurePart(part);
    this.#row['memory at its highest, MiB'] = memoryOf(this.#peer.pid()).peakMib;
    return this.#row;
  }

  async #measurePart(part: SharePart): Promise<void> {
    switch (part) {
      case 'rates':
        for (const [label] of SIZES) for (const consumers of CONSUMERS) await this.#throughput(label, consumers);
        return;
      case 'acknowledgements':
        return await this.#acknowledgements();
      case 'scaling':
        return await this.#scaling();
      case 'crowd':
        return await this.#comingAndGoing();
      case 'large-polls':
        return await this.#largePolls();
      case 'groups':
        return await this.#manyGroups();
      default:
        unreachable(part);
    }
  }

  /**
   * As fast as consumers of one group can: most of a backlog, each record accepted by the next poll. It begins when all of
   * them have had one: ten take as long to start as the backlog lasts.
   */
  async #throughput(label: string, consumers: number): Promise<void> {
    const count = Math.floor(this.#amount.records * 0.8);
    const before = cpuSecondsOf(this.#peer.pid());
    const stages = await this.#swarm(
      topicOf(label),
      `rate-${topicOf(label)}-${consumers}`,
      0,
      `${consumers}:${count}t`,
    );
    const cpu = cpuSecondsOf(this.#peer.pid()) - before;
    const what = `${label}, ${consumers} consumer${consumers === 1 ? '' : 's'}`;
    this.#row[`${what}, records/s`] = rateOf(stages[0]);
    this.#row[`${what}, broker CPU, s/million`] = cpu / ((stages[0]?.records ?? Number.NaN) / MILLION);
  }

  async #acknowledgements(): Promise<void> {
    await this.#cli.createTopic('acknowledged', PARTITIONS);
    await this.#cli.configure('groups', 'acknowledging', { 'share.auto.offset.reset': 'earliest' });
    const count = ACKNOWLEDGE_RATE * this.#amount.stageSeconds * 2;
    const args = [
      this.#peer.bootstrap,
      'acknowledged',
      'acknowledging',
      String(count),
      String(ACKNOWLEDGE_RATE),
      '100',
    ];
    const [p50, p99] = (await this.#tools.mustRun('AcknowledgeProbe', args, { timeoutMs: TOOL_MS }))
      .trim()
      .split(' ')
      .map(Number);
    this.#row['acknowledgement at 1,000 records/s p50, ms'] = (p50 ?? Number.NaN) / 1000;
    this.#row['acknowledgement at 1,000 records/s p99, ms'] = (p99 ?? Number.NaN) / 1000;
  }

  /** More members, each working for 5 ms on a record: how near to N times what one does; how evenly the last ones. */
  async #scaling(): Promise<void> {
    const seconds = this.#amount.stageSeconds;
    // What comes while a size is new is not counted: each is held twice.
    const plan = LINEAR.flatMap((members) => [`${members}:2s`, `${members}:${seconds}s`]).join(',');
    const stages = (await this.#swarm('100-B', 'linear', WORK_MICROS, plan, SMALL_POLLS)).filter(
      (_, at) => at % 2 === 1,
    );
    const alone = rateOf(stages[0]);
    for (const stage of stages.slice(1))
      this.#row[`${stage.members} members of 5 ms a record, of ${stage.members} times one`] =
        rateOf(stage) / (stage.members * alone);
    this.#row['32 equal members, variation of what each got'] = variation(stages.at(-1)?.each ?? []);
  }

  /** 1 to 100 members and back: the longest time in which nobody got anything, and how long each waited to begin. */
  async #comingAndGoing(): Promise<void> {
    const seconds = this.#amount.stageSeconds;
    const plan = `1:3s,${MANY}:${seconds}s,1:${seconds}s`;
    const stages = await this.#swarm('100-B', 'crowd', WORK_MICROS, plan, SMALL_POLLS);
    const [first, many, back] = stages;
    this.#row['first member, first record, ms'] = first?.firstMs[0] ?? Number.NaN;
    this.#row['1 to 100 members, longest pause, ms'] = many?.pauseMs ?? Number.NaN;
    this.#row['100 to 1 members, longest pause, ms'] = back?.pauseMs ?? Number.NaN;
    const waits = (many?.firstMs ?? []).map((ms) => (ms < 0 ? Number.POSITIVE_INFINITY : ms));
    this.#row['99 members at once, first record p50, ms'] = middle(waits);
    this.#row['99 members at once, first record of the last, ms'] = Math.max(...waits);
  }

  /** At the client's default of 500 records a poll nobody may starve. */
  async #largePolls(): Promise<void> {
    const stages = await this.#swarm('100-B', 'large-polls', WORK_MICROS, `32:3s,32:${this.#amount.stageSeconds}s`);
    this.#row['32 members, 500 records a poll, fewest of one in its share'] = leastShare(stages[1]?.each ?? []);
  }

  /** Groups of one member each: what they take of memory and, when nothing is left, of the processor. */
  async #manyGroups(): Promise<void> {
    const { groups, stageSeconds } = this.#amount;
    const topic = 'every';
    await this.#cli.createTopic(topic, 1);
    const before = memoryOf(this.#peer.pid()).rssMib;
    const args = [this.#peer.bootstrap, topic, 'many', String(groups), '0', `1:15s,1:${stageSeconds}s,1:15s`];
    const running = this.#tools.start({ className: 'ShareSwarm', args, timeoutMs: TOOL_MS });
    const told = async (count: number): Promise<void> => {
      while (running.lines.length < count) {
        const ended = await Promise.race([running.done, new Promise<null>((done) => setTimeout(() => done(null), 20))]);
        if (ended !== null && running.lines.length < count) throw new Error(`the swarm ended: ${ended.stderr}`);
      }
    };
    await told(1);
    const idleFrom = cpuSecondsOf(this.#peer.pid());
    await told(2);
    const idle = (cpuSecondsOf(this.#peer.pid()) - idleFrom) / stageSeconds;
    this.#row[`${groups} groups, memory more, MiB`] = memoryOf(this.#peer.pid()).rssMib - before;
    this.#row[`${groups} groups with nothing to do, % of a core`] = idle * 100;
    await this.#produce(topic, 1000, 100);
    await running.done;
    const each = (JSON.parse(running.lines[2] ?? '{}') as Stage).each;
    this.#row[`${groups} groups, fewest of 1,000 records that one got`] = Math.min(...each);
  }

  async #swarm(
    topic: string,
    group: string,
    work: number,
    plan: string,
    ...settings: string[]
  ): Promise<readonly Stage[]> {
    await this.#cli.configure('groups', group, { 'share.auto.offset.reset': 'earliest' });
    const args = [this.#peer.bootstrap, topic, group, '1', String(work), plan, ...settings];
    const text = await this.#tools.mustRun('ShareSwarm', args, { timeoutMs: TOOL_MS });
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Stage);
  }

  async #fill(label: string, records: number, bytes: number): Promise<void> {
    await this.#cli.createTopic(topicOf(label), PARTITIONS);
    await this.#produce(topicOf(label), records, bytes);
  }

  async #produce(topic: string, records: number, bytes: number): Promise<void> {
    const load = ['--topic', topic, '--num-records', String(records), '--record-size', String(bytes)];
    const args = [...load, '--throughput', '-1', '--command-property', 'acks=all'];
    await this.#cli.ok('producerPerformance', args, { timeoutMs: TOOL_MS });
  }
}

const topicOf = (label: string): string => label.replace(' ', '-');

/** Records a second, from the first on. */
function rateOf(stage: Stage | undefined): number {
  return ((stage?.records ?? Number.NaN) * 1000) / (stage?.ms ?? Number.NaN);
}

/** Standard deviation in parts of the mean. */
function variation(each: readonly number[]): number {
  const mean = each.reduce((sum, one) => sum + one, 0) / each.length;
  return Math.sqrt(each.reduce((sum, one) => sum + (one - mean) ** 2, 0) / each.length) / mean;
}

/** What the one with the least got, in parts of an equal share. */
function leastShare(each: readonly number[]): number {
  return Math.min(...each) / (each.reduce((sum, one) => sum + one, 0) / each.length);
}

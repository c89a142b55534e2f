import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { type Cli, cliOf, linesOf } from '../wire/harness/cli.ts';
import type { Peer } from '../wire/harness/peer.ts';
import type { ToolHost } from '../wire/harness/tool-host.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { cpuSecondsOf, memoryOf } from './process.ts';

/** How much is sent: enough for a steady rate, little enough to end. */
export type Size = {
  readonly largeRecords: number;
  readonly smallRecords: number;
  readonly latencyRecords: number;
  readonly starts: number;
  readonly idleMs: number;
};

/** Figures of one subject in one round, by the name of the measure. */
export type Figures = Readonly<Record<string, number>>;

/** What each measure is: its unit and whether a larger figure is the better one. */
export const MEASURES: Readonly<Record<string, { readonly unit: string; readonly isMoreBetter: boolean }>> = {
  'start to first Metadata': { unit: 'ms', isMoreBetter: false },
  'start to first acknowledged produce': { unit: 'ms', isMoreBetter: false },
  'memory idle': { unit: 'MiB', isMoreBetter: false },
  'memory peak under load': { unit: 'MiB', isMoreBetter: false },
  'produce 1 KiB': { unit: 'MB/s', isMoreBetter: true },
  'produce 1 KiB, broker CPU': { unit: 's/GB', isMoreBetter: false },
  'produce 100 B': { unit: 'MB/s', isMoreBetter: true },
  'produce 100 B, broker CPU': { unit: 's/GB', isMoreBetter: false },
  'consume 1 KiB': { unit: 'MB/s', isMoreBetter: true },
  'consume 1 KiB, broker CPU': { unit: 's/GB', isMoreBetter: false },
  'share-consume 100 B': { unit: 'records/s', isMoreBetter: true },
  'share-consume 100 B, broker CPU': { unit: 's/million', isMoreBetter: false },
  'first record of a starting share consumer': { unit: 'ms', isMoreBetter: false },
  'first record of a starting consumer': { unit: 'ms', isMoreBetter: false },
  'end to end p50': { unit: 'ms', isMoreBetter: false },
  'end to end p99': { unit: 'ms', isMoreBetter: false },
  'end to end p99 beside ten cold readers': { unit: 'ms', isMoreBetter: false },
  'ten cold readers of 1 KiB': { unit: 'MB/s', isMoreBetter: true },
};

const LARGE = 1024;
const SMALL = 100;
const PARTITIONS = '4';
const TOOL_MS = 300_000;
const COLD_READERS = 10;
const MB = 1_000_000;

/** Runs every measure on a subject that is not started yet. The subject is started here and left running. */
export async function measure(peer: Peer, tools: ToolHost, size: Size): Promise<Figures> {
  const figures: Record<string, number> = {};
  const startMs = performance.now();
  await peer.start();
  figures['start to first Metadata'] = performance.now() - startMs;
  await produceOne(peer.bootstrap);
  figures['start to first acknowledged produce'] = performance.now() - startMs;
  await delay(size.idleMs);
  figures['memory idle'] = memoryOf(peer.pid()).rssMib;
  const cli = cliOf({ bootstrap: peer.bootstrap, tools });
  const bench = new Bench(peer, tools, cli, size);
  await bench.warmUp();
  Object.assign(figures, await bench.large(), await bench.small(), await bench.starts(), await bench.latency());
  Object.assign(figures, await bench.coldReaders());
  figures['memory peak under load'] = memoryOf(peer.pid()).peakMib;
  return figures;
}

/** What was written is read from the disk again; where that is not allowed the figures say less. */
function dropPageCache(): void {
  try {
    execFileSync('sync');
    writeFileSync('/proc/sys/vm/drop_caches', '3');
  } catch (error) {
    console.error(`the page cache stays: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** One record to a topic that is created by it, from a client in this process. */
async function produceOne(bootstrap: string): Promise<void> {
  const kafka = new Kafka({
    brokers: [bootstrap],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 10, factor: 0, retries: 1000 },
  });
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic: 'first', acks: -1, messages: [{ value: 'first' }] });
  await producer.disconnect();
}

class Bench {
  readonly #peer: Peer;
  readonly #tools: ToolHost;
  readonly #cli: Cli;
  readonly #size: Size;

  constructor(peer: Peer, tools: ToolHost, cli: Cli, size: Size) {
    this.#peer = peer;
    this.#tools = tools;
    this.#cli = cli;
    this.#size = size;
  }

  /** Compilers and caches on both sides see some of everything before anything counts. */
  async warmUp(): Promise<void> {
    await this.#create('warm', PARTITIONS);
    await this.#produce('warm', 20_000, LARGE);
    await this.#consume('warm', 20_000);
    await this.#cli.configure('groups', 'warm-group', { 'share.auto.offset.reset': 'earliest' });
    await this.#shareConsume('warm', 'warm-group', 20_000);
  }

  async large(): Promise<Figures> {
    const { largeRecords } = this.#size;
    await this.#create('large', PARTITIONS);
    const produced = await this.#timed(() => this.#produce('large', largeRecords, LARGE));
    const consumed = await this.#timed(() => this.#consume('large', largeRecords));
    const gigabytes = (largeRecords * LARGE) / (1000 * MB);
    return {
      'produce 1 KiB': produced.rate,
      'produce 1 KiB, broker CPU': produced.cpuSeconds / gigabytes,
      'consume 1 KiB': consumed.rate,
      'consume 1 KiB, broker CPU': consumed.cpuSeconds / gigabytes,
    };
  }

  async small(): Promise<Figures> {
    const { smallRecords } = this.#size;
    await this.#create('small', PARTITIONS);
    const produced = await this.#timed(() => this.#produce('small', smallRecords, SMALL));
    await this.#cli.configure('groups', 'sharers', { 'share.auto.offset.reset': 'earliest' });
    const shared = await this.#timed(() => this.#shareConsume('small', 'sharers', smallRecords));
    return {
      'produce 100 B': produced.rate,
      'produce 100 B, broker CPU': produced.cpuSeconds / ((smallRecords * SMALL) / (1000 * MB)),
      'share-consume 100 B': shared.rate,
      'share-consume 100 B, broker CPU': shared.cpuSeconds / (smallRecords / 1_000_000),
    };
  }

  /** How long a consumer that starts waits for its first record, when there are some. */
  async starts(): Promise<Figures> {
    const topic = 'starts';
    await this.#create(topic, '1');
    await this.#produce(topic, 100, SMALL);
    const share: number[] = [];
    const classic: number[] = [];
    for (let at = 0; at < this.#size.starts; at += 1) {
      const group = `start-${randomUUID()}`;
      await this.#cli.configure('groups', group, { 'share.auto.offset.reset': 'earliest' });
      share.push(await this.#firstLine('consoleShareConsumer', ['--topic', topic, '--group', group]));
      classic.push(
        await this.#firstLine('consoleConsumer', ['--topic', topic, '--group', `classic-${group}`, '--from-beginning']),
      );
    }
    return {
      'first record of a starting share consumer': middle(share),
      'first record of a starting consumer': middle(classic),
    };
  }

  async latency(): Promise<Figures> {
    await this.#create('latency', '1');
    const { p50, p99 } = await this.#probe('latency');
    return { 'end to end p50': p50, 'end to end p99': p99 };
  }

  /** What a producer and its consumer feel while ten others read the large topic from the start, from the disk. */
  async coldReaders(): Promise<Figures> {
    const { largeRecords } = this.#size;
    await this.#create('hot', '1');
    dropPageCache();
    const readers = Promise.all(Array.from({ length: COLD_READERS }, () => this.#consume('large', largeRecords)));
    const [rates, { p99 }] = await Promise.all([readers, this.#probe('hot')]);
    return {
      'end to end p99 beside ten cold readers': p99,
      'ten cold readers of 1 KiB': rates.reduce((sum, rate) => sum + rate, 0),
    };
  }

  async #probe(topic: string): Promise<{ readonly p50: number; readonly p99: number }> {
    const args = [this.#peer.bootstrap, topic, String(this.#size.latencyRecords), String(SMALL)];
    const [p50, p99] = (await this.#tools.mustRun('LatencyProbe', args, { timeoutMs: TOOL_MS }))
      .trim()
      .split(' ')
      .map(Number);
    return { p50: (p50 ?? Number.NaN) / 1000, p99: (p99 ?? Number.NaN) / 1000 };
  }

  async #firstLine(tool: 'consoleShareConsumer' | 'consoleConsumer', args: readonly string[]): Promise<number> {
    const startMs = performance.now();
    const running = this.#cli.start(tool, args);
    await waitFor('the first record', () => running.lines.length > 0, { pollMs: 1 });
    const elapsedMs = performance.now() - startMs;
    await running.stop();
    return elapsedMs;
  }

  async #timed(work: () => Promise<number>): Promise<{ readonly rate: number; readonly cpuSeconds: number }> {
    const before = cpuSecondsOf(this.#peer.pid());
    const rate = await work();
    return { rate, cpuSeconds: cpuSecondsOf(this.#peer.pid()) - before };
  }

  /**
   * Creates a topic and waits until every partition answers. Apache Kafka may refuse the first batch of a producer that is
   * quicker than that and accept its second one, after which the first is retried in vain for two minutes.
   */
  async #create(topic: string, partitions: string): Promise<void> {
    await this.#cli.createTopic(topic, Number(partitions));
    await waitFor('every partition answers', async () => {
      const { exitCode, stdout } = await this.#cli.run('getOffsets', ['--topic', topic]);
      return exitCode === 0 && linesOf(stdout).length === Number(partitions);
    });
  }

  /** MB/s of the producer performance tool with acks=all, its other settings at their defaults. */
  async #produce(topic: string, records: number, size: number): Promise<number> {
    const text = await this.#cli.ok(
      'producerPerformance',
      [
        '--topic',
        topic,
        '--num-records',
        String(records),
        '--record-size',
        String(size),
        '--throughput',
        '-1',
        '--command-property',
        'acks=all',
      ],
      { timeoutMs: TOOL_MS },
    );
    const perSecond = Number(/([\d.]+) records\/sec/.exec(linesOf(text).at(-1) ?? '')?.[1] ?? Number.NaN);
    return (perSecond * size) / MB;
  }

  /** MB/s of the consumer performance tool, counted over the time that it fetched. */
  async #consume(topic: string, records: number): Promise<number> {
    const row = await this.#table('consumerPerformance', [
      '--topic',
      topic,
      '--num-records',
      String(records),
      '--timeout',
      '60000',
    ]);
    return (
      ((row['data.consumed.in.MB'] ?? Number.NaN) * 1024 * 1024) / MB / ((row['fetch.time.ms'] ?? Number.NaN) / 1000)
    );
  }

  /** Records a second of the share consumer performance tool with two consumers, start included. */
  async #shareConsume(topic: string, group: string, records: number): Promise<number> {
    const args = [
      '--topic',
      topic,
      '--group',
      group,
      '--num-records',
      String(records),
      '--threads',
      '2',
      '--timeout',
      '60000',
    ];
    try {
      const row = await this.#table('shareConsumerPerformance', args);
      return row['nMsg.sec'] ?? Number.NaN;
    } catch (error) {
      const left = await this.#cli.ok('shareGroups', ['--describe', '--group', group, '--offsets']);
      throw new Error(`share group ${group} of ${topic}, ${records} records: ${left}`, { cause: error });
    }
  }

  async #table(
    tool: 'consumerPerformance' | 'shareConsumerPerformance',
    args: readonly string[],
  ): Promise<Readonly<Record<string, number>>> {
    const lines = linesOf(await this.#cli.ok(tool, args, { timeoutMs: TOOL_MS }));
    const at = lines.findIndex((line) => line.startsWith('start.time'));
    const cells = (line: string | undefined): readonly string[] => (line ?? '').split(',').map((cell) => cell.trim());
    const values = cells(lines[at + 1]);
    return Object.fromEntries(cells(lines[at]).map((name, index) => [name, Number(values[index])]));
  }
}

/** The middle of some figures. */
export function middle(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

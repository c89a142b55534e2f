// What replication costs: three nodes, RF 3, acks=all, beside Apache Kafka: `npm run bench -- --cluster [--quick] [--rounds N]`.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cliOf, linesOf } from '../wire/harness/cli.ts';
import type { ToolHost } from '../wire/harness/tool-host.ts';
import { makeNodes, type Nodes } from './failover.ts';
import { type Figures, middle, type Size } from './measures.ts';
import { cpuSecondsOf, memoryOf } from './process.ts';
import { renderMiddles } from './table.ts';

const NODES = 3;
const PARTITIONS = 6;
const TOOL_MS = 600_000;
const MB = 1_000_000;
/** The rate, records a second, at which the latency of a busy but not full cluster is taken. */
const STEADY_RATE = '2000';

const UNITS: Readonly<Record<string, string>> = {
  'produce 1 KiB': 'MB/s',
  'produce 1 KiB, CPU of all brokers': 's/GB',
  'produce 100 B': 'MB/s',
  'produce 100 B, CPU of all brokers': 's/GB',
  'acknowledgement p50 at 2,000 records/s': 'ms',
  'acknowledgement p99 at 2,000 records/s': 'ms',
  'one record and back p50': 'ms',
  'one record and back p99': 'ms',
  'memory of a node at its highest': 'MiB',
};

/** A line for each measure, a column for each subject; the middle of the rounds. */
export async function measureCluster(options: {
  readonly directory: string;
  readonly tools: ToolHost;
  readonly rounds: number;
  readonly size: Size;
  readonly subjects: readonly string[];
}): Promise<string> {
  const found = new Map<string, Figures[]>(options.subjects.map((name) => [name, []]));
  for (let round = 0; round < options.rounds; round += 1) {
    for (const [name, rows] of found) {
      rows.push(await measureOne(name, options));
      console.error(`round ${round + 1} of ${options.rounds}: ${name}`);
    }
  }
  return renderMiddles(
    found,
    Object.entries(UNITS).map(([measure, unit]) => [measure, `${measure}, ${unit}`]),
  );
}

async function measureOne(
  name: string,
  { directory, tools, size }: { readonly directory: string; readonly tools: ToolHost; readonly size: Size },
): Promise<Figures> {
  const own = await mkdtemp(join(directory, 'cluster-'));
  const nodes = await makeNodes(name, own);
  try {
    const cli = cliOf({ bootstrap: nodes.bootstrap, tools });
    for (const topic of ['warm', 'large', 'small', 'steady']) await cli.createTopic(topic, PARTITIONS, {}, NODES);
    await cli.createTopic('latency', 1, {}, NODES);
    const produce = async (topic: string, records: number, bytes: number, rate = '-1'): Promise<string> => {
      const load = ['--topic', topic, '--num-records', String(records), '--record-size', String(bytes)];
      const args = [...load, '--throughput', rate, '--command-property', 'acks=all'];
      return linesOf(await cli.ok('producerPerformance', args, { timeoutMs: TOOL_MS })).at(-1) ?? '';
    };
    await produce('warm', 50_000, 1024);
    const large = await costOf(nodes, size.largeRecords * 1024, () => produce('large', size.largeRecords, 1024));
    const small = await costOf(nodes, size.smallRecords * 100, () => produce('small', size.smallRecords, 100));
    const steady = await produce('steady', size.latencyRecords * 10, 100, STEADY_RATE);
    const probe = await tools.mustRun(
      'LatencyProbe',
      [nodes.bootstrap, 'latency', String(size.latencyRecords), '100'],
      {
        timeoutMs: TOOL_MS,
      },
    );
    const [p50, p99] = probe.trim().split(' ').map(Number);
    return {
      'produce 1 KiB': large.rate,
      'produce 1 KiB, CPU of all brokers': large.cpu,
      'produce 100 B': small.rate,
      'produce 100 B, CPU of all brokers': small.cpu,
      'acknowledgement p50 at 2,000 records/s': Number(/(\d+) ms 50th/.exec(steady)?.[1] ?? Number.NaN),
      'acknowledgement p99 at 2,000 records/s': Number(/(\d+) ms 99th/.exec(steady)?.[1] ?? Number.NaN),
      'one record and back p50': (p50 ?? Number.NaN) / 1000,
      'one record and back p99': (p99 ?? Number.NaN) / 1000,
      'memory of a node at its highest': middle(nodes.ids.map((id) => memoryOf(nodes.pid(id)).peakMib)),
    };
  } finally {
    await nodes.remove();
    await rm(own, { recursive: true, force: true });
  }
}

/** MB/s, and processor seconds of all brokers for a gigabyte of records. */
async function costOf(
  nodes: Nodes,
  bytes: number,
  produce: () => Promise<string>,
): Promise<{ readonly rate: number; readonly cpu: number }> {
  const used = (): number => nodes.ids.reduce((sum, id) => sum + cpuSecondsOf(nodes.pid(id)), 0);
  const before = used();
  const line = await produce();
  const records = Number(/^(\d+) records sent/.exec(line)?.[1] ?? Number.NaN);
  const perSecond = Number(/([\d.]+) records\/sec/.exec(line)?.[1] ?? Number.NaN);
  return { rate: (perSecond * (bytes / records)) / MB, cpu: (used() - before) / (bytes / (1000 * MB)) };
}

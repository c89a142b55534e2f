// Weir and Apache Kafka in turns on this machine, with Kafka's own tools: `npm run bench [-- --quick] [--rounds N]
// [--subjects a,b] [--json FILE]`. A quick run takes about three minutes, a full one about fifteen.
// `--quorum` measures several nodes: start, failover, what they cost while nothing happens.
// `--failover` measures what clients see when one of three nodes is gone (`--ways SIGTERM,vanishes`: in these ways alone),
// `--cluster` what replication costs; both beside Apache Kafka.
// `--kills N` kills three nodes by turns on busy processors, `--pauses N` lets them stand still.
// `--share` measures share groups: rates, members that come and go, many groups; beside Apache Kafka (`--parts rates,crowd`:
// these alone).
// `--operator` measures the operator: a process and a broker with 1 and 1,000 ShareGroups, reconciles with 1, 100 and 1,000.
// `--compaction-bytes N` measures nothing but the compaction of a log of that size; `--metadata N` the metadata of that many
// partitions; `--codecs` batches that are kept and batches that are compressed anew, `--megabytes N` of them each.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readOptions } from '../run/options.ts';
import { cacheDirectory } from '../setup/cache.ts';
import { ensureKafka, KAFKA_VERSION } from '../setup/kafka.ts';
import { versionOf } from '../setup/run.ts';
import { startToolHost, ToolHost } from '../wire/harness/tool-host.ts';
import { measureCluster } from './cluster.ts';
import { compareCodecs } from './codecs.ts';
import { measureFailover, WAYS, waysOf } from './failover.ts';
import { type Figures, measure, type Size } from './measures.ts';
import { compactionLine, measureCompaction } from './compaction.ts';
import { measureOperator } from './operator.ts';
import { measureMetadata, metadataLine } from './metadata.ts';
import { machineOf } from './process.ts';
import { measureQuorum } from './quorum.ts';
import { measureKills, measurePauses } from './strikes.ts';
import { measureShare, SHARE_PARTS } from './share.ts';
import { makeSubject, SUBJECTS, type SubjectName } from './subjects.ts';
import { render, type Results, rowsOf } from './table.ts';

/** Plain JavaScript, so that any Node can run it before there are types. */
const { build }: { build(root: string): Promise<void> } = await import(
  new URL('../../broker/cli/build.mjs', import.meta.url).href
);

const QUICK: Size = { largeRecords: 80_000, smallRecords: 300_000, latencyRecords: 1000, starts: 1, idleMs: 2000 };
const FULL: Size = { largeRecords: 300_000, smallRecords: 1_000_000, latencyRecords: 4000, starts: 3, idleMs: 5000 };
const WARM: Size = { largeRecords: 40_000, smallRecords: 200_000, latencyRecords: 500, starts: 1, idleMs: 0 };
const FULL_ROUNDS = 3;
const FAILOVER_ROUNDS = 20;
// Unlike the tests' JVM, this one compiles fully: it drives the load.
const CLIENT_FLAGS = ['-Xms512m', '-Xmx1g', '-XX:+UseSerialGC'];
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const { values } = readOptions({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    subjects: { type: 'string' },
    json: { type: 'string' },
    'compaction-bytes': { type: 'string' },
    metadata: { type: 'string' },
    codecs: { type: 'boolean', default: false },
    quorum: { type: 'boolean', default: false },
    kills: { type: 'string' },
    pauses: { type: 'string' },
    failover: { type: 'boolean', default: false },
    ways: { type: 'string' },
    cluster: { type: 'boolean', default: false },
    share: { type: 'boolean', default: false },
    parts: { type: 'string' },
    operator: { type: 'boolean', default: false },
    megabytes: { type: 'string' },
  },
});
const size = values.quick ? QUICK : FULL;
const rounds = Number(values.rounds ?? (values.quick ? 1 : FULL_ROUNDS));
const chosen = values.subjects?.split(',') ?? SUBJECTS;
const ways = values.ways === undefined ? WAYS : waysOf(values.ways);

if (values['compaction-bytes'] !== undefined) {
  console.log(compactionLine(await measureCompaction(Number(values['compaction-bytes']))));
  process.exit();
}
if (values.metadata !== undefined) {
  for (const partitionsATopic of [100, 1])
    console.log(metadataLine(await measureMetadata(Number(values.metadata), partitionsATopic)));
  process.exit();
}
await build(ROOT);
for (const [count, measureStrikes] of [
  [values.kills, measureKills],
  [values.pauses, measurePauses],
] as const) {
  if (count === undefined) continue;
  const { lines, isKept } = await measureStrikes(Number(count), join(ROOT, 'dist/weir.js'));
  console.log(lines.join('\n'));
  process.exit(isKept ? 0 : 1);
}
const directory = await mkdtemp(join(await cacheDirectory(), 'bench-'));
if (values.quorum) {
  console.log(await measureQuorum({ directory, rounds: rounds + 2, manyNodes: !values.quick }));
  await rm(directory, { recursive: true, force: true });
  process.exit();
}
if (values.operator) {
  const changes = values.quick ? 20 : 200;
  console.log(await measureOperator({ directory, program: join(ROOT, 'dist/main.js'), changes }));
  await rm(directory, { recursive: true, force: true });
  process.exit();
}
const kafka = await ensureKafka();
if (values.codecs) {
  const megabytes = Number(values.megabytes ?? (values.quick ? 100 : 400));
  console.log(await compareCodecs({ directory, megabytes, rounds }));
  await rm(directory, { recursive: true, force: true });
  process.exit();
}
const host = await startToolHost(kafka, directory, CLIENT_FLAGS);
const tools = await ToolHost.connect(host.port);

if (values.failover || values.cluster) {
  const subjects = values.subjects?.split(',') ?? ['weir fsync', 'weir replicated', 'kafka'];
  const options = { directory, tools, subjects, rounds: Number(values.rounds ?? (values.quick ? 3 : FAILOVER_ROUNDS)) };
  try {
    if (values.failover) console.log(await measureFailover({ ...options, ways }));
    if (values.cluster) console.log(await measureCluster({ ...options, rounds, size }));
  } finally {
    tools.close();
    await host.child.kill();
    await rm(directory, { recursive: true, force: true });
  }
  process.exit();
}

if (values.share) {
  const subjects = SUBJECTS.slice(0, 3).filter((name) => chosen.includes(name));
  const wanted = values.parts?.split(',');
  const parts = SHARE_PARTS.filter((part) => wanted?.includes(part) ?? true);
  try {
    console.log(await measureShare({ directory, tools, rounds, isQuick: values.quick, subjects, parts }));
  } finally {
    tools.close();
    await host.child.kill();
    await rm(directory, { recursive: true, force: true });
  }
  process.exit();
}

async function runSubject(name: SubjectName, size: Size): Promise<Figures> {
  const own = await mkdtemp(join(directory, 'run-'));
  const peer = await makeSubject(name, own);
  try {
    return await measure(peer, tools, size);
  } catch (error) {
    throw new Error(`${name}: ${peer.tail()}`, { cause: error });
  } finally {
    await peer.stop();
    await rm(own, { recursive: true, force: true });
  }
}

const results = Object.fromEntries(SUBJECTS.map((name) => [name, []])) as unknown as Record<SubjectName, Figures[]>;
try {
  // Not counted: the clients' JVM compiles what it will need, lest whoever comes first pays for it.
  await runSubject('weir replicated', WARM);
  for (let round = 0; round < rounds; round += 1) {
    // Each round begins with another one.
    const order = [...SUBJECTS.slice(round % SUBJECTS.length), ...SUBJECTS.slice(0, round % SUBJECTS.length)];
    for (const name of order.filter((each) => chosen.includes(each))) {
      const startMs = performance.now();
      results[name].push(await runSubject(name, size));
      console.error(`round ${round + 1} of ${rounds}: ${name}, ${Math.round((performance.now() - startMs) / 1000)} s`);
    }
  }
} finally {
  tools.close();
  await host.child.kill();
  await rm(directory, { recursive: true, force: true });
}
const javaVersion = ((await versionOf(kafka.java, ['-version'])) ?? '?').split('\n')[0] ?? '?';
const machine = machineOf(await cacheDirectory(), javaVersion);
const rows = rowsOf(results as Results);
console.log(render(rows));
console.log(
  `\n${machine.processor}, ${machine.cores} cores, ${machine.memoryMib} MiB, ${machine.fileSystem}, Node ${machine.node}, Apache Kafka ${KAFKA_VERSION}; a ratio above 1 is in favour of Weir`,
);
const report = {
  date: new Date().toISOString(),
  quick: values.quick,
  rounds,
  machine,
  kafka: KAFKA_VERSION,
  rows,
  results,
};
const file = values.json ?? join(ROOT, '.weir', 'bench.json');
await mkdir(dirname(file), { recursive: true });
await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
console.log(`all figures: ${file}`);

import { Buffer } from 'node:buffer';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HEADER_SIZE } from '../../broker/core/record/batch.ts';
import { encodeRecords } from '../../broker/core/record/builder.ts';
import type { Codec } from '../../broker/core/record/validate.ts';
import { Broker } from '../wire/batches/broker.ts';
import { batchOf, CODECS } from '../wire/batches/samples.ts';
import { cpuSecondsOf, memoryOf } from './process.ts';
import { makeSubject, type SubjectName } from './subjects.ts';
import { middle } from './measures.ts';

/** Records of about 300 bytes in batches of about 60 KB, as a producer with a short linger makes them. */
const RECORDS_PER_BATCH = 200;
const DISTINCT_BATCHES = 16;
const IN_FLIGHT = 5;
const CONNECTIONS = 4;
const MB = 1_000_000;

/** The subjects that promise the same for an acknowledgement. */
const COMPARED: readonly SubjectName[] = ['weir replicated', 'kafka'];

/** One way of a batch: the codec in which it comes and the one in which it is stored. */
interface Way {
  readonly name: string;
  readonly source: Codec;
  readonly target: string;
}

const WAYS: readonly Way[] = CODECS.flatMap(([name, codec]): readonly Way[] => [
  { name: `${name}, kept`, source: codec, target: 'producer' },
  ...(codec === 0
    ? []
    : [
        { name: `uncompressed to ${name}`, source: 0 as const, target: name },
        { name: `${name} to uncompressed`, source: codec, target: 'uncompressed' },
      ]),
]);

/** Figures of one way: plain bytes a second, and the broker's processor time for each of them. */
interface Figure {
  readonly rate: number;
  readonly cpu: number;
  readonly peakMib: number;
}

/** Text such as applications log: it shrinks to about a fifth. */
function plainRecords(seed: number): { readonly records: Parameters<typeof batchOf>[0]; readonly size: number } {
  const records = Array.from({ length: RECORDS_PER_BATCH }, (_, i) => {
    const id = Math.imul(seed * RECORDS_PER_BATCH + i + 1, 0x9e3779b1) >>> 0;
    const value = JSON.stringify({
      order: id.toString(16),
      customer: `customer-${id % 10_000}`,
      state: ['placed', 'paid', 'packed', 'shipped'][id & 3],
      amount: (id % 100_000) / 100,
      lines: [{ article: `article-${id % 777}`, count: id % 7, note: 'leave it at the door if nobody answers' }],
      at: `2026-11-29T03:${String(id % 60).padStart(2, '0')}:00.${id % 1000}Z`,
    });
    return { key: Buffer.from(String(id % 10_000)), value: Buffer.from(value), timestamp: Date.now() };
  });
  return { records, size: HEADER_SIZE + encodeRecords(records, 0).bytes.length };
}

async function runWay(bootstrap: string, pid: number, way: Way, megabytes: number): Promise<Figure> {
  const plain = Array.from({ length: DISTINCT_BATCHES }, (_, seed) => plainRecords(seed));
  const batches = plain.map(({ records }) => batchOf(records, { codec: way.source }));
  const size = plain.reduce((sum, each) => sum + each.size, 0) / plain.length;
  const brokers = await Promise.all(Array.from({ length: CONNECTIONS }, () => Broker.connect(bootstrap)));
  const topics = brokers.map((_, i) => `${way.name.replaceAll(/\W+/g, '-')}-${i}`);
  for (const topic of topics) await brokers[0]?.createTopic(topic, { 'compression.type': way.target });
  let left = 0;
  const drive = async (broker: Broker, topic: string): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const { error } = await broker.produce(topic, batches[left % DISTINCT_BATCHES] ?? Buffer.alloc(0));
      if (error !== 'NONE') throw new Error(`${way.name}: ${error}`);
    }
  };
  const send = async (count: number): Promise<void> => {
    left = count;
    await Promise.all(
      brokers.flatMap((broker, i) => Array.from({ length: IN_FLIGHT }, () => drive(broker, topics[i] ?? ''))),
    );
  };
  const count = Math.ceil((megabytes * MB) / size);
  await send(Math.ceil(count / 5));
  const cpuBefore = cpuSecondsOf(pid);
  const startMs = performance.now();
  await send(count);
  const seconds = (performance.now() - startMs) / 1000;
  const cpu = (cpuSecondsOf(pid) - cpuBefore) / ((count * size) / (1000 * MB));
  for (const broker of brokers) broker.close();
  return { rate: (count * size) / MB / seconds, cpu, peakMib: memoryOf(pid).peakMib };
}

/** What batches cost that are kept as they come, and that are compressed anew: MB/s in the clear and s/GB of processor. */
export async function compareCodecs(options: {
  readonly directory: string;
  readonly megabytes: number;
  readonly rounds: number;
}): Promise<string> {
  const figures = new Map<string, Figure[]>();
  for (let round = 0; round < options.rounds; round += 1) {
    for (const name of round % 2 === 0 ? COMPARED : COMPARED.toReversed()) {
      for (const way of WAYS) {
        // A broker for each: the peak of memory is its own.
        const own = await mkdtemp(join(options.directory, 'codecs-'));
        const peer = await makeSubject(name, own);
        await peer.start();
        try {
          const key = `${way.name}/${name}`;
          const figure = await runWay(peer.bootstrap, peer.pid(), way, options.megabytes);
          figures.set(key, [...(figures.get(key) ?? []), figure]);
          console.error(`round ${round + 1}: ${name}, ${way.name}: ${figure.rate.toFixed(0)} MB/s`);
        } finally {
          await peer.stop();
          await rm(own, { recursive: true, force: true });
        }
      }
    }
  }
  const cell = (way: Way, name: SubjectName): string => {
    const all = figures.get(`${way.name}/${name}`) ?? [];
    const [rate, cpu, peak] = (['rate', 'cpu', 'peakMib'] as const).map((field) =>
      middle(all.map((one) => one[field])),
    );
    return `${rate?.toFixed(0).padStart(6)} MB/s ${cpu?.toFixed(2).padStart(6)} s/GB ${peak?.toFixed(0).padStart(5)} MiB`;
  };
  const header = `${'plain bytes, acks=all'.padEnd(26)}${COMPARED.map((name) => name.padStart(36)).join('')}`;
  const lines = WAYS.map((way) => way.name.padEnd(26) + COMPARED.map((name) => cell(way, name).padStart(36)).join(''));
  return [header, ...lines].join('\n');
}

// The metadata of a large cluster, in a process of its own: `npm run bench -- --metadata N`. Run by itself with a number of
// partitions and one of partitions a topic it is that process, and prints its figures as JSON.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { planDrains, planRebalance } from '../../broker/core/metadata/balance.ts';
import { assessTopics } from '../../broker/core/metadata/assess-topics.ts';
import { restartReasons } from '../../broker/core/metadata/can-restart.ts';
import { Settings } from '../../broker/core/config/settings.ts';
import type { MetadataCommand } from '../../broker/core/metadata/commands.ts';
import { decide } from '../../broker/core/metadata/decide.ts';
import { SUPPORTED_FEATURES, weirVersionRange } from '../../broker/core/metadata/features.ts';
import { MetadataImage } from '../../broker/core/metadata/image.ts';
import { decodeRecords, encodeRecords, type MetadataRecord, recordsIn } from '../../broker/core/metadata/records.ts';
import { sampleId } from '../support/metadata/lab.ts';
import { NEW_DISK, NOT_MOVING, PLAIN_RECORD } from '../support/metadata/parts.ts';

/** Figures of one size; times in milliseconds, those of turns without what the machine did meanwhile. */
export interface MetadataFigures {
  readonly partitionCount: number;
  readonly topicCount: number;
  readonly bytesAPartition: number;
  /** From the bytes of a snapshot to the image, in a process that has never done it. */
  readonly loadMs: number;
  readonly cloneMs: number;
  /** Longest turn of taking a snapshot over in steps. */
  readonly restoreTurnMs: number;
  /** Longest turn of a snapshot, while the image goes on. */
  readonly snapshotTurnMs: number;
  /** The first registration of a broker that is in again: deciding, encoding and applying in one turn. */
  readonly registerMs: number;
  /** The longest of what follows: letting in, fencing and registering, three times each. */
  readonly changeTurnMs: number;
  /** Longest turn of telling whether a broker may be restarted and how topics are, and of planning a drain and a rebalance. */
  readonly planTurnMs: number;
}

const SELF = fileURLToPath(import.meta.url);
const BROKERS = [0, 1, 2] as const;
/** What one turn of a snapshot takes from it. */
const RECORDS_A_TURN = 200;

/** Measures in a process of its own. */
export async function measureMetadata(partitionCount: number, partitionsATopic: number): Promise<MetadataFigures> {
  const args = ['--expose-gc', '--no-warnings', SELF, String(partitionCount), String(partitionsATopic)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`the measurement ended with ${String(code)}`);
  return JSON.parse(text) as MetadataFigures;
}

/** The figures in a line. */
export function metadataLine(figures: MetadataFigures): string {
  const ms = (time: number): string => `${time.toFixed(time < 10 ? 1 : 0)} ms`;
  const { partitionCount, topicCount, bytesAPartition, loadMs, cloneMs } = figures;
  const { restoreTurnMs, snapshotTurnMs, registerMs, changeTurnMs, planTurnMs } = figures;
  return [
    `metadata: ${bytesAPartition.toFixed(0)} bytes a partition, load of ${partitionCount} partitions in ${topicCount} topics in ${ms(loadMs)}`,
    `clone ${ms(cloneMs)}`,
    `longest turn of a snapshot ${ms(snapshotTurnMs)}, of taking one over ${ms(restoreTurnMs)}`,
    `first registration of a broker with a third of the leaders ${ms(registerMs)}`,
    `longest later turn of fencing, registration or letting in ${ms(changeTurnMs)}`,
    `longest turn of CanRestart and of plans of moves ${ms(planTurnMs)}`,
  ].join(', ');
}

/** The snapshot of a cluster of three, each partition with a replica on every broker and its leader on one of them. */
function* cluster(partitionCount: number, partitionsATopic: number): Generator<MetadataRecord> {
  yield { kind: 'cluster', clusterId: sampleId(0) };
  for (const { name, initial } of SUPPORTED_FEATURES) yield { kind: 'feature', name, level: initial };
  for (const brokerId of BROKERS) {
    const endpoints = [{ listener: 'PLAINTEXT', host: `host-${brokerId}`, port: 9092 }];
    const ids = { incarnationId: sampleId(10 + brokerId), directoryId: sampleId(20 + brokerId) };
    const end = { uncleanRestart: false, ...PLAIN_RECORD, ...weirVersionRange() };
    yield { kind: 'broker', brokerId, brokerEpoch: brokerId, ...ids, rack: null, fenced: false, endpoints, ...end };
  }
  for (let first = 0; first < partitionCount; first += partitionsATopic) {
    const topicId = sampleId(100 + first);
    yield { kind: 'topic', topicId, name: `topic-${first}` };
    const partitions = Array.from({ length: partitionsATopic }, (_, index) => {
      const replicas = BROKERS.map((id) => (id + first + index) % BROKERS.length);
      const directories = replicas.map((id) => sampleId(20 + id));
      const epochs = { leaderEpoch: 0, partitionEpoch: 0, durableFromEpoch: 0 };
      const lists = { replicas, directories, isr: replicas.slice(0, 1), elr: [], lastKnownElr: [], ...NOT_MOVING };
      return { index, leader: replicas[0] ?? -1, ...epochs, ...lists };
    });
    yield { kind: 'partitions', topicId, partitions };
  }
}

async function measure(partitionCount: number, partitionsATopic: number): Promise<MetadataFigures> {
  const payload = encodedCluster(partitionCount, partitionsATopic);
  const before = await memory();
  const { image, loadMs } = loaded(payload);
  const bytesAPartition = ((await memory()) - before) / partitionCount;
  const clones: MetadataImage[] = [];
  const cloneMs = timed(() => clones.push(image.clone()));
  const commands = new Commands(image);
  const registerMs = commands.register(1);
  let changeTurnMs = 0;
  for (let round = 0; round < 3; round += 1) {
    const turns = [commands.let('unfenceBroker', 1), commands.let('fenceBroker', 1), commands.register(1)];
    changeTurnMs = Math.max(changeTurnMs, ...turns);
  }
  const snapshotTurnMs = longestSnapshotTurn(image, commands);
  const topicCount = Math.ceil(partitionCount / partitionsATopic);
  const planTurnMs = longestPlanTurn(image);
  const restoreTurnMs = longestRestoreTurn(image, payload);
  const turns = { restoreTurnMs, snapshotTurnMs, registerMs, changeTurnMs, planTurnMs };
  return { partitionCount, topicCount, bytesAPartition, loadMs, cloneMs, ...turns };
}

// In functions of their own, so that nothing of it is left when memory is measured.

function loaded(payload: Uint8Array): { readonly image: MetadataImage; readonly loadMs: number } {
  const image = new MetadataImage();
  return { image, loadMs: timed(() => image.restore(decodeRecords(payload), 1000)) };
}

function encodedCluster(partitionCount: number, partitionsATopic: number): Uint8Array {
  return encodeRecords([...cluster(partitionCount, partitionsATopic)]);
}

/** Over an image that has all of it, since taking over nothing is what `loadMs` is about. */
function longestRestoreTurn(image: MetadataImage, payload: Uint8Array): number {
  return longestStep(image.restoring(recordsIn(payload), image.offset));
}

function longestPlanTurn(image: MetadataImage): number {
  const settings = new Settings(new Map());
  const reasons = longestStep(restartReasons(image, settings, [0]));
  const rebalance = longestStep(planRebalance(image, settings));
  const draining = image.clone();
  const placement = { cordoned: true, draining: true, shuttingDown: false };
  const brokerEpoch = draining.brokers().find(({ id }) => id === 1)?.epoch ?? -1;
  draining.apply([{ kind: 'brokerPlacement', brokerId: 1, brokerEpoch, ...placement }], draining.offset + 1);
  const assessment = longestStep(assessTopics(image, settings, 10));
  return Math.max(reasons, assessment, rebalance, longestStep(planDrains(draining, settings)));
}

function longestStep(steps: Generator<undefined, unknown>): number {
  let longestMs = 0;
  for (let isDone = false; !isDone; )
    longestMs = Math.max(
      longestMs,
      ownTime(() => (isDone = steps.next().done === true)),
    );
  return longestMs;
}

function longestSnapshotTurn(image: MetadataImage, commands: Commands): number {
  const records = image.clone().snapshot();
  let longestMs = 0;
  for (let isDone = false; !isDone; ) {
    longestMs = Math.max(
      longestMs,
      ownTime(() => {
        const batch: MetadataRecord[] = [];
        while (batch.length < RECORDS_A_TURN && !isDone) {
          const next = records.next();
          if (next.done === true) isDone = true;
          else batch.push(next.value);
        }
        return encodeRecords(batch);
      }),
    );
    commands.let('unfenceBroker', 1);
  }
  return longestMs;
}

class Commands {
  readonly #image: MetadataImage;
  readonly #settings = new Settings(new Map());
  #nextId = 1_000_000;

  constructor(image: MetadataImage) {
    this.#image = image;
  }

  register(brokerId: number): number {
    return this.#take({
      kind: 'registerBroker',
      brokerId,
      incarnationId: sampleId(this.#nextId++),
      directoryId: sampleId(20 + brokerId),
      previousBrokerEpoch: -1,
      endpoints: [{ listener: 'PLAINTEXT', host: 'host', port: 9092 }],
      rack: null,
      ...NEW_DISK,
      ...weirVersionRange(),
    });
  }

  let(kind: 'fenceBroker' | 'unfenceBroker', brokerId: number): number {
    const brokerEpoch = this.#image.brokers().find(({ id }) => id === brokerId)?.epoch ?? -1;
    return this.#take({ kind, brokerId, brokerEpoch });
  }

  /** Time of a turn of the active controller. */
  #take(command: MetadataCommand): number {
    const members = { isAlive: () => false, isVoter: () => false, isSlow: () => false };
    return ownTime(() => {
      const { records } = decide({ image: this.#image, settings: this.#settings, topicIds: [], members }, command);
      const payload = encodeRecords(records);
      this.#image.apply(records, this.#image.offset + 1);
      return payload;
    });
  }
}

function timed(run: () => unknown): number {
  const startMs = performance.now();
  run();
  return performance.now() - startMs;
}

/** Processor time of this thread: a turn is short, and what else the machine does would show more than the turn. */
function ownTime(run: () => unknown): number {
  const start = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(start);
  return (user + system) / 1000;
}

/** Bytes in use, on the heap and beside it: the least of some looks, since stale places of the stack may hold something. */
async function memory(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let count = 0; count < 5; count += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    globalThis.gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    least = Math.min(least, heapUsed + arrayBuffers);
  }
  return least;
}

const [, program, partitions, partitionsATopic] = process.argv;
if (program === SELF && partitions !== undefined) {
  process.stdout.write(JSON.stringify(await measure(Number(partitions), Number(partitionsATopic))));
  process.exit();
}

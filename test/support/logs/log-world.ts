import { Buffer } from 'node:buffer';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Crc32c } from '../../../broker/core/base/checksum.ts';
import { topicId } from '../../../broker/core/base/ids.ts';
import { createPrng, type Prng } from '../../../broker/core/base/prng.ts';
import { DEFAULT_LOG_CONFIG, type LogConfig } from '../../../broker/core/log/config.ts';
import { NO_LOG_BUGS, type PlantedLogBugs } from '../../../broker/core/log/planted-bugs.ts';
import { buildBatch, type NewRecord } from '../../../broker/core/record/builder.ts';
import { readRecords } from '../../../broker/core/record/iterate.ts';
import * as batch from '../../../broker/core/record/batch.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import type { Compression, DecompressFault } from '../../../broker/ports/compression.ts';
import type { Disk, DiskFailure } from '../../../broker/ports/disk.ts';
import type { Log } from '../../../broker/ports/log.ts';
import { openLogManager, type LogManagerOptions, type OpenedLogs } from '../../../broker/server/logs/log-manager.ts';
import type { LogFailure, LogSpec, PartitionLog } from '../../../broker/server/logs/partition-log.ts';
import { runTask } from '../../../broker/server/task.ts';
import { SimDisk } from '../../sim/disk.ts';
import { VirtualTime } from './virtual-time.ts';

/** Only gzip, and later, as the real ones. */
function gzipOnly(world: LogWorld): Compression {
  return {
    decompress: (codec, bytes, sizeMax, done) => {
      world.onCodec('decompress');
      const plain = codec === 1 ? inflated(bytes, Math.min(sizeMax, world.plainBytesMax)) : 'malformed';
      world.time.schedule(1, () => done(plain));
    },
    compress: (_codec, bytes, done) => {
      world.onCodec('compress');
      const compressed = gzipSync(bytes);
      world.time.schedule(1, () => {
        world.onCodec('compressed');
        done(compressed);
      });
    },
  };
}

function inflated(bytes: Uint8Array, sizeMax: number): Uint8Array | DecompressFault {
  try {
    const plain = gunzipSync(bytes);
    return plain.length > sizeMax ? 'too-large' : plain;
  } catch {
    return 'malformed';
  }
}

/** Where the simulated node keeps its data. */
export const DIRECTORY = '/data';

const SILENT: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A topic's log to be made; the id follows from the name. */
export function spec(topic: string, config: Partial<LogConfig> = {}, partition = 0): LogSpec {
  const id = Buffer.from(topic.padEnd(16, '.').slice(0, 16)).toString('base64url');
  return { topic, topicId: topicId(id), partition, config: { ...DEFAULT_LOG_CONFIG, ...config } };
}

/** What to append: one batch, whose records hold these texts. */
export interface BatchSpec {
  readonly values: readonly string[];
  /** Texts are `key:value`. */
  readonly keyed?: boolean;
  readonly timestamp?: number;
  readonly leaderEpoch?: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
}

/** The key stands before the colon, the whole text is the value; with nothing behind the colon it is a tombstone. */
function keyedRecord(text: string): NewRecord {
  const [key = '', value = ''] = text.split(':');
  return { key: Buffer.from(key), value: value === '' ? null : Buffer.from(text) };
}

/** A batch for the end of a log. */
export function makeBatch(baseOffset: number, wanted: BatchSpec): Buffer {
  const { values, keyed = false, timestamp = 1_000, leaderEpoch = 0, ...producer } = wanted;
  const records = values.map((text) => (keyed ? keyedRecord(text) : { key: null, value: Buffer.from(text) }));
  return buildBatch(records, { baseOffset, leaderEpoch, timestamp, ...producer }, crc32c);
}

/** The texts in chunks of whole batches, with their offsets. */
export function textsOf(chunks: readonly Uint8Array[]): { readonly offset: number; readonly text: string }[] {
  const found: { offset: number; text: string }[] = [];
  for (const chunk of chunks) {
    const buf = batch.bufferOf(chunk);
    for (let pos = 0; pos < buf.length; pos += batch.sizeInBytes(buf, pos)) {
      if (batch.computeCrc(buf, pos, crc32c) !== batch.crc(buf, pos))
        throw new Error('a batch was read with a bad CRC');
      for (const record of readRecords(buf, pos) ?? []) {
        found.push({ offset: record.offset, text: record.value?.toString() ?? '' });
      }
    }
  }
  return found;
}

/** One node's logs on virtual time and a disk that can crash. */
export class LogWorld {
  readonly time = new VirtualTime();
  readonly prng: Prng;
  readonly disk: SimDisk;
  /** What the server sees; a planted bug wraps it. */
  diskForServer: Disk;
  /** The checksum that the server computes with. */
  crc32cForServer: Crc32c = crc32c;
  /** What ended the process, if anything did. */
  fatal: DiskFailure | null = null;
  /** Told when the server's codecs begin with something, or end it. */
  onCodec: (what: 'decompress' | 'compress' | 'compressed') => void = () => undefined;
  /** Bytes that a batch may inflate to, whatever its reader allows. */
  plainBytesMax = Number.POSITIVE_INFINITY;
  /** Told of each warning in the node's log. */
  onWarning: (message: string, fields: object) => void = () => undefined;
  /** Told of each error in the node's log. */
  onError: (message: string) => void = () => undefined;
  /** What is broken on purpose. */
  bugs: PlantedLogBugs = NO_LOG_BUGS;
  readonly #options: Partial<LogManagerOptions>;
  #opened: OpenedLogs | null = null;

  constructor(seed: number, options: Partial<LogManagerOptions> & { readonly capacityBytes?: number } = {}) {
    const { capacityBytes, ...managerOptions } = options;
    this.prng = createPrng(seed);
    const { schedule } = this.time;
    this.disk = new SimDisk({ schedule, prng: this.prng, ...(capacityBytes === undefined ? {} : { capacityBytes }) });
    this.diskForServer = this.disk;
    this.#options = managerOptions;
  }

  get opened(): OpenedLogs {
    if (this.#opened === null) throw new Error('the logs are not open');
    return this.#opened;
  }

  /** Starts the node: opens its directory. What opening throws is thrown. */
  start(): OpenedLogs {
    let failed: unknown = null;
    const task = openLogManager({
      disk: this.diskForServer,
      clock: this.time,
      timers: this.time,
      crc32c: (bytes, start, end, before) => this.crc32cForServer(bytes, start, end, before),
      compression: gzipOnly(this),
      log: {
        ...SILENT,
        warn: (fields, message) => this.onWarning(message, fields),
        error: (_fields, message) => this.onError(message),
      },
      directory: DIRECTORY,
      defaultConfig: DEFAULT_LOG_CONFIG,
      onFatal: (failure) => {
        this.fatal ??= failure;
      },
      options: this.#options,
      bugs: this.bugs,
    });
    this.#opened = null;
    runTask(task, (error, opened) => {
      failed = error;
      this.#opened = opened ?? null;
    });
    this.time.settle();
    if (failed !== null) throw failed;
    return this.opened;
  }

  /** Makes logs and waits for them. */
  create(...specs: LogSpec[]): readonly PartitionLog[] {
    let made: readonly PartitionLog[] | null = null;
    this.opened.manager.create(specs, (logs) => {
      made = logs;
    });
    this.time.settle();
    if (made === null) throw new Error('the logs were not made');
    return made;
  }

  /** Makes one log. */
  createOne(wanted: LogSpec): PartitionLog {
    const [log] = this.create(wanted);
    if (log === undefined) throw new Error('no log');
    return log;
  }

  /** The log of a spec as it is now. */
  log(wanted: LogSpec): PartitionLog {
    const log = this.opened.manager.get(wanted.topicId, wanted.partition);
    if (log === null) throw new Error(`no log of ${wanted.topic}`);
    return log;
  }

  /** Appends one batch; gives the new end, null when it was refused. */
  append(log: PartitionLog, wanted: BatchSpec): number | null {
    return log.append(makeBatch(log.logEndOffset, wanted), { nowMs: this.time.wallMs() });
  }

  /** The process or the machine dies and starts again. */
  crash(options: { readonly keepPageCache: boolean }): OpenedLogs {
    this.stopDead(options);
    return this.start();
  }

  /** The process or the machine dies. */
  stopDead(options: { readonly keepPageCache: boolean }): void {
    this.time.forgetAll();
    this.disk.crash(options);
    this.fatal = null;
  }

  /** Stops in order. */
  shutdown(brokerEpoch = 7): void {
    let stopped = false;
    this.opened.manager.shutdown(brokerEpoch, () => {
      stopped = true;
    });
    this.time.settle();
    if (!stopped) throw new Error('the logs did not shut down');
    this.stopDead({ keepPageCache: false });
  }

  /** Everything readable from `offset` on; throws when a read fails. */
  readAll(log: PartitionLog, offset = log.logStartOffset, maxBytes = 4096): { offset: number; text: string }[] {
    const found: { offset: number; text: string }[] = [];
    for (let next = offset; next < log.writtenOffset; ) {
      const result = this.wait<{ chunks: readonly Uint8Array[]; endOffset: number }>((done) =>
        log.read({ fetchOffset: next, maxBytes, minOneBatch: true, endOffset: Number.MAX_SAFE_INTEGER }, done),
      );
      found.push(...textsOf(result.chunks).filter((record) => record.offset >= next));
      if (result.endOffset <= next) throw new Error(`a read at ${next} gave nothing`);
      next = result.endOffset;
    }
    return found;
  }

  /** Runs an operation of a log to its end; throws its failure. */
  wait<T>(start: (done: (failure: LogFailure | null, value: T | undefined) => void) => void): T {
    const outcome = this.attempt(start);
    if (outcome.failure !== null) throw new Error(`failed: ${JSON.stringify(outcome.failure)}`);
    return outcome.value as T;
  }

  /** Runs an operation of a log to its end. */
  attempt<T>(start: (done: (failure: LogFailure | null, value: T | undefined) => void) => void): {
    readonly failure: LogFailure | null;
    readonly value: T | undefined;
  } {
    let outcome: { failure: LogFailure | null; value: T | undefined } | null = null;
    start((failure, value) => {
      outcome = { failure, value };
    });
    this.time.settle();
    if (outcome === null) throw new Error('the operation did not end');
    return outcome;
  }
}

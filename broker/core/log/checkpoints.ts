import { Buffer } from 'node:buffer';
import type { EpochEntry } from './epoch-cache.ts';

/** One line of an offset checkpoint: `topic partition offset`. */
export interface OffsetLine {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Version that Kafka writes into its checkpoint files. */
const CHECKPOINT_VERSION = '0';
/** Largest checkpoint that is read, bytes: 1,000,000 partitions with long names. */
export const CHECKPOINT_SIZE_MAX = 300_000_000;

function encodeLines(lines: readonly string[]): Buffer {
  return Buffer.from(`${[CHECKPOINT_VERSION, String(lines.length), ...lines].join('\n')}\n`);
}

/** Lines behind version and count; null when the file is not whole. */
function decodeLines(bytes: Uint8Array): readonly string[] | null {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines[0] !== CHECKPOINT_VERSION || lines[1] !== String(lines.length - 2)) return null;
  return lines.slice(2);
}

function toOffset(text: string | undefined): number | null {
  if (text === undefined || !/^-?\d{1,16}$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

/** Kafka's text of an offset checkpoint (recovery point, high watermark, log start). */
export function encodeOffsetCheckpoint(lines: readonly OffsetLine[]): Buffer {
  return encodeLines(lines.map((line) => `${line.topic} ${line.partition} ${line.offset}`));
}

/** Reads an offset checkpoint; null when it is malformed. */
export function decodeOffsetCheckpoint(bytes: Uint8Array): readonly OffsetLine[] | null {
  const lines = decodeLines(bytes);
  if (lines === null) return null;
  const decoded: OffsetLine[] = [];
  for (const line of lines) {
    const fields = line.split(' ');
    const partition = toOffset(fields[1]);
    const offset = toOffset(fields[2]);
    if (fields.length !== 3 || fields[0] === undefined || partition === null || offset === null) return null;
    decoded.push({ topic: fields[0], partition, offset });
  }
  return decoded;
}

/** Kafka's text of `leader-epoch-checkpoint`: `epoch startOffset`. */
export function encodeEpochCheckpoint(entries: readonly EpochEntry[]): Buffer {
  return encodeLines(entries.map((entry) => `${entry.epoch} ${entry.startOffset}`));
}

/** Reads `leader-epoch-checkpoint`; null when it is malformed. */
export function decodeEpochCheckpoint(bytes: Uint8Array): readonly EpochEntry[] | null {
  const lines = decodeLines(bytes);
  if (lines === null) return null;
  const decoded: EpochEntry[] = [];
  for (const line of lines) {
    const fields = line.split(' ');
    const epoch = toOffset(fields[0]);
    const startOffset = toOffset(fields[1]);
    if (fields.length !== 2 || epoch === null || startOffset === null) return null;
    decoded.push({ epoch, startOffset });
  }
  return decoded;
}

/** Kafka's text of `partition.metadata`. */
export function encodePartitionMetadata(topicId: string): Buffer {
  return Buffer.from(`version: 0\ntopic_id: ${topicId}`);
}

/** Kafka's proof of a clean shutdown: the broker epoch in which the node stopped. */
export function encodeCleanShutdown(brokerEpoch: number): Buffer {
  return Buffer.from(JSON.stringify({ version: 0, brokerEpoch }));
}

/** Reads the proof; null when it is none. */
export function decodeCleanShutdown(bytes: Uint8Array): number | null {
  try {
    // Foreign JSON: each field is checked.
    const parsed = JSON.parse(Buffer.from(bytes).toString('utf8')) as { version?: unknown; brokerEpoch?: unknown };
    const { version, brokerEpoch } = parsed;
    return version === 0 && typeof brokerEpoch === 'number' && Number.isSafeInteger(brokerEpoch) ? brokerEpoch : null;
  } catch {
    return null;
  }
}

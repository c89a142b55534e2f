import type { Buffer } from 'node:buffer';
import type { Crc32c } from '../base/checksum.ts';
import type { EpochEntry } from './epoch-cache.ts';
import { openText, otherVersion, sealText } from './sealed-text.ts';

/** What the checkpoints say of one log; 0 where they say nothing. */
export interface LogMarks {
  readonly recoveryPoint: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  /** First offset that the cleaner has not cleaned. */
  readonly firstDirtyOffset: number;
}

/** A log and its marks. */
export interface MarkedLog {
  readonly topic: string;
  readonly partition: number;
  readonly marks: LogMarks;
}

const MARKS_HEAD = 'weir-log-marks 1';
const SPARSE_HEAD = 'weir-sparse-end 1';
const EPOCHS_HEAD = 'weir-leader-epochs 1';
const MARK = /^(\d{1,16}) (\d{1,16}) (\d{1,16}) (\d{1,16}) (\d{1,9}) ([a-zA-Z0-9._-]{1,249})$/;
const EPOCH = /^(\d{1,10}) (\d{1,16})$/;

/**
 * Text of `logs.marks`: `recoveryPoint highWatermark logStart firstDirty partition topic` per log. Kafka's four checkpoints
 * say the same without a checksum: a changed digit in them would make a damaged log look torn (D7).
 */
export function encodeMarks(logs: readonly MarkedLog[], crc32c: Crc32c): Buffer {
  const lines = logs.map(({ topic, partition, marks }) => {
    const { recoveryPoint, highWatermark, logStartOffset, firstDirtyOffset } = marks;
    return `${recoveryPoint} ${highWatermark} ${logStartOffset} ${firstDirtyOffset} ${partition} ${topic}`;
  });
  return sealText([MARKS_HEAD, ...lines], crc32c);
}

/** Reads `logs.marks`; null when it is not what was written. */
export function decodeMarks(bytes: Uint8Array, crc32c: Crc32c): MarkedLog[] | null {
  const lines = openText(bytes, MARKS_HEAD, crc32c);
  const logs = lines?.map(decodeMark);
  return logs === undefined || !logs.every((log) => log !== null) ? null : logs;
}

/** The version of `logs.marks` that `decodeMarks` did not read because it is of another release; null otherwise. */
export function otherMarksVersion(bytes: Uint8Array, crc32c: Crc32c): string | null {
  return otherVersion(bytes, MARKS_HEAD, crc32c);
}

function decodeMark(line: string): MarkedLog | null {
  const [, recoveryPoint, highWatermark, logStartOffset, firstDirtyOffset, partition, topic] = MARK.exec(line) ?? [];
  if (topic === undefined) return null;
  const marks = {
    recoveryPoint: Number(recoveryPoint),
    highWatermark: Number(highWatermark),
    logStartOffset: Number(logStartOffset),
    firstDirtyOffset: Number(firstDirtyOffset),
  };
  return { topic, partition: Number(partition), marks };
}

/** Text of `sparse-end.sealed`: the offset below which the cleaner may have left gaps. */
export function encodeSparseEnd(offset: number, crc32c: Crc32c): Buffer {
  return sealText([SPARSE_HEAD, String(offset)], crc32c);
}

/** Reads `sparse-end.sealed`; null when it is not what was written. */
export function decodeSparseEnd(bytes: Uint8Array, crc32c: Crc32c): number | null {
  const lines = openText(bytes, SPARSE_HEAD, crc32c);
  return lines?.length === 1 && /^\d{1,16}$/.test(lines[0] ?? '') ? Number(lines[0]) : null;
}

/** Text of `leader-epochs.sealed`: `epoch startOffset` per leader epoch, beside Kafka's file without a checksum. */
export function encodeSealedEpochs(entries: readonly EpochEntry[], crc32c: Crc32c): Buffer {
  return sealText([EPOCHS_HEAD, ...entries.map(({ epoch, startOffset }) => `${epoch} ${startOffset}`)], crc32c);
}

/** Reads `leader-epochs.sealed`; null when it is not what was written. */
export function decodeSealedEpochs(bytes: Uint8Array, crc32c: Crc32c): EpochEntry[] | null {
  const lines = openText(bytes, EPOCHS_HEAD, crc32c);
  const entries = lines?.map((line) => {
    const [, epoch, startOffset] = EPOCH.exec(line) ?? [];
    return startOffset === undefined ? null : { epoch: Number(epoch), startOffset: Number(startOffset) };
  });
  return entries === undefined || !entries.every((entry) => entry !== null) ? null : entries;
}

import type { Buffer } from 'node:buffer';
import type { Crc32c } from '../base/checksum.ts';
import type { EpochEntry } from './epoch-cache.ts';
import { openText, sealText } from './sealed-text.ts';

/** What the checkpoints say of one log; 0 where they say nothing. */
export interface LogMarks {
  readonly recoveryPoint: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
}

/** A log and its marks. */
export interface MarkedLog {
  readonly topic: string;
  readonly partition: number;
  readonly marks: LogMarks;
}

const MARKS_HEAD = 'weir-log-marks 1';
const EPOCHS_HEAD = 'weir-leader-epochs 1';
const MARK = /^(\d{1,16}) (\d{1,16}) (\d{1,16}) (\d{1,9}) ([a-zA-Z0-9._-]{1,249})$/;
const EPOCH = /^(\d{1,10}) (\d{1,16})$/;

/**
 * Text of `logs.marks`: `recoveryPoint highWatermark logStart partition topic` per log. Kafka's three checkpoints say the
 * same without a checksum: a changed digit in them would make a damaged log look torn (D7).
 */
export function encodeMarks(logs: readonly MarkedLog[], crc32c: Crc32c): Buffer {
  const lines = logs.map(({ topic, partition, marks }) => {
    const { recoveryPoint, highWatermark, logStartOffset } = marks;
    return `${recoveryPoint} ${highWatermark} ${logStartOffset} ${partition} ${topic}`;
  });
  return sealText([MARKS_HEAD, ...lines], crc32c);
}

/** Reads `logs.marks`; null when it is not what was written. */
export function decodeMarks(bytes: Uint8Array, crc32c: Crc32c): MarkedLog[] | null {
  const lines = openText(bytes, MARKS_HEAD, crc32c);
  const logs = lines?.map(decodeMark);
  return logs === undefined || !logs.every((log) => log !== null) ? null : logs;
}

function decodeMark(line: string): MarkedLog | null {
  const [, recoveryPoint, highWatermark, logStartOffset, partition, topic] = MARK.exec(line) ?? [];
  if (topic === undefined) return null;
  const marks = {
    recoveryPoint: Number(recoveryPoint),
    highWatermark: Number(highWatermark),
    logStartOffset: Number(logStartOffset),
  };
  return { topic, partition: Number(partition), marks };
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

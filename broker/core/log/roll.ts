import { type LogConfig, segmentAgeMaxMs } from './config.ts';
import { OFFSET_ENTRY_SIZE, TIME_ENTRY_SIZE } from './offset-index.ts';

/** What the roll decision looks at. Sizes in bytes, times in ms. */
export interface RollInput {
  readonly baseOffset: number;
  readonly sizeInBytes: number;
  readonly indexBytes: number;
  readonly timeIndexBytes: number;
  /** Largest timestamp of the segment's first batch, −1 when it has none. */
  readonly firstTimestampMs: number;
  /** Wall time at which the segment was made; counts when the batches have no timestamps. */
  readonly createdMs: number;
  /** The segment's own part of `segmentJitterMs`, from 0 to below 1. */
  readonly jitterPart: number;
  readonly appendBytes: number;
  /** Last offset and largest timestamp of what is to be appended. */
  readonly appendLastOffset: number;
  readonly appendMaxTimestampMs: number;
  readonly nowMs: number;
}

const INT32_MAX = 0x7fff_ffff;

/** Whether the next append begins a new segment. An empty segment never rolls. */
export function shouldRoll(input: RollInput, config: LogConfig): boolean {
  if (input.sizeInBytes === 0) return false;
  if (input.sizeInBytes + input.appendBytes > config.segmentBytes) return true;
  if (input.appendLastOffset - input.baseOffset > INT32_MAX) return true;
  if (input.indexBytes + OFFSET_ENTRY_SIZE > config.segmentIndexBytes) return true;
  if (input.timeIndexBytes + TIME_ENTRY_SIZE > config.segmentIndexBytes) return true;
  return waitedMs(input) > segmentAgeMaxMs(config) - jitterMs(input.jitterPart, config);
}

/** Age by the records' own time, so that a restart or a copy of the files changes nothing; else by the clock. */
function waitedMs(input: RollInput): number {
  if (input.firstTimestampMs >= 0) return Math.max(input.appendMaxTimestampMs, 0) - input.firstTimestampMs;
  return input.nowMs - input.createdMs;
}

function jitterMs(part: number, config: LogConfig): number {
  return Math.floor(part * Math.min(segmentAgeMaxMs(config), config.segmentJitterMs));
}

/**
 * A segment's part of the jitter, from 0 to below 1: always the same for the same log and base offset, so that a restart
 * changes nothing, and spread evenly over logs and segments (FNV-1a with a final mix).
 */
export function jitterPartOf(log: string, baseOffset: number): number {
  let hash = 0x811c9dc5;
  const text = `${log}/${baseOffset}`;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}

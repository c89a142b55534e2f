import type { LogConfig } from './config.ts';
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
  return waitedMs(input) > config.segmentMs;
}

/** Age by the records' own time, so that a restart or a copy of the files changes nothing; else by the clock. */
function waitedMs(input: RollInput): number {
  if (input.firstTimestampMs >= 0) return Math.max(input.appendMaxTimestampMs, 0) - input.firstTimestampMs;
  return input.nowMs - input.createdMs;
}

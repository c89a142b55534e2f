import type { LogConfig } from './config.ts';

/** A segment as retention sees it. */
export interface RetainedSegment {
  readonly baseOffset: number;
  /** Offset after its last record. */
  readonly endOffset: number;
  readonly sizeInBytes: number;
  /** Largest timestamp of its batches, −1 when none has one: then its age is unknown and never breached (D12). */
  readonly largestTimestampMs: number;
}

/** What bounds a retention pass. */
export interface RetentionBounds {
  readonly logStartOffset: number;
  /** Segments that reach beyond are kept: the smaller of high watermark and durable end. */
  readonly deletableEnd: number;
  readonly nowMs: number;
}

/**
 * How many of the oldest segments go, for being too old, for the log being too large, or for lying below the log
 * start. The last segment may be among them: the caller then rolls first, an empty one never is.
 */
export function segmentsToDelete(
  segments: readonly RetainedSegment[],
  bounds: RetentionBounds,
  config: LogConfig,
): number {
  let excess = segments.reduce((sum, segment) => sum + segment.sizeInBytes, 0) - config.retentionBytes;
  let count = 0;
  for (const segment of segments) {
    if (segment.sizeInBytes === 0 && count === segments.length - 1) break;
    if (segment.endOffset > bounds.deletableEnd) break;
    const belowStart = segment.endOffset <= bounds.logStartOffset;
    const tooOld =
      config.retentionMs >= 0 &&
      segment.largestTimestampMs >= 0 &&
      bounds.nowMs - segment.largestTimestampMs > config.retentionMs;
    const tooLarge = config.retentionBytes >= 0 && excess >= segment.sizeInBytes;
    if (!belowStart && !(config.deletePolicy && (tooOld || tooLarge))) break;
    excess -= segment.sizeInBytes;
    count++;
  }
  return count;
}

import type { LogConfig } from './config.ts';

/** A segment as the choice of what to clean sees it. Sizes in bytes, times in ms. */
export interface CleanableSegment {
  readonly baseOffset: number;
  /** Offset after its last record. */
  readonly endOffset: number;
  readonly sizeInBytes: number;
  readonly indexBytes: number;
  readonly timeIndexBytes: number;
  /** Largest timestamp of its batches; −1 when none has one: then it counts as old. */
  readonly largestTimestampMs: number;
  /** Largest timestamp of its first batch; −1 when it has none. */
  readonly firstTimestampMs: number;
}

/** Where a log stands. */
export interface CleanBounds {
  /** Below it the log is clean, as the checkpoint has it. */
  readonly firstDirtyOffset: number;
  readonly logStartOffset: number;
  /** Nothing at or above is touched (D13): the smallest of high watermark, last stable offset and durable offset. */
  readonly cleanableEnd: number;
  readonly nowMs: number;
}

/** What of a log can be cleaned. */
export interface Cleanable {
  /** Where the dirty part begins, corrected for what was deleted. */
  readonly firstDirtyOffset: number;
  /** End of the last segment that may be cleaned. */
  readonly endOffset: number;
  /** Segments from the front that may be rewritten. */
  readonly segmentCount: number;
  readonly dirtyBytes: number;
  /** Part of the cleanable bytes that is dirty, in [0, 1]. */
  readonly dirtyRatio: number;
  /** How long a record has been dirty past `max.compaction.lag.ms`, ms; 0 for none. */
  readonly overdueMs: number;
  /** It is dirty enough, or overdue (KIP-58, KIP-354). */
  readonly isDue: boolean;
}

/** Judges a log: `segments` are all but the active one, in order. */
export function judgeCleanable(
  segments: readonly CleanableSegment[],
  bounds: CleanBounds,
  config: LogConfig,
): Cleanable {
  const { nowMs, logStartOffset } = bounds;
  const first = segments[0]?.baseOffset ?? logStartOffset;
  const firstDirtyOffset = Math.max(bounds.firstDirtyOffset, logStartOffset, first);
  let segmentCount = 0;
  let cleanBytes = 0;
  let dirtyBytes = 0;
  let oldestMs = Number.POSITIVE_INFINITY;
  for (const segment of segments) {
    if (segment.endOffset > bounds.cleanableEnd) break;
    const isDirty = segment.endOffset > firstDirtyOffset;
    const isYoung = segment.largestTimestampMs > nowMs - config.minCompactionLagMs;
    if (isDirty && config.minCompactionLagMs > 0 && isYoung) break;
    segmentCount += 1;
    if (isDirty) {
      dirtyBytes += segment.sizeInBytes;
      if (segment.firstTimestampMs >= 0) oldestMs = Math.min(oldestMs, segment.firstTimestampMs);
    } else cleanBytes += segment.sizeInBytes;
  }
  const endOffset = segments[segmentCount - 1]?.endOffset ?? firstDirtyOffset;
  const dirtyRatio = dirtyBytes === 0 ? 0 : dirtyBytes / (dirtyBytes + cleanBytes);
  const overdueMs = Number.isFinite(oldestMs) ? Math.max(0, nowMs - oldestMs - config.maxCompactionLagMs) : 0;
  const isDue = dirtyBytes > 0 && (overdueMs > 0 || dirtyRatio > config.minCleanableDirtyRatio);
  return { firstDirtyOffset, endOffset, segmentCount, dirtyBytes, dirtyRatio, overdueMs, isDue };
}

/** The log that is cleaned next: the dirtiest of those that are due. Null when none is. */
export function filthiest<T extends { readonly cleanable: Cleanable }>(candidates: readonly T[]): T | null {
  let best: T | null = null;
  for (const candidate of candidates) {
    if (!candidate.cleanable.isDue) continue;
    if (best === null || candidate.cleanable.dirtyRatio > best.cleanable.dirtyRatio) best = candidate;
  }
  return best;
}

const INT32_MAX = 0x7fff_ffff;

/**
 * Groups neighbours that fit one segment together: by bytes, by the bytes of their indexes, and by offsets, which an
 * index holds in 31 bits. Gives the number of segments of each group.
 */
export function groupSegments(segments: readonly CleanableSegment[], config: LogConfig): readonly number[] {
  const groups: number[] = [];
  for (let at = 0; at < segments.length; ) {
    const first = segments[at];
    if (first === undefined) break;
    let { sizeInBytes, indexBytes, timeIndexBytes } = first;
    let count = 1;
    for (; at + count < segments.length; count++) {
      const next = segments[at + count];
      if (next === undefined) break;
      sizeInBytes += next.sizeInBytes;
      indexBytes += next.indexBytes;
      timeIndexBytes += next.timeIndexBytes;
      const fits =
        sizeInBytes <= config.segmentBytes &&
        indexBytes <= config.segmentIndexBytes &&
        timeIndexBytes <= config.segmentIndexBytes &&
        next.endOffset - 1 - first.baseOffset <= INT32_MAX;
      if (!fits) break;
    }
    groups.push(count);
    at += count;
  }
  return groups;
}

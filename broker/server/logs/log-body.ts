import type { TopicId } from '../../core/base/ids.ts';
import type { EpochCache } from '../../core/log/epoch-cache.ts';
import type { ProducerStates } from '../../core/log/producer-state.ts';
import { type LogConfig, segmentAgeMaxMs } from '../../core/log/config.ts';
import { logDirectoryName } from '../../core/log/file-names.ts';
import type { LogMarks } from '../../core/log/marks.ts';
import type { ColdPart } from './cold-cache.ts';
import type { LogContext } from './log-context.ts';
import type { LoadedLog } from './log-loader.ts';
import type { LogWriter } from './log-writer.ts';
import type { Segment } from './segment.ts';
import type { SegmentList } from './segment-list.ts';
import type { LogTail } from './tail-cache.ts';

/** What a log consists of; shared by its interface and its upkeep, which run in one thread. */
export interface LogBody {
  readonly context: LogContext;
  /** Of its directory. */
  readonly name: string;
  readonly directory: string;
  readonly tail: LogTail;
  readonly cold: ColdPart;
  readonly writer: LogWriter;
  config: LogConfig;
  segments: SegmentList;
  epochs: EpochCache;
  producers: ProducerStates;
  /** A new producer was refused since the last one expired. */
  producersFull: boolean;
  /** Offsets of the producer snapshots on disk, rising. */
  snapshots: readonly number[];
  /** `epochs.version` that the epoch checkpoint holds. */
  savedEpochs: number;
  /** Below it the cleaner has been (I11); for the checkpoint. */
  firstDirtyOffset: number;
  /** Gaps between batches end at or below this, durably (I1). */
  sparseEnd: number;
  logStartOffset: number;
  /** The checkpoint has it, synced. */
  durableStartOffset: number;
  logEndOffset: number;
  highWatermark: number;
  /** The recovery point stays at or below this while the log is being cut. */
  recoveryPointMax: number;
  /** Bytes appended since the log was opened; places chunks relative to each other. */
  appendedBytes: number;
  /** Bytes appended since the last producer snapshot. */
  snapshotBytes: number;
  /** Monotonic time at which a failed read was last logged. */
  readErrorToldMs: number;
  /** Queues the making anew of a segment's indexes; `done` gets '' or what is wrong with the batches themselves. */
  readonly rebuildIndexes: (segment: Segment, done: (damage: string) => void) => void;
}

/** True when the active segment of a compacted log is too old: what is in it would stay dirty for too long. */
export function isAged({ segments, config }: LogBody, nowMs: number): boolean {
  const { active } = segments;
  if (active.sizeInBytes === 0 || !config.compactPolicy) return false;
  const sinceMs = active.firstTimestampMs >= 0 ? active.firstTimestampMs : active.createdMs;
  return nowMs - sinceMs > segmentAgeMaxMs(config);
}

/** The durable mark that a checkpoint may name (D7): what the segments have without the journal. */
export function recoveryPointOf(body: LogBody): number {
  return Math.min(body.writer.syncedOffset, body.recoveryPointMax, body.logEndOffset);
}

/** The high watermark that a checkpoint may name: never above what is durable here. */
export function checkpointedWatermarkOf(body: LogBody): number {
  return Math.min(body.highWatermark, recoveryPointOf(body));
}

/** What the checkpoints say of a log that is in use. */
export function marksOf(body: LogBody): LogMarks {
  return {
    recoveryPoint: recoveryPointOf(body),
    highWatermark: checkpointedWatermarkOf(body),
    logStartOffset: body.logStartOffset,
    firstDirtyOffset: body.firstDirtyOffset,
  };
}

/** Replaces a log's contents by what was loaded; the writer is at rest. */
export function adopt(body: LogBody, loaded: LoadedLog): void {
  body.segments = loaded.segments;
  body.epochs = loaded.epochs;
  body.producers = loaded.producers;
  body.snapshots = loaded.snapshots;
  body.savedEpochs = -1;
  body.snapshotBytes = 0;
  body.sparseEnd = loaded.sparseEnd;
  body.logEndOffset = loaded.endOffset;
  body.firstDirtyOffset = Math.min(body.firstDirtyOffset, loaded.endOffset);
  body.highWatermark = Math.min(body.highWatermark, loaded.endOffset);
  body.tail.clear();
  body.cold.clear();
  body.writer.reset(loaded.endOffset);
}

/** Which log it is, and what was found on disk. */
export interface LogStart {
  readonly context: LogContext;
  readonly topic: string;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly directory: string;
  readonly config: LogConfig;
  readonly loaded: LoadedLog;
  readonly logStartOffset: number;
  readonly highWatermark: number;
  readonly firstDirtyOffset: number;
}

/** The parts of a log that was loaded. */
export function createBody(start: LogStart, writer: LogWriter, rebuildIndexes: LogBody['rebuildIndexes']): LogBody {
  const { context, loaded } = start;
  return {
    context,
    name: logDirectoryName(start.topic, start.partition),
    directory: start.directory,
    tail: context.tails.createTail(),
    cold: context.cold.createPart(),
    writer,
    config: start.config,
    segments: loaded.segments,
    epochs: loaded.epochs,
    producers: loaded.producers,
    producersFull: false,
    snapshots: loaded.snapshots,
    savedEpochs: loaded.epochsSaved ? loaded.epochs.version : -1,
    // One that lies behind the end is an older log's.
    firstDirtyOffset: start.firstDirtyOffset <= loaded.endOffset ? start.firstDirtyOffset : 0,
    sparseEnd: loaded.sparseEnd,
    logStartOffset: start.logStartOffset,
    durableStartOffset: start.logStartOffset,
    logEndOffset: loaded.endOffset,
    highWatermark: Math.min(Math.max(start.highWatermark, start.logStartOffset), loaded.endOffset),
    recoveryPointMax: Number.POSITIVE_INFINITY,
    appendedBytes: 0,
    snapshotBytes: 0,
    readErrorToldMs: Number.NEGATIVE_INFINITY,
    rebuildIndexes,
  };
}

/** Bytes between two offsets: exact while they are cached, else those of the segments. */
export function bytesBetween(
  body: LogBody,
  range: { readonly startOffset: number; readonly endOffset: number },
): number {
  const { tail, segments, appendedBytes } = body;
  const index = tail.find(range.startOffset);
  if (index >= 0) return appendedBytes - (tail.chunkAt(index)?.bytesBefore ?? 0);
  let bytes = 0;
  const first = segments.at(range.startOffset);
  for (const segment of segments.all) {
    if (segment.baseOffset >= first.baseOffset && segment.baseOffset < range.endOffset) bytes += segment.sizeInBytes;
  }
  return bytes;
}

import type { EpochCache } from '../../core/log/epoch-cache.ts';
import type { ProducerStates } from '../../core/log/producer-state.ts';
import type { LogConfig } from '../../core/log/config.ts';
import type { LogContext } from './log-context.ts';
import type { LoadedLog } from './log-loader.ts';
import type { LogWriter } from './log-writer.ts';
import type { SegmentList } from './segment-list.ts';
import type { LogTail } from './tail-cache.ts';

/** What a log consists of; shared by its interface and its upkeep, which run in one thread. */
export interface LogBody {
  readonly context: LogContext;
  /** `topic-partition`, for messages. */
  readonly name: string;
  readonly directory: string;
  readonly tail: LogTail;
  readonly writer: LogWriter;
  config: LogConfig;
  segments: SegmentList;
  epochs: EpochCache;
  producers: ProducerStates;
  /** Offsets of the producer snapshots on disk, rising. */
  snapshots: readonly number[];
  /** `epochs.version` that the epoch checkpoint holds. */
  savedEpochs: number;
  logStartOffset: number;
  logEndOffset: number;
  highWatermark: number;
  /** The recovery point stays at or below this while the log is being cut. */
  recoveryPointMax: number;
  /** Bytes appended since the last producer snapshot. */
  snapshotBytes: number;
}

/** The durable mark that a checkpoint may name (D7). */
export function recoveryPointOf(body: LogBody): number {
  return Math.min(body.writer.durableOffset, body.recoveryPointMax, body.logEndOffset);
}

/** The high watermark that a checkpoint may name: never above what is durable here. */
export function checkpointedWatermarkOf(body: LogBody): number {
  return Math.min(body.highWatermark, recoveryPointOf(body));
}

/** Replaces a log's contents by what was loaded; the writer is at rest. */
export function adopt(body: LogBody, loaded: LoadedLog): void {
  body.segments = loaded.segments;
  body.epochs = loaded.epochs;
  body.producers = loaded.producers;
  body.snapshots = loaded.snapshots;
  body.savedEpochs = -1;
  body.snapshotBytes = 0;
  body.logEndOffset = loaded.endOffset;
  body.highWatermark = Math.min(body.highWatermark, loaded.endOffset);
  body.tail.clear();
  body.writer.reset(loaded.endOffset);
}

import { BatchFilter, type CleaningRound } from '../../core/log/compaction-filter.ts';
import {
  type Cleanable,
  type CleanableSegment,
  type CleanBounds,
  groupSegments,
  judgeCleanable,
} from '../../core/log/compaction-plan.ts';
import { CLEANED_SUFFIX } from '../../core/log/file-names.ts';
import type { CleanerBugs } from '../../core/log/planted-bugs.ts';
import * as batch from '../../core/record/batch.ts';
import { type Task } from '../task.ts';
import { CleaningEnded, type CleanerJob } from './cleaner-job.ts';
import { collectKeys, type DirtyRange } from './cleaner-map.ts';
import { removeRewritten, rewriteGroup } from './cleaner-rewrite.ts';
import { failureOf, waitFor } from './disk-tasks.ts';
import { loadLargestTimestamp } from './index-files.ts';
import type { JobQueue } from './job-queue.ts';
import type { LogBody } from './log-body.ts';
import type { Segment } from './segment.ts';
import { swapSegments } from './segment-swap.ts';
import { readHeader } from './segment-walk.ts';
import { markSparse } from './sparse-mark.ts';

/** What of a log can be cleaned now, and the segments that this is about. */
export interface CleanCandidate {
  readonly cleanable: Cleanable;
  readonly segments: readonly Segment[];
}

/** Judges a log; the times that its settings ask for are read first. */
export function* findCleanable(body: LogBody, nowMs: number, bugs: CleanerBugs): Task<CleanCandidate> {
  const { config, context } = body;
  const sealed = body.segments.all.slice(0, -1);
  for (const segment of sealed) {
    if (segment.endOffset <= body.firstDirtyOffset || segment.removed) continue;
    if (config.minCompactionLagMs > 0) yield* learnLargestTimestamp(body, segment);
    if (config.maxCompactionLagMs < Number.MAX_SAFE_INTEGER && segment.firstTimestampMs < 0) {
      const header = yield* readHeader(context, segment, 0, segment.writtenBytes);
      if (header !== null) segment.firstTimestampMs = batch.maxTimestamp(header, 0);
    }
  }
  const bounds: CleanBounds = {
    firstDirtyOffset: body.firstDirtyOffset,
    logStartOffset: body.logStartOffset,
    cleanableEnd: bugs.has('cleans-above-watermark') ? body.logEndOffset : cleanableEndOf(body),
    nowMs,
  };
  const cleanable = judgeCleanable(sealed.map(cleanableSegment), bounds, config);
  return { cleanable, segments: sealed.slice(0, cleanable.segmentCount) };
}

/**
 * Learns how old a segment is. A time index that contradicts the batches is made anew first, as for retention: what is
 * unknown must not count as old.
 */
function* learnLargestTimestamp(body: LogBody, segment: Segment): Task<void> {
  if (yield* loadLargestTimestamp(body.context, segment)) return;
  yield* waitFor((done) => body.rebuildIndexes(segment, () => done()));
  if (segment.timestampUnknown) throw new CleaningEnded('interrupted', 'the age of a segment could not be learnt');
}

/** Nothing at or above is cleaned (D13): it may be undecided, undone or lost. */
function cleanableEndOf(body: LogBody): number {
  let end = Math.min(body.highWatermark, body.writer.syncedOffset, body.logEndOffset);
  for (const { currentTxnFirstOffset } of body.producers.entries()) {
    if (currentTxnFirstOffset >= 0) end = Math.min(end, currentTxnFirstOffset);
  }
  return end;
}

function cleanableSegment(segment: Segment): CleanableSegment {
  const { baseOffset, endOffset, sizeInBytes, firstTimestampMs } = segment;
  return {
    baseOffset,
    endOffset,
    sizeInBytes,
    indexBytes: segment.index.totalBytes,
    timeIndexBytes: segment.timeIndex.totalBytes,
    largestTimestampMs: segment.timestampUnknown ? -1 : segment.maxTimestampMs,
    firstTimestampMs,
  };
}

/**
 * Cleans a log: notes the last offset of each key of its dirty part, writes its segments anew without what is superseded,
 * and puts them in place one group after the other. More dirty keys than fit take several passes. Only a swap is upkeep of
 * the log itself; appends, reads and all else go on meanwhile.
 */
export function* cleanLog(job: CleanerJob, jobs: JobQueue, candidate: CleanCandidate): Task<void> {
  const { body } = job;
  const { endOffset } = candidate.cleanable;
  let { firstDirtyOffset } = candidate.cleanable;
  let { segments } = candidate;
  for (;;) {
    const nowMs = Math.floor(body.context.clock.wallMs());
    const pass = yield* cleanOnce(job, jobs, { segments, firstDirtyOffset, endOffset }, nowMs);
    body.firstDirtyOffset = pass.mapEnd;
    yield* waitFor((done) => body.context.checkpoint(done));
    // Undecided transactions and a map that takes nothing end it too.
    if (!pass.isFull || pass.mapEnd <= firstDirtyOffset || pass.mapEnd >= endOffset) return;
    firstDirtyOffset = pass.mapEnd;
    segments = body.segments.all.filter((segment) => segment.endOffset <= endOffset);
  }
}

function* cleanOnce(
  job: CleanerJob,
  jobs: JobQueue,
  range: DirtyRange,
  nowMs: number,
): Task<{ readonly mapEnd: number; readonly isFull: boolean }> {
  const { body } = job;
  const { map, mapEnd, scan, isFull } = yield* collectKeys(job, range);
  if (mapEnd <= range.firstDirtyOffset) return { mapEnd: range.firstDirtyOffset, isFull: false };
  const round: CleaningRound = {
    map,
    mapEnd,
    scan,
    producers: liveProducers(body),
    nowMs,
    deleteRetentionMs: body.config.deleteRetentionMs,
    bugs: job.bugs,
  };
  const filter = new BatchFilter(round);
  const covered = range.segments.filter((segment) => segment.baseOffset < mapEnd);
  const counts = groupSegments(covered.map(cleanableSegment), body.config);
  let at = 0;
  for (const count of counts) {
    const group = covered.slice(at, at + count);
    at += count;
    const { segment, isChanged } = yield* rewriteGroup(job, filter, group);
    if (isChanged) yield* putInPlace(job, jobs, group, segment);
    else yield* removeRewritten(job.body.context, segment);
  }
  return { mapEnd, isFull };
}

function liveProducers(body: LogBody): CleaningRound['producers'] {
  const producers = new Map<number, { readonly lastDataOffset: number; readonly epoch: number }>();
  for (const { producerId, epoch, batches } of body.producers.entries()) {
    producers.set(producerId, { lastDataOffset: batches.at(-1)?.lastOffset ?? -1, epoch });
  }
  return producers;
}

/** The swap, as an upkeep job of the log: nothing else changes its files meanwhile. */
function* putInPlace(job: CleanerJob, jobs: JobQueue, group: readonly Segment[], segment: Segment): Task<void> {
  const { body } = job;
  const outcome = { isSwapped: false, error: null as unknown };
  yield* waitFor((done) => {
    jobs.add(
      function* () {
        try {
          yield* markSparse(body, segment.endOffset);
          outcome.isSwapped = yield* swapSegments(body, group, segment);
        } catch (error) {
          outcome.error = error;
        }
        done();
      },
      () => done(),
    );
  });
  job.pace.resume();
  if (outcome.isSwapped) return;
  // Decided and not finished: only a start can tell what the directory holds.
  if (segment.suffix !== CLEANED_SUFFIX) body.context.onFatal(failureOf(outcome.error));
  else if (job.interrupted() === '') yield* removeRewritten(body.context, segment);
  if (outcome.error !== null) throw outcome.error;
  throw new CleaningEnded('interrupted', 'its segments changed meanwhile');
}

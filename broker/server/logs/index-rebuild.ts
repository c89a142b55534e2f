import type { Buffer } from 'node:buffer';
import { type IndexTail, offsetEntry, timeEntry } from '../../core/log/offset-index.ts';
import type { WalkState } from '../../core/log/recovery.ts';
import type { Task } from '../task.ts';
import { replaceIndexes } from './index-files.ts';
import type { JobQueue } from './job-queue.ts';
import type { LogBody } from './log-body.ts';
import { damageAt } from './log-reader.ts';
import { Segment } from './segment.ts';
import { walkSegment } from './segment-walk.ts';

/** The segments of one log whose indexes wait to be made anew, and who waits for it. */
export class IndexRepairs {
  readonly #body: LogBody;
  readonly #jobs: JobQueue;
  readonly #host: { readonly isReadable: () => boolean; readonly damaged: (reason: string) => void };
  readonly #waiting = new Map<Segment, ((damage: string) => void)[]>();

  constructor(body: LogBody, jobs: JobQueue, host: { isReadable: () => boolean; damaged: (reason: string) => void }) {
    this.#body = body;
    this.#jobs = jobs;
    this.#host = host;
  }

  /** Queues the work, once per segment; `done` gets '' or what is wrong with the batches themselves. */
  request(segment: Segment, done: (damage: string) => void): void {
    const waiting = this.#waiting.get(segment);
    if (waiting !== undefined) {
      waiting.push(done);
      return;
    }
    this.#waiting.set(segment, [done]);
    this.#jobs.add(
      () => this.#repair(segment),
      () => this.#repaired(segment, ''),
    );
  }

  *#repair(segment: Segment): Task<void> {
    let damage = '';
    try {
      if (this.#host.isReadable()) damage = yield* rebuildIndexes(this.#body, segment);
    } finally {
      if (damage !== '') this.#host.damaged(damage);
      this.#repaired(segment, damage);
    }
  }

  #repaired(segment: Segment, damage: string): void {
    const waiting = this.#waiting.get(segment) ?? [];
    this.#waiting.delete(segment);
    for (const done of waiting) done(damage);
  }
}

/**
 * Makes a segment's indexes anew from its batches, while the log is read and appended to. Gives '' or where the batches
 * themselves are not what was written; then the indexes stay.
 */
export function* rebuildIndexes(body: LogBody, segment: Segment): Task<string> {
  const { context, config } = body;
  if (segment.removed) return '';
  const fresh = new Segment(segment.directory, segment.baseOffset, segment.createdMs, segment.suffix);
  const fileSize = segment.writtenBytes;
  const state: WalkState = {
    position: 0,
    expectedOffset: segment.baseOffset,
    latestEpoch: -1,
    endOffsetMax: Number.POSITIVE_INFINITY,
    sparseEnd: segment.isSparse ? Number.POSITIVE_INFINITY : 0,
    fault: '',
  };
  yield* walkSegment(context, fresh, state, { fileSize, indexIntervalBytes: config.indexIntervalBytes, derived: null });
  if (segment.removed || !body.segments.all.includes(segment)) return '';
  if (state.fault !== '') return damageAt(segment, { position: state.position, reason: state.fault });
  // What was appended during the walk is in memory: entries beyond its end are kept.
  copyFrom(segment.index, fresh.index, (buf, slot) => offsetEntry(buf, slot, 0).position >= fileSize);
  fresh.addTimeEntry();
  const endRelative = fresh.endOffset - segment.baseOffset;
  copyFrom(segment.timeIndex, fresh.timeIndex, (buf, slot) => {
    const { timestampMs, lastOffset } = timeEntry(buf, slot, 0);
    return lastOffset >= endRelative && timestampMs > fresh.lastTimeEntryMs;
  });
  segment.index = fresh.index;
  segment.timeIndex = fresh.timeIndex;
  if (segment.sizeInBytes === fileSize) segment.setLargestTimestamp(fresh.maxTimestampMs, fresh.maxTimestampOffset);
  else segment.lastTimeEntryMs = Math.max(segment.lastTimeEntryMs, fresh.lastTimeEntryMs);
  yield* replaceIndexes(context, segment);
  context.counters.indexesRebuilt += 1;
  context.log.warn({ log: body.name, segment: segment.baseOffset }, 'an index was not what was written: made anew');
  return '';
}

/** Copies the entries of `from` that are only in memory and that `isKept` wants to the end of `to`. */
function copyFrom(from: IndexTail, to: IndexTail, isKept: (buf: Buffer, slot: number) => boolean): void {
  const { entries, entrySize } = from;
  for (let slot = 0; slot < entries.length / entrySize; slot++) {
    if (!isKept(entries, slot)) continue;
    const { buf, pos } = to.reserve();
    entries.copy(buf, pos, slot * entrySize, (slot + 1) * entrySize);
  }
}

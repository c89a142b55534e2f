import type { Buffer } from 'node:buffer';
import type { EpochCache } from '../../core/log/epoch-cache.ts';
import {
  IndexTail,
  OFFSET_ENTRY_SIZE,
  offsetEntry,
  soundTimeEntries,
  TIME_ENTRY_SIZE,
  timeEntry,
} from '../../core/log/offset-index.ts';
import type { AppendedBatch, ProducerStates } from '../../core/log/producer-state.ts';
import { type WalkState, walkChunk } from '../../core/log/recovery.ts';
import * as batch from '../../core/record/batch.ts';
import type { DiskFile } from '../../ports/disk.ts';
import { step, type Task } from '../task.ts';
import { timeEntryHolds } from './cold-piece.ts';
import { withFile } from './disk-tasks.ts';
import { readSoundIndexes } from './index-files.ts';
import type { LogContext } from './log-context.ts';
import type { Segment } from './segment.ts';

/** Bytes read at once: about a millisecond of checking. */
const WALK_READ_BYTES = 1024 * 1024;

/** What follows from the batches of a log besides its indexes. */
export interface Derived {
  readonly epochs: EpochCache;
  readonly producers: ProducerStates;
  /** Epochs are known up to here already; a cleaned log can't tell again where an epoch began. */
  readonly derivedFrom: number;
  /** Producers are known up to here already: at least as far, since a log may have lost its epochs. */
  readonly producersFrom: number;
}

/** The fields of a batch header that the producers' state follows. */
export function appendedBatch(buf: Buffer, pos: number): AppendedBatch {
  return {
    producerId: batch.producerId(buf, pos),
    producerEpoch: batch.producerEpoch(buf, pos),
    baseSequence: batch.baseSequence(buf, pos),
    lastSequence: batch.lastSequence(buf, pos),
    baseOffset: batch.baseOffset(buf, pos),
    lastOffset: batch.lastOffset(buf, pos),
    timestampMs: batch.maxTimestamp(buf, pos),
    transactional: batch.isTransactional(buf, pos),
    control: batch.isControl(buf, pos),
  };
}

/**
 * Walks a segment from `state.position` to its end or its first fault (D7), keeps the segment's indexes, and lets
 * `derived` follow unless it is null. Afterwards the segment ends where the walk stopped.
 */
export function* walkSegment(
  context: LogContext,
  segment: Segment,
  state: WalkState,
  walk: { readonly fileSize: number; readonly indexIntervalBytes: number; readonly derived: Derived | null },
): Task<void> {
  const { fileSize, indexIntervalBytes, derived } = walk;
  const nowMs = context.clock.monotonicMs();
  const visit = (buf: Buffer, pos: number): void => {
    segment.addBatch(buf, pos, indexIntervalBytes);
    if (derived === null) return;
    const baseOffset = batch.baseOffset(buf, pos);
    if (baseOffset < derived.derivedFrom) return;
    derived.epochs.assign(batch.partitionLeaderEpoch(buf, pos), baseOffset);
    if (baseOffset >= derived.producersFrom && batch.producerId(buf, pos) >= 0)
      derived.producers.update(appendedBatch(buf, pos), nowMs);
  };
  yield* withFile(context.files, segment.path('log'), { create: false }, function* (file: DiskFile) {
    let needBytes = batch.HEADER_SIZE;
    while (needBytes > 0 && state.position < fileSize) {
      const length = Math.min(fileSize - state.position, Math.max(needBytes, WALK_READ_BYTES));
      const filePosition = state.position;
      const bytes = yield* step<Uint8Array>((done) => file.read(filePosition, length, done));
      if (bytes.length < length) state.fault = 'the file is shorter than its size';
      needBytes = walkChunk(state, { buf: batch.bufferOf(bytes), filePosition, fileSize }, context.crc32c, visit);
    }
  });
  segment.exists = true;
  segment.writtenBytes = segment.sizeInBytes;
}

/**
 * Prepares the walk of a segment whose indexes were synced up to `known.offset`: keeps the entries below and begins at
 * the last of them. With indexes that are missing or contradict the batches it begins at the front. The caller sets the
 * state's latest epoch.
 */
export function* beginWalk(
  context: LogContext,
  segment: Segment,
  known: {
    readonly offset: number;
    readonly fileSize: number;
    readonly endOffsetMax: number;
    readonly sparseEnd: number;
  },
): Task<WalkState> {
  const bounds = { baseOffset: segment.baseOffset, endOffset: known.offset, endPosition: known.fileSize };
  const { index, timeIndex } = yield* readSoundIndexes(context, segment, bounds);
  const first = yield* readHeader(context, segment, 0, known.fileSize);
  const slots = index.length / OFFSET_ENTRY_SIZE;
  const entry = slots > 0 ? offsetEntry(index, slots - 1, segment.baseOffset) : null;
  const header = entry === null ? null : yield* readHeader(context, segment, entry.position, known.fileSize);
  const { endOffsetMax, sparseEnd } = known;
  if (entry === null || header === null || first === null || batch.lastOffset(header, 0) !== entry.lastOffset) {
    return { position: 0, expectedOffset: segment.baseOffset, latestEpoch: -1, endOffsetMax, sparseEnd, fault: '' };
  }
  const expectedOffset = batch.baseOffset(header, 0);
  const timeSlots = soundTimeEntries(timeIndex, { ...bounds, endOffset: expectedOffset });
  segment.index = new IndexTail(OFFSET_ENTRY_SIZE, index.length);
  segment.timeIndex = new IndexTail(TIME_ENTRY_SIZE, timeSlots * TIME_ENTRY_SIZE);
  segment.sizeInBytes = entry.position;
  segment.endOffset = expectedOffset;
  segment.firstTimestampMs = batch.maxTimestamp(first, 0);
  const last = timeSlots > 0 ? timeEntry(timeIndex, timeSlots - 1, segment.baseOffset) : null;
  if (last !== null && !(yield* timeEntryHolds(context, segment, last, entry.position))) {
    segment.forgetIndexes();
    return { position: 0, expectedOffset: segment.baseOffset, latestEpoch: -1, endOffsetMax, sparseEnd, fault: '' };
  }
  segment.setLargestTimestamp(last?.timestampMs ?? -1, last?.lastOffset ?? -1);
  return { position: entry.position, expectedOffset, latestEpoch: -1, endOffsetMax, sparseEnd, fault: '' };
}

/** The header of the batch at `position`; null when the file ends before it. */
export function* readHeader(
  context: LogContext,
  segment: Segment,
  position: number,
  fileSize: number,
): Task<Buffer | null> {
  if (position + batch.HEADER_SIZE > fileSize) return null;
  const bytes = yield* withFile(context.files, segment.path('log'), { create: false }, (file) =>
    step<Uint8Array>((done) => file.read(position, batch.HEADER_SIZE, done)),
  );
  return bytes.length < batch.HEADER_SIZE ? null : batch.bufferOf(bytes);
}

import type { Buffer } from 'node:buffer';
import { assert } from '../../core/base/assert.ts';
import { encodeEpochCheckpoint, encodePartitionMetadata } from '../../core/log/checkpoints.ts';
import { EPOCH_CHECKPOINT, PARTITION_METADATA, SEALED_EPOCHS, segmentFileName } from '../../core/log/file-names.ts';
import { encodeSealedEpochs } from '../../core/log/marks.ts';
import { encodeProducerSnapshot } from '../../core/log/producer-snapshot.ts';
import { BEYOND_END } from '../../core/log/recovery.ts';
import { type RetainedSegment, segmentsToDelete } from '../../core/log/retention.ts';
import { step, type Task } from '../task.ts';
import { removeIfExists, removeLogFiles, removeSegmentFiles, waitFor, withFile, writeAside } from './disk-tasks.ts';
import { flushIndexes, loadLargestTimestamp } from './index-files.ts';
import { rebuildIndexes } from './index-rebuild.ts';
import { adopt, checkpointedWatermarkOf, type LogBody, recoveryPointOf } from './log-body.ts';
import { type LoadedLog, loadLog } from './log-loader.ts';
import { lowerMarks, syncStart } from './log-marks.ts';
import type { Segment } from './segment.ts';
import { SegmentList } from './segment-list.ts';

/** The producers' state at an offset, encoded when it was current. */
export interface PendingSnapshot {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Takes the producers' state at the log's end. */
export function takeSnapshot(body: LogBody): PendingSnapshot {
  body.snapshotBytes = 0;
  return { offset: body.logEndOffset, bytes: encodeProducerSnapshot(body.producers.entries(), body.context.crc32c) };
}

/**
 * Makes durable what is derived from the batches below the snapshot's offset: indexes, epochs, producers, in this
 * order. Recovery begins at the latest snapshot and believes what was synced before it.
 */
export function* saveDerived(body: LogBody, segment: Segment, snapshot: PendingSnapshot): Task<void> {
  const { context, directory } = body;
  yield* flushIndexes(context, segment, { sync: true });
  yield* writeEpochs(body);
  if (snapshot.offset === 0) return;
  yield* step<void>((done) => context.disk.syncDirectory(directory, done));
  yield* writeAside(context.disk, `${directory}/${segmentFileName(snapshot.offset, 'snapshot')}`, snapshot.bytes);
  yield* step<void>((done) => context.disk.syncDirectory(directory, done));
  yield* dropSnapshots(body, snapshot.offset);
}

/** Writes the leader epochs unless the files have them: our file, which a start believes, and Kafka's. */
function* writeEpochs(body: LogBody): Task<void> {
  const { context, directory, epochs } = body;
  const { version, entries } = epochs;
  if (body.savedEpochs === version) return;
  yield* writeAside(context.disk, `${directory}/${SEALED_EPOCHS}`, encodeSealedEpochs(entries, context.crc32c));
  yield* writeAside(context.disk, `${directory}/${EPOCH_CHECKPOINT}`, encodeEpochCheckpoint(entries));
  body.savedEpochs = version;
}

/** Writes `partition.metadata`, for tools; the manifest has the topic id durably. */
export function* writeMetadata(body: LogBody, topicId: string): Task<void> {
  const bytes = encodePartitionMetadata(topicId);
  yield* withFile(body.context.files, `${body.directory}/${PARTITION_METADATA}`, { create: true }, function* (file) {
    yield* step<void>((done) => file.write(0, [bytes], done));
  });
}

/** One snapshot per segment is kept, the latest, and the first: what lies before it may be gone (I10). */
function* dropSnapshots(body: LogBody, latest: number): Task<void> {
  const bases = new Set(body.segments.all.map((segment) => segment.baseOffset));
  const all = [...new Set([...body.snapshots, latest])].toSorted((a, b) => a - b);
  const dropped = all.filter((offset, i) => i > 0 && offset !== latest && !bases.has(offset));
  body.snapshots = all.filter((offset) => !dropped.includes(offset));
  for (const offset of dropped) {
    yield* removeIfExists(body.context.disk, `${body.directory}/${segmentFileName(offset, 'snapshot')}`);
  }
}

/** After a roll: the old segment is made durable with all that belongs to it (D7: "synced at roll"). */
export function* seal(body: LogBody, segment: Segment, snapshot: PendingSnapshot): Task<void> {
  yield* waitFor((done) => body.writer.waitFor(segment.endOffset, 'synced', done));
  yield* saveDerived(body, segment, snapshot);
}

/**
 * Deletes the oldest segments that retention or the log start gives up. The new log start is checkpointed before a file
 * goes: after a crash none is missed. The host's `roll` begins a new segment when the active one is to go; `again` asks
 * for another pass once the snapshot of that roll is on disk, without which a crash would forget producers (I10);
 * `damaged` is told what was found wrong on the way.
 */
export function* retain(
  body: LogBody,
  nowMs: number,
  host: { readonly roll: () => void; readonly again: () => void; readonly damaged: (reason: string) => void },
): Task<void> {
  const { context } = body;
  if (body.config.retentionMs >= 0) {
    // Of the oldest segments up to the first that stays, for only these have to be asked.
    for (const [index, segment] of [...body.segments.all].entries()) {
      if (!(yield* loadLargestTimestamp(context, segment))) {
        const damage = yield* rebuildIndexes(body, segment);
        if (damage !== '') {
          host.damaged(damage);
          return;
        }
      }
      if (countToDelete(body, nowMs) <= index) break;
    }
  }
  // From here to the new log start in one turn: a cut may have been asked for meanwhile.
  const wanted = countToDelete(body, nowMs);
  if (wanted === body.segments.all.length) {
    host.roll();
    host.again();
  }
  const count = vouchedCount(body, wanted);
  if (count === 0) return;
  const first = body.segments.all[count];
  assert(first !== undefined, 'a segment stays');
  body.logStartOffset = Math.max(body.logStartOffset, first.baseOffset);
  body.epochs.truncateFromStart(body.logStartOffset);
  yield* waitFor((done) => syncStart(body, done));
  for (const segment of body.segments.removeOldest(count)) {
    segment.removed = true;
    yield* removeSegmentFiles(context, body.directory, segment.baseOffset);
  }
  yield* dropSnapshotsBelow(body, first.baseOffset);
  context.log.info({ log: body.name, count, logStartOffset: body.logStartOffset }, 'deleted old segments');
}

/** How many of the oldest `count` segments may go: what stays begins with a producer snapshot on disk. */
function vouchedCount(body: LogBody, count: number): number {
  const { all } = body.segments;
  for (let vouched = count; vouched > 0; vouched--) {
    const base = all[vouched]?.baseOffset;
    if (base !== undefined && body.snapshots.includes(base)) return vouched;
  }
  return 0;
}

function* dropSnapshotsBelow(body: LogBody, offset: number): Task<void> {
  const dropped = body.snapshots.filter((snapshot) => snapshot < offset);
  body.snapshots = body.snapshots.filter((snapshot) => snapshot >= offset);
  for (const snapshot of dropped) {
    yield* removeIfExists(body.context.disk, `${body.directory}/${segmentFileName(snapshot, 'snapshot')}`);
  }
}

function countToDelete(body: LogBody, nowMs: number): number {
  // What goes lies below the recovery point that is written down before: the journal does not bring it back.
  const deletableEnd = Math.min(body.highWatermark, recoveryPointOf(body));
  const bounds = { logStartOffset: body.logStartOffset, deletableEnd, nowMs };
  return segmentsToDelete(body.segments.all.map(retained), bounds, body.config);
}

function retained(segment: Segment): RetainedSegment {
  const { baseOffset, endOffset, sizeInBytes } = segment;
  const largestTimestampMs = segment.timestampUnknown ? -1 : segment.maxTimestampMs;
  return { baseOffset, endOffset, sizeInBytes, largestTimestampMs };
}

/**
 * Cuts the log at `offset` and loads it again. What is below is written first; nothing is appended meanwhile. `damaged` is told
 * of bad bytes below the cut.
 */
export function* cut(body: LogBody, offset: number, damaged: (reason: string) => void): Task<void> {
  const { context } = body;
  assert(offset >= body.logStartOffset, 'a log is not cut below its start');
  yield* waitFor((done) => body.writer.waitFor(offset, 'written', done));
  yield* forgetJournaled(body);
  // What ran before this may have taken or deleted snapshots.
  lowerMarks(body, offset);
  // A mark above the cut would make the next start think that the log is damaged. One below is where a batch ended then, and ends still.
  if (context.vouchesBeyond(body.name, offset)) yield* waitFor((done) => context.checkpoint(done));
  const loaded = yield* loadUpTo(body, offset);
  // The marks are lowered by now, so that bad bytes look torn: less is left than was to stay.
  const isTorn = loaded.cut !== '' && !loaded.cut.endsWith(BEYOND_END) && loaded.endOffset < offset;
  if (loaded.damage !== '' || isTorn) {
    damaged(loaded.damage === '' ? loaded.cut : loaded.damage);
    return;
  }
  body.recoveryPointMax = Number.POSITIVE_INFINITY;
  adopt(body, loaded);
}

/** Stops the writer and makes sure that what the journal has of the log is not written again over what comes now. */
function* forgetJournaled(body: LogBody): Task<void> {
  const { writer, context } = body;
  yield* waitFor((done) => writer.stop(done));
  if (context.bugs.journal !== 'remembers-cut') yield* waitFor((done) => context.journal.forget(writer, done));
}

/** Reads the log's files again and cuts them at `endOffset`. */
export function loadUpTo(body: LogBody, endOffset: number): Task<LoadedLog> {
  const { context, directory, config, logStartOffset } = body;
  return loadLog({
    context,
    directory,
    config,
    recoveryPoint: recoveryPointOf(body),
    highWatermark: checkpointedWatermarkOf(body),
    logStartOffset,
    clean: false,
    knownDamage: '',
    endOffsetMax: endOffset,
  });
}

/** Drops everything and begins at `offset`. A crash in between leaves the old records or none. */
export function* startAt(body: LogBody, offset: number, empty: Segment): Task<void> {
  const { context } = body;
  yield* forgetJournaled(body);
  body.recoveryPointMax = 0;
  body.firstDirtyOffset = 0;
  body.highWatermark = 0;
  yield* waitFor((done) => context.checkpoint(done));
  yield* removeLogFiles(context, body.directory);
  body.epochs.truncateFromEnd(0);
  body.producers.restore([]);
  adopt(body, {
    segments: new SegmentList([empty]),
    epochs: body.epochs,
    producers: body.producers,
    endOffset: offset,
    snapshots: [],
    epochsSaved: false,
    unsaved: false,
    damage: '',
    cut: '',
    isSuspect: false,
    sparseEnd: 0,
  });
  body.logStartOffset = offset;
  body.highWatermark = offset;
  body.durableStartOffset = Math.min(body.durableStartOffset, offset);
  body.recoveryPointMax = Number.POSITIVE_INFINITY;
  yield* waitFor((done) => syncStart(body, done));
}

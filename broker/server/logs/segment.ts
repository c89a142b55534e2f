import type { Buffer } from 'node:buffer';
import { segmentFileName, type SegmentFileKind } from '../../core/log/file-names.ts';
import {
  IndexTail,
  OFFSET_ENTRY_SIZE,
  TIME_ENTRY_SIZE,
  writeOffsetEntry,
  writeTimeEntry,
} from '../../core/log/offset-index.ts';
import * as batch from '../../core/record/batch.ts';

/** Largest timestamp of a segment that nobody has asked for yet. */
const UNKNOWN_TIMESTAMP = -2;

/**
 * One segment: a file of batches and its sparse indexes. Sizes in bytes; `sizeInBytes` and `endOffset` count what was
 * accepted, `writtenBytes` what the file has.
 */
export class Segment {
  readonly baseOffset: number;
  readonly directory: string;
  /** Ending of its files' names: '' but while the cleaner writes it and puts it in place. */
  suffix: string;
  endOffset: number;
  /** The cleaner was here: its batches have gaps between them. */
  isSparse = false;
  sizeInBytes = 0;
  writtenBytes = 0;
  /** The file exists; false until the first write. */
  exists = false;
  /** It is no part of the log any more, its files go or went: what comes late leaves them so, readers look again. */
  removed = false;
  /** Wall time at which it was begun or loaded, ms. */
  readonly createdMs: number;
  /** Largest timestamp of the first batch, −1 when there is none. */
  firstTimestampMs = -1;
  /** Largest timestamp and the last offset of its batch; −1 for none, −2 when the time index has to be asked. */
  maxTimestampMs = -1;
  maxTimestampOffset = -1;
  index = new IndexTail(OFFSET_ENTRY_SIZE, 0);
  timeIndex = new IndexTail(TIME_ENTRY_SIZE, 0);
  /** Timestamp of the last entry of the time index. */
  lastTimeEntryMs = -1;
  bytesSinceIndexEntry = 0;

  constructor(directory: string, baseOffset: number, createdMs: number, suffix = '') {
    this.directory = directory;
    this.suffix = suffix;
    this.baseOffset = baseOffset;
    this.endOffset = baseOffset;
    this.createdMs = createdMs;
  }

  /** Path of one of its files. */
  path(kind: SegmentFileKind): string {
    return `${this.directory}/${segmentFileName(this.baseOffset, kind)}${this.suffix}`;
  }

  /** The time index was not read yet. */
  get timestampUnknown(): boolean {
    return this.maxTimestampMs === UNKNOWN_TIMESTAMP;
  }

  /** A sealed segment as found on disk: its largest timestamp is read when somebody asks. */
  loadSealed(sizeInBytes: number, endOffset: number): void {
    this.exists = true;
    this.sizeInBytes = sizeInBytes;
    this.writtenBytes = sizeInBytes;
    this.endOffset = endOffset;
    this.maxTimestampMs = UNKNOWN_TIMESTAMP;
  }

  /** Begins the indexes anew: what they held is not to be believed. */
  forgetIndexes(): void {
    this.index = new IndexTail(OFFSET_ENTRY_SIZE, 0);
    this.timeIndex = new IndexTail(TIME_ENTRY_SIZE, 0);
    this.sizeInBytes = 0;
    this.endOffset = this.baseOffset;
    this.firstTimestampMs = -1;
    this.setLargestTimestamp(-1, -1);
  }

  /** The largest timestamp and the last offset of its batch, as the time index has them. */
  setLargestTimestamp(timestampMs: number, offset: number): void {
    this.maxTimestampMs = timestampMs;
    this.maxTimestampOffset = offset;
    this.lastTimeEntryMs = timestampMs;
  }

  /** Counts the batch at `buf[pos]` as the segment's next one and keeps the indexes, every `indexIntervalBytes`. */
  addBatch(buf: Buffer, pos: number, indexIntervalBytes: number): void {
    const size = batch.sizeInBytes(buf, pos);
    const lastOffset = batch.lastOffset(buf, pos);
    // An emptied batch has no record to be found by its time.
    const timestampMs = batch.recordCount(buf, pos) === 0 ? -1 : batch.maxTimestamp(buf, pos);
    if (timestampMs > this.maxTimestampMs) {
      this.maxTimestampMs = timestampMs;
      this.maxTimestampOffset = lastOffset;
    }
    if (this.sizeInBytes === 0) this.firstTimestampMs = timestampMs;
    if (this.bytesSinceIndexEntry > indexIntervalBytes) {
      const entry = this.index.reserve();
      writeOffsetEntry(entry.buf, entry.pos, lastOffset - this.baseOffset, this.sizeInBytes);
      this.addTimeEntry();
      this.bytesSinceIndexEntry = 0;
    }
    this.bytesSinceIndexEntry += size;
    this.sizeInBytes += size;
    this.endOffset = lastOffset + 1;
  }

  /** Notes the largest timestamp so far in the time index, unless it stands there. */
  addTimeEntry(): void {
    if (this.maxTimestampMs <= this.lastTimeEntryMs) return;
    const entry = this.timeIndex.reserve();
    writeTimeEntry(entry.buf, entry.pos, this.maxTimestampMs, this.maxTimestampOffset - this.baseOffset);
    this.lastTimeEntryMs = this.maxTimestampMs;
  }
}

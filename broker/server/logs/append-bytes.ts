import type { Buffer } from 'node:buffer';
import { assert } from '../../core/base/assert.ts';
import { ownCopy } from '../../core/base/own-copy.ts';
import { jitterPartOf, type RollInput } from '../../core/log/roll.ts';
import * as batch from '../../core/record/batch.ts';
import { frameBatch } from '../../core/record/check.ts';
import type { Segment } from './segment.ts';

/** Where an append ends, and its largest timestamp. */
export interface AppendEnd {
  readonly nextOffset: number;
  readonly maxTimestampMs: number;
  /** Batches are missing before or in between. */
  readonly isSparse: boolean;
}

/**
 * The caller has validated the batches: that they do not follow the log's end is a bug. Those of a leader whose cleaner has been
 * there may leave gaps that end at or below `gapEnd`.
 */
export function checkContiguous(buf: Buffer, logEndOffset: number, gapEnd = -1): AppendEnd {
  let isSparse = false;
  let nextOffset = logEndOffset;
  let maxTimestampMs = -1;
  for (let pos = 0; pos < buf.length; ) {
    const size = frameBatch(buf, pos, buf.length);
    assert(typeof size === 'number', 'whole batches are appended');
    const baseOffset = batch.baseOffset(buf, pos);
    const isGap = baseOffset > nextOffset && baseOffset <= gapEnd;
    assert(baseOffset === nextOffset || isGap, 'batches follow the log end');
    isSparse ||= isGap;
    nextOffset = batch.nextOffset(buf, pos);
    maxTimestampMs = Math.max(maxTimestampMs, batch.maxTimestamp(buf, pos));
    pos += size;
  }
  assert(nextOffset > logEndOffset, 'an append has a batch');
  return { nextOffset, maxTimestampMs, isSparse };
}

/** The bytes as a Buffer; copied when they are a small part of a larger one, which the cache would pin (B6). */
export function ownBytes(bytes: Uint8Array): Buffer {
  return bytes.length * 2 < bytes.buffer.byteLength ? ownCopy(bytes) : batch.bufferOf(bytes);
}

/** What the roll decision looks at when `end` is to be appended to `active`. */
export function rollInput(
  active: Segment,
  appendBytes: number,
  end: AppendEnd,
  circumstances: { readonly nowMs: number; readonly hasJitter: boolean },
): RollInput {
  const { nowMs, hasJitter } = circumstances;
  return {
    baseOffset: active.baseOffset,
    sizeInBytes: active.sizeInBytes,
    indexBytes: active.index.totalBytes,
    timeIndexBytes: active.timeIndex.totalBytes,
    firstTimestampMs: active.firstTimestampMs,
    createdMs: active.createdMs,
    jitterPart: hasJitter ? jitterPartOf(active.directory, active.baseOffset) : 0,
    appendBytes,
    appendLastOffset: end.nextOffset - 1,
    appendMaxTimestampMs: end.maxTimestampMs,
    nowMs,
  };
}

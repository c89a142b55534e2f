import type { Buffer } from 'node:buffer';
import * as batch from '../../core/record/batch.ts';
import type { AppendEnd } from './append-bytes.ts';
import type { LogBody } from './log-body.ts';
import type { Segment } from './segment.ts';
import { appendedBatch } from './segment-walk.ts';

/** Takes checked batches for the end of `segment`: everything that is known of the log in memory, then the writer. */
export function take(body: LogBody, segment: Segment, buf: Buffer, end: AppendEnd): void {
  const { context, epochs, producers, config } = body;
  const baseOffset = body.logEndOffset;
  const usedMs = context.clock.monotonicMs();
  if (end.isSparse) segment.isSparse = true;
  for (let pos = 0; pos < buf.length; pos += batch.sizeInBytes(buf, pos)) {
    segment.addBatch(buf, pos, config.indexIntervalBytes);
    epochs.assign(batch.partitionLeaderEpoch(buf, pos), batch.baseOffset(buf, pos));
    if (batch.producerId(buf, pos) >= 0) producers.update(appendedBatch(buf, pos), usedMs);
  }
  body.logEndOffset = end.nextOffset;
  body.tail.push({ baseOffset, endOffset: end.nextOffset, bytes: buf, bytesBefore: body.appendedBytes });
  body.appendedBytes += buf.length;
  body.snapshotBytes += buf.length;
  context.counters.appendedBytes += buf.length;
  body.writer.enqueue(segment, buf, end.nextOffset);
}

import type { LogBody } from './log-body.ts';

/** No checkpoint from now on names more than is known to stay of a log that is to be cut at `offset`: the cut may fall inside of a batch. */
export function lowerMarks(body: LogBody, offset: number): void {
  const boundary = body.snapshots.findLast((snapshot) => snapshot <= offset) ?? 0;
  body.recoveryPointMax = Math.max(boundary, body.segments.at(offset).baseOffset);
  body.firstDirtyOffset = Math.min(body.firstDirtyOffset, offset);
  body.highWatermark = Math.min(body.highWatermark, offset);
}

/** Syncs where the log begins now, with the other checkpoints (D9). */
export function syncStart(body: LogBody, done: () => void): void {
  const { logStartOffset } = body;
  body.context.checkpoint(() => {
    // Unless the log began anew meanwhile, further in front.
    if (logStartOffset <= body.logStartOffset)
      body.durableStartOffset = Math.max(body.durableStartOffset, logStartOffset);
    done();
  });
}

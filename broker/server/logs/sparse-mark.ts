import { SPARSE_CHECKPOINT } from '../../core/log/file-names.ts';
import { decodeSparseEnd, encodeSparseEnd } from '../../core/log/marks.ts';
import { isDiskFull } from '../disk-failure.ts';
import type { Task } from '../task.ts';
import { failureOf, readIfExists, replaceFile } from './disk-tasks.ts';
import type { LogBody } from './log-body.ts';
import type { LogContext } from './log-context.ts';

const MARK_SIZE_MAX = 4096;

/** What a mark that is not what was written allows: gaps everywhere, for nothing tells where the cleaner has been. */
export const GAPS_ANYWHERE = Number.POSITIVE_INFINITY;

/** Below which offset the cleaner may have left gaps, durably; 0 when it never was in this log. */
export function* readSparseEnd(context: LogContext, directory: string): Task<number> {
  const path = `${directory}/${SPARSE_CHECKPOINT}`;
  const bytes = yield* readIfExists(context.disk, path, MARK_SIZE_MAX);
  if (bytes === null) return 0;
  const end = decodeSparseEnd(bytes, context.crc32c);
  if (end !== null) return end;
  context.log.warn(
    { path },
    'the mark of a compacted log is not what was written: a batch that is missing from it now is not noticed',
  );
  return GAPS_ANYWHERE;
}

/** Recovery has to know, before there is one, that a gap below `endOffset` is no damage (I1). */
export function* markSparse(body: LogBody, endOffset: number): Task<void> {
  if (body.sparseEnd >= endOffset) return;
  yield* writeSparseEnd(body.context, body.directory, endOffset);
  body.sparseEnd = endOffset;
}

function writeSparseEnd(context: LogContext, directory: string, endOffset: number): Task<void> {
  return replaceFile(context.disk, directory, SPARSE_CHECKPOINT, encodeSparseEnd(endOffset, context.crc32c));
}

/** Writes a spoiled mark again, at the end of the log that was found: what is appended from now on has no gaps. */
export function* renewSparseEnd(context: LogContext, directory: string, endOffset: number): Task<void> {
  try {
    yield* writeSparseEnd(context, directory, endOffset);
  } catch (error) {
    // With a full disk the next start does it.
    if (!isDiskFull(failureOf(error))) throw error;
  }
}

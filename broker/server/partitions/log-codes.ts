import { ErrorCode } from '../../core/protocol/errors.ts';
import type { LogFailure } from '../logs/partition-log.ts';

/** What a client is told when an operation on a log failed; NONE without a failure. */
export function codeOf(failure: LogFailure | null): number {
  switch (failure?.kind) {
    case undefined:
      return ErrorCode.NONE;
    case 'out-of-range':
      return ErrorCode.OFFSET_OUT_OF_RANGE;
    case 'deleted':
      return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    case 'not-writable':
    case 'damaged':
    case 'disk':
      return ErrorCode.KAFKA_STORAGE_ERROR;
  }
}

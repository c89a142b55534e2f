import { ErrorCode } from '../../core/protocol/errors.ts';

const RETRIABLE: ReadonlySet<number> = new Set([
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
]);

/** Whether the share coordinator may well answer when asked again. */
export function mayRetry(errorCode: number): boolean {
  return RETRIABLE.has(errorCode);
}

/** What a client is told when the share coordinator answered `errorCode` (PROTOCOL §2.4). */
export function clientCode(errorCode: number): number {
  if (mayRetry(errorCode)) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
  switch (errorCode) {
    case ErrorCode.NONE:
    case ErrorCode.GROUP_ID_NOT_FOUND:
    case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
      return errorCode;
    case ErrorCode.FENCED_LEADER_EPOCH:
    case ErrorCode.FENCED_STATE_EPOCH:
      return ErrorCode.NOT_LEADER_OR_FOLLOWER;
    default:
      return ErrorCode.UNKNOWN_SERVER_ERROR;
  }
}

import { ErrorCode } from '../../core/protocol/errors.ts';
import type { LoadedState } from '../../core/share/partition.ts';
import type { Partition } from '../partitions/partition.ts';
import { clientCode, mayRetry } from './error-codes.ts';
import type { ShareDeps } from './partition-host.ts';
import { offsetResetOf } from './rules.ts';

/** A share-partition to be loaded. */
export interface LoadRequest {
  readonly groupId: string;
  readonly partition: Partition;
  readonly deps: Pick<ShareDeps, 'clock' | 'timers' | 'log' | 'settings' | 'metadata' | 'persister'>;
  /** False once nobody waits for it any more. */
  readonly isCurrent: () => boolean;
}

/** What was loaded, or what clients are told instead. */
export interface LoadOutcome {
  readonly errorCode: number;
  readonly stateEpoch: number;
  readonly state: LoadedState | null;
}

const RETRY_MIN_MS = 20;
const RETRY_MAX_MS = 1_000;
/** Tries without an answer between two log lines about one share-partition: the first after two seconds. */
const TRIES_PER_COMPLAINT = 8;

/**
 * Reads a share-partition's state and takes over its leadership. A start offset that nobody chose yet is chosen by
 * `share.auto.offset.reset` and persisted before the first record is handed out: otherwise a crash before the first
 * acknowledgement would choose again, and skip what was produced since (S6). Retries while the coordinator loads.
 */
export function loadSharePartition(request: LoadRequest, done: (outcome: LoadOutcome) => void): void {
  attempt(request, 1, done);
}

function attempt(request: LoadRequest, tries: number, done: (outcome: LoadOutcome) => void): void {
  if (!request.isCurrent()) return;
  const { groupId, partition, deps } = request;
  const settle = (errorCode: number, outcome: LoadOutcome | null): void => {
    if (!request.isCurrent()) return;
    if (mayRetry(errorCode)) {
      if (tries % TRIES_PER_COMPLAINT === 0) {
        const place = { group: groupId, topic: partition.topicName, partition: partition.index };
        deps.log.warn({ ...place, errorCode, tries }, 'share-partition still waits for its share coordinator');
      }
      const retryMs = Math.min(RETRY_MIN_MS * 2 ** (tries - 1), RETRY_MAX_MS);
      deps.timers.after(retryMs, () => attempt(request, tries + 1, done));
    } else {
      done(outcome ?? { errorCode: clientCode(errorCode), stateEpoch: -1, state: null });
    }
  };
  const { topicId, index, leaderEpoch } = partition;
  deps.persister.read(groupId, topicId, index, leaderEpoch, (read) => {
    const { errorCode, stateEpoch, startOffset, stateBatches } = read;
    if (errorCode !== ErrorCode.NONE || startOffset >= 0) {
      const state = errorCode === ErrorCode.NONE ? { startOffset, stateBatches } : null;
      settle(errorCode, state === null ? null : { errorCode, stateEpoch, state });
      return;
    }
    resolveStart(request, (resolveCode, chosen) => {
      if (resolveCode !== ErrorCode.NONE) {
        settle(resolveCode, { errorCode: resolveCode, stateEpoch, state: null });
        return;
      }
      const change = { stateEpoch, leaderEpoch, startOffset: chosen, deliveryCompleteCount: 0, stateBatches: [] };
      deps.persister.write(groupId, topicId, index, change, (writeCode) => {
        const state = writeCode === ErrorCode.NONE ? { startOffset: chosen, stateBatches: [] } : null;
        settle(writeCode, state === null ? null : { errorCode: ErrorCode.NONE, stateEpoch, state });
      });
    });
  });
}

/** The offset that `share.auto.offset.reset` means now. */
function resolveStart(request: LoadRequest, done: (errorCode: number, offset: number) => void): void {
  const { groupId, partition, deps } = request;
  const reset = offsetResetOf(deps, groupId);
  if (reset.kind !== 'earliest' && partition.isBehindStart) {
    // What was committed before the election, and perhaps read by this group, may lie beyond.
    partition.awaitCommitted(partition.logEndOffset, (errorCode) => {
      if (errorCode === ErrorCode.NONE) resolveStart(request, done);
      else done(errorCode, -1);
    });
  } else if (reset.kind === 'latest') {
    done(ErrorCode.NONE, partition.highWatermark);
  } else if (reset.kind === 'earliest') {
    done(ErrorCode.NONE, partition.logStartOffset);
  } else {
    partition.offsetForTimestamp(deps.clock.wallMs() - reset.durationMs, ({ errorCode, offset }) => {
      done(errorCode, offset < 0 ? partition.highWatermark : offset);
    });
  }
}

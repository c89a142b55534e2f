import type { TopicId } from '../../core/base/ids.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ReadStateOutcome, SharePersister, StateSummary, StateWrite } from './persister.ts';
import type { ShareStateApi } from './state-router.ts';

/** The one partition's answer in a response about one partition. */
function only<R>(results: readonly { readonly partitions: readonly R[] }[]): R | undefined {
  return results[0]?.partitions[0];
}

/** The persister over the requests 83 to 87, whichever node answers them. */
export class StatePersister implements SharePersister {
  readonly #requests: ShareStateApi;

  constructor(requests: ShareStateApi) {
    this.#requests = requests;
  }

  /** See `SharePersister`. */
  initialize(
    groupId: string,
    topicId: TopicId,
    partition: number,
    stateEpoch: number,
    startOffset: number,
    done: (errorCode: number) => void,
  ): void {
    const request = { groupId, topics: [{ topicId, partitions: [{ partition, stateEpoch, startOffset }] }] };
    this.#requests.initialize(request, ({ results }) =>
      done(only(results)?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR),
    );
  }

  /** See `SharePersister`. */
  remove(groupId: string, topicId: TopicId, partition: number, done: (errorCode: number) => void): void {
    const request = { groupId, topics: [{ topicId, partitions: [{ partition }] }] };
    this.#requests.remove(request, ({ results }) => done(only(results)?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR));
  }

  /** See `SharePersister`. */
  readSummary(groupId: string, topicId: TopicId, partition: number, done: (summary: StateSummary) => void): void {
    const request = { groupId, topics: [{ topicId, partitions: [{ partition, leaderEpoch: -1 }] }] };
    this.#requests.readSummary(request, ({ results }) => done(only(results) ?? NO_SUMMARY));
  }

  /** See `SharePersister`. */
  read(
    groupId: string,
    topicId: TopicId,
    partition: number,
    leaderEpoch: number,
    done: (outcome: ReadStateOutcome) => void,
  ): void {
    const request = { groupId, topics: [{ topicId, partitions: [{ partition, leaderEpoch }] }] };
    this.#requests.read(request, ({ results }) => done(only(results) ?? NO_STATE));
  }

  /** See `SharePersister`. */
  write(
    groupId: string,
    topicId: TopicId,
    partition: number,
    change: StateWrite,
    done: (errorCode: number) => void,
  ): void {
    const request = { groupId, topics: [{ topicId, partitions: [{ partition, ...change }] }] };
    this.#requests.write(request, ({ results }) => done(only(results)?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR));
  }
}

const NO_SUMMARY: StateSummary = {
  errorCode: ErrorCode.UNKNOWN_SERVER_ERROR,
  stateEpoch: -1,
  leaderEpoch: -1,
  startOffset: -1,
  deliveryCompleteCount: -1,
};

const NO_STATE: ReadStateOutcome = {
  errorCode: ErrorCode.UNKNOWN_SERVER_ERROR,
  stateEpoch: -1,
  startOffset: -1,
  stateBatches: [],
};

import { ErrorCode } from '../../core/protocol/errors.ts';
import type { Parts } from '../parts.ts';

/** How a request about the state of many share-partitions is cut. */
export const SHARE_STATE_PARTS: readonly Parts[] = [{ of: ['topics', 'partitions'], into: ['results', 'partitions'] }];

/** The answer to somebody who is no broker: as in Kafka each partition says so. */
export function refusedShareState(request: {
  readonly topics: readonly {
    readonly topicId: string;
    readonly partitions: readonly { readonly partition: number }[];
  }[];
}) {
  const refused = {
    errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
    errorMessage: null,
    stateEpoch: 0,
    leaderEpoch: -1,
    startOffset: -1,
    stateBatches: [],
  };
  return {
    results: request.topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partition }) => ({ partition, ...refused })),
    })),
  };
}

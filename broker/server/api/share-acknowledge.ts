import type { MetadataView } from '../../core/metadata/view.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import type { ApiRow } from './row.ts';
import { LeaderHints } from './leader-hints.ts';
import { byTopicId, NO_LEADER, verdictMessage } from './share-responses.ts';
import type { ShareService } from '../share/service.ts';

/** What ShareAcknowledge needs. */
export interface ShareServices {
  readonly share: ShareService;
  readonly metadata: { readonly view: MetadataView };
}

/** ShareAcknowledge (KIP-932): verdicts without a fetch. Answered when the verdicts are durable (S0). */
export const row: ApiRow<typeof ApiKey.ShareAcknowledge, ShareServices> = {
  key: ApiKey.ShareAcknowledge,
  versions: { min: 1, max: 2 },
  listener: 'client',
  quota: 'request',
  // Topics travel as ids: each is asked for when it is known which one it is.
  authorize: (request) => [{ operation: 'read', resourceType: 'group', resourceName: request.groupId ?? '' }],
  handle(server, request, context, reply) {
    const partitions = request.topics.flatMap(({ topicId, partitions: named }) =>
      named.map(({ partitionIndex, acknowledgementBatches }) => ({
        topicId,
        partition: partitionIndex,
        batches: acknowledgementBatches,
      })),
    );
    const { groupId, memberId, shareSessionEpoch: epoch, isRenewAck: renew } = request;
    server.share.acknowledge({ groupId, memberId, epoch, renew, partitions, context }, (answer) => {
      const hints = new LeaderHints(server.metadata.view, context);
      const results = answer.results.map(({ topicId, partition, errorCode }) => ({
        topicId,
        response: {
          partitionIndex: partition,
          errorCode,
          errorMessage: verdictMessage(errorCode),
          currentLeader: hints.leader(topicId, partition, errorCode) ?? NO_LEADER,
        },
      }));
      reply({
        errorCode: answer.errorCode,
        acquisitionLockTimeoutMs: answer.lockTimeoutMs,
        responses: byTopicId(results),
        nodeEndpoints: hints.endpoints(),
      });
    });
  },
};

import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ApiRequests } from '../../core/protocol/messages.ts';
import { AcquireMode } from '../../core/share/acquisition.ts';
import { INITIAL_EPOCH } from '../../core/share/session.ts';
import type { FetchAnswer } from '../share/service.ts';
import type { AnswerMemory } from '../network/memory-budget.ts';
import type { Answer, ApiRow } from './row.ts';
import type { ShareServices } from './share-acknowledge.ts';
import { LeaderHints } from './leader-hints.ts';
import { byTopicId, NO_LEADER, verdictMessage } from './share-responses.ts';

/** What ShareFetch needs. */
export interface ShareFetchServices extends ShareServices {
  readonly answerMemory: AnswerMemory;
}

type Request = ApiRequests[typeof ApiKey.ShareFetch];
type Response = Answer<typeof ApiKey.ShareFetch>;

/** ShareFetch (KIP-932): acknowledges, acquires, and waits when there is nothing. v2 adds renewal and acquire modes. */
export const row: ApiRow<typeof ApiKey.ShareFetch, ShareFetchServices> = {
  key: ApiKey.ShareFetch,
  versions: { min: 1, max: 2 },
  listener: 'client',
  quota: 'fetch',
  // Topics travel as ids: each is asked for when it is known which one it is.
  authorize: (request) => [{ operation: 'read', resourceType: 'group', resourceName: request.groupId ?? '' }],
  handle(server, request, context, reply) {
    const mode = modeOf(request.shareAcquireMode);
    if (mode === null || (request.isRenewAck && fetchesToo(request))) {
      reply({ errorCode: ErrorCode.INVALID_REQUEST, acquisitionLockTimeoutMs: 0, responses: [], nodeEndpoints: [] });
      return;
    }
    const partitions = request.topics.flatMap(({ topicId, partitions: named }) =>
      named.map(({ partitionIndex, acknowledgementBatches }) => ({
        topicId,
        partition: partitionIndex,
        batches: acknowledgementBatches,
      })),
    );
    const { groupId, memberId, shareSessionEpoch: epoch, isRenewAck: renew } = request;
    const wish = {
      mode,
      recordsMax: request.maxRecords,
      batchSize: request.batchSize,
      minBytes: request.minBytes,
      maxBytes: Math.min(request.maxBytes, server.answerMemory.answerBytesMax()),
      maxWaitMs: request.maxWaitMs,
      forgotten: request.forgottenTopicsData.flatMap(({ topicId, partitions: indices }) =>
        indices.map((partition) => ({ topicId, partition })),
      ),
    };
    server.share.fetch({ groupId, memberId, epoch, renew, partitions, context }, wish, (answer) => {
      const hints = new LeaderHints(server.metadata.view, context);
      const responses = byTopicId(partitionAnswers(answer, epoch === INITIAL_EPOCH, hints));
      const { errorCode, lockTimeoutMs: acquisitionLockTimeoutMs } = answer;
      reply({ errorCode, acquisitionLockTimeoutMs, responses, nodeEndpoints: hints.endpoints() });
    });
  },
};

function modeOf(value: number): AcquireMode | null {
  return value === AcquireMode.batchOptimized || value === AcquireMode.recordLimit ? value : null;
}

/** A request that renews locks must not ask for records at the same time. */
function fetchesToo(request: Request): boolean {
  return request.maxBytes !== 0 || request.minBytes !== 0 || request.maxRecords !== 0 || request.maxWaitMs !== 0;
}

/** Partitions with records, errors or verdicts; the first response of a session names them all. */
function partitionAnswers(
  answer: FetchAnswer,
  first: boolean,
  hints: LeaderHints,
): { topicId: string; response: Response['responses'][number]['partitions'][number] }[] {
  const verdicts = new Map(answer.results.map((result) => [`${result.topicId}:${result.partition}`, result]));
  const out: ReturnType<typeof partitionAnswers> = [];
  const add = (
    topicId: string,
    partition: number,
    errorCode: number,
    entry: FetchAnswer['entries'][number] | null,
  ): void => {
    const key = `${topicId}:${partition}`;
    const verdict = verdicts.get(key);
    verdicts.delete(key);
    if (!first && verdict === undefined && errorCode === ErrorCode.NONE && (entry?.acquired.length ?? 0) === 0) return;
    const acknowledgeErrorCode = verdict?.errorCode ?? ErrorCode.NONE;
    out.push({
      topicId,
      response: {
        partitionIndex: partition,
        errorCode,
        acknowledgeErrorCode,
        acknowledgeErrorMessage: verdictMessage(acknowledgeErrorCode),
        currentLeader: hints.leader(topicId, partition, errorCode, acknowledgeErrorCode) ?? NO_LEADER,
        records: entry?.chunks ?? [],
        acquiredRecords: (entry?.acquired ?? []).map(({ start, end, deliveryCount }) => ({
          firstOffset: start,
          lastOffset: end - 1,
          deliveryCount,
        })),
      },
    });
  };
  for (const entry of answer.entries) add(entry.topicId, entry.partition, entry.errorCode, entry);
  for (const { topicId, partition } of [...verdicts.values()]) add(topicId, partition, ErrorCode.NONE, null);
  return out;
}

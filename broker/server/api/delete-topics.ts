import { topicId, ZERO_TOPIC_ID } from '../../core/base/ids.ts';
import type { MetadataView } from '../../core/metadata/view.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { MetadataClient } from '../metadata-client.ts';
import type { RequestContext } from '../request-context.ts';
import { controllerTimeoutMs } from './metadata-timeout.ts';
import type { ApiRow } from './row.ts';

/** What DeleteTopics works with. */
export interface DeleteTopicsServices {
  readonly metadata: MetadataClient;
}

/** A topic as a request names it; exactly one of the two should be given. */
interface Wanted {
  readonly name: string | null;
  readonly topicId: string | null;
}

/** First version that names topics by name or id. */
const BY_ID_VERSION = 6;
/** Up to this version clients don't know TOPIC_DELETION_DISABLED. */
const OLD_ERRORS_VERSION = 2;

/** DeleteTopics, by name or (KIP-516) by id. */
export const row: ApiRow<typeof ApiKey.DeleteTopics, DeleteTopicsServices> = {
  key: ApiKey.DeleteTopics,
  versions: { min: 1, max: 6 },
  listener: 'client',
  quota: 'controller-mutation',
  parts: [
    { of: ['topics'], into: ['responses'] },
    { of: ['topicNames'], into: ['responses'] },
  ],
  authorize: (request) =>
    [...request.topicNames, ...request.topics.flatMap(({ name }) => (name === null ? [] : [name]))].map((name) => ({
      operation: 'delete',
      resourceType: 'topic',
      resourceName: name,
    })),
  handle({ metadata }, request, context, reply) {
    const wanted: readonly Wanted[] =
      context.apiVersion >= BY_ID_VERSION
        ? request.topics.map((topic) => ({
            name: topic.name,
            topicId: topic.topicId === ZERO_TOPIC_ID ? null : topic.topicId,
          }))
        : request.topicNames.map((name) => ({ name, topicId: null }));
    const allowed: Wanted[] = [];
    const denied: ReturnType<typeof failure>[] = [];
    for (const topic of wanted) {
      if (mayDelete(metadata.view, context, topic)) allowed.push(topic);
      else denied.push(failure(topic, DENIED));
    }
    if (allowed.length === 0) {
      reply({ responses: denied });
      return;
    }
    metadata.submit({ kind: 'deleteTopics', topics: allowed }, controllerTimeoutMs(request.timeoutMs), (outcome) => {
      const results = outcome.kind === 'failed' ? allowed.map((topic) => failure(topic, outcome)) : outcome.topics;
      reply({
        responses: [...results, ...denied].map((result) => ({
          ...result,
          errorCode: codeFor(context.apiVersion, result.errorCode),
        })),
      });
    });
  },
};

const DENIED = { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, errorMessage: null } as const;

/** Ids of topics that are gone pass: the controller says that they are unknown. */
function mayDelete(view: MetadataView, context: RequestContext, topic: Wanted): boolean {
  const name = topic.name ?? (topic.topicId === null ? null : (view.topicById(topicId(topic.topicId))?.name ?? null));
  return name === null || context.allowed({ operation: 'delete', resourceType: 'topic', resourceName: name });
}

function failure(topic: Wanted, why: { readonly errorCode: number; readonly errorMessage: string | null }) {
  const { errorCode, errorMessage } = why;
  return { name: topic.name, topicId: topic.topicId ?? ZERO_TOPIC_ID, errorCode, errorMessage };
}

function codeFor(version: number, errorCode: number): number {
  const isNew = errorCode === ErrorCode.TOPIC_DELETION_DISABLED && version <= OLD_ERRORS_VERSION;
  return isNew ? ErrorCode.INVALID_REQUEST : errorCode;
}

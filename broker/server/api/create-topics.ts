import { ZERO_TOPIC_ID } from '../../core/base/ids.ts';
import { describeTopic } from '../../core/config/describe.ts';
import type { Settings } from '../../core/config/settings.ts';
import type { CreatedTopic, NewTopic } from '../../core/metadata/commands.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ApiRequests } from '../../core/protocol/messages.ts';
import type { MetadataClient } from '../metadata-client.ts';
import type { RequestContext } from '../request-context.ts';
import { controllerTimeoutMs } from './metadata-timeout.ts';
import type { ApiRow } from './row.ts';

/** What CreateTopics works with. */
export interface CreateTopicsServices {
  readonly metadata: MetadataClient;
  readonly settings: Settings;
}

type Request = ApiRequests[typeof ApiKey.CreateTopics];
type Asked = Request['topics'][number];

/** CreateTopics: each topic by itself, answered once it is in this broker's metadata. */
export const row: ApiRow<typeof ApiKey.CreateTopics, CreateTopicsServices> = {
  key: ApiKey.CreateTopics,
  versions: { min: 2, max: 7 },
  listener: 'client',
  quota: 'controller-mutation',
  parts: [{ of: ['topics'], into: ['topics'] }],
  authorize: (request) =>
    request.topics.map(({ name }) => ({ operation: 'create', resourceType: 'topic', resourceName: name })),
  handle({ metadata, settings }, request, context, reply) {
    const allowed = request.topics.filter(({ name }) => mayCreate(context, name));
    const denied = request.topics
      .filter(({ name }) => !mayCreate(context, name))
      .map(({ name }) => failure(name, DENIED));
    if (allowed.length === 0) {
      reply({ topics: denied });
      return;
    }
    const command = {
      kind: 'createTopics',
      topics: allowed.map(newTopic),
      validateOnly: request.validateOnly,
    } as const;
    metadata.submit(command, controllerTimeoutMs(request.timeoutMs), (outcome) => {
      if (outcome.kind === 'failed') {
        reply({ topics: [...allowed.map(({ name }) => failure(name, outcome)), ...denied] });
        return;
      }
      const asked = new Map(allowed.map((topic) => [topic.name, topic]));
      const created = outcome.topics.map((topic) => answer(settings, context, topic, asked.get(topic.name)));
      reply({ topics: [...created, ...denied] });
    });
  },
};

const DENIED = { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, errorMessage: null } as const;

function mayCreate(context: RequestContext, name: string): boolean {
  if (context.allowed({ operation: 'create', resourceType: 'cluster', resourceName: 'kafka-cluster' })) return true;
  return context.allowed({ operation: 'create', resourceType: 'topic', resourceName: name });
}

function newTopic(topic: Asked): NewTopic {
  const { name, numPartitions, replicationFactor, assignments, configs } = topic;
  return { name, partitionCount: numPartitions, replicationFactor, assignments, configs };
}

function answer(settings: Settings, context: RequestContext, topic: CreatedTopic, asked: Asked | undefined) {
  const { name, errorCode, errorMessage, topicId } = topic;
  if (errorCode !== ErrorCode.NONE) return failure(name, topic);
  const known = { name, errorCode, errorMessage, topicId };
  if (!context.allowed({ operation: 'describe-configs', resourceType: 'topic', resourceName: name })) {
    return {
      ...known,
      topicConfigErrorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
      numPartitions: -1,
      replicationFactor: -1,
      configs: [],
    };
  }
  const overrides = new Map(
    (asked?.configs ?? []).flatMap((one) => (one.value === null ? [] : [[one.name, one.value] as const])),
  );
  const configs = describeTopic(settings, overrides).map((one) => ({
    name: one.name,
    value: one.value,
    readOnly: one.readOnly,
    configSource: one.configSource,
    isSensitive: one.isSensitive,
  }));
  return { ...known, numPartitions: topic.partitionCount, replicationFactor: topic.replicationFactor, configs };
}

function failure(name: string, why: { readonly errorCode: number; readonly errorMessage: string | null }) {
  const { errorCode, errorMessage } = why;
  return {
    name,
    topicId: ZERO_TOPIC_ID,
    errorCode,
    errorMessage,
    numPartitions: -1,
    replicationFactor: -1,
    configs: [],
  };
}

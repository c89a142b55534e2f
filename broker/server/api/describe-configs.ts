import {
  describeBroker,
  describeCluster,
  describeGroup,
  describeTopic,
  type ConfigEntry,
} from '../../core/config/describe.ts';
import type { Settings } from '../../core/config/settings.ts';
import { topicNameProblem } from '../../core/metadata/topic-name.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ApiRequests } from '../../core/protocol/messages.ts';
import type { MetadataClient } from '../metadata-client.ts';
import type { RequestContext } from '../request-context.ts';
import { brokerNameProblem, ConfigResourceType, configNeed } from './config-resources.ts';
import type { ApiRow } from './row.ts';

/** What DescribeConfigs tells of. */
export interface DescribeConfigsServices {
  readonly metadata: MetadataClient;
  readonly settings: Settings;
  readonly nodeId: number;
}

type Request = ApiRequests[typeof ApiKey.DescribeConfigs];
type Asked = Request['resources'][number];

/** The settings of a resource, or why there are none. */
type Described =
  | { readonly errorCode: 0; readonly entries: readonly ConfigEntry[] }
  | { readonly errorCode: number; readonly errorMessage: string | null; readonly entries: null };

/** What one resource is answered with, about. */
const SETTINGS_COUNT = 100;

/** DescribeConfigs of topics, this broker, all brokers, and groups, with synonyms and documentation (KIP-226, KIP-569). */
export const row: ApiRow<typeof ApiKey.DescribeConfigs, DescribeConfigsServices> = {
  key: ApiKey.DescribeConfigs,
  versions: { min: 1, max: 4 },
  listener: 'client',
  quota: 'request',
  parts: [{ of: ['resources'], into: ['results'], weight: SETTINGS_COUNT }],
  authorize: (request) => request.resources.map((resource) => configNeed(resource, 'describe-configs')),
  handle(server, request, context, reply) {
    reply({ results: request.resources.map((asked) => answer(server, request, context, asked)) });
  },
};

function answer(server: DescribeConfigsServices, request: Request, context: RequestContext, asked: Asked) {
  const { resourceType, resourceName } = asked;
  const described = context.allowed(configNeed(asked, 'describe-configs'))
    ? describe(server, asked)
    : denied(resourceType);
  if (described.entries === null) {
    const { errorCode, errorMessage } = described;
    return { errorCode, errorMessage, resourceType, resourceName, configs: [] };
  }
  // No names ask for all, as null does.
  const keys = asked.configurationKeys ?? [];
  const wanted = keys.length === 0 ? null : new Set(keys);
  const configs = described.entries
    .filter(({ name }) => wanted === null || wanted.has(name))
    .map(({ synonyms, documentation, ...entry }) => ({
      ...entry,
      synonyms: request.includeSynonyms ? synonyms : [],
      documentation: request.includeDocumentation ? documentation : null,
    }));
  return { errorCode: ErrorCode.NONE, errorMessage: '', resourceType, resourceName, configs };
}

function describe(
  { metadata, settings, nodeId }: DescribeConfigsServices,
  { resourceType, resourceName }: Asked,
): Described {
  const { view } = metadata;
  switch (resourceType) {
    case ConfigResourceType.TOPIC: {
      const illegal = topicNameProblem(resourceName);
      if (illegal !== null) return refused(ErrorCode.INVALID_TOPIC_EXCEPTION, illegal);
      if (view.topicByName(resourceName) === null)
        return refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `no topic ${resourceName}`);
      return {
        errorCode: ErrorCode.NONE,
        entries: describeTopic(settings, view.configOverrides('topic', resourceName)),
      };
    }
    case ConfigResourceType.BROKER: {
      const stranger = brokerNameProblem(resourceName, nodeId);
      if (stranger !== null) return refused(ErrorCode.INVALID_REQUEST, stranger);
      const entries =
        resourceName === '' ? describeCluster(view.configOverrides('cluster', '')) : describeBroker(settings);
      return { errorCode: ErrorCode.NONE, entries };
    }
    case ConfigResourceType.GROUP:
      if (resourceName === '') return refused(ErrorCode.INVALID_REQUEST, 'a group has a name');
      return {
        errorCode: ErrorCode.NONE,
        entries: describeGroup(settings, view.configOverrides('group', resourceName)),
      };
    default:
      return refused(ErrorCode.INVALID_REQUEST, `resources of type ${resourceType} have no settings here`);
  }
}

function denied(resourceType: number): Described {
  if (resourceType === ConfigResourceType.TOPIC) return refused(ErrorCode.TOPIC_AUTHORIZATION_FAILED, null);
  if (resourceType === ConfigResourceType.GROUP) return refused(ErrorCode.GROUP_AUTHORIZATION_FAILED, null);
  return refused(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, null);
}

function refused(errorCode: number, errorMessage: string | null): Described {
  return { errorCode, errorMessage, entries: null };
}

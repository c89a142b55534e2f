import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { MetadataClient } from '../metadata-client.ts';
import { controllerTimeoutMs } from './metadata-timeout.ts';
import type { ApiRow } from './row.ts';

/** What CreatePartitions works with. */
export interface CreatePartitionsServices {
  readonly metadata: MetadataClient;
}

/** CreatePartitions: raises the partition count of topics, each by itself. */
export const row: ApiRow<typeof ApiKey.CreatePartitions, CreatePartitionsServices> = {
  key: ApiKey.CreatePartitions,
  versions: { min: 0, max: 3 },
  listener: 'client',
  quota: 'controller-mutation',
  parts: [{ of: ['topics'], into: ['results'] }],
  authorize: (request) =>
    request.topics.map(({ name }) => ({ operation: 'alter', resourceType: 'topic', resourceName: name })),
  handle({ metadata }, request, context, reply) {
    const isAllowed = (name: string): boolean =>
      context.allowed({ operation: 'alter', resourceType: 'topic', resourceName: name });
    const allowed = request.topics.filter(({ name }) => isAllowed(name));
    const denied = request.topics
      .filter(({ name }) => !isAllowed(name))
      .map(({ name }) => ({ name, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, errorMessage: null }));
    if (allowed.length === 0) {
      reply({ results: denied });
      return;
    }
    const topics = allowed.map(({ name, count, assignments }) => ({
      name,
      partitionCount: count,
      assignments: assignments?.map(({ brokerIds }) => brokerIds) ?? null,
    }));
    const command = { kind: 'createPartitions', topics, validateOnly: request.validateOnly } as const;
    metadata.submit(command, controllerTimeoutMs(request.timeoutMs), (outcome) => {
      const results =
        outcome.kind === 'failed'
          ? allowed.map(({ name }) => ({ name, errorCode: outcome.errorCode, errorMessage: outcome.errorMessage }))
          : outcome.topics;
      reply({ results: [...results, ...denied] });
    });
  },
};

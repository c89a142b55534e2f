import type { CodedResult } from '../../core/metadata/commands.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ApiRequests } from '../../core/protocol/messages.ts';
import type { Log } from '../../ports/log.ts';
import type { MetadataClient } from '../metadata-client.ts';
import type { RequestContext } from '../request-context.ts';
import { ALTER_CLUSTER, NOT_ALLOWED } from './change-voters.ts';
import { controllerTimeoutMs } from './metadata-timeout.ts';
import type { Answer, ApiRow } from './row.ts';

/** What ElectLeaders works with. */
export interface ElectLeadersServices {
  readonly metadata: MetadataClient;
  readonly ports: { readonly log: Log };
}

type Request = ApiRequests[typeof ApiKey.ElectLeaders];
type Result = CodedResult & { readonly topic: string; readonly index: number };

/** The types of elections by their numbers (KIP-460). */
const ELECTION_TYPES = ['preferred', 'unclean'] as const;

/** ElectLeaders (KIP-183, KIP-460): gives partitions their preferred leader, or one at any price. */
export const row: ApiRow<typeof ApiKey.ElectLeaders, ElectLeadersServices> = {
  key: ApiKey.ElectLeaders,
  versions: { min: 0, max: 2 },
  listener: 'client',
  quota: 'request',
  parts: [{ of: ['topicPartitions', 'partitions'], into: ['replicaElectionResults', 'partitionResult'] }],
  authorize: () => [ALTER_CLUSTER],
  handle({ metadata, ports }, request, context, reply) {
    const electionType = ELECTION_TYPES[request.electionType];
    if (!context.allowed(ALTER_CLUSTER)) {
      reply(failed(request, NOT_ALLOWED));
    } else if (electionType === undefined) {
      const errorMessage = `there is no election type ${request.electionType}`;
      reply(failed(request, { errorCode: ErrorCode.INVALID_REQUEST, errorMessage }));
    } else {
      const partitions =
        request.topicPartitions?.flatMap((one) => one.partitions.map((index) => ({ topic: one.topic, index }))) ?? null;
      const command = { kind: 'electLeaders', electionType, partitions } as const;
      metadata.submit(command, controllerTimeoutMs(request.timeoutMs), (outcome) => {
        if (outcome.kind === 'failed') {
          reply(failed(request, outcome));
          return;
        }
        if (electionType === 'unclean') audit(ports.log, context, outcome.partitions);
        reply({ errorCode: outcome.errorCode, replicaElectionResults: answers(outcome.partitions) });
      });
    }
  },
};

/** Records may be gone for good now: who wanted that is told. */
function audit(log: Log, { connection }: RequestContext, results: readonly Result[]): void {
  const elected = results.filter(({ errorCode }) => errorCode === ErrorCode.NONE);
  if (elected.length === 0) return;
  const { principal, address } = connection;
  const partitions = elected.map(({ topic, index }) => `${topic}-${index}`);
  log.warn({ principal, address, partitions }, 'leaders were elected by hand that may lack acknowledged records');
}

function failed(request: Request, { errorCode, errorMessage }: CodedResult): Answer<typeof ApiKey.ElectLeaders> {
  const results = (request.topicPartitions ?? []).flatMap(({ topic, partitions }) =>
    partitions.map((index) => ({ topic, index, errorCode, errorMessage })),
  );
  return { errorCode, replicaElectionResults: answers(results) };
}

function answers(results: readonly Result[]) {
  const topics = new Map<string, { partitionId: number; errorCode: number; errorMessage: string | null }[]>();
  for (const { topic, index: partitionId, errorCode, errorMessage } of results) {
    const known = topics.get(topic);
    const one = { partitionId, errorCode, errorMessage };
    if (known === undefined) topics.set(topic, [one]);
    else known.push(one);
  }
  return [...topics].map(([topic, partitionResult]) => ({ topic, partitionResult }));
}

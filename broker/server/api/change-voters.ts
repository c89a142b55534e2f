import { ZERO_TOPIC_ID } from '../../core/base/ids.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ChangeQuorumRequest } from '../../ports/control-net.ts';
import type { MetadataClient, QuorumClient } from '../metadata-client.ts';
import type { RequestContext } from '../request-context.ts';
import type { AuthorizationNeed } from './row.ts';

/** What changes of the voters work with. */
export interface ChangeVotersServices {
  readonly metadata: MetadataClient;
  readonly quorum: QuorumClient;
}

/** What a change of the cluster itself needs. */
export const ALTER_CLUSTER: AuthorizationNeed = {
  operation: 'alter',
  resourceType: 'cluster',
  resourceName: 'kafka-cluster',
};

/** How a change of the cluster ended. */
export interface ChangeAnswer {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** The answer to somebody who may not change the cluster. */
export const NOT_ALLOWED: ChangeAnswer = {
  errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
  errorMessage: 'Cluster authorization failed.',
};

/** Adds or removes a voter (KIP-853), or says why not; `clusterId` null is any. */
export function changeVoters(
  { metadata, quorum }: ChangeVotersServices,
  asked: {
    readonly context: RequestContext;
    readonly clusterId: string | null;
    readonly request: ChangeQuorumRequest;
    readonly timeoutMs: number;
    /** Why the request itself is none. */
    readonly problem: string | null;
  },
  reply: (answer: ChangeAnswer) => void,
): void {
  const { context, clusterId, request, timeoutMs } = asked;
  const { id, directoryId } = request.replica;
  const own = metadata.view.clusterId;
  const problem = id < 0 || directoryId === ZERO_TOPIC_ID ? 'a voter has an id and a directory id' : asked.problem;
  if (!context.allowed(ALTER_CLUSTER)) {
    reply(NOT_ALLOWED);
  } else if (clusterId !== null && clusterId !== own) {
    reply({ errorCode: ErrorCode.INCONSISTENT_CLUSTER_ID, errorMessage: `this is cluster ${own}, not ${clusterId}` });
  } else if (problem !== null) {
    reply({ errorCode: ErrorCode.INVALID_REQUEST, errorMessage: problem });
  } else {
    quorum.changeQuorum(request, timeoutMs, (response) => {
      const { errorCode, errorMessage } = response ?? {
        errorCode: ErrorCode.REQUEST_TIMED_OUT,
        errorMessage: 'no active controller answered in time',
      };
      reply({ errorCode, errorMessage });
    });
  }
}

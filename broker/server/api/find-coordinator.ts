import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import { COORDINATOR_TYPE, type CoordinatorFinder, type FoundCoordinator } from '../coordinators/finder.ts';
import { type Gathered, gather } from '../gather.ts';
import type { RequestContext } from '../request-context.ts';
import { groupNeed } from './group-requests.ts';
import { CLUSTER_ACTION, type ApiRow, type AuthorizationNeed } from './row.ts';

/** First version that asks for several keys at once (KIP-699). */
const BATCH_VERSION = 4;
/** First version that may ask for the share state of a share-partition (KIP-932). */
const SHARE_VERSION = 6;

/** What FindCoordinator looks in. */
export interface FindCoordinatorServices {
  readonly coordinatorFinder: CoordinatorFinder;
}

/** FindCoordinator: which broker coordinates a group or the share state of a share-partition. */
export const row: ApiRow<typeof ApiKey.FindCoordinator, FindCoordinatorServices> = {
  key: ApiKey.FindCoordinator,
  versions: { min: 0, max: 6 },
  listener: 'client',
  quota: 'request',
  parts: [{ of: ['coordinatorKeys'], into: ['coordinators'] }],
  authorize: (request) =>
    [...new Set([request.key, ...request.coordinatorKeys])].map((key) => needOf(request.keyType, key)),
  handle(server, request, context, reply) {
    const { keyType } = request;
    const find = (key: string, done: (found: FoundCoordinator) => void): void => {
      if (keyType === COORDINATOR_TYPE.share && context.apiVersion < SHARE_VERSION) done(TOO_OLD);
      else findOne(server.coordinatorFinder, context, { keyType, key }, done);
    };
    if (context.apiVersion < BATCH_VERSION) {
      find(request.key, reply);
      return;
    }
    const work = request.coordinatorKeys.map(
      (key): Gathered<FoundCoordinator & { readonly key: string }> =>
        (done) =>
          // The batch has no null for a message that there is none of.
          find(key, (found) => done({ ...found, key, errorMessage: found.errorMessage ?? '' })),
    );
    gather(work, (coordinators) => reply({ coordinators }));
  },
};

const TOO_OLD: FoundCoordinator = {
  errorCode: ErrorCode.INVALID_REQUEST,
  errorMessage: null,
  nodeId: -1,
  host: '',
  port: -1,
};

function needOf(keyType: number, key: string): AuthorizationNeed {
  if (keyType === COORDINATOR_TYPE.group) return groupNeed('describe', key);
  if (keyType === COORDINATOR_TYPE.transaction)
    return { operation: 'describe', resourceType: 'transactional-id', resourceName: key };
  return CLUSTER_ACTION;
}

const DENIED: ReadonlyMap<number, number> = new Map([
  [COORDINATOR_TYPE.group, ErrorCode.GROUP_AUTHORIZATION_FAILED],
  [COORDINATOR_TYPE.transaction, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED],
]);

function findOne(
  finder: CoordinatorFinder,
  context: RequestContext,
  asked: { readonly keyType: number; readonly key: string },
  done: (found: FoundCoordinator) => void,
): void {
  if (!context.allowed(needOf(asked.keyType, asked.key))) {
    const errorCode = DENIED.get(asked.keyType) ?? ErrorCode.CLUSTER_AUTHORIZATION_FAILED;
    done({ errorCode, errorMessage: null, nodeId: -1, host: '', port: -1 });
    return;
  }
  finder.find({ type: asked.keyType, key: asked.key, listener: context.connection.listener }, done);
}

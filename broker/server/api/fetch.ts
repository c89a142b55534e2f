import type { Settings } from '../../core/config/settings.ts';
import { RACK_AWARE_SELECTOR } from '../../core/config/table/replication.ts';
import { brokerId } from '../../core/base/ids.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ApiRequests } from '../../core/protocol/messages.ts';
import {
  type FetchSession,
  FetchSessions,
  type FetchWish,
  type SessionDecision,
  sessionKey,
  toPartition,
} from '../../core/replica/fetch-session.ts';
import type { Clock, Timers } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import { FetchOperation, type FetchAnswer } from '../partitions/fetch-operation.ts';
import type { LeadWaits } from '../partitions/lead-waits.ts';
import type { LimitLog } from '../network/limit-log.ts';
import type { AnswerMemory } from '../network/memory-budget.ts';
import type { RequestContext } from '../request-context.ts';
import type { Throttle } from '../replication/throttle.ts';
import type { PartitionServices } from '../partitions/lookup.ts';
import { isIsolationLevel } from './isolation-level.ts';
import { LeaderHints } from './leader-hints.ts';
import { type Answer, type ApiRow, CLUSTER_ACTION } from './row.ts';

/** What Fetch reads from. */
export interface FetchServices extends PartitionServices {
  readonly ports: { readonly timers: Timers; readonly clock: Clock; readonly random: Random };
  readonly settings: Settings;
  readonly fetchSessions: FetchSessions;
  readonly limitLog: LimitLog;
  readonly answerMemory: AnswerMemory;
  readonly leadWaits: Pick<LeadWaits, 'wait'>;
  readonly brokerListener: string;
  readonly leaderThrottle: Throttle;
}

type Request = ApiRequests[typeof ApiKey.Fetch];
type Response = Answer<typeof ApiKey.Fetch>;

/** First version with the reader's rack: who speaks it knows how to read from a follower (KIP-392). */
const RACK_SINCE = 11;
/** First version that names topics by id. */
const BY_ID_SINCE = 13;
/** First version that says where the leaders are which its errors point to (KIP-951). */
const LEADERS_SINCE = 16;

/** Fetch by consumers and followers, with sessions (KIP-227) and long polling. */
export const row: ApiRow<typeof ApiKey.Fetch, FetchServices> = {
  key: ApiKey.Fetch,
  versions: { min: 4, max: 18 },
  listener: 'client',
  quota: 'fetch',
  authorize: (request) => {
    // Who says to be a follower must be allowed to act as one.
    if (replicaId(request) >= 0) return [CLUSTER_ACTION];
    return request.topics.map((topic) => ({
      operation: 'read',
      resourceType: 'topic',
      resourceName: topic.topic === '' ? topic.topicId : topic.topic,
    }));
  },
  handle(server, request, context, reply) {
    const isFollowers = replicaId(request) >= 0;
    const refused = isFollowers ? followerRefusal(server, request, context) : ErrorCode.NONE;
    if (refused !== ErrorCode.NONE) {
      reply({ errorCode: refused, sessionId: 0, responses: [] });
      return;
    }
    const byId = context.apiVersion >= BY_ID_SINCE;
    if (!isIsolationLevel(request.isolationLevel)) {
      reply(refusal(request, ErrorCode.INVALID_REQUEST, byId));
      return;
    }
    const wishes = wishesOf(server, request, byId);
    const nowMs = server.ports.clock.monotonicMs();
    const decision = server.fetchSessions.open(
      {
        sessionId: request.sessionId,
        sessionEpoch: request.sessionEpoch,
        byId,
        isFollowers,
        wishes,
        forgotten: request.forgottenTopicsData.flatMap((topic) =>
          topic.partitions.map((index) => ({ topicId: topic.topicId, topic: topic.topic, index })),
        ),
      },
      nowMs,
      () => server.ports.random.uint32() & 0x7fff_ffff,
    );
    if ('full' in decision && decision.full) {
      const { address } = context.connection;
      const fields = { address, clientId: context.clientId, sessions: server.fetchSessions.count };
      const limit = 'max.incremental.fetch.session.cache.slots';
      server.limitLog.write('warn', limit, fields, `no room for a fetch session or its partitions (${limit})`);
    }
    if (decision.kind === 'refused') {
      reply({ errorCode: ErrorCode[decision.error], sessionId: 0, responses: [] });
      return;
    }
    run(server, request, context, decision, wishes, reply);
  },
};

const replicaId = (request: Request): number =>
  request.replicaState.replicaId >= 0 ? request.replicaState.replicaId : request.replicaId;

/** Followers speak on the listener of brokers alone (B2), each for itself, and an earlier incarnation of one says nothing of the present one. */
function followerRefusal(server: FetchServices, request: Request, context: RequestContext): number {
  const { listener, node } = context.connection;
  const id = replicaId(request);
  const isAnother = node !== undefined && node !== id;
  if (listener !== server.brokerListener || isAnother || !context.allowed(CLUSTER_ACTION)) {
    return ErrorCode.CLUSTER_AUTHORIZATION_FAILED;
  }
  const epoch = server.metadata.view.broker(brokerId(id))?.epoch ?? 0;
  return request.replicaState.replicaEpoch < epoch ? ErrorCode.STALE_BROKER_EPOCH : ErrorCode.NONE;
}

/** The answer to a request that is wrong as a whole; before topic ids each partition is told too. */
function refusal(request: Request, errorCode: number, byId: boolean): Response {
  const responses = request.topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition }) => ({
      partitionIndex: partition,
      errorCode,
      highWatermark: -1,
      abortedTransactions: [],
      records: [],
    })),
  }));
  return { errorCode, sessionId: 0, responses: byId ? [] : responses };
}

/** What is asked of each partition; of one that is named twice, what is asked last. */
function wishesOf(server: FetchServices, request: Request, byId: boolean): FetchWish[] {
  const maxBytes = server.settings.broker('fetch.max.bytes');
  const wishes = new Map<string, FetchWish>();
  for (const topic of request.topics) {
    for (const partition of topic.partitions) {
      const wish = {
        topicId: topic.topicId,
        topic: byId ? '' : topic.topic,
        index: partition.partition,
        fetchOffset: partition.fetchOffset,
        maxBytes: Math.min(partition.partitionMaxBytes, maxBytes),
        currentLeaderEpoch: partition.currentLeaderEpoch,
        lastFetchedEpoch: partition.lastFetchedEpoch,
        logStartOffset: partition.logStartOffset,
      };
      wishes.set(sessionKey(wish, byId), wish);
    }
  }
  return [...wishes.values()];
}

function run(
  server: FetchServices,
  request: Request,
  context: RequestContext,
  decision: Exclude<SessionDecision, { kind: 'refused' }>,
  wishes: readonly FetchWish[],
  reply: (response: Response) => void,
): void {
  const byId = context.apiVersion >= BY_ID_SINCE;
  const session: FetchSession | null = decision.kind === 'sessionless' ? null : decision.session;
  const partitions =
    session === null
      ? wishes.map((wish) => toPartition(sessionKey(wish, byId), wish))
      : [...session.partitions.values()];
  const { replicaId: follower, replicaEpoch } = request.replicaState;
  const isRackAware = server.settings.broker('replica.selector.class') === RACK_AWARE_SELECTOR;
  const operation = new FetchOperation({
    server,
    context,
    byId,
    partitions,
    changesOnly: decision.kind === 'incremental',
    isolationLevel: follower >= 0 ? 'replica' : request.isolationLevel === 1 ? 1 : 0,
    mayFollow: follower < 0 && context.apiVersion >= RACK_SINCE,
    rackId: isRackAware ? request.rackId : '',
    tellsWatermark: isRackAware,
    follower: follower < 0 ? null : { brokerId: brokerId(follower), brokerEpoch: replicaEpoch },
    minBytes: request.minBytes,
    maxBytes: Math.min(request.maxBytes, server.settings.broker('fetch.max.bytes')),
    maxWaitMs: request.maxWaitMs,
    done: (answers) => {
      if (session !== null) {
        FetchSessions.rotate(
          session,
          answers.filter((one) => one.sizeInBytes > 0).map((one) => one.asked),
        );
      }
      const nodeEndpoints = context.apiVersion >= LEADERS_SINCE ? pointToLeaders(server, context, answers) : [];
      reply({ errorCode: ErrorCode.NONE, sessionId: session?.id ?? 0, responses: byTopic(answers), nodeEndpoints });
    },
  });
  operation.start();
}

/** Names the leaders of partitions that are led elsewhere, and gives their addresses. */
function pointToLeaders(
  server: FetchServices,
  context: RequestContext,
  answers: readonly FetchAnswer[],
): ReturnType<LeaderHints['endpoints']> {
  const hints = new LeaderHints(server.metadata.view, context);
  for (const { asked, response } of answers) {
    const { topicId, index } = asked;
    response.currentLeader = hints.leader(topicId, index, response.errorCode) ?? response.currentLeader;
  }
  return hints.endpoints();
}

function byTopic(answers: readonly FetchAnswer[]): Response['responses'] {
  const topics = new Map<string, { topic: string; topicId: string; partitions: FetchAnswer['response'][] }>();
  for (const { asked, response } of answers) {
    const key = `${asked.topicId}/${asked.topic}`;
    let topic = topics.get(key);
    if (topic === undefined) {
      topic = { topic: asked.topic, topicId: asked.topicId, partitions: [] };
      topics.set(key, topic);
    }
    topic.partitions.push(response);
  }
  return [...topics.values()];
}

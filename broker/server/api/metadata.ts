import { ZERO_TOPIC_ID, topicId as asTopicId } from '../../core/base/ids.ts';
import type { Settings } from '../../core/config/settings.ts';
import { topicNameProblem } from '../../core/metadata/topic-name.ts';
import type { MetadataView, TopicView } from '../../core/metadata/view.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import { type ApiRequests, encodeResponseElement } from '../../core/protocol/messages.ts';
import type { Encoded } from '../../core/protocol/encoded.ts';
import type { Timers } from '../../ports/clock.ts';
import type { MetadataClient } from '../metadata-client.ts';
import type { Partitions } from '../partitions/partition.ts';
import type { RequestContext } from '../request-context.ts';
import { authorizedOperations, OPERATIONS_NOT_ASKED } from './authorized-operations.ts';
import { brokersOn, controllerOn, describePartition } from './brokers.ts';
import type { ApiRow } from './row.ts';
import type { TopicAnswers } from './topic-answers.ts';

/** What Metadata tells of, and what it may create. */
export interface MetadataServices {
  readonly metadata: MetadataClient;
  readonly partitions: Partitions;
  readonly settings: Settings;
  /** Creation of a topic that a client named (auto.create.topics.enable), and of the internal topics by their own rules. */
  readonly autoTopics: AutoTopics;
  readonly topicAnswers: TopicAnswers;
  readonly ports: { readonly timers: Timers };
}

/** Creates topics on first use. */
export interface AutoTopics {
  /** `done` gets one error code per name, after the topics are visible in the metadata view. */
  create(names: readonly string[], done: (errorCodes: ReadonlyMap<string, number>) => void): void;
}

type Request = ApiRequests[typeof ApiKey.Metadata];
interface Asked {
  readonly name: string | null;
  readonly topicId: string;
}

const NO_TOPIC: Asked = { name: null, topicId: ZERO_TOPIC_ID };

/** Partitions that are encoded in one turn: a millisecond, ten in a process that has just started. */
const PARTITIONS_PER_TURN = 2000;

/** First version that takes topic ids (KIP-516). */
const BY_ID_SINCE = 12;

/** Metadata. A missing topic is created before the answer, so that the client needs no second round. */
export const row: ApiRow<typeof ApiKey.Metadata, MetadataServices> = {
  key: ApiKey.Metadata,
  versions: { min: 0, max: 13 },
  listener: 'client',
  quota: 'request',
  parts: [{ of: ['topics'], into: ['topics'] }],
  authorize: (request) =>
    (request.topics ?? []).map((topic) => ({
      operation: 'describe',
      resourceType: 'topic',
      resourceName: topic.name ?? topic.topicId,
    })),
  handle(server, request, context, reply) {
    const { view } = server.metadata;
    const isNamed = context.apiVersion < BY_ID_SINCE ? isByNameAlone : isByNameOrId;
    if (request.topics !== null && !request.topics.every(isNamed)) {
      reply(refusal(request.topics));
      return;
    }
    const asked = askedTopics(request, context, view);
    const missing = missingNames(server, request, context, asked);
    const answerAll = (codes: ReadonlyMap<string, number>): void =>
      encodeAhead(server, request, context, asked, () => reply(answer(server, request, context, asked, codes)));
    if (missing.length === 0) answerAll(new Map());
    else server.autoTopics.create(missing, answerAll);
  },
};

const isByNameAlone = (topic: Asked): boolean => topic.name !== null && topic.topicId === ZERO_TOPIC_ID;

const isByNameOrId = (topic: Asked): boolean => topic.name !== null || topic.topicId !== ZERO_TOPIC_ID;

/** The answer to a request that is wrong as a whole: versions 10 and 11 have a field for ids, but take none. */
function refusal(topics: readonly Asked[]) {
  return {
    brokers: [],
    topics: topics.map(({ name, topicId }) => ({
      errorCode: ErrorCode.INVALID_REQUEST,
      name: name ?? '',
      topicId,
      isInternal: false,
      partitions: [],
    })),
  };
}

/** Null or, in version 0, an empty list asks for all topics. */
function askedTopics(request: Request, context: RequestContext, view: MetadataView): readonly Asked[] {
  const all = request.topics === null || (context.apiVersion === 0 && request.topics.length === 0);
  if (!all) return distinct(request.topics ?? []);
  return view
    .topicNames()
    .filter((name) => context.allowed({ operation: 'describe', resourceType: 'topic', resourceName: name }))
    .map((name) => ({ name, topicId: ZERO_TOPIC_ID }));
}

/** Each topic once, as it is named first. */
function distinct(topics: readonly Asked[]): Asked[] {
  const seen = new Map<string, Asked>();
  for (const topic of topics) {
    const key = topic.topicId === ZERO_TOPIC_ID ? `name ${topic.name}` : `id ${topic.topicId}`;
    if (!seen.has(key)) seen.set(key, topic);
  }
  return [...seen.values()];
}

function missingNames(
  server: MetadataServices,
  request: Request,
  context: RequestContext,
  asked: readonly Asked[],
): string[] {
  // Before version 4 creation is always wished for.
  const allowed = context.apiVersion < 4 || request.allowAutoTopicCreation;
  if (!allowed || !server.settings.broker('auto.create.topics.enable')) return [];
  const names = new Set<string>();
  for (const { name, topicId } of asked) {
    if (name === null || topicId !== ZERO_TOPIC_ID || server.metadata.view.topicByName(name) !== null) continue;
    const mayCreate =
      context.allowed({ operation: 'create', resourceType: 'cluster', resourceName: 'kafka-cluster' }) ||
      context.allowed({ operation: 'create', resourceType: 'topic', resourceName: name });
    if (mayCreate) names.add(name);
  }
  return [...names];
}

function answer(
  server: MetadataServices,
  request: Request,
  context: RequestContext,
  asked: readonly Asked[],
  createdCodes: ReadonlyMap<string, number>,
) {
  const { view } = server.metadata;
  return {
    brokers: brokersOn(view, context.connection.listener).map(({ broker, host, port }) => ({
      nodeId: broker.id,
      host,
      port,
      rack: broker.rack,
    })),
    clusterId: view.clusterId,
    controllerId: controllerOn(view, context.connection.listener),
    topics: asked.map((one) => answerTopic(server, request, context, one, createdCodes)),
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
      ? authorizedOperations(context, 'cluster', 'kafka-cluster')
      : OPERATIONS_NOT_ASKED,
  };
}

function answerTopic(
  server: MetadataServices,
  request: Request,
  context: RequestContext,
  asked: Asked,
  createdCodes: ReadonlyMap<string, number>,
) {
  const { view } = server.metadata;
  const byId = asked.topicId !== ZERO_TOPIC_ID;
  const topic = askedTopic(view, asked);
  const failed = (errorCode: number) => ({
    errorCode,
    name: byId ? null : asked.name,
    topicId: asked.topicId,
    isInternal: false,
    partitions: [],
    topicAuthorizedOperations: OPERATIONS_NOT_ASKED,
  });
  if (topic === null) {
    if (byId) return failed(ErrorCode.UNKNOWN_TOPIC_ID);
    const name = asked.name ?? '';
    if (!context.allowed({ operation: 'describe', resourceType: 'topic', resourceName: name })) {
      return failed(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    }
    return { ...failed(missingCode(name, createdCodes)), ...operationsOf(request, context, name) };
  }
  if (!context.allowed({ operation: 'describe', resourceType: 'topic', resourceName: topic.name })) {
    return failed(byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.TOPIC_AUTHORIZATION_FAILED);
  }
  if (!isForAll(server, request)) return describeTopic(server, request, context, topic);
  // An encoded element may stand for the struct that it holds; the types of answers don't know it.
  return encodedTopic(server, request, context, topic) as unknown as ReturnType<typeof describeTopic>;
}

function askedTopic(view: MetadataView, { name, topicId }: Asked): TopicView | null {
  return topicId === ZERO_TOPIC_ID ? view.topicByName(name ?? '') : view.topicById(asTopicId(topicId));
}

/** Whether everybody gets the same: what a damaged log changes, and what one asker may do, is not in the metadata. */
function isForAll(server: MetadataServices, request: Request): boolean {
  return !request.includeTopicAuthorizedOperations && server.partitions.damagedCount === 0;
}

function encodedTopic(server: MetadataServices, request: Request, context: RequestContext, topic: TopicView): Encoded {
  const { apiVersion } = context;
  return server.topicAnswers.topic(apiVersion, topic.id, () =>
    encodeResponseElement(ApiKey.Metadata, apiVersion, 'topics', describeTopic(server, request, context, topic)),
  );
}

/** Encodes the topics of an answer that nobody has asked for since they changed, so many a turn that no turn gets long. */
function encodeAhead(
  server: MetadataServices,
  request: Request,
  context: RequestContext,
  asked: readonly Asked[],
  done: () => void,
): void {
  let next = 0;
  const someMore = (): void => {
    for (let left = PARTITIONS_PER_TURN; left > 0 && next < asked.length && isForAll(server, request); next += 1) {
      const topic = askedTopic(server.metadata.view, asked[next] ?? NO_TOPIC);
      if (topic === null || server.topicAnswers.has(context.apiVersion, topic.id)) continue;
      encodedTopic(server, request, context, topic);
      left -= topic.partitionCount;
    }
    if (next < asked.length && isForAll(server, request)) server.ports.timers.after(0, someMore);
    else done();
  };
  someMore();
}

function describeTopic(server: MetadataServices, request: Request, context: RequestContext, topic: TopicView) {
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.internal,
    partitions: topic.partitions.map((partition) => describePartition(server, topic, partition)),
    ...operationsOf(request, context, topic.name),
  };
}

function operationsOf(request: Request, context: RequestContext, topicName: string) {
  return {
    topicAuthorizedOperations: request.includeTopicAuthorizedOperations
      ? authorizedOperations(context, 'topic', topicName)
      : OPERATIONS_NOT_ASKED,
  };
}

/** Why there is no such topic, or not yet. */
function missingCode(name: string, createdCodes: ReadonlyMap<string, number>): number {
  if (topicNameProblem(name) !== null) return ErrorCode.INVALID_TOPIC_EXCEPTION;
  const code = createdCodes.get(name) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  return code === ErrorCode.NONE || code === ErrorCode.TOPIC_ALREADY_EXISTS ? ErrorCode.LEADER_NOT_AVAILABLE : code;
}

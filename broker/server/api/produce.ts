import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ApiRequests } from '../../core/protocol/messages.ts';
import type { TimerHandle, Timers } from '../../ports/clock.ts';
import type { AppendOutcome, Partition } from '../partitions/partition.ts';
import type { RequestContext } from '../request-context.ts';
import { findPartition, type PartitionServices } from '../partitions/lookup.ts';
import type { Answer, ApiRow } from './row.ts';

/** What Produce appends to. */
export interface ProduceServices extends PartitionServices {
  readonly ports: { readonly timers: Timers };
}

type Request = ApiRequests[typeof ApiKey.Produce];
type Response = Answer<typeof ApiKey.Produce>;
type TopicData = Request['topicData'][number];

/** Answer of one partition; filled in when its batch is durable. */
interface PartitionAnswer {
  readonly index: number;
  errorCode: number;
  errorMessage: string | null;
  baseOffset: number;
  logAppendTimeMs: number;
  logStartOffset: number;
  recordErrors: readonly { readonly batchIndex: number; readonly batchIndexErrorMessage: string }[];
  currentLeader: { readonly leaderId: number; readonly leaderEpoch: number };
}

const NO_LEADER = { leaderId: -1, leaderEpoch: -1 };

/** Produce: acks=1 is answered when the leader has the batch durable, acks=all when the high watermark passed it (D2). */
export const row: ApiRow<typeof ApiKey.Produce, ProduceServices> = {
  key: ApiKey.Produce,
  versions: { min: 3, max: 13 },
  listener: 'client',
  quota: 'produce',
  authorize: (request) =>
    request.topicData.map((topic) => ({
      operation: 'write',
      resourceType: 'topic',
      resourceName: topic.name === '' ? topic.topicId : topic.name,
    })),
  handle(server, request, context, reply) {
    new Production(server, request, context, reply).start();
  },
};

/** One Produce request on its way. */
class Production {
  readonly #server: ProduceServices;
  readonly #request: Request;
  readonly #context: RequestContext;
  readonly #reply: (response: Response | null) => void;
  readonly #topics: { readonly topic: TopicData; readonly partitions: PartitionAnswer[] }[] = [];
  /** Partitions whose outcome is open, plus one while they are being started. */
  #open = 1;
  #timer: TimerHandle | null = null;
  #done = false;

  constructor(
    server: ProduceServices,
    request: Request,
    context: RequestContext,
    reply: (response: Response | null) => void,
  ) {
    this.#server = server;
    this.#request = request;
    this.#context = context;
    this.#reply = reply;
  }

  start(): void {
    const { acks, topicData, timeoutMs } = this.#request;
    const refused = acks < -1 || acks > 1 ? ErrorCode.INVALID_REQUIRED_ACKS : ErrorCode.NONE;
    for (const topic of topicData) {
      const partitions: PartitionAnswer[] = [];
      this.#topics.push({ topic, partitions });
      for (const data of topic.partitionData) {
        const answer = openAnswer(data.index);
        partitions.push(answer);
        if (refused === ErrorCode.NONE) this.#append(topic, data, answer);
        else fail(answer, refused, null);
      }
    }
    this.#settle();
    if (this.#done) return;
    // Only acks=all waits for others; a leader's own disk is not timed out.
    if (acks === -1) this.#timer = this.#server.ports.timers.after(timeoutMs, () => this.#expire());
  }

  #append(topic: TopicData, data: TopicData['partitionData'][number], answer: PartitionAnswer): void {
    const byId = this.#context.apiVersion >= 13;
    const found = findPartition(this.#server, { name: topic.name, topicId: topic.topicId, byId }, data.index);
    if (found.partition === null) {
      fail(answer, found.errorCode, null);
      return;
    }
    const { partition } = found;
    if (!this.#context.allowed({ operation: 'write', resourceType: 'topic', resourceName: partition.topicName })) {
      fail(answer, ErrorCode.TOPIC_AUTHORIZATION_FAILED, null);
      return;
    }
    if (this.#server.metadata.view.topicById(partition.topicId)?.internal === true) {
      // Coordinators alone write these: one foreign record would make their state unreadable.
      fail(answer, ErrorCode.INVALID_TOPIC_EXCEPTION, 'internal topics take no records from clients');
      return;
    }
    if (data.records === null) {
      fail(answer, ErrorCode.INVALID_RECORD, 'a partition of the request has no record batch');
      return;
    }
    this.#open += 1;
    const options = { apiVersion: this.#context.apiVersion, requiredAcks: this.#request.acks };
    partition.appendClientBatch(data.records, options, (outcome) => this.#appended(partition, outcome, answer));
  }

  #appended(partition: Partition, outcome: AppendOutcome, answer: PartitionAnswer): void {
    if (outcome.errorCode !== ErrorCode.NONE) {
      fail(answer, outcome.errorCode, outcome.errorMessage);
      answer.recordErrors = outcome.recordErrors.map((one) => ({
        batchIndex: one.batchIndex,
        batchIndexErrorMessage: one.message,
      }));
      this.#settle();
      return;
    }
    const settle = (errorCode: number): void => {
      if (this.#done) return;
      if (errorCode === ErrorCode.NONE) {
        answer.errorCode = ErrorCode.NONE;
        answer.baseOffset = outcome.baseOffset;
        answer.logAppendTimeMs = outcome.logAppendTimeMs;
        answer.logStartOffset = outcome.logStartOffset;
      } else {
        fail(answer, errorCode, null);
        answer.currentLeader = { leaderId: partition.leader, leaderEpoch: partition.leaderEpoch };
      }
      this.#settle();
    };
    if (this.#request.acks === -1) partition.awaitCommitted(outcome.endOffset, settle);
    else if (this.#request.acks === 1) partition.awaitLocal(outcome.endOffset, settle);
    else settle(ErrorCode.NONE);
  }

  #settle(): void {
    this.#open -= 1;
    if (this.#open === 0 && !this.#done) this.#finish();
  }

  /** Whatever is not committed by now is answered REQUEST_TIMED_OUT; it may still become committed. */
  #expire(): void {
    if (!this.#done) this.#finish();
  }

  #finish(): void {
    this.#done = true;
    this.#timer?.cancel();
    if (this.#request.acks === 0) {
      const bad = this.#topics.some(({ partitions }) => partitions.some((one) => one.errorCode !== ErrorCode.NONE));
      // Without an answer, closing is the only way to tell the producer to look at the metadata again.
      if (bad) this.#context.connection.disconnect('a produce request with acks=0 failed');
      this.#reply(null);
      return;
    }
    this.#reply({
      responses: this.#topics.map(({ topic, partitions }) => ({
        name: topic.name,
        topicId: topic.topicId,
        partitionResponses: partitions,
      })),
    });
  }
}

function openAnswer(index: number): PartitionAnswer {
  return {
    index,
    errorCode: ErrorCode.REQUEST_TIMED_OUT,
    errorMessage: null,
    baseOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
    recordErrors: [],
    currentLeader: NO_LEADER,
  };
}

function fail(answer: PartitionAnswer, errorCode: number, message: string | null): void {
  answer.errorCode = errorCode;
  answer.errorMessage = message;
}

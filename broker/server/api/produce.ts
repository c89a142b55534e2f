import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ApiRequests } from '../../core/protocol/messages.ts';
import * as batch from '../../core/record/batch.ts';
import { type TopicId, topicId as asTopicId } from '../../core/base/ids.ts';
import type { TimerHandle, Timers } from '../../ports/clock.ts';
import type { LeadWaits } from '../partitions/lead-waits.ts';
import type { AppendOutcome, Partition } from '../partitions/partition.ts';
import type { RequestContext } from '../request-context.ts';
import { findPartition, nameOf, type PartitionServices } from '../partitions/lookup.ts';
import { type LeaderIdAndEpoch, LeaderHints } from './leader-hints.ts';
import type { Answer, ApiRow } from './row.ts';

/** What Produce appends to. */
export interface ProduceServices extends PartitionServices {
  readonly ports: { readonly timers: Timers };
  readonly leadWaits: Pick<LeadWaits, 'wait'>;
}

type Request = ApiRequests[typeof ApiKey.Produce];
type Response = Answer<typeof ApiKey.Produce>;
type TopicData = Request['topicData'][number];
type PartitionData = TopicData['partitionData'][number];

/** Answer of one partition; filled in when its batch is durable. */
interface PartitionAnswer {
  readonly index: number;
  errorCode: number;
  errorMessage: string | null;
  baseOffset: number;
  logAppendTimeMs: number;
  logStartOffset: number;
  recordErrors: readonly { readonly batchIndex: number; readonly batchIndexErrorMessage: string }[];
  currentLeader: LeaderIdAndEpoch;
}

/** Errors under which a broker does not say where the log begins, since it did not come to look. */
const PLACELESS: ReadonlySet<number> = new Set([
  ErrorCode.CORRUPT_MESSAGE,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.MESSAGE_TOO_LARGE,
  ErrorCode.RECORD_LIST_TOO_LARGE,
  ErrorCode.KAFKA_STORAGE_ERROR,
]);

const NO_LEADER: LeaderIdAndEpoch = { leaderId: -1, leaderEpoch: -1 };

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
  /** Partitions of acks=all whose leader does not have the batch durable yet, plus one while they are being started. */
  #unwritten = 1;
  #timer: TimerHandle | null = null;
  #done = false;
  /** Made when an error points to another leader. */
  #hints: LeaderHints | null = null;

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
    const { topicData } = this.#request;
    const refused = refusalOf(this.#request);
    for (const topic of topicData) {
      const partitions: PartitionAnswer[] = [];
      this.#topics.push({ topic, partitions });
      for (const data of topic.partitionData) {
        const answer = openAnswer(data.index);
        partitions.push(answer);
        if (refused !== ErrorCode.NONE) fail(answer, refused, null);
        else if (!this.#append(topic, data, answer)) this.#awaitLead(topic, data, answer);
      }
    }
    this.#settle();
    this.#written();
  }

  /** Only acks=all waits for others, and only for them: a leader's own disk is not timed out. */
  #written(): void {
    this.#unwritten -= 1;
    if (this.#unwritten > 0 || this.#done || this.#request.acks !== -1) return;
    this.#timer = this.#server.ports.timers.after(this.#request.timeoutMs, () => this.#expire());
  }

  /** The topic's id, for one that is known. */
  #idOf(topic: TopicData): TopicId {
    return this.#server.metadata.view.topicByName(topic.name)?.id ?? asTopicId(topic.topicId);
  }

  /** This node does not lead. If it is about to, what is produced is appended then; otherwise it is refused. */
  #awaitLead(topic: TopicData, data: PartitionData, answer: PartitionAnswer): void {
    const topicId = this.#idOf(topic);
    const refuse = (): void => {
      fail(answer, ErrorCode.NOT_LEADER_OR_FOLLOWER, null);
      this.#point(answer, topicId);
    };
    const asked = { topicId, index: data.index, leaderEpoch: -1 };
    const ends = this.#server.leadWaits.wait('produce', asked, () => {
      if (!this.#done && !this.#append(topic, data, answer)) refuse();
      this.#settle();
      this.#written();
    });
    if (ends === null) {
      refuse();
      return;
    }
    this.#open += 1;
    this.#unwritten += 1;
  }

  /** Tells where the leader is, without which clients rest and ask for metadata first (KIP-951). */
  #point(answer: PartitionAnswer, topicId: TopicId): void {
    this.#hints ??= new LeaderHints(this.#server.metadata.view, this.#context);
    answer.currentLeader = this.#hints.leader(topicId, answer.index, answer.errorCode) ?? NO_LEADER;
  }

  /** False when another broker leads the partition: nothing was done then. */
  #append(topic: TopicData, data: PartitionData, answer: PartitionAnswer): boolean {
    const byId = this.#context.apiVersion >= 13;
    const named = { name: topic.name, topicId: topic.topicId, byId };
    const { partition, errorCode } = findPartition(this.#server, named, data.index);
    if (partition === null && errorCode !== ErrorCode.NOT_LEADER_OR_FOLLOWER) {
      fail(answer, errorCode, null);
      return true;
    }
    // Who may not write is not told who leads either.
    const resourceName = partition?.topicName ?? nameOf(this.#server, named);
    if (!this.#context.allowed({ operation: 'write', resourceType: 'topic', resourceName })) {
      fail(answer, ErrorCode.TOPIC_AUTHORIZATION_FAILED, null);
      return true;
    }
    if (partition === null) return false;
    if (this.#server.metadata.view.topicById(partition.topicId)?.internal === true) {
      // Coordinators alone write these: one foreign record would make their state unreadable.
      fail(answer, ErrorCode.INVALID_TOPIC_EXCEPTION, 'internal topics take no records from clients');
      return true;
    }
    if (data.records === null) {
      fail(answer, ErrorCode.INVALID_RECORD, 'a partition of the request has no record batch');
      return true;
    }
    this.#open += 1;
    const options = { apiVersion: this.#context.apiVersion, requiredAcks: this.#request.acks };
    partition.appendClientBatch(data.records, options, (outcome) => this.#appended(partition, outcome, answer));
    return true;
  }

  #appended(partition: Partition, outcome: AppendOutcome, answer: PartitionAnswer): void {
    if (outcome.errorCode !== ErrorCode.NONE) {
      fail(answer, outcome.errorCode, outcome.errorMessage);
      this.#point(answer, partition.topicId);
      if (!PLACELESS.has(outcome.errorCode)) answer.logStartOffset = outcome.logStartOffset;
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
        this.#point(answer, partition.topicId);
      }
      this.#settle();
    };
    if (this.#request.acks === -1) {
      this.#unwritten += 1;
      partition.awaitInSync(outcome.endOffset, settle);
      partition.awaitLocal(outcome.endOffset, () => this.#written());
    } else if (this.#request.acks === 1) partition.awaitLocal(outcome.endOffset, settle);
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
      responses: this.#topics.flatMap(({ topic, partitions }) =>
        partitions.length === 0 ? [] : [{ name: topic.name, topicId: topic.topicId, partitionResponses: partitions }],
      ),
      ...(this.#hints === null ? {} : { nodeEndpoints: this.#hints.endpoints() }),
    });
  }
}

/** The error that the whole request gets, NONE for most. */
function refusalOf({ acks, topicData, transactionalId }: Request): number {
  if (acks < -1 || acks > 1) return ErrorCode.INVALID_REQUIRED_ACKS;
  const isOfTransaction = topicData.some(({ partitionData }) =>
    partitionData.some(({ records }) => records !== null && claimsTransaction(records)),
  );
  // Nobody may write for a transaction that the request does not name.
  return isOfTransaction && transactionalId === null ? ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED : ErrorCode.NONE;
}

function claimsTransaction(records: Uint8Array): boolean {
  if (records.length < batch.HEADER_SIZE) return false;
  const buf = batch.bufferOf(records);
  return batch.magic(buf, 0) === batch.MAGIC && batch.isTransactional(buf, 0);
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

import { ApiKey } from '../protocol/apis.ts';
import { ErrorCode, errorName, isRetriable } from '../protocol/errors.ts';
import type { Crc32c } from '../base/checksum.ts';
import type { NewRecord } from '../record/builder.ts';
import type { CallOutcome } from './call.ts';
import type { ClientEffect, ClientInput, ClientMachine, ClientOptions } from './machine.ts';
import { Metadata, type SentPartition } from './metadata.ts';
import { Network } from './network.ts';
import { partitionForKey } from './partitioner.ts';
import { describeQueues, PartitionQueue, type ReadyBatch } from './producer-queue.ts';
import { SilentLeaders } from './silent-leaders.ts';

/** One record to send. `token` comes back in the event about it. */
export interface ProducerRecord extends NewRecord {
  readonly token: number;
  readonly topic: string;
  /** Absent: by key, or spread over the partitions when there is no key. */
  readonly partition?: number;
  /** Wall-clock ms. */
  readonly timestamp: number;
}

/** What a producer is told. */
export type ProducerCommand =
  | { readonly kind: 'produce'; readonly record: ProducerRecord }
  /** Sends what is queued without waiting for `lingerMs`; `drained` follows once nothing is queued or in flight. */
  | { readonly kind: 'flush' }
  /** Gives up what is queued and closes the connections; `closed` follows. */
  | { readonly kind: 'close' };

/** What a producer tells. Every accepted record gets exactly one `acknowledged` or `failed`. */
export type ProducerEvent =
  /** `offset` is −1 under acks=0. */
  | {
      readonly kind: 'acknowledged';
      readonly token: number;
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
    }
  /** `certain`: no copy of it is in the log; else there may be one. */
  | {
      readonly kind: 'failed';
      readonly token: number;
      readonly topic: string;
      readonly code: number;
      readonly reason: string;
      readonly certain: boolean;
    }
  /** The buffer is full: the record was not taken. Offer it again after `room`. */
  | { readonly kind: 'refused'; readonly token: number }
  | { readonly kind: 'room' }
  | { readonly kind: 'drained' }
  /** A try failed and another follows; for people who wait. */
  | { readonly kind: 'trouble'; readonly code: number; readonly reason: string }
  | { readonly kind: 'closed' };

/** What a producer is made with. */
export interface ProducerOptions extends ClientOptions {
  /** −1: every in-sync replica; 1: the leader; 0: nobody answers. */
  readonly acks: -1 | 0 | 1;
  /** Sequence numbers, so that a retry never makes a second copy; needs acks −1. */
  readonly idempotent: boolean;
  /** How long a batch waits for more records, in ms. */
  readonly lingerMs: number;
  readonly batchSizeMax: number;
  /** Bytes of records queued and in flight; more are refused. */
  readonly bufferBytesMax: number;
  /** From taken to acknowledged or failed. */
  readonly deliveryTimeoutMs: number;
  /** How long brokers may say that a topic does not exist before its records fail. */
  readonly missingTopicMs: number;
  /** How long a partition all of whose replicas are offline is waited for; absent: until the delivery time-out. */
  readonly offlineMs?: number;
  /** Lets the broker create a missing topic. */
  readonly allowCreate: boolean;
  readonly crc32c: Crc32c;
}

const PRODUCE_TIMEOUT_MS = 10_000;
/** Records without a key change their partition after this many. */
const STICKY_RECORDS = 10;

type Out = (ClientEffect | ProducerEvent)[];

/**
 * A producer: batches per partition, one batch of a partition in flight at a time (so order holds and sequence numbers
 * are simple), many partitions in one request per broker. Retries by the error table until `deliveryTimeoutMs`.
 */
export class Producer implements ClientMachine<ProducerCommand, ProducerEvent> {
  readonly #options: ProducerOptions;
  readonly #network: Network;
  readonly #metadata: Metadata;
  readonly #queues = new Map<string, PartitionQueue>();
  /** Records of topics whose partitions are not known yet. */
  #unplaced: { readonly record: ProducerRecord; readonly deadlineMs: number }[] = [];
  readonly #missingSince = new Map<string, number>();
  readonly #offlineSince = new Map<PartitionQueue, number>();
  readonly #silent: SilentLeaders;
  #bufferedBytes = 0;
  #refusing = false;
  #flushing = false;
  #closed = false;
  #attempt = 0;
  #sticky = 0;
  #stickyUsed = 0;
  #asking = false;
  #producerId: { readonly id: number; readonly epoch: number } | 'unknown' | 'asking' = 'unknown';
  #out: Out = [];

  constructor(options: ProducerOptions) {
    this.#options = options;
    this.#network = new Network(options);
    this.#metadata = new Metadata(this.#network, options.allowCreate);
    const [network, metadata] = [this.#network, this.#metadata];
    this.#silent = new SilentLeaders({ network, metadata, ask: (topics) => this.#askTopics(topics) });
  }

  step(input: ClientInput | ProducerCommand, nowMs: number, out: Out): void {
    this.#out = out;
    this.#network.begin(nowMs, out);
    switch (input.kind) {
      case 'produce':
        this.#accept(input.record);
        break;
      case 'flush':
        this.#flushing = true;
        break;
      case 'close':
        this.#close();
        return;
      default:
        this.#network.take(input);
    }
    if (!this.#closed) this.#pump();
  }

  nextWakeMs(): number {
    if (this.#closed) return Number.POSITIVE_INFINITY;
    let earliest = Math.min(this.#network.nextWakeMs(), this.#unplaced[0]?.deadlineMs ?? Number.POSITIVE_INFINITY);
    for (const queue of this.#queues.values()) earliest = Math.min(earliest, queue.nextWakeMs(this.#network.nowMs));
    return earliest;
  }

  describe(): string {
    return `producer buffered=${this.#bufferedBytes} unplaced=${this.#unplaced.length} ${describeQueues(this.#queues)} ${this.#network.describe()}`;
  }

  #accept(record: ProducerRecord): void {
    const size = sizeOf(record);
    if (this.#closed || (this.#bufferedBytes > 0 && this.#bufferedBytes + size > this.#options.bufferBytesMax)) {
      this.#refusing = true;
      this.#out.push({ kind: 'refused', token: record.token });
      return;
    }
    this.#bufferedBytes += size;
    const deadlineMs = this.#network.nowMs + this.#options.deliveryTimeoutMs;
    if (this.#place(record, deadlineMs)) return;
    this.#unplaced.push({ record, deadlineMs });
    if (!this.#missingSince.has(record.topic)) this.#askTopics(new Set([record.topic]));
  }

  /** Puts a record into its partition's queue; false while the topic is not known. */
  #place(record: ProducerRecord, deadlineMs: number): boolean {
    const topic = this.#metadata.topic(record.topic);
    if (topic === undefined || topic.partitions.length === 0) return false;
    const partition = record.partition ?? this.#choose(record, topic.partitions.length);
    if (partition >= topic.partitions.length) {
      this.#settleFailed(
        record,
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        `topic ${record.topic} has no partition ${partition}`,
        true,
      );
      return true;
    }
    const name = `${record.topic}-${partition}`;
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = new PartitionQueue(record.topic, partition, this.#options);
      this.#queues.set(name, queue);
    }
    queue.push(record, deadlineMs, this.#network.nowMs);
    return true;
  }

  #choose(record: ProducerRecord, partitionCount: number): number {
    if (record.key !== null) return partitionForKey(record.key, partitionCount);
    if (this.#stickyUsed === 0) this.#sticky = this.#network.random.below(partitionCount);
    else if (this.#stickyUsed % STICKY_RECORDS === 0) this.#sticky += 1;
    this.#stickyUsed += 1;
    return this.#sticky % partitionCount;
  }

  /** Does everything that can be done now. */
  #pump(): void {
    this.#expire();
    if (this.#needsProducerId()) this.#askProducerId();
    else this.#sendReady();
    this.#reportRoom();
  }

  #askTopics(names: ReadonlySet<string>): void {
    if (this.#asking) return;
    this.#asking = true;
    this.#metadata.refresh([...names], ({ code, reason, failed }) => {
      this.#asking = false;
      if (this.#closed) return;
      if (code !== ErrorCode.NONE) this.#out.push({ kind: 'trouble', code, reason });
      for (const queue of this.#queues.values()) queue.leaderKnown();
      this.#silent.leaveMoved();
      this.#unplaced = this.#unplaced.filter(({ record, deadlineMs }) => !this.#place(record, deadlineMs));
      for (const [name, failure] of failed) this.#noteFailure(name, failure);
      for (const name of [...this.#missingSince.keys()])
        if (!failed.has(name) && code === ErrorCode.NONE) this.#missingSince.delete(name);
      if (code === ErrorCode.NONE && failed.size === 0) this.#attempt = 0;
      const missing = new Set(this.#unplaced.map(({ record }) => record.topic));
      if (missing.size > 0) {
        this.#asking = true;
        this.#later(() => {
          this.#asking = false;
          this.#askTopics(missing);
        });
      }
      this.#pump();
    });
  }

  /** A topic that cannot be used fails at once; one that brokers do not know may be on its way to them. */
  #noteFailure(name: string, code: number): void {
    const now = this.#network.nowMs;
    const since = this.#missingSince.get(name) ?? now;
    this.#missingSince.set(name, since);
    const hopeless =
      !isRetriable(code) ||
      (code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION && now - since >= this.#options.missingTopicMs);
    if (hopeless) this.#failTopic(name, code);
  }

  #later(run: () => void): void {
    const pause = this.#network.backoffMs(this.#attempt);
    this.#attempt += 1;
    this.#network.schedule.at(this.#network.nowMs + pause, () => {
      if (!this.#closed) run();
    });
  }

  #failTopic(name: string, code: number): void {
    this.#unplaced = this.#unplaced.filter(({ record }) => {
      if (record.topic !== name) return true;
      this.#settleFailed(record, code, `topic ${name}: ${errorName(code)}`, true);
      return false;
    });
  }

  #needsProducerId(): boolean {
    return this.#options.idempotent && typeof this.#producerId === 'string' && this.#bufferedBytes > 0;
  }

  #askProducerId(): void {
    if (this.#producerId !== 'unknown') return;
    this.#producerId = 'asking';
    this.#network.call('any', {
      key: ApiKey.InitProducerId,
      body: () => ({ transactionalId: null, transactionTimeoutMs: 60_000 }),
      done: (outcome) => {
        if (this.#closed) return;
        if (outcome.ok && outcome.body.errorCode === ErrorCode.NONE) {
          this.#producerId = { id: outcome.body.producerId, epoch: outcome.body.producerEpoch };
          this.#pump();
        } else {
          this.#later(() => {
            this.#producerId = 'unknown';
            this.#pump();
          });
        }
      },
    });
  }

  /** One request per leader with the first batch of each of its partitions that may go. */
  #sendReady(): void {
    const byLeader = new Map<number, ReadyBatch[]>();
    const unled = new Set<string>();
    for (const queue of this.#queues.values()) {
      if (!queue.isReady(this.#network.nowMs, this.#flushing)) continue;
      const known = this.#metadata.topic(queue.topic)?.partitions[queue.partition];
      const leader = known?.leader ?? -1;
      if (leader < 0) {
        if (!this.#isHopeless(queue, known?.offlineNodes)) unled.add(queue.topic);
        continue;
      }
      this.#offlineSince.delete(queue);
      const producerId = typeof this.#producerId === 'string' ? null : this.#producerId;
      const batch = queue.take(producerId, known?.leaderEpoch ?? -1);
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), batch]);
    }
    if (unled.size > 0) this.#askTopics(unled);
    for (const [leader, batches] of byLeader) this.#send(leader, batches);
  }

  /** Gives a partition up when all its replicas have been offline for too long: nobody will lead it soon. */
  #isHopeless(queue: PartitionQueue, offlineNodes: readonly number[] | undefined): boolean {
    const now = this.#network.nowMs;
    if (offlineNodes === undefined) this.#offlineSince.delete(queue);
    else if (!this.#offlineSince.has(queue)) this.#offlineSince.set(queue, now);
    const since = this.#offlineSince.get(queue) ?? now;
    if (offlineNodes === undefined || now - since < (this.#options.offlineMs ?? Number.POSITIVE_INFINITY)) return false;
    const nodes = `node${offlineNodes.length === 1 ? '' : 's'} ${offlineNodes.join(', ')}`;
    const where = `${queue.topic}-${queue.partition}`;
    this.#giveUp(queue, ErrorCode.LEADER_NOT_AVAILABLE, `${where} has no leader: its replicas are offline (${nodes})`);
    return true;
  }

  #send(leader: number, batches: readonly ReadyBatch[]): void {
    const { acks } = this.#options;
    const topics = [...new Set(batches.map((batch) => batch.queue.topic))];
    // Without sequence numbers what is sent twice is stored twice: that waits for as long as it may.
    const sent = this.#options.idempotent ? batches.map(sentPartition) : [];
    const forget = this.#silent.watch(leader, sent);
    this.#network.call(leader, {
      key: ApiKey.Produce,
      silent: acks === 0,
      extraTimeMs: PRODUCE_TIMEOUT_MS,
      body: () => ({
        acks,
        timeoutMs: PRODUCE_TIMEOUT_MS,
        topicData: topics.map((name) => ({
          name,
          partitionData: batches
            .filter((batch) => batch.queue.topic === name)
            .map((batch) => ({ index: batch.queue.partition, records: batch.bytes })),
        })),
      }),
      done: (outcome) => {
        forget();
        for (const batch of batches) this.#answered(batch, outcome);
        if (!this.#closed) this.#pump();
      },
    });
  }

  #answered(batch: ReadyBatch, outcome: CallOutcome<typeof ApiKey.Produce>): void {
    if (!outcome.ok) {
      if (outcome.sent && outcome.code === ErrorCode.NONE) this.#acknowledge(batch, -1);
      else this.#failed(batch, outcome.code, outcome.reason, outcome.sent);
      return;
    }
    const topic = outcome.body.responses.find((one) => one.name === batch.queue.topic);
    const answer = topic?.partitionResponses.find((one) => one.index === batch.queue.partition);
    if (answer === undefined) {
      this.#failed(batch, ErrorCode.UNKNOWN_SERVER_ERROR, 'the answer leaves the partition out', true);
    } else if (answer.errorCode === ErrorCode.NONE || answer.errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
      this.#acknowledge(batch, answer.baseOffset);
    } else {
      const { leaderId, leaderEpoch } = answer.currentLeader;
      this.#metadata.learnLeader(batch.queue.topic, batch.queue.partition, { leader: leaderId, leaderEpoch });
      this.#failed(
        batch,
        answer.errorCode,
        answer.errorMessage ?? errorName(answer.errorCode),
        mayBeAppended(answer.errorCode),
      );
    }
  }

  #acknowledge(batch: ReadyBatch, baseOffset: number): void {
    this.#attempt = 0;
    batch.queue.finish(true);
    batch.records.forEach((record, index) => {
      this.#bufferedBytes -= sizeOf(record);
      const offset = baseOffset < 0 ? -1 : baseOffset + index;
      this.#out.push({
        kind: 'acknowledged',
        token: record.token,
        topic: record.topic,
        partition: batch.queue.partition,
        offset,
      });
    });
  }

  #failed(batch: ReadyBatch, code: number, reason: string, sent: boolean): void {
    batch.queue.doubt(sent);
    if (!isRetriable(code) && code !== ErrorCode.BROKER_NOT_AVAILABLE) {
      this.#giveUp(batch.queue, code, reason);
      return;
    }
    // Whoever leads now is known already, and gets it at once.
    const hasLeft = this.#options.silenceMs !== undefined && code === ErrorCode.NETWORK_EXCEPTION;
    if (hasLeft && this.#metadata.hasMoved(sentPartition(batch))) return;
    const pause = this.#network.backoffMs(this.#attempt);
    this.#attempt += 1;
    batch.queue.retryAt(this.#network.nowMs + pause);
    this.#askTopics(new Set([batch.queue.topic]));
  }

  /** Fails a partition's first batch. Where its sequence may have a hole the partition goes on under a new producer id. */
  #giveUp(queue: PartitionQueue, code: number, reason: string): void {
    const { records, certain } = queue.drop();
    for (const record of records) this.#settleFailed(record, code, reason, certain);
    const holed = code === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER || code === ErrorCode.UNKNOWN_PRODUCER_ID;
    if (!this.#options.idempotent || (certain && !holed)) return;
    queue.restartSequence();
    if (this.#producerId !== 'asking') this.#producerId = 'unknown';
  }

  #expire(): void {
    const now = this.#network.nowMs;
    // All have the same time to live: the oldest are in front.
    while ((this.#unplaced[0]?.deadlineMs ?? Number.POSITIVE_INFINITY) <= now) {
      const record = this.#unplaced.shift()?.record;
      if (record !== undefined)
        this.#settleFailed(
          record,
          ErrorCode.REQUEST_TIMED_OUT,
          `topic ${record.topic} was not available in time`,
          true,
        );
    }
    for (const queue of this.#queues.values()) {
      while (queue.isExpired(now)) this.#giveUp(queue, ErrorCode.REQUEST_TIMED_OUT, 'not acknowledged in time');
    }
  }

  #settleFailed(record: ProducerRecord, code: number, reason: string, certain: boolean): void {
    this.#bufferedBytes -= sizeOf(record);
    this.#out.push({ kind: 'failed', token: record.token, topic: record.topic, code, reason, certain });
  }

  #reportRoom(): void {
    if (this.#refusing && this.#bufferedBytes <= this.#options.bufferBytesMax / 2) {
      this.#refusing = false;
      this.#out.push({ kind: 'room' });
    }
    if (this.#flushing && this.#bufferedBytes === 0) {
      this.#flushing = false;
      this.#out.push({ kind: 'drained' });
    }
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const reason = 'the producer is closed';
    for (const { record } of this.#unplaced) this.#settleFailed(record, ErrorCode.NETWORK_EXCEPTION, reason, true);
    this.#unplaced = [];
    this.#network.close();
    for (const queue of this.#queues.values()) {
      while (!queue.isEmpty()) {
        const { records, certain } = queue.drop();
        for (const record of records) this.#settleFailed(record, ErrorCode.NETWORK_EXCEPTION, reason, certain);
      }
    }
    this.#out.push({ kind: 'closed' });
  }
}

/** Errors after which the batch may be in the log, or may still get there. */
function mayBeAppended(code: number): boolean {
  return (
    code === ErrorCode.REQUEST_TIMED_OUT ||
    code === ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND ||
    // Also said of what a leader had appended when its leadership ended.
    code === ErrorCode.NOT_LEADER_OR_FOLLOWER ||
    code === ErrorCode.UNKNOWN_SERVER_ERROR ||
    code === ErrorCode.KAFKA_STORAGE_ERROR ||
    code === ErrorCode.NETWORK_EXCEPTION
  );
}

function sentPartition({ queue, leaderEpoch }: ReadyBatch): SentPartition {
  return { topic: queue.topic, partition: queue.partition, leaderEpoch };
}

function sizeOf(record: ProducerRecord): number {
  let size = 32 + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const header of record.headers ?? []) size += header.key.length + (header.value?.length ?? 0) + 8;
  return size;
}

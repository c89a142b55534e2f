import { Buffer } from 'node:buffer';
import type { Crc32c } from '../../core/base/checksum.ts';
import { brokerId } from '../../core/base/ids.ts';
import type { Call } from '../../core/client/call.ts';
import type { Settings } from '../../core/config/settings.ts';
import type { TopicView } from '../../core/metadata/view.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import { buildBatch, type NewRecord, type RecordHeader } from '../../core/record/builder.ts';
import type { DeadRange } from '../../core/share/partition.ts';
import type { Clock, Timers } from '../../ports/clock.ts';
import type { Compression } from '../../ports/compression.ts';
import type { Log } from '../../ports/log.ts';
import type { MetadataClient } from '../metadata-client.ts';
import { LimitLog } from '../network/limit-log.ts';
import type { Partition, Partitions } from '../partitions/partition.ts';
import type { Peers } from '../peers/peers.ts';
import { type Copies, readCopies } from './dead-letter-copies.ts';
import { deadLetterTopicOf } from './rules.ts';

/** Records of a share-partition that died. */
export interface DeadLot {
  readonly groupId: string;
  readonly source: Pick<Partition, 'topicName' | 'index' | 'read'>;
  /** At least one, in no order. */
  readonly ranges: readonly DeadRange[];
  /** Whether their leader still waits for their letters. */
  readonly isWanted: () => boolean;
}

/** Where leaders of share-partitions leave what will not be delivered again (KIP-1191). */
export interface DeadLetterWriter {
  /** `done` is called once, when the letters are committed or given up: nothing else can become of them. */
  write(lot: DeadLot, done: () => void): void;
}

/** Records since the start of the process. */
export interface DeadLetterStats {
  writtenRecords: number;
  failedRecords: number;
}

/** What writing dead letters needs of its node. */
export interface DeadLetterDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly crc32c: Crc32c;
  readonly compression: Pick<Compression, 'decompress'>;
  readonly nodeId: number;
  readonly settings: Settings;
  readonly metadata: Pick<MetadataClient, 'view' | 'submit'>;
  readonly partitions: Pick<Partitions, 'byName'>;
  readonly peers: Pick<Peers, 'call'>;
}

const ATTEMPTS_MAX = 5;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 30_000;
const PRODUCE_TIMEOUT_MS = 5_000;
/** A connection of their own: a letter that waits for replicas must not hold up the share state behind it. */
const LETTER_LANE = -2;
/** Produce knows topics by their ids from this version on. */
const PRODUCE_VERSION = 13;
const CREATE_TIMEOUT_MS = 5_000;
/** Letters in one batch: each is some 300 bytes, so that a batch is well below any `max.message.bytes`. */
const LETTERS_PER_BATCH = 500;

const REASONS = {
  rejected: 'Offset rejected by client.',
  exhausted: 'Offset delivery count exceeded the threshold.',
} as const;

/** A record that died. */
interface Dead {
  readonly offset: number;
  readonly deliveryCount: number;
  readonly reason: DeadRange['reason'];
}

/** One batch of letters on its way. */
interface Parcel {
  readonly lot: DeadLot;
  readonly topicName: string;
  readonly dead: readonly Dead[];
  readonly copies: Copies;
}

const NO_COPIES: Copies = new Map();

/**
 * Writes dead letters to the topic that their group names: one record each, with headers that say where it came from and why,
 * and with its key and value where the group wants copies of what can be read and has room.
 * Five tries, then the letter is given up with a log line, as in Kafka: what a record died of must not stop its group.
 */
export class DeadLetters implements DeadLetterWriter {
  readonly stats: DeadLetterStats = { writtenRecords: 0, failedRecords: 0 };
  readonly #deps: DeadLetterDeps;
  readonly #limits: LimitLog;

  constructor(deps: DeadLetterDeps) {
    this.#deps = deps;
    this.#limits = new LimitLog(deps);
  }

  /** See `DeadLetterWriter`. */
  write(lot: DeadLot, done: () => void): void {
    const dead = lot.ranges.flatMap(({ start, end, deliveryCount, reason }) =>
      Array.from({ length: end - start }, (_, index): Dead => ({ offset: start + index, deliveryCount, reason })),
    );
    dead.sort((left, right) => left.offset - right.offset);
    this.#findTopic(lot.groupId, (found) => {
      if ('refusal' in found) {
        this.#giveUp(lot, dead.length, found.refusal);
        done();
      } else this.#writeAll(lot, found.topicName, dead, done);
    });
  }

  #findTopic(
    groupId: string,
    done: (found: { readonly topicName: string } | { readonly refusal: string }) => void,
  ): void {
    const { metadata, settings } = this.#deps;
    const topicName = deadLetterTopicOf(this.#deps, groupId);
    const prefix = settings.broker('errors.deadletterqueue.topic.name.prefix');
    if (topicName === '' || topicName.startsWith('__') || !topicName.startsWith(prefix)) {
      done({ refusal: `the topic's name has to begin with '${prefix}' and not with '__'` });
      return;
    }
    if (metadata.view.topicByName(topicName) !== null) {
      const overrides = metadata.view.configOverrides('topic', topicName);
      const isOpen = settings.topic(overrides, 'errors.deadletterqueue.group.enable');
      done(isOpen ? { topicName } : { refusal: 'the topic has no errors.deadletterqueue.group.enable=true' });
    } else if (settings.broker('errors.deadletterqueue.auto.create.topics.enable')) {
      this.#create(topicName, () => done({ topicName }));
    } else done({ refusal: 'there is no such topic' });
  }

  /** Whatever comes of it: writing tells. */
  #create(name: string, done: () => void): void {
    const configs = [{ name: 'errors.deadletterqueue.group.enable', value: 'true' }];
    const topic = { name, partitionCount: -1, replicationFactor: -1, assignments: [], configs };
    const command = { kind: 'createTopics', topics: [topic], validateOnly: false } as const;
    this.#deps.metadata.submit(command, CREATE_TIMEOUT_MS, done);
  }

  #writeAll(lot: DeadLot, topicName: string, dead: readonly Dead[], done: () => void): void {
    if (dead.length === 0 || !lot.isWanted()) {
      done();
      return;
    }
    const next = dead.slice(0, LETTERS_PER_BATCH);
    const send = (part: readonly Dead[], copies: Copies): void =>
      this.#send({ lot, topicName, dead: part, copies }, 1, () =>
        this.#writeAll(lot, topicName, dead.slice(part.length), done),
      );
    if (!this.#copies(lot.groupId)) {
      send(next, NO_COPIES);
      return;
    }
    const { compression, metadata, settings } = this.#deps;
    const overrides = metadata.view.configOverrides('topic', lot.source.topicName);
    const payloadSizeMax = settings.topic(overrides, 'max.decompressed.message.bytes');
    const offsets = next.map(({ offset }) => offset);
    readCopies({ source: lot.source, offsets, compression, payloadSizeMax }, (copies, endOffset) =>
      send(
        next.filter(({ offset }) => offset < endOffset),
        copies,
      ),
    );
  }

  #copies(groupId: string): boolean {
    const overrides = this.#deps.metadata.view.configOverrides('group', groupId);
    return this.#deps.settings.group(overrides, 'errors.deadletterqueue.copy.record.enable');
  }

  #send(parcel: Parcel, attempt: number, done: () => void): void {
    const { lot, dead } = parcel;
    this.#produce(parcel, (errorCode) => {
      if (errorCode === ErrorCode.NONE) this.stats.writtenRecords += dead.length;
      else if (errorCode === ErrorCode.MESSAGE_TOO_LARGE && (dead.length > 1 || parcel.copies.size > 0)) {
        this.#sendLess(parcel, done);
        return;
      } else if (attempt < ATTEMPTS_MAX && lot.isWanted()) {
        const delayMs = Math.min(RETRY_MIN_MS * 2 ** (attempt - 1), RETRY_MAX_MS);
        this.#deps.timers.after(delayMs, () => this.#send(parcel, attempt + 1, done));
        return;
      } else this.#giveUp(lot, dead.length, `its leader answers ${errorCode}`);
      done();
    });
  }

  /** In halves; a single letter that is too large goes without its record. */
  #sendLess(parcel: Parcel, done: () => void): void {
    const { dead } = parcel;
    if (dead.length === 1) {
      this.#send({ ...parcel, copies: NO_COPIES }, 1, done);
      return;
    }
    const middle = Math.ceil(dead.length / 2);
    this.#send({ ...parcel, dead: dead.slice(0, middle) }, 1, () =>
      this.#send({ ...parcel, dead: dead.slice(middle) }, 1, done),
    );
  }

  #giveUp({ groupId, source }: DeadLot, count: number, reason: string): void {
    this.stats.failedRecords += count;
    const deadLetterTopic = deadLetterTopicOf(this.#deps, groupId);
    const fields = { group: groupId, topic: source.topicName, partition: source.index, count, deadLetterTopic, reason };
    this.#limits.write('warn', 'dead letters', fields, 'dead letters could not be written');
  }

  /** One try, at whoever leads the partition now. */
  #produce(parcel: Parcel, done: (errorCode: number) => void): void {
    const { metadata, nodeId, partitions, peers } = this.#deps;
    const { lot, topicName } = parcel;
    const topic = metadata.view.topicByName(topicName);
    const index = topic === null ? -1 : lot.source.index % topic.partitionCount;
    const leader = topic?.partition(index)?.leader ?? -1;
    if (topic === null || leader === -1) done(ErrorCode.LEADER_NOT_AVAILABLE);
    else if (leader !== nodeId) this.#produceThere(parcel, { topic, index, leader: brokerId(leader) }, peers, done);
    else {
      const partition = partitions.byName(topicName, index);
      if (partition === null) {
        done(ErrorCode.NOT_LEADER_OR_FOLLOWER);
        return;
      }
      const options = { apiVersion: PRODUCE_VERSION, requiredAcks: -1 };
      partition.appendClientBatch(this.#batchOf(parcel), options, ({ errorCode, endOffset }) => {
        if (errorCode === ErrorCode.NONE) partition.awaitInSync(endOffset, done);
        else done(errorCode);
      });
    }
  }

  #produceThere(
    parcel: Parcel,
    place: { readonly topic: TopicView; readonly index: number; readonly leader: number },
    peers: DeadLetterDeps['peers'],
    done: (errorCode: number) => void,
  ): void {
    const { topic, index, leader } = place;
    const records = this.#batchOf(parcel);
    const call: Call<typeof ApiKey.Produce> = {
      key: ApiKey.Produce,
      minVersion: PRODUCE_VERSION,
      extraTimeMs: PRODUCE_TIMEOUT_MS,
      body: () => ({
        transactionalId: null,
        acks: -1,
        timeoutMs: PRODUCE_TIMEOUT_MS,
        topicData: [{ name: topic.name, topicId: topic.id, partitionData: [{ index, records }] }],
      }),
      done: (outcome) => {
        if (!outcome.ok) done(outcome.code);
        else done(outcome.body.responses[0]?.partitionResponses[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR);
      },
    };
    peers.call(leader, call, LETTER_LANE);
  }

  #batchOf({ lot, dead, copies }: Parcel): Uint8Array {
    const records = dead.map((one): NewRecord => {
      const { key = null, value = null } = copies.get(one.offset) ?? {};
      return { key, value, headers: headersOf(lot, one) };
    });
    return buildBatch(records, { timestamp: this.#deps.clock.wallMs() }, this.#deps.crc32c);
  }
}

/** Where a record came from and what it died of, each as text. */
function headersOf({ groupId, source }: DeadLot, { offset, deliveryCount, reason }: Dead): RecordHeader[] {
  const header = (name: string, text: string): RecordHeader => ({
    key: `__dlq.errors.${name}`,
    value: Buffer.from(text),
  });
  return [
    header('topic', source.topicName),
    header('partition', String(source.index)),
    header('offset', String(offset)),
    header('group', groupId),
    header('delivery.count', String(deliveryCount)),
    header('message', REASONS[reason]),
  ];
}

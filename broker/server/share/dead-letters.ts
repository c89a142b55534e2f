import { Buffer } from 'node:buffer';
import type { Crc32c } from '../../core/base/checksum.ts';
import { brokerId } from '../../core/base/ids.ts';
import type { Settings } from '../../core/config/settings.ts';
import type { TopicView } from '../../core/metadata/view.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import { buildBatch, type NewRecord, type RecordHeader } from '../../core/record/builder.ts';
import type { DeadRange } from '../../core/share/partition.ts';
import type { Clock, Timers } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { MetadataClient } from '../metadata-client.ts';
import { LimitLog } from '../network/limit-log.ts';
import type { Partitions } from '../partitions/partition.ts';
import type { Peers } from '../peers/peers.ts';
import { deadLetterTopicOf } from './rules.ts';

/** Records of a share-partition that died, and whether their leader still waits for their letters. */
export interface DeadLetter extends DeadRange {
  readonly groupId: string;
  readonly topicName: string;
  readonly partition: number;
  readonly isWanted: () => boolean;
}

/** Where leaders of share-partitions leave what will not be delivered again (KIP-1191). */
export interface DeadLetterWriter {
  /** `done` is called once, when the letters are committed or given up: nothing else can become of them. */
  write(letter: DeadLetter, done: () => void): void;
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
/** Produce knows topics by their ids from this version on. */
const PRODUCE_VERSION = 13;
const CREATE_TIMEOUT_MS = 5_000;
/** Letters in one batch: each is some 300 bytes, so that a batch is well below any `max.message.bytes`. */
const LETTERS_PER_BATCH = 500;

const REASONS = {
  rejected: 'Offset rejected by client.',
  exhausted: 'Offset delivery count exceeded the threshold.',
} as const;

/** One batch of letters on its way. */
interface Parcel {
  readonly letter: DeadLetter;
  readonly topicName: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Writes dead letters to the topic that their group names: one record each, with headers that say where it came from and why.
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
  write(letter: DeadLetter, done: () => void): void {
    this.#findTopic(letter.groupId, (found) => {
      if ('refusal' in found) {
        this.#giveUp(letter, letter.end - letter.start, found.refusal);
        done();
      } else this.#writeFrom(letter, found.topicName, letter.start, done);
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

  #writeFrom(letter: DeadLetter, topicName: string, start: number, done: () => void): void {
    if (start >= letter.end || !letter.isWanted()) {
      done();
      return;
    }
    const end = Math.min(start + LETTERS_PER_BATCH, letter.end);
    this.#send({ letter, topicName, start, end }, 1, () => this.#writeFrom(letter, topicName, end, done));
  }

  #send(parcel: Parcel, attempt: number, done: () => void): void {
    const { letter, start, end } = parcel;
    this.#produce(parcel, (errorCode) => {
      if (errorCode === ErrorCode.NONE) this.stats.writtenRecords += end - start;
      else if (errorCode === ErrorCode.MESSAGE_TOO_LARGE && end - start > 1) {
        const middle = Math.ceil((start + end) / 2);
        this.#send({ ...parcel, end: middle }, 1, () => this.#send({ ...parcel, start: middle }, 1, done));
        return;
      } else if (attempt < ATTEMPTS_MAX && letter.isWanted()) {
        const delayMs = Math.min(RETRY_MIN_MS * 2 ** (attempt - 1), RETRY_MAX_MS);
        this.#deps.timers.after(delayMs, () => this.#send(parcel, attempt + 1, done));
        return;
      } else this.#giveUp(letter, end - start, `its leader answers ${errorCode}`);
      done();
    });
  }

  #giveUp({ groupId, topicName, partition }: DeadLetter, count: number, reason: string): void {
    this.stats.failedRecords += count;
    const deadLetterTopic = deadLetterTopicOf(this.#deps, groupId);
    const fields = { group: groupId, topic: topicName, partition, count, deadLetterTopic, reason };
    this.#limits.write('warn', 'dead letters', fields, 'dead letters could not be written');
  }

  /** One try, at whoever leads the partition now. */
  #produce(parcel: Parcel, done: (errorCode: number) => void): void {
    const { metadata, nodeId, partitions, peers } = this.#deps;
    const { letter, topicName } = parcel;
    const topic = metadata.view.topicByName(topicName);
    const index = topic === null ? -1 : letter.partition % topic.partitionCount;
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
    peers.call(leader, {
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
    });
  }

  #batchOf({ letter, start, end }: Parcel): Uint8Array {
    const records: NewRecord[] = [];
    for (let offset = start; offset < end; offset += 1)
      records.push({ key: null, value: null, headers: headersOf(letter, offset) });
    return buildBatch(records, { timestamp: this.#deps.clock.wallMs() }, this.#deps.crc32c);
  }
}

/** Where a record came from and what it died of, each as text. */
function headersOf(letter: DeadLetter, offset: number): RecordHeader[] {
  const header = (name: string, text: string): RecordHeader => ({
    key: `__dlq.errors.${name}`,
    value: Buffer.from(text),
  });
  return [
    header('topic', letter.topicName),
    header('partition', String(letter.partition)),
    header('offset', String(offset)),
    header('group', letter.groupId),
    header('delivery.count', String(letter.deliveryCount)),
    header('message', REASONS[letter.reason]),
  ];
}

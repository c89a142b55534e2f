import { createPrng, type Prng } from '../../broker/core/base/prng.ts';
import { ApiKey } from '../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../broker/core/protocol/errors.ts';
import { buildBatch } from '../../broker/core/record/builder.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { findCoordinator, LOADING, loading, must, only } from './coordinators.ts';
import type { Acknowledged, Sent } from './history.ts';
import type { Progress, Told, ToldTopic } from './power-history.ts';
import { NoAnswer, RawClient } from '../support/raw-client.ts';

/** What a client may be told. */
export const ACTS = ['produce', 'commit', 'delete-records', 'create-topic', 'delete-topic', 'accept', 'put'] as const;
/** One thing that a client may be told. */
export type Act = (typeof ACTS)[number];

/** The topic that lasts through all lives. */
export const STEADY = 'steady';
const STEADY_PARTITIONS = 3;
const JOBS = 'jobs';
/** A compacted topic of few keys. */
const TABLE = 'table';
const TABLE_KEYS = 5;
/** So large that a segment is full after ten, and how many of them a life writes at most: the volume is small. */
const TABLE_VALUE_BYTES = 100_000;
const PUTS_MAX = 100;
const COMPACTED = [
  { name: 'cleanup.policy', value: 'compact' },
  { name: 'min.cleanable.dirty.ratio', value: '0' },
];
/** What may be done by itself, while everything else rests; `produce-first` puts the first record into a new topic. */
export const ALONE = ['produce', 'produce-first', 'commit', 'delete-records', 'create-topic', 'delete-topic'] as const;
/** One of them. */
export type AloneAct = (typeof ALONE)[number];
/** Topics that nobody deletes. */
const LASTING: ReadonlySet<string> = new Set([STEADY, JOBS, TABLE]);
/** The group whose offsets are committed. */
export const GROUP = 'readers';
const SHARE_GROUP = 'workers';
const CHURN_COUNT = 4;
/** Batches of a partition that are under way at once. */
const WINDOW = 3;
const RECORDS_MAX = 4;
const VALUE_MAX = 20_000;
/** Records of a partition that deletions leave at least: a scan reads them all. */
const KEPT = 300;
const TIMEOUT_MS = 30_000;
const ACCEPT = 1;

/** Acts after which a load is under way: every kind has happened by then. */
const WARM = { produce: 50, commit: 10, 'delete-records': 5, 'create-topic': 2, 'delete-topic': 1, accept: 1, put: 20 };

type Topic = { -readonly [K in keyof ToldTopic]: ToldTopic[K] };

/** Everything that clients asked for and were told, over all lives of the broker. */
export class Book implements Told {
  readonly topics: Topic[] = [];
  readonly sent: Sent[] = [];
  readonly acknowledged: Acknowledged[] = [];
  readonly keys = new Map<string, string>();
  readonly deletions = new Map<number, Progress>();
  readonly commits = new Map<number, Progress>();
  readonly shares: { readonly place: string; readonly what: 'delivered' | 'accepted' }[] = [];
  /** By partition: the offset after the last acknowledged record. */
  readonly ends = new Map<number, number>();
  #partitions = 0;

  /** A topic that is about to be created. */
  open(name: string, partitions: number): Topic {
    const topic: Topic = {
      name,
      id: '',
      firstPartition: this.#partitions,
      partitions,
      created: false,
      deletion: 'none',
    };
    this.#partitions += partitions;
    this.topics.push(topic);
    return topic;
  }

  /** The topics that are there for certain. */
  living(): readonly Topic[] {
    return this.topics.filter(({ created, deletion }) => created && deletion === 'none');
  }

  /** The text of a record; its id is in front, the rest follows from it. */
  static textOf(id: string, size: number): string {
    return `${id} `.padEnd(size, `${id}.`);
  }

  /** What a text found in a log is: the id of a record, or something that no record has. */
  static idOf(text: string): string {
    const id = text.slice(0, Math.max(0, text.indexOf(' ')));
    return text === Book.textOf(id, text.length) ? id : `${id} damaged`;
  }
}

/** Works on one life of a broker until it is told to rest or the connection breaks; writes everything into the book. */
export class PowerLoad {
  readonly #bootstrap: string;
  readonly #book: Book;
  readonly #prng: Prng;
  readonly #clients: RawClient[] = [];
  readonly #loops: Promise<void>[] = [];
  readonly #onTold: (act: Act) => void;
  #resting = false;
  /** What clients were told in this life, by kind. */
  readonly counts: Record<Act, number> = {
    produce: 0,
    commit: 0,
    'delete-records': 0,
    'create-topic': 0,
    'delete-topic': 0,
    accept: 0,
    put: 0,
  };

  constructor(options: {
    readonly bootstrap: string;
    readonly book: Book;
    readonly seed: number;
    /** Called at the moment at which a client is told something. */
    readonly onTold: (act: Act) => void;
  }) {
    this.#bootstrap = options.bootstrap;
    this.#book = options.book;
    this.#prng = createPrng(options.seed);
    this.#onTold = options.onTold;
  }

  /** Creates the lasting topics when they are not there, and begins to work. */
  async start(): Promise<void> {
    const admin = await this.#connect();
    for (const [name, partitions] of [
      [STEADY, STEADY_PARTITIONS],
      [JOBS, 1],
      [TABLE, 1],
    ] as const) {
      if (!this.#book.living().some((topic) => topic.name === name)) await this.#create(admin, name, partitions);
    }
    for (const topic of this.#book.living().filter(({ name }) => LASTING.has(name))) {
      for (let index = 0; index < topic.partitions; index++)
        await this.#run((client) => this.#produce(client, topic, index));
    }
    await this.#run((client) => this.#commitOffsets(client));
    await this.#run((client) => this.#deleteRecords(client));
    await this.#run((client) => this.#churn(client));
    await this.#run((client) => this.#consumeShares(client));
  }

  /** Waits until everything has happened that happens here. */
  async warmUp(): Promise<void> {
    const acts = Object.entries(WARM) as readonly [Act, number][];
    const isWarm = (): boolean => acts.every(([act, count]) => this.counts[act] >= count);
    await waitFor('a load of every kind', isWarm, { deadlineMs: 120_000 });
  }

  /** Begins nothing new; resolves when everything that was begun has its answer. */
  async rest(): Promise<void> {
    this.#resting = true;
    await Promise.all(this.#loops);
  }

  /** One act by itself, while everything else rests. */
  async actAlone(act: AloneAct): Promise<void> {
    const client = await this.#connect();
    const [steady] = this.#book.living().filter(({ name }) => name === STEADY);
    if (steady === undefined) throw new Error('the lasting topic is missing');
    if (act === 'produce') await this.#send(client, steady, 0);
    else if (act === 'produce-first') await this.#send(client, await this.#alone(client), 0);
    else if (act === 'commit') await this.#commit(client, steady, 0);
    else if (act === 'delete-records') await this.#deleteOne(client, steady, 0);
    else if (act === 'create-topic') await this.#alone(client);
    else await this.#delete(client, await this.#spare(client));
  }

  /** A topic that nobody needs. */
  async #spare(client: RawClient): Promise<Topic> {
    const spare = this.#book.living().find(({ name }) => !LASTING.has(name));
    return spare ?? this.#alone(client);
  }

  /** A new topic, which nothing else works on. */
  #alone(client: RawClient): Promise<Topic> {
    return this.#create(client, `alone-${this.#book.topics.length}`, 1);
  }

  /** Ends the connections; resolves when every loop has noticed. */
  async end(): Promise<void> {
    this.#resting = true;
    for (const client of this.#clients) client.close();
    await Promise.all(this.#loops);
  }

  async #connect(): Promise<RawClient> {
    const client = await RawClient.connect(this.#bootstrap);
    this.#clients.push(client);
    return client;
  }

  async #run(loop: (client: RawClient) => Promise<void>): Promise<void> {
    const client = await this.#connect();
    const ended = loop(client).catch((error: unknown) => {
      if (!(error instanceof NoAnswer)) throw error;
    });
    // Looked at by whoever ends the load.
    ended.catch(() => undefined);
    this.#loops.push(ended);
  }

  #told(act: Act): void {
    this.counts[act] += 1;
    this.#onTold(act);
  }

  async #produce(client: RawClient, topic: Topic, index: number): Promise<void> {
    const lane = async (): Promise<void> => {
      const isFull = (): boolean => topic.name === TABLE && this.counts.put >= PUTS_MAX;
      while (!this.#resting && !isFull()) await this.#send(client, topic, index);
    };
    await Promise.all(Array.from({ length: WINDOW }, lane));
  }

  async #send(client: RawClient, topic: Topic, index: number): Promise<void> {
    const book = this.#book;
    const partition = topic.firstPartition + index;
    const isTable = topic.name === TABLE;
    const ids = Array.from({ length: 1 + this.#prng.below(isTable ? 1 : RECORDS_MAX) }, () => {
      const id = `r${book.sent.length}`;
      book.sent.push({ id, partition, producer: 'p', sequence: book.sent.length });
      if (isTable) book.keys.set(id, `k${this.#prng.below(TABLE_KEYS)}`);
      return id;
    });
    const values = ids.map((id) => {
      const size = isTable ? TABLE_VALUE_BYTES : 20 + this.#prng.below(VALUE_MAX);
      return { key: isTable ? Buffer.from(book.keys.get(id) ?? '') : null, value: Buffer.from(Book.textOf(id, size)) };
    });
    const records = buildBatch(values, { timestamp: Date.now() }, crc32c);
    const answer = await client.call(ApiKey.Produce, 9, {
      acks: -1,
      timeoutMs: TIMEOUT_MS,
      topicData: [{ name: topic.name, partitionData: [{ index, records }] }],
    });
    const { errorCode, baseOffset } = only(only(answer.responses).partitionResponses);
    must('produce', errorCode);
    for (const [at, id] of ids.entries()) book.acknowledged.push({ partition, offset: baseOffset + at, id });
    book.ends.set(partition, Math.max(book.ends.get(partition) ?? 0, baseOffset + ids.length));
    this.#told(isTable ? 'put' : 'produce');
  }

  async #commitOffsets(client: RawClient): Promise<void> {
    while (!this.#resting) {
      const [topic] = this.#book.living().filter(({ name }) => name === STEADY);
      if (topic !== undefined) await this.#commit(client, topic, this.#prng.below(topic.partitions));
    }
  }

  async #commit(client: RawClient, topic: Topic, index: number): Promise<void> {
    const partition = topic.firstPartition + index;
    const before = this.#book.commits.get(partition) ?? { confirmed: -1, asked: -1 };
    const asked = before.asked + 1 + this.#prng.below(5);
    this.#book.commits.set(partition, { ...before, asked });
    const answer = await client.call(ApiKey.OffsetCommit, 7, {
      groupId: GROUP,
      topics: [
        { name: topic.name, partitions: [{ partitionIndex: index, committedOffset: asked, committedMetadata: '' }] },
      ],
    });
    const { errorCode } = only(only(answer.topics).partitions);
    // A coordinator that still loads its offsets has changed nothing.
    if (errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS || errorCode === ErrorCode.NOT_COORDINATOR) return;
    if (errorCode === ErrorCode.COORDINATOR_NOT_AVAILABLE) {
      await findCoordinator(client, GROUP, 0);
      return;
    }
    must('commit', errorCode);
    this.#book.commits.set(partition, { asked, confirmed: asked });
    this.#told('commit');
  }

  async #deleteRecords(client: RawClient): Promise<void> {
    while (!this.#resting) {
      const topics = this.#book.living().filter(({ name }) => name === STEADY);
      for (const topic of topics) {
        for (let index = 0; index < topic.partitions; index++) {
          const end = this.#book.ends.get(topic.firstPartition + index) ?? 0;
          const keep = KEPT + this.#prng.below(KEPT);
          if (!this.#resting) await this.#deleteBelow(client, topic, index, end - keep);
        }
      }
    }
  }

  /** Deletes a record and no segment, so that no upkeep follows. */
  async #deleteOne(client: RawClient, topic: Topic, index: number): Promise<void> {
    await this.#deleteBelow(
      client,
      topic,
      index,
      (this.#book.deletions.get(topic.firstPartition + index)?.asked ?? 0) + 1,
    );
  }

  async #deleteBelow(client: RawClient, topic: Topic, index: number, offset: number): Promise<void> {
    const partition = topic.firstPartition + index;
    const { deletions } = this.#book;
    const before = deletions.get(partition) ?? { confirmed: -1, asked: -1 };
    const asked = Math.max(offset, before.asked, 0);
    deletions.set(partition, { ...before, asked });
    const answer = await client.call(ApiKey.DeleteRecords, 1, {
      timeoutMs: TIMEOUT_MS,
      topics: [{ name: topic.name, partitions: [{ partitionIndex: index, offset: asked }] }],
    });
    must('delete records', only(only(answer.topics).partitions).errorCode);
    deletions.set(partition, { asked, confirmed: asked });
    this.#told('delete-records');
  }

  /** Creates topics, writes to them, deletes the oldest, so that names come back. */
  async #churn(client: RawClient): Promise<void> {
    for (let turn = this.#prng.below(CHURN_COUNT); !this.#resting; turn++) {
      const name = `churn-${turn % CHURN_COUNT}`;
      const before = this.#book.topics.findLast((topic) => topic.name === name);
      if (before?.deletion === 'asked') {
        await this.#delete(client, before);
        continue;
      }
      if (before !== undefined && before.deletion === 'none') await this.#delete(client, before);
      const topic = await this.#create(client, name, 1 + this.#prng.below(3));
      for (let index = 0; index < topic.partitions && !this.#resting; index++) await this.#send(client, topic, index);
    }
  }

  async #create(client: RawClient, name: string, partitions: number): Promise<Topic> {
    const topic = this.#book.open(name, partitions);
    const answer = await client.call(ApiKey.CreateTopics, 7, {
      timeoutMs: TIMEOUT_MS,
      topics: [
        {
          name,
          numPartitions: partitions,
          replicationFactor: 1,
          assignments: [],
          // As small as it may be: segments roll all the time.
          configs: [{ name: 'segment.bytes', value: '1048576' }, ...(name === TABLE ? COMPACTED : [])],
        },
      ],
    });
    const { errorCode, topicId } = only(answer.topics);
    topic.id = topicId;
    if (errorCode === ErrorCode.TOPIC_ALREADY_EXISTS) {
      // Its creation had no answer in an earlier life.
      topic.deletion = 'asked';
      return topic;
    }
    must('create topic', errorCode);
    topic.created = true;
    this.#told('create-topic');
    return topic;
  }

  async #delete(client: RawClient, topic: Topic): Promise<void> {
    topic.deletion = 'asked';
    const { name } = topic;
    const answer = await client.call(ApiKey.DeleteTopics, 6, { timeoutMs: TIMEOUT_MS, topics: [{ name }] });
    const { errorCode } = only(answer.responses);
    // Gone already by a deletion that had no answer.
    if (errorCode !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) must('delete topic', errorCode);
    topic.deletion = 'confirmed';
    this.#told('delete-topic');
  }

  async #consumeShares(client: RawClient): Promise<void> {
    const [topic] = this.#book.living().filter(({ name }) => name === JOBS);
    if (topic === undefined) return;
    const member = new ShareMember(client, topic.id);
    await member.join();
    while (!this.#resting) {
      const acquired = await member.fetch();
      const places = acquired.flatMap(({ first, last }) =>
        Array.from({ length: last - first + 1 }, (_, index) => `${topic.firstPartition}:${first + index}`),
      );
      for (const place of places) this.#book.shares.push({ place, what: 'delivered' });
      if (acquired.length === 0 || this.#resting) continue;
      await member.accept(acquired);
      for (const place of places) this.#book.shares.push({ place, what: 'accepted' });
      this.#told('accept');
    }
  }
}

type Range = { readonly first: number; readonly last: number };

/** A member of the share group that takes and accepts records of one partition. */
class ShareMember {
  readonly #client: RawClient;
  readonly #topicId: string;
  readonly #memberId = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url');
  #sessionEpoch = 0;

  constructor(client: RawClient, topicId: string) {
    this.#client = client;
    this.#topicId = topicId;
  }

  async join(): Promise<void> {
    await findCoordinator(this.#client, SHARE_GROUP, 0);
    const loads = loading();
    for (let errorCode = -1; errorCode !== ErrorCode.NONE; ) {
      loads();
      const answer = await this.#client.call(ApiKey.ShareGroupHeartbeat, 1, {
        groupId: SHARE_GROUP,
        memberId: this.#memberId,
        memberEpoch: 0,
        subscribedTopicNames: [JOBS],
      });
      ({ errorCode } = answer);
      if (!LOADING.has(errorCode)) must('join', errorCode);
    }
  }

  async fetch(): Promise<readonly Range[]> {
    const answer = await this.#client.call(ApiKey.ShareFetch, 1, {
      groupId: SHARE_GROUP,
      memberId: this.#memberId,
      shareSessionEpoch: this.#sessionEpoch,
      maxWaitMs: 100,
      minBytes: 1,
      maxBytes: 1 << 20,
      maxRecords: 200,
      batchSize: 200,
      topics: [{ topicId: this.#topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: [] }] }],
      forgottenTopicsData: [],
    });
    must('share fetch', answer.errorCode);
    this.#sessionEpoch += 1;
    return answer.responses.flatMap(({ partitions }) =>
      partitions.flatMap(({ acquiredRecords }) =>
        acquiredRecords.map(({ firstOffset, lastOffset }) => ({ first: firstOffset, last: lastOffset })),
      ),
    );
  }

  async accept(ranges: readonly Range[]): Promise<void> {
    const answer = await this.#client.call(ApiKey.ShareAcknowledge, 1, {
      groupId: SHARE_GROUP,
      memberId: this.#memberId,
      shareSessionEpoch: this.#sessionEpoch,
      topics: [
        {
          topicId: this.#topicId,
          partitions: [
            {
              partitionIndex: 0,
              acknowledgementBatches: ranges.map(({ first, last }) => ({
                firstOffset: first,
                lastOffset: last,
                acknowledgeTypes: [ACCEPT],
              })),
            },
          ],
        },
      ],
    });
    must('share acknowledge', answer.errorCode);
    must('share acknowledge', only(only(answer.responses).partitions).errorCode);
    this.#sessionEpoch += 1;
  }
}

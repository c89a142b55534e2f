import type { Prng } from '../../../broker/core/base/prng.ts';
import { SimAdmin } from '../clients/admin.ts';
import { SimProducer } from '../clients/producer.ts';
import { alterTopic, createTopic, reassign } from '../clients/requests.ts';
import type { TopicFacts } from '../history.ts';
import type { Served, Stage } from '../stage.ts';
import { checkRecords } from './check-records.ts';
import { PartitionReader, type Where } from './reader.ts';
import { type RecordsPlan, UNSYNCED_TOPIC } from './records-plan.ts';

/** The world goes on until a condition holds, or it ends. */
export type Wait = (what: string, condition: () => boolean, describe: () => string) => void;

/** How long a final reader waits before it asks again, ms. */
const FINAL_PAUSE_MS = 50;

/** Clients that produce and read records, whoever leads their partitions, and what has to be true of what they saw. */
export class RecordsLoad {
  readonly #stage: Stage<Served>;
  readonly #prng: Prng;
  readonly #brokers: readonly number[];
  readonly #plan: RecordsPlan;
  readonly #admin: SimAdmin;
  readonly #partitions: readonly Where[];
  #producers: readonly SimProducer[] = [];
  #readers: readonly PartitionReader[] = [];
  /** Partitions of which nothing is promised: nobody has their one replica any more, or they were not synced. */
  readonly lost = new Set<string>();
  /** Readers at the end, once there are some. */
  #finals: readonly PartitionReader[] = [];

  constructor(stage: Stage<Served>, plan: RecordsPlan, brokers: readonly number[]) {
    this.#stage = stage;
    this.#prng = stage.fork();
    this.#brokers = brokers;
    this.#plan = plan;
    this.#admin = new SimAdmin(stage);
    this.#partitions = plan.topics.flatMap(({ name, partitionCount }) =>
      Array.from({ length: partitionCount }, (_, partition) => ({ topic: name, partition })),
    );
  }

  /** Records that were sent. */
  get sentCount(): number {
    return this.#stage.history.filter(({ kind }) => kind === 'sent').length;
  }

  /** Makes the topics. */
  setUp(wait: Wait): void {
    for (const topic of this.#plan.topics) this.#admin.ask(createTopic(topic, () => undefined));
    wait(
      'topics for records are there',
      () => this.#admin.isIdle,
      () => this.#admin.describe(),
    );
  }

  /** Lets clients begin; they produce as much as their plans say. */
  begin(): void {
    this.#producers = this.#plan.producers.map((plan) => new SimProducer(this.#stage, plan));
    for (const topic of this.#plan.topics) {
      topic.switchesAtMs.forEach((atMs, index) => {
        const isBack = index % 2 === 1;
        const value = (topic.durability === 'fsync') === isBack ? 'fsync' : 'replicated';
        const change = alterTopic(topic.name, ['weir.durability', value], () => undefined);
        this.#stage.world.schedule(atMs, () => this.#admin.ask(change));
      });
    }
    this.#readers = this.#plan.readerPausesMs.map(
      (pauseMs, index) =>
        new PartitionReader(this.#stage, this.#partitions[index % this.#partitions.length] ?? NOWHERE, {
          ...{ name: `reader ${index}`, pauseMs, isFinal: false },
        }),
    );
  }

  /** Somebody ended without being told to: what was not synced may be gone (D4), and other records at its offsets. */
  losesUnsynced(): void {
    for (const where of this.#partitions) if (where.topic === UNSYNCED_TOPIC) this.lost.add(nameOf(where));
  }

  /** Moves a partition that has several replicas to others, drawn at random; false when there is none. */
  reassign(): boolean {
    const moved = this.#partitions.filter(({ topic }) => this.#copiesOf(topic) > 1);
    const where = moved[this.#prng.below(Math.max(1, moved.length))];
    if (where === undefined) return false;
    const left = [...this.#brokers];
    const replicas = Array.from({ length: this.#copiesOf(where.topic) }, () =>
      left.splice(this.#prng.below(left.length), 1),
    ).flat();
    this.#stage.world.trace(`strike: ${nameOf(where)} moves to ${replicas.join()}`);
    this.#admin.ask(reassign(where, replicas));
    return true;
  }

  /** Everything works: what is sent is answered, and everything is read once more, but what `lostDisks` took with them. */
  finish(lostDisks: ReadonlySet<number>, wait: Wait): void {
    const mayNever = ({ topic }: SimProducer): boolean => lostDisks.size > 0 && this.#copiesOf(topic) === 1;
    wait(
      'producers are done',
      () => this.#producers.every((producer) => producer.isDone || mayNever(producer)),
      () => this.#producers.map((producer) => producer.describe()).join('; '),
    );
    for (const producer of this.#producers) producer.die();
    for (const reader of this.#readers) reader.stop();
    this.#finals = this.#partitions.map(
      (where) =>
        new PartitionReader(this.#stage, where, { name: 'last reader', pauseMs: FINAL_PAUSE_MS, isFinal: true }),
    );
    const isLost = ({ replicas: [only = -1, ...others] }: PartitionReader): boolean =>
      others.length === 0 && lostDisks.has(only);
    wait(
      'every replica is in sync',
      () => this.#finals.every((reader) => reader.isInSync || isLost(reader)),
      () => this.#finals.map((reader) => reader.describe()).join('; '),
    );
    wait(
      'everything is read',
      () => this.#finals.every((reader) => reader.isDone || isLost(reader)),
      () => this.#finals.map((reader) => reader.describe()).join('; '),
    );
    for (const reader of this.#finals) {
      reader.stop();
      if (isLost(reader)) this.lost.add(nameOf(reader.where));
    }
  }

  #copiesOf(topic: string): number {
    return this.#plan.topics.find(({ name }) => name === topic)?.replicationFactor ?? 1;
  }

  /** What is wrong with what clients saw. */
  problems(): string[] {
    const topics = new Map<string, TopicFacts>(
      this.#plan.topics.map(({ name, durability }) => [name, { durability, retentionMs: null, isCompacted: false }]),
    );
    const failures = this.#admin.failures.map((failure) => `L: ${failure}`);
    const isRead = (where: Where): boolean =>
      this.#finals.some((one) => one.isDone && nameOf(one.where) === nameOf(where));
    const unread = new Set(this.#partitions.filter((where) => !isRead(where)).map(nameOf));
    const weak = this.#plan.producers.filter((one) => one.acks === 1 && this.#copiesOf(one.topic) > 1);
    const weakProducers = new Set(weak.map(({ name }) => name));
    return [...failures, ...checkRecords(this.#stage.history, topics, { lost: this.lost, unread, weakProducers })];
  }
}

const NOWHERE: Where = { topic: '', partition: 0 };

function nameOf({ topic, partition }: Where): string {
  return `${topic}-${partition}`;
}

import { Admin, type AdminCommand, type AdminEvent, adminRequest } from '../../../broker/core/client/admin.ts';
import { createPrng, type Prng } from '../../../broker/core/base/prng.ts';
import { ApiKey } from '../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../broker/core/protocol/errors.ts';
import type { ApiResponses, RequestInput, WireKey } from '../../../broker/core/protocol/messages.ts';
import { SimClient } from '../client.ts';
import type { SimNetwork } from '../net.ts';
import type { World } from '../world.ts';
import type { Change, ChangeOutcome, Seen } from './changes.ts';

/** The setting that clients change: any number of ms will do. */
const SETTING = 'retention.ms';
const TOPIC_RESOURCE = 2;
const SET = 0;
const SERVER_TIMEOUT_MS = 2500;
const REQUEST_TIMEOUT_MS = 4000;
const FIRST_VALUE = 1_000_000_000;
const GROWTH_MAX = 6;

/** Codes with which a change was certainly not made: it was looked at and refused. */
const REFUSED: readonly number[] = [
  ErrorCode.INVALID_REPLICATION_FACTOR,
  ErrorCode.THROTTLING_QUOTA_EXCEEDED,
  ErrorCode.POLICY_VIOLATION,
  ErrorCode.INVALID_REQUEST,
];

/** Where a broker of the cluster serves clients. */
export interface BrokerFace {
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

/** What the clients of one cluster share. */
export class Workload {
  readonly world: World;
  readonly network: SimNetwork;
  readonly brokers: readonly BrokerFace[];
  readonly lasting: readonly string[];
  readonly passing: readonly string[];
  readonly history: Seen[] = [];
  /** Requests that came to an end. */
  answeredCount = 0;
  readonly #partitionCounts = new Map<string, number>();
  #nextOp = 0;

  constructor(
    world: World,
    network: SimNetwork,
    options: {
      readonly brokers: readonly BrokerFace[];
      readonly lasting: readonly string[];
      readonly passing: readonly string[];
    },
  ) {
    this.world = world;
    this.network = network;
    this.brokers = options.brokers;
    this.lasting = options.lasting;
    this.passing = options.passing;
  }

  nextOp(): number {
    this.#nextOp += 1;
    return this.#nextOp;
  }

  /** A value for the setting that was never used. */
  nextValue(): string {
    return String(FIRST_VALUE + this.nextOp());
  }

  note(seen: Seen): void {
    this.history.push(seen);
    this.world.trace(JSON.stringify(seen));
  }

  /** How many partitions a lasting topic is to have next. */
  growth(topic: string): number {
    const count = Math.min(GROWTH_MAX, (this.#partitionCounts.get(topic) ?? 1) + 1);
    this.#partitionCounts.set(topic, count);
    return count;
  }
}

type Done<K extends WireKey> = (answer: ApiResponses[K] | null, wasSent: boolean) => void;

/** One administrator: asks one thing after the other of any broker, and writes down what it is told. */
export class ClusterClient {
  readonly name: string;
  readonly #load: Workload;
  readonly #prng: Prng;
  readonly #pauseMs: number;
  readonly #client: SimClient<AdminCommand, AdminEvent>;
  readonly #open = new Map<number, (event: AdminEvent) => void>();
  #nextToken = 1;
  #isStopped = false;

  constructor(load: Workload, name: string, pauseMs: number) {
    this.name = name;
    this.#load = load;
    this.#pauseMs = pauseMs;
    this.#prng = createPrng(load.world.prng.uint32());
    const machine = new Admin({
      bootstrap: load.brokers,
      clientId: name,
      random: createPrng(load.world.prng.uint32()),
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    });
    this.#client = new SimClient(load.world, load.network, machine, {
      name,
      onEvent: (event) => {
        const take = this.#open.get(event.token);
        this.#open.delete(event.token);
        take?.(event);
      },
    });
    const nodes = new Map(load.brokers.map(({ id, host, port }) => [id, { host, port }]));
    this.#client.send({ kind: 'nodes', nodes });
  }

  /** Goes on until it is stopped. */
  run(): void {
    this.#load.world.schedule(this.#prng.below(this.#pauseMs), () => {
      if (!this.#isStopped) this.#something(() => this.run());
    });
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Nothing of it is under way. */
  get isIdle(): boolean {
    return this.#open.size === 0;
  }

  /** Makes a change through a broker, and reads back through the same one now and then. */
  change(change: Change, broker: number, then: () => void): void {
    const op = this.#load.nextOp();
    const invokedMs = this.#load.world.nowMs;
    const finish = (outcome: ChangeOutcome, topicId: string | null): void => {
      const returnedMs = outcome === 'unknown' ? Number.POSITIVE_INFINITY : this.#load.world.nowMs;
      const client = this.name;
      this.#load.note({ seen: 'change', op, client, broker, change, invokedMs, returnedMs, outcome, topicId });
      then();
    };
    switch (change.kind) {
      case 'create':
        this.#create(change.topic, broker, finish);
        return;
      case 'delete':
        this.#call(
          ApiKey.DeleteTopics,
          broker,
          (version) => ({
            timeoutMs: SERVER_TIMEOUT_MS,
            ...(version >= 6 ? { topics: [{ name: change.topic }] } : { topicNames: [change.topic] }),
          }),
          (answer, wasSent) => finish(outcomeOf(answer?.responses[0]?.errorCode, wasSent), null),
        );
        return;
      case 'grow':
        this.#call(
          ApiKey.CreatePartitions,
          broker,
          () => ({
            timeoutMs: SERVER_TIMEOUT_MS,
            validateOnly: false,
            topics: [{ name: change.topic, count: change.count, assignments: null }],
          }),
          (answer, wasSent) => finish(outcomeOf(answer?.results[0]?.errorCode, wasSent), null),
        );
        return;
      default:
        this.#call(
          ApiKey.IncrementalAlterConfigs,
          broker,
          () => ({
            validateOnly: false,
            resources: [
              {
                resourceType: TOPIC_RESOURCE,
                resourceName: change.topic,
                configs: [{ name: SETTING, configOperation: SET, value: change.value }],
              },
            ],
          }),
          (answer, wasSent) => finish(outcomeOf(answer?.responses[0]?.errorCode, wasSent), null),
        );
    }
  }

  /** Asks a broker for topics; true in `then` when it answered. */
  readTopics(topics: readonly string[], broker: number, isFinal: boolean, then: (isAnswered: boolean) => void): void {
    const invokedMs = this.#load.world.nowMs;
    const body = (): RequestInput<typeof ApiKey.Metadata> => ({
      topics: topics.map((name) => ({ name })),
      allowAutoTopicCreation: false,
    });
    this.#call(ApiKey.Metadata, broker, body, (answer) => {
      const returnedMs = this.#load.world.nowMs;
      for (const topic of answer?.topics ?? []) {
        const isGone = topic.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        const isThere = topic.errorCode === ErrorCode.NONE || topic.errorCode === ErrorCode.LEADER_NOT_AVAILABLE;
        if (!isGone && !isThere) continue;
        this.#load.note({
          seen: 'topic',
          ...{ broker, invokedMs, returnedMs, isFinal },
          topic: topic.name ?? '',
          topicId: isGone ? null : topic.topicId,
          partitionCount: topic.partitions.length,
        });
      }
      then(answer !== null);
    });
  }

  /** Asks a broker for the setting of a lasting topic; true in `then` when it answered. */
  readSetting(topic: string, broker: number, isFinal: boolean, then: (isAnswered: boolean) => void): void {
    const invokedMs = this.#load.world.nowMs;
    const body = (): RequestInput<typeof ApiKey.DescribeConfigs> => ({
      resources: [{ resourceType: TOPIC_RESOURCE, resourceName: topic, configurationKeys: [SETTING] }],
    });
    this.#call(ApiKey.DescribeConfigs, broker, body, (answer) => {
      const result = answer?.results[0];
      const isAnswered = result?.errorCode === ErrorCode.NONE;
      if (isAnswered) {
        const text = result.configs.find(({ name }) => name === SETTING)?.value ?? null;
        const value = text !== null && Number(text) >= FIRST_VALUE ? text : null;
        const returnedMs = this.#load.world.nowMs;
        this.#load.note({ seen: 'setting', broker, topic, value, invokedMs, returnedMs, isFinal });
      }
      then(isAnswered);
    });
  }

  /** Asks, through a broker, whether a topic could be made: that tells whether it is there. */
  look(topic: string, broker: number, then: () => void): void {
    const invokedMs = this.#load.world.nowMs;
    this.#call(
      ApiKey.CreateTopics,
      broker,
      () => newTopic(topic, true),
      (answer) => {
        const code = answer?.topics[0]?.errorCode;
        if (code === ErrorCode.NONE || code === ErrorCode.TOPIC_ALREADY_EXISTS) {
          const isThere = code === ErrorCode.TOPIC_ALREADY_EXISTS;
          this.#load.note({ seen: 'look', broker, topic, isThere, invokedMs, returnedMs: this.#load.world.nowMs });
        }
        then();
      },
    );
  }

  /** Asks a broker about the quorum; `then` gets the leader's id, −1 without an answer. */
  readQuorum(broker: number, then: (leaderId: number) => void): void {
    const invokedMs = this.#load.world.nowMs;
    const body = (): RequestInput<typeof ApiKey.DescribeQuorum> => ({
      topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
    });
    this.#call(ApiKey.DescribeQuorum, broker, body, (answer) => {
      const partition = answer?.topics[0]?.partitions[0];
      if (answer?.errorCode !== ErrorCode.NONE || partition?.errorCode !== ErrorCode.NONE) {
        then(-1);
        return;
      }
      const { leaderEpoch, highWatermark, leaderId } = partition;
      const returnedMs = this.#load.world.nowMs;
      this.#load.note({ seen: 'quorum', broker, leaderEpoch, highWatermark, invokedMs, returnedMs });
      then(leaderId);
    });
  }

  /** Asks a broker which brokers there are; none without an answer. */
  readBrokers(broker: number, then: (ids: readonly number[]) => void): void {
    this.#call(
      ApiKey.Metadata,
      broker,
      () => ({ topics: [], allowAutoTopicCreation: false }),
      (answer) => then(answer?.brokers.map(({ nodeId }) => nodeId) ?? []),
    );
  }

  describe(): string {
    return `${this.name}: ${this.#open.size} open, ${this.#client.describe()}`;
  }

  #pick<T>(choices: readonly T[]): T {
    const chosen = choices[this.#prng.below(choices.length)];
    if (chosen === undefined) throw new Error('bug: nothing to choose from');
    return chosen;
  }

  #something(then: () => void): void {
    const { lasting, passing, brokers } = this.#load;
    const broker = this.#pick(brokers).id;
    const done = (): void => then();
    const readBack = (change: Change) => (): void => {
      if (this.#prng.chance(0.4)) then();
      else if (change.kind === 'set') this.readSetting(change.topic, broker, false, done);
      else this.readTopics([change.topic], broker, false, done);
    };
    const make = (change: Change): void => this.change(change, broker, readBack(change));
    const action = this.#prng.below(100);
    if (action < 33) {
      make({ kind: 'set', topic: this.#pick(lasting), value: this.#load.nextValue() });
    } else if (action < 48) make({ kind: 'create', topic: this.#pick(passing) });
    else if (action < 58) make({ kind: 'delete', topic: this.#pick(passing) });
    else if (action < 61) {
      const topic = this.#pick(lasting);
      make({ kind: 'grow', topic, count: this.#load.growth(topic) });
    } else if (action < 76) this.readTopics([this.#pick(lasting), this.#pick(passing)], broker, false, done);
    else if (action < 86) this.readSetting(this.#pick(lasting), broker, false, done);
    else if (action < 94) this.look(this.#pick(passing), broker, done);
    else this.readQuorum(broker, done);
  }

  #create(topic: string, broker: number, finish: (outcome: ChangeOutcome, topicId: string | null) => void): void {
    this.#call(
      ApiKey.CreateTopics,
      broker,
      () => newTopic(topic, false),
      (answer, wasSent) => {
        const result = answer?.topics[0];
        const outcome = outcomeOf(result?.errorCode, wasSent);
        finish(outcome, outcome === 'done' ? (result?.topicId ?? null) : null);
      },
    );
  }

  #call<K extends WireKey>(key: K, broker: number, body: (version: number) => RequestInput<K>, done: Done<K>): void {
    const token = this.#nextToken;
    this.#nextToken += 1;
    this.#open.set(token, (event) => {
      this.#load.answeredCount += 1;
      // The answer's key is the request's: the machine matched them.
      if (event.kind === 'answer') done(event.body as ApiResponses[K], true);
      else done(null, event.sent);
    });
    this.#client.send({ kind: 'call', token, target: broker, request: adminRequest(key, body) });
  }
}

/** What an error code says of a change; without an answer nothing, unless it was never sent. */
function outcomeOf(errorCode: number | undefined, wasSent: boolean): ChangeOutcome {
  if (errorCode === ErrorCode.NONE) return 'done';
  if (errorCode === undefined) return wasSent ? 'unknown' : 'refused';
  return REFUSED.includes(errorCode) ? 'refused' : 'unknown';
}

function newTopic(name: string, validateOnly: boolean): RequestInput<typeof ApiKey.CreateTopics> {
  const topics = [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
  return { timeoutMs: SERVER_TIMEOUT_MS, validateOnly, topics };
}

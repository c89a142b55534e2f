import { Buffer } from 'node:buffer';
import { createPrng } from '../../../broker/core/base/prng.ts';
import { brokerId } from '../../../broker/core/base/ids.ts';
import { Admin, type AdminCommand, type AdminEvent, adminRequest } from '../../../broker/core/client/admin.ts';
import { Producer, type ProducerCommand, type ProducerEvent } from '../../../broker/core/client/producer.ts';
import { Scanner, type ScannerCommand, type ScannerEvent } from '../../../broker/core/client/scanner.ts';
import { encodeFormation } from '../../../broker/core/config/formation.ts';
import type { MetadataCommand, OutcomeOf } from '../../../broker/core/metadata/commands.ts';
import type { PartitionView } from '../../../broker/core/metadata/view.ts';
import { ApiKey } from '../../../broker/core/protocol/apis.ts';
import type { ApiResponses, RequestInput, WireKey } from '../../../broker/core/protocol/messages.ts';
import * as batch from '../../../broker/core/record/batch.ts';
import { readRecords } from '../../../broker/core/record/iterate.ts';
import type { Disk } from '../../../broker/ports/disk.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import type { UnaryCalls, UnaryName } from '../../../broker/ports/control-net.ts';
import { SimClient } from '../../sim/client.ts';
import { SimControlNetwork } from '../../sim/control-net.ts';
import type { SimDisk } from '../../sim/disk.ts';
import { SimNetwork } from '../../sim/net.ts';
import { SimNode, type SimNodeOptions } from '../../sim/node.ts';
import { World } from '../../sim/world.ts';

const CONTROL_PORT = 9093;
const OPERATOR_ADDRESS = '10.0.1.1';
const FORMATION_FILE = '/formation.json';
const CLUSTER_ID = 'replicating-cluster-01';
/** Longest virtual time that anything is waited for, ms. */
const PATIENCE_MS = 60_000;

/** What a world is made of. */
export interface ReplicationWorldOptions {
  /** Brokers; default 3. */
  readonly size?: number;
  /** Those that are controllers besides; default all. */
  readonly controllers?: readonly number[];
  readonly settings?: Readonly<Record<string, string>>;
  /** What the file of one node says besides. */
  readonly settingsOf?: (id: number) => Readonly<Record<string, string>>;
  readonly replicaBugs?: NonNullable<SimNodeOptions['replicaBugs']>;
  readonly logBugs?: NonNullable<SimNodeOptions['logBugs']>;
  readonly diskLatencyMs?: number;
  /** Puts something between a node and its disk. */
  readonly wrapDisk?: (id: number, world: World, disk: SimDisk) => Disk;
  readonly onTrace?: (line: string) => void;
}

/** What a producer was told of the records that it was given, by value. */
export interface Produced {
  readonly acknowledged: Map<string, { readonly partition: number; readonly offset: number; readonly tookMs: number }>;
  readonly failed: Map<string, string>;
}

/** A cluster of real server code, nodes 0 to `size - 1`, with clients that speak Kafka's protocol to it. */
export class ReplicationWorld {
  readonly world: World;
  readonly network: SimNetwork;
  readonly control: SimControlNetwork;
  readonly nodes: readonly SimNode[];
  readonly produced: Produced = { acknowledged: new Map(), failed: new Map() };
  /** Connections of producers that ended: to which node, and how long after they last asked it to store something, ms. */
  readonly hungUp: { readonly id: number; readonly quietMs: number }[] = [];
  readonly #admin: SimClient<AdminCommand, AdminEvent>;
  readonly #answers = new Map<number, (event: AdminEvent) => void>();
  readonly #producers = new Map<string, SimClient<ProducerCommand, ProducerEvent>>();
  readonly #sent: { readonly value: string; readonly atMs: number }[] = [];
  #token = 0;
  #scanSeed = 1;

  constructor(seed: number, options: ReplicationWorldOptions = {}) {
    const {
      size = 3,
      settings = {},
      settingsOf = () => ({}),
      replicaBugs,
      logBugs,
      wrapDisk,
      diskLatencyMs = 1,
    } = options;
    this.world = new World(seed, options.onTrace ?? null);
    this.network = new SimNetwork(this.world);
    this.control = new SimControlNetwork(this.world, createPrng(seed + 1));
    const ids = Array.from({ length: size }, (_, id) => id);
    const { controllers = ids } = options;
    this.nodes = ids.map(
      (id) =>
        new SimNode(this.world, this.network, {
          id,
          address: addressOf(id),
          controlNetwork: this.control,
          diskLatencyMs,
          settings: {
            'process.roles': controllers.includes(id) ? 'broker,controller' : 'broker',
            'controller.quorum.voters': controllers.map((one) => `${one}@${addressOf(one)}:${CONTROL_PORT}`).join(','),
            'weir.grpc.host': addressOf(id),
            'weir.grpc.port': String(CONTROL_PORT),
            'weir.formation.file': FORMATION_FILE,
            ...settings,
            ...settingsOf(id),
          },
          ...(wrapDisk && { wrapDisk: (disk: SimDisk) => wrapDisk(id, this.world, disk) }),
          ...(replicaBugs && { replicaBugs }),
          ...(logBugs && { logBugs }),
        }),
    );
    const initialVoters = controllers.map((id) => ({ id, directoryId: `Disk${String(id).padStart(17, '0')}A` }));
    const record = encodeFormation({ clusterId: CLUSTER_ID, initialVoters, formed: false });
    for (const node of this.nodes) node.disk.place(FORMATION_FILE, Buffer.from(record));
    this.#admin = new SimClient(
      this.world,
      this.network,
      new Admin({ ...this.#client('admin'), requestTimeoutMs: 20_000 }),
      {
        name: 'admin',
        onEvent: (event) => {
          this.#answers.get(event.token)?.(event);
          this.#answers.delete(event.token);
        },
      },
    );
  }

  /** Starts all nodes and waits until they serve. */
  start(): this {
    for (const node of this.nodes) node.start();
    this.until('all nodes serve', () => this.nodes.every((node) => node.isReady));
    const nodes = new Map(this.nodes.map((node) => [node.id, { host: addressOf(node.id), port: 9092 }]));
    this.#admin.send({ kind: 'nodes', nodes });
    return this;
  }

  node(id: number): SimNode {
    const node = this.nodes[id];
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  /** Runs until something holds. */
  until(what: string, condition: () => boolean, patienceMs = PATIENCE_MS): void {
    if (this.world.runUntil(condition, patienceMs)) return;
    const said = this.nodes.flatMap(({ id, warnings, fatals }) => [
      ...fatals.map((line) => `${id} ended: ${line}`),
      ...warnings.slice(-6).map((line) => `${id} ${line}`),
    ]);
    throw new Error(`not within ${patienceMs} ms: ${what}\n${said.join('\n')}`);
  }

  /** One request to a node; whatever the answer. */
  ask<K extends WireKey>(target: number | 'any', key: K, body: RequestInput<K>): ApiResponses[K] {
    this.#token += 1;
    const token = this.#token;
    let event: AdminEvent | null = null;
    this.#answers.set(token, (told) => {
      event = told;
    });
    this.#admin.send({ kind: 'call', token, target, request: adminRequest(key, () => body) });
    this.until(`an answer to request ${key}`, () => event !== null);
    const told = event as AdminEvent | null;
    if (told?.kind !== 'answer') throw new Error(`request ${key} failed: ${JSON.stringify(told)}`);
    // The answer's key is the request's: the machine matched them.
    return told.body as ApiResponses[K];
  }

  /** A command of a node that serves to the active controller; its outcome. */
  submit<C extends MetadataCommand>(command: C): OutcomeOf<C> {
    let outcome: OutcomeOf<C> | null = null;
    const node = this.nodes.find(({ isReady }) => isReady);
    node?.submit(command, (told) => {
      outcome = told;
    });
    this.until(`an outcome of ${command.kind}`, () => outcome !== null);
    return outcome as unknown as OutcomeOf<C>;
  }

  /** What the active controller says to an operator. */
  askFleet<N extends UnaryName>(name: N, request: UnaryCalls[N]['request']): UnaryCalls[N]['response'] {
    const leaderId = this.nodes.find(({ isReady }) => isReady)?.view?.controllerId ?? 0;
    const channel = this.control.of(this.network.host(OPERATOR_ADDRESS), 'operator').connect({
      address: { host: addressOf(leaderId), port: CONTROL_PORT },
      clusterId: CLUSTER_ID,
      self: { id: -1, directoryId: '' },
      onReply: () => undefined,
    });
    const got: { response: UnaryCalls[N]['response'] | null; failure: string } = { response: null, failure: '' };
    channel.call(name, request, 10_000, (failure, response) => {
      got.response = response;
      got.failure = failure?.message ?? '';
    });
    this.until(`an answer to ${name}`, () => got.response !== null || got.failure !== '');
    channel.close();
    if (got.response === null) throw new Error(`${name}: ${got.failure}`);
    return got.response;
  }

  /** Makes a topic and waits until every replica is in sync. */
  createTopic(
    name: string,
    wanted: {
      readonly partitions?: number;
      readonly replicas?: number;
      readonly assignments?: readonly (readonly number[])[];
      readonly settings?: Readonly<Record<string, string>>;
    } = {},
  ): void {
    const { partitions = 1, replicas = this.nodes.length, assignments, settings = {} } = wanted;
    const answer = this.ask('any', ApiKey.CreateTopics, {
      topics: [
        {
          name,
          numPartitions: assignments === undefined ? partitions : -1,
          replicationFactor: assignments === undefined ? replicas : -1,
          assignments: (assignments ?? []).map((brokerIds, partitionIndex) => ({
            partitionIndex,
            brokerIds: [...brokerIds],
          })),
          configs: Object.entries(settings).map(([one, value]) => ({ name: one, value })),
        },
      ],
      timeoutMs: 10_000,
      validateOnly: false,
    });
    const [topic] = answer.topics;
    if (topic?.errorCode !== 0) throw new Error(`${name} was not made: ${JSON.stringify(topic)}`);
    this.untilInSync(name);
  }

  /** Waits until all replicas of all partitions are in the ISR, as every node that serves knows. */
  untilInSync(name: string): void {
    this.until(`${name} is in sync`, () =>
      this.nodes.every((node) => {
        const topic = node.isReady ? node.view?.topicByName(name) : undefined;
        return (
          topic === undefined || topic?.partitions.every(({ isr, replicas }) => isr.length === replicas.length) === true
        );
      }),
    );
  }

  /** A partition as a node that serves knows it. */
  partition(name: string, index = 0): PartitionView {
    const node = this.nodes.find(({ isReady }) => isReady);
    const partition = node?.view?.topicByName(name)?.partition(index);
    if (partition === undefined) throw new Error(`nobody knows ${name}-${index}`);
    return partition;
  }

  leader(name: string, index = 0): number {
    return this.partition(name, index).leader;
  }

  /** Sends records to a partition, acks=all unless said otherwise; nothing is waited for. */
  send(
    topic: string,
    values: readonly string[],
    options: { readonly acks?: -1 | 1; readonly partition?: number; readonly keyOf?: (value: string) => string } = {},
  ): void {
    const { acks = -1, partition = 0, keyOf } = options;
    const producer = this.#producer(acks);
    for (const value of values) {
      const token = this.#sent.length;
      this.#sent.push({ value, atMs: this.world.nowMs });
      const key = keyOf === undefined ? null : Buffer.from(keyOf(value));
      const record = { token, topic, partition, key, value: Buffer.from(value), timestamp: this.world.wallMs };
      producer.send({ kind: 'produce', record });
    }
  }

  /** Sends records and waits for what becomes of them; all have to be acknowledged. */
  produce(topic: string, values: readonly string[], options: Parameters<ReplicationWorld['send']>[2] = {}): void {
    this.send(topic, values, options);
    this.until(`${values[0]} … are acknowledged`, () => values.every((value) => this.produced.acknowledged.has(value)));
  }

  /** Values of a topic's first partition as a consumer finds them, offset by offset. */
  scan(topic: string): string[] {
    const found: string[] = [];
    let isDone = false;
    let failure = '';
    this.#scanSeed += 1;
    const machine = new Scanner({
      ...this.#client(`scan-${this.#scanSeed}`),
      requestTimeoutMs: 3000,
      topics: [topic],
      isolationLevel: 0,
      maxWaitMs: 50,
      crc32c,
    });
    const client = new SimClient<ScannerCommand, ScannerEvent>(this.world, this.network, machine, {
      name: 'scan',
      onEvent: (event) => {
        if (event.kind === 'records') for (const { value } of event.records) found.push(String(value));
        else if (event.kind === 'fatal') failure = event.reason;
        isDone ||= event.kind === 'done' || event.kind === 'fatal';
      },
    });
    this.until(`${topic} is scanned: ${client.describe()}`, () => isDone);
    if (failure !== '') throw new Error(failure);
    client.die();
    return found;
  }

  /** What a node has of a partition in its page cache: `offset@epoch value` for each record, in order. */
  logOf(id: number, topic: string, index = 0): string[] {
    const { disk } = this.node(id);
    const directory = `/data/${topic}-${index}/`;
    const paths = disk
      .files()
      .map(({ path }) => path)
      .filter((path) => path.startsWith(directory) && path.endsWith('.log'))
      .toSorted();
    return paths.flatMap((path) => recordsOf(disk.peek(path) ?? Buffer.alloc(0)));
  }

  /** Waits until the replicas have the same records, with the same epochs. */
  untilSame(topic: string, index = 0): void {
    const { replicas } = this.partition(topic, index);
    this.until(`the replicas of ${topic}-${index} are the same`, () => {
      const [first, ...others] = replicas.map((id) => this.logOf(id, topic, index).join('\n'));
      return others.every((one) => one === first);
    });
  }

  /** A life of a node ends, with its power or without, and the others notice. */
  kill(id: number, kind: 'power' | 'process' = 'process'): void {
    this.node(id).crash(kind);
  }

  /** Waits until another broker leads. */
  untilLedByAnother(topic: string, than: number, index = 0): void {
    this.until(`${topic}-${index} is led by another than ${than}`, () => {
      const leader = this.leader(topic, index);
      return leader !== -1 && leader !== than;
    });
  }

  /** Whether the brokers that serve see a broker as not fenced. */
  isIn(id: number): boolean {
    return this.nodes.every(({ isReady, view }) => !isReady || view?.broker(brokerId(id))?.fenced === false);
  }

  #producer(acks: -1 | 1): SimClient<ProducerCommand, ProducerEvent> {
    const name = `producer-acks${acks}`;
    let producer = this.#producers.get(name);
    if (producer === undefined) {
      const machine = new Producer({
        ...this.#client(name),
        requestTimeoutMs: 3000,
        acks,
        idempotent: acks === -1,
        lingerMs: 0,
        batchSizeMax: 16_384,
        bufferBytesMax: 1 << 24,
        deliveryTimeoutMs: 120_000,
        missingTopicMs: 60_000,
        allowCreate: false,
        crc32c,
      });
      const made = new SimClient<ProducerCommand, ProducerEvent>(this.world, this.network, machine, {
        name,
        onEvent: (event) => this.#told(event),
        onDisconnect: (address) => {
          const sentMs = made.lastSentMs(ApiKey.Produce, address);
          const id = this.nodes.findIndex((node) => addressOf(node.id) === address);
          if (sentMs >= 0) this.hungUp.push({ id, quietMs: this.world.nowMs - sentMs });
        },
      });
      producer = made;
      this.#producers.set(name, made);
    }
    return producer;
  }

  #told(event: ProducerEvent): void {
    if (event.kind !== 'acknowledged' && event.kind !== 'failed' && event.kind !== 'refused') return;
    const sent = this.#sent[event.token];
    if (sent === undefined) throw new Error('bug: a record that nobody sent');
    if (event.kind === 'acknowledged') {
      const { partition, offset } = event;
      this.produced.acknowledged.set(sent.value, { partition, offset, tookMs: this.world.nowMs - sent.atMs });
    } else this.produced.failed.set(sent.value, event.kind === 'failed' ? event.reason : 'the buffer is full');
  }

  #client(clientId: string) {
    const bootstrap = this.nodes.map(({ id }) => ({ host: addressOf(id), port: 9092 }));
    return { bootstrap, clientId, random: createPrng(this.world.prng.uint32()) };
  }
}

function recordsOf(buf: Buffer): string[] {
  const found: string[] = [];
  for (let pos = 0; pos + batch.HEADER_SIZE <= buf.length; pos += batch.sizeInBytes(buf, pos)) {
    const epoch = batch.partitionLeaderEpoch(buf, pos);
    if (batch.sizeInBytes(buf, pos) > buf.length - pos) break;
    for (const { offset, value } of readRecords(buf, pos) ?? []) found.push(`${offset}@${epoch} ${String(value)}`);
  }
  return found;
}

/** The machine of a node. */
export function addressOf(id: number): string {
  return `10.0.0.${id + 1}`;
}

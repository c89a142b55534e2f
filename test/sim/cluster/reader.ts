import { Admin, type AdminCommand, type AdminEvent, adminRequest } from '../../../broker/core/client/admin.ts';
import { ApiKey } from '../../../broker/core/protocol/apis.ts';
import { ErrorCode } from '../../../broker/core/protocol/errors.ts';
import type { ApiResponses, RequestInput, WireKey } from '../../../broker/core/protocol/messages.ts';
import { baseOffset, bufferOf, nextOffset, partitionLeaderEpoch } from '../../../broker/core/record/batch.ts';
import { forEachBatch, type ReadRecord, readRecords } from '../../../broker/core/record/iterate.ts';
import { SimClient } from '../client.ts';
import type { Served, Stage } from '../stage.ts';

/** Longest that a leader may hold a fetch back, ms. */
const WAIT_MS = 500;
const BYTES_MAX = 1 << 20;
const REQUEST_TIMEOUT_MS = 3000;

/** What a reader reads. */
export interface Where {
  readonly topic: string;
  readonly partition: number;
}

type Answer = ApiResponses[typeof ApiKey.Fetch]['responses'][number]['partitions'][number];

/** How a reader reads. */
export interface ReaderOptions {
  readonly name: string;
  readonly pauseMs: number;
  /** It ends when it has everything. */
  readonly isFinal: boolean;
  /** Takes the records; absent: they are a producer's, and are written down. */
  readonly onRecord?: (record: ReadRecord) => void;
}

/**
 * Follows one partition from its beginning, asking whoever leads it as the leader of that epoch, and writes down what it is
 * told. A final one ends when it has everything, and then asks where each leader epoch ended.
 */
export class PartitionReader {
  readonly where: Where;
  /** Nodes that hold the partition, as told last. */
  replicas: readonly number[] = [];
  /** All of them were in sync when it was told last. */
  isInSync = false;
  isDone = false;
  readonly #stage: Stage<Served>;
  readonly #name: string;
  readonly #isFinal: boolean;
  readonly #pauseMs: number;
  readonly #onRecord: ReaderOptions['onRecord'];
  readonly #client: SimClient<AdminCommand, AdminEvent>;
  readonly #open = new Map<number, (event: AdminEvent) => void>();
  readonly #epochs = new Set<number>();
  #leader = { id: -1, epoch: -1 };
  #offset = 0;
  #nextToken = 1;
  #isStopped = false;

  constructor(stage: Stage<Served>, where: Where, options: ReaderOptions) {
    this.where = where;
    this.#stage = stage;
    this.#name = options.name;
    this.#pauseMs = options.pauseMs;
    this.#isFinal = options.isFinal;
    this.#onRecord = options.onRecord;
    const { bootstrap } = stage.node;
    const random = stage.fork();
    const machine = new Admin({ bootstrap, clientId: options.name, random, requestTimeoutMs: REQUEST_TIMEOUT_MS });
    this.#client = new SimClient(stage.world, stage.network, machine, {
      name: options.name,
      onEvent: (event) => {
        const take = this.#open.get(event.token);
        this.#open.delete(event.token);
        take?.(event);
      },
    });
    this.#lookUp();
  }

  /** Reads nothing further. */
  stop(): void {
    this.#isStopped = true;
  }

  describe(): string {
    const { topic, partition } = this.where;
    const { id, epoch } = this.#leader;
    return `${this.#name} of ${topic}-${partition} on ${this.replicas.join()}${this.isInSync ? '' : ' (not in sync)'} at ${this.#offset}, led by ${id} in ${epoch}`;
  }

  /** Asks anybody who leads the partition, until somebody does, and goes on with that. */
  #lookUp(goOn = (): void => this.#fetch()): void {
    const { topic, partition } = this.where;
    const body = () => ({ topics: [{ name: topic }], allowAutoTopicCreation: false });
    this.#call('any', ApiKey.Metadata, body, (answer) => {
      const found = answer?.topics[0]?.partitions.find(({ partitionIndex }) => partitionIndex === partition);
      const brokers = answer?.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }] as const) ?? [];
      this.replicas = found?.replicaNodes ?? this.replicas;
      this.isInSync = found !== undefined && found.isrNodes.length === found.replicaNodes.length;
      this.#leader = { id: found?.leaderId ?? -1, epoch: found?.leaderEpoch ?? -1 };
      if (brokers.length > 0) this.#client.send({ kind: 'nodes', nodes: new Map(brokers) });
      this.#again(() => (this.#leader.id < 0 || (this.#isFinal && !this.isInSync) ? this.#lookUp(goOn) : goOn()));
    });
  }

  #fetch(): void {
    const { topic, partition } = this.where;
    const { id, epoch } = this.#leader;
    const partitions = [
      { partition, currentLeaderEpoch: epoch, fetchOffset: this.#offset, partitionMaxBytes: BYTES_MAX },
    ];
    const body = () => ({
      ...{ maxWaitMs: this.#isFinal ? 0 : WAIT_MS, minBytes: 1, maxBytes: BYTES_MAX, isolationLevel: 0 },
      ...{ sessionId: 0, sessionEpoch: -1, topics: [{ topic, partitions }] },
    });
    this.#call(id, ApiKey.Fetch, body, (answer) => {
      const one = answer?.responses[0]?.partitions[0];
      if (one?.errorCode !== ErrorCode.NONE) this.#again(() => this.#lookUp());
      else if (this.#take(one, epoch)) this.#findEpochs([...this.#epochs]);
      else this.#again(() => this.#fetch());
    });
  }

  /** Writes down what came; true when a final reader has everything. */
  #take({ highWatermark, logStartOffset, records }: Answer, leaderEpoch: number): boolean {
    const { world } = this.#stage;
    const buf = bufferOf(records ?? new Uint8Array(0));
    const batches: { readonly from: number; readonly to: number; readonly epoch: number }[] = [];
    const { topic, partition } = this.where;
    forEachBatch(buf, 0, buf.length, (pos) => {
      const epoch = partitionLeaderEpoch(buf, pos);
      batches.push({ from: baseOffset(buf, pos), to: nextOffset(buf, pos), epoch });
      this.#epochs.add(epoch);
      for (const record of readRecords(buf, pos) ?? []) {
        if (record.offset < this.#offset) continue;
        this.#offset = record.offset + 1;
        this.#takeRecord(record);
      }
      return true;
    });
    const told = { topic, partition, leaderEpoch, highWatermark, logStartOffset, batches };
    this.#stage.note({ kind: 'fetched', atMs: world.nowMs, reader: this.#name, ...told });
    if (!this.#isFinal || this.#offset < highWatermark) return false;
    const bounds = { startOffset: logStartOffset, endOffset: highWatermark };
    if (this.#onRecord === undefined)
      this.#stage.note({ kind: 'scan-bounds', atMs: world.nowMs, topic, partition, ...bounds });
    return true;
  }

  #takeRecord(record: ReadRecord): void {
    if (this.#onRecord !== undefined) {
      this.#onRecord(record);
      return;
    }
    this.#stage.note({
      kind: this.#isFinal ? 'scanned' : 'read',
      atMs: this.#stage.world.nowMs,
      value: this.#stage.readValue(record.value),
      place: { ...this.where, offset: record.offset },
    });
  }

  #findEpochs(epochs: readonly number[]): void {
    const [epoch, ...rest] = epochs;
    if (epoch === undefined) {
      this.isDone = true;
      return;
    }
    const { topic, partition } = this.where;
    const partitions = [{ partition, currentLeaderEpoch: -1, leaderEpoch: epoch }];
    const body = () => ({ replicaId: -1, topics: [{ topic, partitions }] });
    this.#call(this.#leader.id, ApiKey.OffsetForLeaderEpoch, body, (answer) => {
      const one = answer?.topics[0]?.partitions[0];
      if (one?.errorCode === ErrorCode.NONE) {
        const { endOffset } = one;
        this.#stage.note({ kind: 'epoch-end', atMs: this.#stage.world.nowMs, topic, partition, epoch, endOffset });
        this.#findEpochs(rest);
      } else this.#again(() => this.#lookUp(() => this.#findEpochs(epochs)));
    });
  }

  #again(run: () => void): void {
    this.#stage.world.schedule(this.#pauseMs, () => {
      if (!this.#isStopped) run();
    });
  }

  #call<K extends WireKey>(
    target: number | 'any',
    key: K,
    body: () => RequestInput<K>,
    done: (answer: ApiResponses[K] | null) => void,
  ): void {
    const token = this.#nextToken;
    this.#nextToken += 1;
    this.#open.set(token, (event) => {
      // The answer's key is the request's: the machine matched them.
      done(event.kind === 'answer' ? (event.body as ApiResponses[K]) : null);
    });
    this.#client.send({ kind: 'call', token, target, request: adminRequest(key, body) });
  }
}

import { gunzipSync } from 'node:zlib';
import { Settings } from '../../../../broker/core/config/settings.ts';
import type { ShareDeps } from '../../../../broker/server/share/partition-host.ts';
import type { RequestContext } from '../../../../broker/server/request-context.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { row as acknowledgeRow } from '../../../../broker/server/api/share-acknowledge.ts';
import { row as fetchRow } from '../../../../broker/server/api/share-fetch.ts';
import { SHARE_STATE_TOPIC } from '../../../../broker/server/share/coordinator.ts';
import type { Peers } from '../../../../broker/server/peers/peers.ts';
import type { SharePersister } from '../../../../broker/server/share/persister.ts';
import { ShareService } from '../../../../broker/server/share/service.ts';
import { type ShareGroups, startShareGroups } from '../../../../broker/server/share/start.ts';
import { FakeMetadata, topicView } from '../../../support/fake-metadata.ts';
import { FakePartition, FakePartitions } from '../../../support/fake-partition.ts';
import { VirtualLoop } from '../../../support/virtual-loop.ts';

/** Id of the topic `jobs`. */
export const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ';
const STATE_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAg';

/** There is no other broker. */
export const ALONE: Pick<Peers, 'call'> = {
  call: (node) => {
    throw new Error(`there is no broker ${node}`);
  },
};

type FetchRequest = Parameters<typeof fetchRow.handle>[1];
type FetchResponse = NonNullable<Parameters<Parameters<typeof fetchRow.handle>[3]>[0]>;
type AcknowledgeRequest = Parameters<typeof acknowledgeRow.handle>[1];
type AcknowledgeResponse = NonNullable<Parameters<Parameters<typeof acknowledgeRow.handle>[3]>[0]>;

/** An answer that may not be there yet. */
export interface Pending<T> {
  answer: T | null;
}

/** Verdicts as [first, last, ...types] by partition. */
export type Verdicts = Readonly<Record<number, [number, number, ...number[]][]>>;

/** The persister with all of its methods as own properties, to be overridden one by one. */
export function bound(persister: SharePersister): SharePersister {
  return {
    initialize: (...all) => persister.initialize(...all),
    remove: (...all) => persister.remove(...all),
    readSummary: (...all) => persister.readSummary(...all),
    read: (...all) => persister.read(...all),
    write: (...all) => persister.write(...all),
  };
}

function inflated(bytes: Uint8Array, maxOutputLength: number): Uint8Array | 'malformed' {
  try {
    return gunzipSync(bytes, { maxOutputLength });
  } catch {
    return 'malformed';
  }
}

/** A client connection of one member. */
export class Member {
  epoch = 0;
  version = 2;
  readonly id: string;
  readonly #node: ShareNode;
  readonly #closers = new Set<() => void>();
  readonly #context: RequestContext;
  denied: (name: string) => boolean = () => false;

  constructor(node: ShareNode, id: string, connectionId: number) {
    this.#node = node;
    this.id = id;
    this.#context = {
      connection: {
        connectionId,
        principal: 'User:ANONYMOUS',
        listener: 'plain',
        address: '127.0.0.1',
        onClose: (listener: () => void) => {
          this.#closers.add(listener);
          return () => this.#closers.delete(listener);
        },
        admitBroker: () => undefined,
        disconnect: () => this.close(),
      },
      apiKey: 78,
      apiVersion: this.version,
      correlationId: 1,
      clientId: 'test',
      receivedMs: 0,
      allowed: (need) => !this.denied(need.resourceName),
    };
  }

  /** Sends a ShareFetch with the session's next epoch; partitions 0 to 1 unless others are named. */
  fetch(options: Partial<FetchRequest> & { partitions?: number[]; verdicts?: Verdicts } = {}): Pending<FetchResponse> {
    const { partitions, verdicts = {}, ...fields } = options;
    const named = new Set([...(partitions ?? (this.epoch === 0 ? [0] : [])), ...Object.keys(verdicts).map(Number)]);
    const request: FetchRequest = {
      groupId: 'g',
      memberId: this.id,
      shareSessionEpoch: this.epoch,
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 1_000_000,
      maxRecords: 500,
      batchSize: 500,
      shareAcquireMode: 0,
      isRenewAck: false,
      topics:
        named.size === 0
          ? []
          : [{ topicId: TOPIC_ID, partitions: [...named].map((index) => partitionOf(index, verdicts)) }],
      forgottenTopicsData: [],
      ...fields,
    };
    const pending: Pending<FetchResponse> = { answer: null };
    fetchRow.handle(this.#node.services, request, this.#context, (response) => {
      if (pending.answer !== null) throw new Error('answered twice');
      pending.answer = response;
    });
    this.epoch = this.epoch < 0 ? 0 : this.epoch + 1;
    this.#node.settle();
    return pending;
  }

  /** Sends a ShareAcknowledge with the session's next epoch. */
  acknowledge(verdicts: Verdicts, options: Partial<AcknowledgeRequest> = {}): Pending<AcknowledgeResponse> {
    const request: AcknowledgeRequest = {
      groupId: 'g',
      memberId: this.id,
      shareSessionEpoch: this.epoch,
      isRenewAck: false,
      topics: [
        { topicId: TOPIC_ID, partitions: Object.keys(verdicts).map((index) => partitionOf(Number(index), verdicts)) },
      ],
      ...options,
    };
    const pending: Pending<AcknowledgeResponse> = { answer: null };
    acknowledgeRow.handle(this.#node.services, request, this.#context, (response) => {
      if (pending.answer !== null) throw new Error('answered twice');
      pending.answer = response;
    });
    this.epoch += 1;
    this.#node.settle();
    return pending;
  }

  /** The connection goes. */
  close(): void {
    for (const listener of [...this.#closers]) listener();
    this.#closers.clear();
    this.#node.settle();
  }
}

function partitionOf(index: number, verdicts: Verdicts) {
  const batches = (verdicts[index] ?? []).map(([firstOffset, lastOffset, ...acknowledgeTypes]) => ({
    firstOffset,
    lastOffset,
    acknowledgeTypes,
  }));
  return { partitionIndex: index, partitionMaxBytes: 0, acknowledgementBatches: batches };
}

/** Acquired ranges of a response, `partition:first-last xcount`. */
export function acquired(pending: Pending<FetchResponse>): string[] | null {
  if (pending.answer === null) return null;
  return pending.answer.responses.flatMap(({ partitions }) =>
    partitions.flatMap(({ partitionIndex, acquiredRecords }) =>
      acquiredRecords.map(
        ({ firstOffset, lastOffset, deliveryCount }) =>
          `${partitionIndex}:${firstOffset}-${lastOffset} x${deliveryCount}`,
      ),
    ),
  );
}

/** `[partition, error, acknowledge error]` of each partition in a fetch response. */
export function errors(pending: Pending<FetchResponse>): number[][] | null {
  if (pending.answer === null) return null;
  return pending.answer.responses.flatMap(({ partitions }) =>
    partitions.map(({ partitionIndex, errorCode, acknowledgeErrorCode }) => [
      partitionIndex,
      errorCode,
      acknowledgeErrorCode,
    ]),
  );
}

/** Verdicts of an acknowledge response by partition. */
export function verdictsOf(pending: Pending<AcknowledgeResponse>): number[] | null {
  if (pending.answer === null) return null;
  return pending.answer.responses.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
}

/** One node with topic `jobs` of two partitions and the real share coordinator over partitions in memory. */
export class ShareNode {
  readonly loop = new VirtualLoop();
  readonly metadata = new FakeMetadata();
  readonly partitions = new FakePartitions();
  /** What it warned of. */
  readonly warnings: string[] = [];
  readonly settings: Settings;
  groups: ShareGroups;
  lease = true;
  /** Members' requests and closings do not run the loop. */
  paused = false;
  #connections = 0;
  readonly #log = {
    debug: () => {},
    info: () => {},
    warn: (_fields: object, message: string) => void this.warnings.push(message),
    error: () => {},
  };
  readonly #peers: Pick<Peers, 'call'>;
  readonly #wrap: (persister: SharePersister) => SharePersister;
  #service: ShareService;

  constructor(
    options: {
      settings?: Record<string, string>;
      wrap?: (persister: SharePersister) => SharePersister;
      peers?: Pick<Peers, 'call'>;
    } = {},
  ) {
    this.#peers = options.peers ?? ALONE;
    this.settings = new Settings(new Map(Object.entries(options.settings ?? {})));
    this.#wrap = options.wrap ?? ((persister) => persister);
    this.metadata.byName.set('jobs', topicView('jobs', TOPIC_ID, 2));
    this.metadata.byName.set(SHARE_STATE_TOPIC, topicView(SHARE_STATE_TOPIC, STATE_TOPIC_ID, 1));
    this.groups = this.#start();
    this.#service = this.#serve();
    this.partitions.lead(new FakePartition({ id: STATE_TOPIC_ID, name: SHARE_STATE_TOPIC }, 0, this.loop.post));
    for (const index of [0, 1])
      this.partitions.lead(new FakePartition({ id: TOPIC_ID, name: 'jobs' }, index, this.loop.post));
    this.loop.run();
    for (const index of [0, 1]) this.initialize(index);
  }

  get services() {
    const answerMemory = { grant: (wanted: number) => wanted, release: () => undefined, answerBytesMax: () => 1 << 30 };
    return { share: this.#service, metadata: this.metadata, answerMemory };
  }

  get share(): ShareService {
    return this.#service;
  }

  /** Runs the loop unless the test holds it. */
  settle(): void {
    if (!this.paused) this.loop.run();
  }

  /** Partition `index` of `jobs`. */
  log(index = 0): FakePartition {
    const partition = this.partitions.byName('jobs', index);
    if (partition === null) throw new Error(`no partition ${index}`);
    return partition;
  }

  get stateLog(): FakePartition {
    const partition = this.partitions.byName(SHARE_STATE_TOPIC, 0);
    if (partition === null) throw new Error('no share state');
    return partition;
  }

  /** What the group coordinator does before it assigns a partition. */
  initialize(index: number, startOffset = 0, stateEpoch = 1): void {
    let code = -1;
    this.groups.sharePersister.initialize('g', this.log(index).topicId, index, stateEpoch, startOffset, (errorCode) => {
      code = errorCode;
    });
    this.loop.run();
    if (code !== 0) throw new Error(`initialize: ${code}`);
  }

  /** What the share coordinator remembers. */
  remembered(): string {
    return this.groups.shareCoordinator.describe(0);
  }

  member(id: string): Member {
    this.#connections += 1;
    return new Member(this, id, this.#connections);
  }

  /** Produces and lets the records be committed. */
  produce(count: number, index = 0, valueSize = 10): void {
    this.log(index).produce(count, valueSize);
    this.loop.run();
  }

  /** The process dies and starts again on the same logs: everything in memory is gone. */
  restart(): void {
    const logs = this.partitions.all();
    this.groups = this.#start();
    this.#service = this.#serve();
    for (const log of logs) this.partitions.lead(log.reelect());
    this.loop.run();
  }

  #start(): ShareGroups {
    const { loop, metadata, partitions, settings } = this;
    return startShareGroups({
      clock: loop,
      timers: loop,
      log: this.#log,
      crc32c,
      nodeId: 0,
      peers: this.#peers,
      compression: {
        decompress: (_, bytes, sizeMax, done) => this.loop.post(() => done(inflated(bytes, sizeMax))),
      },
      metadata,
      partitions,
      settings,
      afterTurn: loop.afterTurn,
      leaseHeld: () => this.lease,
    });
  }

  #serve(): ShareService {
    const { loop, metadata, partitions, settings } = this;
    const deps: ShareDeps = {
      clock: loop,
      timers: loop,
      log: this.#log,
      settings,
      metadata,
      persister: this.#wrap(this.groups.sharePersister),
      deadLetters: this.groups.deadLetters,
      afterTurn: loop.afterTurn,
      leaseHeld: () => this.lease,
    };
    return new ShareService({ ...deps, partitions });
  }
}

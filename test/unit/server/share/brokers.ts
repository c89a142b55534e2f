import { brokerId, leaderEpoch, topicId } from '../../../../broker/core/base/ids.ts';
import { Settings } from '../../../../broker/core/config/settings.ts';
import type { BrokerView } from '../../../../broker/core/metadata/view.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import type { MetricSample } from '../../../../broker/ports/metrics.ts';
import { apiTable, brokerVersions, clientVersions } from '../../../../broker/server/api/table.ts';
import { type Authorizer, allowAll, unlimited } from '../../../../broker/server/authorizer.ts';
import type { Ports } from '../../../../broker/server/context.ts';
import { Dispatcher } from '../../../../broker/server/dispatch.ts';
import { Acceptor } from '../../../../broker/server/network/acceptor.ts';
import { type Ends, PartitionEnds } from '../../../../broker/server/peers/partition-ends.ts';
import { Peers } from '../../../../broker/server/peers/peers.ts';
import type { Services } from '../../../../broker/server/services.ts';
import { SHARE_STATE_TOPIC } from '../../../../broker/server/share/coordinator.ts';
import { type ShareGroups, startShareGroups } from '../../../../broker/server/share/start.ts';
import { FakeMetadata } from '../../../support/fake-metadata.ts';
import { FakePartition, FakePartitions } from '../../../support/fake-partition.ts';
import { topicOf } from '../../../support/topic-view.ts';
import { type SimHost, SimNetwork } from '../../../sim/net.ts';
import { World } from '../../../sim/world.ts';

/** Id of the topic `jobs`. */
export const JOBS = 'AAAAAAAAAAAAAAAAAAAAAQ';
const STATE = 'AAAAAAAAAAAAAAAAAAAAAg';
/** Longest virtual time that a test waits. */
const PATIENCE_MS = 60_000;

function topicLedBy(name: string, id: string, leaders: readonly number[]) {
  const partitions = leaders.map((leader, index) => ({
    index,
    leader: leader === -1 ? (-1 as const) : brokerId(leader),
    leaderEpoch: leaderEpoch(0),
    partitionEpoch: 0,
    replicas: [],
    isr: [],
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    durableFromEpoch: 0,
  }));
  return topicOf({ id: topicId(id), name, internal: name !== 'jobs', partitions });
}

/** What one broker knows of the cluster. */
export class Knowledge extends FakeMetadata {
  readonly fenced = new Set<number>();
  readonly epochs = [1, 1];

  constructor() {
    super();
    this.byName.set('jobs', topicLedBy('jobs', JOBS, [0, 1, 0, 1, 0, 1, 0, 1]));
    this.leaders(0, 1);
  }

  /** Who leads the two partitions of share state. */
  leaders(...nodes: readonly number[]): void {
    this.byName.set(SHARE_STATE_TOPIC, topicLedBy(SHARE_STATE_TOPIC, STATE, nodes));
  }

  override brokers(): readonly BrokerView[] {
    return super.brokers().map((broker) => ({
      ...broker,
      fenced: this.fenced.has(broker.id),
      epoch: this.epochs[broker.id] ?? 1,
    }));
  }

  /** Tells that a broker is fenced. */
  fence(node: number): void {
    this.fenced.add(node);
    this.tell({ brokersChanged: [brokerId(node)] });
  }
}

/** One of two brokers: the real listener, dispatch, share coordinator and peers, over partitions in memory. */
export class Broker {
  readonly id: number;
  readonly knowledge = new Knowledge();
  readonly partitions = new FakePartitions();
  readonly lines: string[] = [];
  authorizer: Authorizer = allowAll;
  /** Versions that it tells other brokers of. */
  served = brokerVersions;
  host: SimHost;
  groups: ShareGroups;
  #peers: Peers;
  readonly #pair: Pair;

  constructor(pair: Pair, id: number) {
    this.#pair = pair;
    this.id = id;
    for (const index of [0, 1, 2, 3, 4, 5, 6, 7])
      if (index % 2 === id) this.partitions.lead(new FakePartition({ id: JOBS, name: 'jobs' }, index, this.#post));
    this.partitions.lead(new FakePartition({ id: STATE, name: SHARE_STATE_TOPIC }, id, this.#post));
    [this.host, this.groups, this.#peers] = this.#start();
  }

  readonly #post = (input: () => void): void => void this.#pair.world.schedule(0, input);

  /** The partition of share state that it leads. */
  get stateLog(): FakePartition {
    const log = this.partitions.byName(SHARE_STATE_TOPIC, this.id);
    if (log === null) throw new Error('no share state');
    return log;
  }

  /** Where partitions of `jobs` begin and end, as this broker learns it. */
  ends(indexes: readonly number[]): Record<number, Ends> {
    const { knowledge, partitions } = this;
    const jobs = knowledge.topicByName('jobs');
    if (jobs === null) throw new Error('no topic');
    const ends = new PartitionEnds({ metadata: knowledge, partitions, peers: this.#peers });
    return Object.fromEntries(this.#pair.wait<ReadonlyMap<number, Ends>>((done) => ends.of(jobs, indexes, done)));
  }

  /** What its share coordinator remembers. */
  get remembered(): string {
    return this.groups.shareCoordinator.describe(this.id);
  }

  /** What it tells of the other broker at a scrape. */
  figure(name: string): number | undefined {
    const samples: MetricSample[] = [];
    this.#peers.metrics((sample) => samples.push(sample));
    return samples.find((sample) => sample.name === name)?.value;
  }

  die(): void {
    this.host.die();
  }

  /** Begins anew on the same logs. */
  restart(): void {
    this.die();
    const logs = this.partitions.all();
    [this.host, this.groups, this.#peers] = this.#start();
    for (const log of logs) this.partitions.lead(log.reelect());
  }

  #start(): [SimHost, ShareGroups, Peers] {
    const { world, network } = this.#pair;
    const { id: nodeId, knowledge: metadata, partitions, lines } = this;
    const host = network.host();
    const after = (delayMs: number, callback: () => void) =>
      world.schedule(delayMs, () =>
        host.whenAwake(() => {
          if (!host.isDead) callback();
        }),
      );
    const note = (_fields: object, message: string): void => void lines.push(message);
    const ports = {
      clock: { monotonicMs: () => world.nowMs, wallMs: () => world.wallMs },
      timers: { after },
      random: { uint32: () => world.prng.uint32(), bytes: (size: number) => world.prng.bytes(size) },
      net: host,
      crc32c,
      log: { debug: () => undefined, info: note, warn: note, error: note },
      afterTurn: (callback: () => void) => void after(0, callback),
      // There are no files and no codecs here: whoever asks for them ends the test.
    } as unknown as Ports;
    const settings = new Settings(new Map());
    const peers = new Peers({ ...ports, nodeId, metadata, listener: 'plain' });
    const groups = startShareGroups({
      ...ports,
      nodeId,
      metadata,
      partitions,
      settings,
      peers,
      leaseHeld: () => true,
    });
    const servedNow = (): Services['brokerVersions'] => this.served;
    const services = {
      get brokerVersions() {
        return servedNow();
      },
      nodeId,
      metadata,
      partitions,
      shareState: groups.shareState,
      servedVersions: clientVersions,
      brokerListener: 'plain',
      // The rows that are asked here need no more.
    } as unknown as Services;
    const dispatcher = new Dispatcher(apiTable, services, {
      ...ports,
      brokerListener: 'plain',
      authorizer: { allows: (connection, need) => this.authorizer.allows(connection, need) },
      quotas: unlimited,
    });
    const acceptor = new Acceptor({
      ports,
      settings,
      memoryBytes: 1 << 30,
      serve: (frame, connection, reply) => dispatcher.serve(frame, connection, reply),
    });
    const listeners = [
      { name: 'plain', host: '127.0.0.1', port: 9092 + nodeId },
      { name: 'clients', host: '127.0.0.1', port: 9192 + nodeId },
    ];
    acceptor.listen(listeners, (failure) => {
      if (failure !== null) throw new Error(failure);
      acceptor.open();
    });
    return [host, groups, peers];
  }
}

/** Two brokers that each lead one partition of share state, on a simulated network. */
export class Pair {
  readonly world = new World(5);
  readonly network = new SimNetwork(this.world);
  readonly zero = new Broker(this, 0);
  readonly one = new Broker(this, 1);

  constructor() {
    this.run(10);
  }

  run(ms: number): void {
    this.world.runUntil(() => false, ms);
  }

  /** The answer to something that broker 0 asks. */
  wait<T>(ask: (done: (value: T) => void) => void): T {
    const answers: T[] = [];
    ask((value) => answers.push(value));
    if (!this.world.runUntil(() => answers.length > 0, PATIENCE_MS)) throw new Error('no answer');
    return answers[0] as T;
  }
}

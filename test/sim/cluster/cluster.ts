import { Buffer } from 'node:buffer';
import { createPrng } from '../../../broker/core/base/prng.ts';
import { encodeFormation } from '../../../broker/core/config/formation.ts';
import { BROKER_EPOCH } from '../../../broker/core/log/file-names.ts';
import type { MetadataImage } from '../../../broker/core/metadata/image.ts';
import { keyOf, type Message } from '../../../broker/core/raft/types.ts';
import type { RaftBugs } from '../../../broker/core/raft/planted-bugs.ts';
import type { PlantedLogBugs } from '../../../broker/core/log/planted-bugs.ts';
import type { MetadataBugs } from '../../../broker/core/metadata/planted-bugs.ts';
import type { PlantedBugs as PlantedShareBugs } from '../../../broker/core/share/planted-bugs.ts';
import type { ReplicaBugs } from '../../../broker/core/replica/planted-bugs.ts';
import type { ControlBugs } from '../../../broker/server/control/planted-bugs.ts';
import { SimControlNetwork } from '../control-net.ts';
import { SimDisk } from '../disk.ts';
import type { DiskImage } from '../disk-tree.ts';
import { SimNetwork } from '../net.ts';
import { SimNode, type SimNodeOptions } from '../node.ts';
import { Stage } from '../stage.ts';
import { World } from '../world.ts';
import { checkChanges } from './check-changes.ts';
import { addressOf, servedBy } from './faces.ts';
import { MetadataWatch } from './metadata-watch.ts';
import { SimOperator } from './operator.ts';
import type { ClusterPlan, FaultKind } from './plan.ts';
import { isClaimed, promiseOf } from './promises.ts';
import { QuorumWatch } from './quorum-watch.ts';
import { ReplicaWatch } from './replica-watch.ts';
import { RecordsLoad, type Wait } from './records-load.ts';
import { recordsOf, UNSYNCED_TOPIC, type WantedRecords } from './records-plan.ts';
import { SharesLoad } from './shares-load.ts';
import { planShares, type SharesPlan, type WantedShares } from './shares-plan.ts';
import { runSplitRounds, SPLIT_PATIENCE_MS } from './split-rounds.ts';
import { Strikes } from './strikes.ts';
import { NOT_ALIVE } from './vote-watch.ts';
import { ClusterClient, Workload } from './workload.ts';

const CLIENT_PORT = 9092;
const CONTROL_PORT = 9093;
const FORMATION_FILE = '/formation.json';
const CLUSTER_ID = 'simulated-cluster-0001';
const ELECTION_TIMEOUT_MS = 600;
/** Virtual time in which a cluster that works again has to be whole, and anything healthy ends, ms. */
const PATIENCE_MS = 60_000;
/** How long a whole cluster is then watched for elections that nobody needs, ms. */
const CALM_MS = 4000;
/** What makes a seed count. */
const OPERATIONS_MIN = 500;
const VIRTUAL_MIN_MS = 60_000;
const FAULTS_MIN = 10;
/** Longest that a world is under load until it counts, and what passes between two faults then, ms. */
const LOAD_MAX_MS = 300_000;
const MORE_MS = 2000;

/** What a run of one seed gave. */
export interface ClusterOutcome {
  readonly seed: number;
  readonly hash: string;
  readonly problems: readonly string[];
  /** Why the seed does not count; none when it does. */
  readonly shortfalls: readonly string[];
  readonly virtualMs: number;
  readonly eventCount: number;
  /** Faults, operations, leaderships, by name. */
  readonly counts: ReadonlyMap<string, number>;
}

/** What a test may change about a run. */
export interface ClusterOptions extends WantedShares, WantedRecords {
  readonly onTrace?: (line: string) => void;
  /** The faults that there are, in place of those that the seed draws. */
  readonly kinds?: readonly FaultKind[];
  /** How many clients there are, in place of those that the seed draws: few leave the metadata as it is for a while. */
  readonly clientCount?: number;
  readonly raftBugs?: RaftBugs;
  readonly controlBugs?: ControlBugs;
  readonly metadataBugs?: MetadataBugs;
  readonly replicaBugs?: ReplicaBugs;
  readonly logBugs?: PlantedLogBugs;
  readonly shareBugs?: PlantedShareBugs;
  /** What becomes of a message of Raft on its way. */
  readonly tamper?: (message: Message) => Message;
  /** Whoever replaces a disk puts a copy there that was made when the cluster was formed: a voter without its votes. */
  readonly replacesByOldCopy?: boolean;
  /** Whoever replaces a disk copies the file there that says how lately its broker was let in. */
  readonly keepsBrokerEpoch?: boolean;
  readonly wrapDisk?: NonNullable<SimNodeOptions['wrapDisk']>;
}

/** Thrown when a phase does not come to its end; what was seen so far is still checked. */
class Stuck extends Error {}

/** The life of one simulated cluster: formed, under load and faults, whole again, and looked at. */
export class Cluster {
  readonly #seed: number;
  readonly #options: ClusterOptions;
  readonly #plan: ClusterPlan;
  readonly #world: World;
  readonly #network: SimNetwork;
  readonly #control: SimControlNetwork;
  readonly #nodes: readonly SimNode[];
  readonly #empty = new Map<number, DiskImage>();
  readonly #quorum: QuorumWatch;
  readonly #metadata = new MetadataWatch();
  readonly #replicas = new ReplicaWatch((id) => !this.#strikes.lostDisks.has(id));
  readonly #operator: SimOperator;
  readonly #strikes: Strikes;
  readonly #load: Workload;
  readonly #records: RecordsLoad;
  readonly #sharesPlan: SharesPlan;
  readonly #shares: SharesLoad;
  readonly #problems: string[] = [];
  /** Most voters have forgotten something: the cluster stays down until somebody says what is lost (V11). */
  #isBeyondHelp = false;

  constructor(seed: number, plan: ClusterPlan, options: ClusterOptions = {}) {
    this.#seed = seed;
    this.#options = options;
    this.#plan = plan;
    this.#world = new World(seed, options.onTrace ?? null);
    const world = this.#world;
    this.#network = new SimNetwork(world);
    this.#control = new SimControlNetwork(world, createPrng(world.prng.uint32()));
    this.#joinNetworks();
    if (options.tamper !== undefined) this.#control.tamper = options.tamper;
    this.#quorum = new QuorumWatch({
      nowMs: () => world.nowMs,
      lifeOf: (id) => {
        const node = this.#nodes.find((one) => one.id === id);
        return node?.isAlive && !node.isStopping ? node.life : NOT_ALIVE;
      },
      electionTimeoutMs: ELECTION_TIMEOUT_MS,
      onLeader: (leader, term) => world.trace(`quorum: ${keyOf(leader)} leads term ${term}`),
    });
    this.#control.onRaft(this.#quorum);
    const brokerIds = plan.nodes.filter(({ roles }) => roles.includes('broker')).map(({ id }) => id);
    const records = recordsOf({ seed, loadMs: plan.loadMs, brokerCount: brokerIds.length }, options);
    const { topics } = records;
    // An offset of what is not synced may have held two records, and share groups need to know which.
    const synced = topics.filter(({ name }) => name !== UNSYNCED_TOPIC);
    const shared = { loadMs: plan.loadMs, topics: synced, brokerCount: brokerIds.length };
    this.#sharesPlan = planShares(seed, shared, options);
    const isShared = this.#sharesPlan.groups.length > 0;
    this.#nodes = plan.nodes.map(({ id, roles }) => this.#node(id, roles, options));
    for (const node of this.#nodes) this.#form(node, false);
    const controllers = plan.nodes.filter((node) => node.roles.includes('controller'));
    this.#operator = new SimOperator(world, this.#control, this.#network.host('10.0.1.1'), {
      controllers: controllers.map(({ id }) => ({ id, address: addressOf(id) })),
      clusterId: CLUSTER_ID,
    });
    const copied = topics.flatMap(({ name, replicationFactor = 1 }) => (replicationFactor > 1 ? [name] : []));
    const replicated = [...copied, ...this.#sharesPlan.topics];
    this.#strikes = new Strikes({
      world,
      prng: createPrng(world.prng.uint32()),
      network: this.#control,
      operator: this.#operator,
      latestVoters: () => this.#quorum.latestVoters,
      nodes: this.#nodes,
      plan,
      reassign: () => this.#records.reassign(),
      isInSync: () => this.#metadata.isInSync(replicated),
      copied: new Set(replicated),
      replaceable: (id) => this.#metadata.replaceable(id),
      leaderCount: () => this.#quorum.leaderCount,
      whenCut: (node, then) => this.#replicas.whenCut(node.id, then),
      emptyDisk: (node) => this.#emptyDisk(node),
    });
    this.#load = new Workload(world, this.#network, {
      brokers: brokerIds.map((id) => ({ id, host: addressOf(id), port: CLIENT_PORT })),
      lasting: Array.from({ length: plan.lastingCount }, (_, index) => `lasting-${index}`),
      passing: Array.from({ length: plan.passingCount }, (_, index) => `passing-${index}`),
    });
    const stage = new Stage(world, this.#network, servedBy(this.#load, this.#nodes));
    this.#records = new RecordsLoad(stage, records, brokerIds);
    this.#shares = new SharesLoad(stage, this.#sharesPlan, synced);
    const names = topics.map(({ name }) => name);
    this.#metadata.followLeaders(names, (where, node, leaderEpoch, topicId) => {
      if (isShared) stage.note({ kind: 'leads', atMs: world.nowMs, ...where, node, leaderEpoch });
      if (node !== null) this.#replicas.leads(topicId, where.partition, node, leaderEpoch);
    });
  }

  /** What is cut between machines is cut for their brokers, too. */
  #joinNetworks(): void {
    const ids = new Map(this.#plan.nodes.map(({ id }) => [addressOf(id), id]));
    // Clients reach every machine: also one that its brokers do not hear any more.
    this.#network.reaches = (from, to) => !ids.has(from) || !ids.has(to) || this.#control.reaches(from, to);
    this.#network.listenIn = (from) => {
      const follower = ids.get(from);
      return follower === undefined ? null : this.#replicas.connection(follower);
    };
  }

  /** Runs everything; never throws for what nodes did. */
  run(): ClusterOutcome {
    try {
      this.#setUp();
      this.#underLoad();
      const client = new ClusterClient(this.#load, 'visitor', 1);
      this.#becomeWhole(client);
      this.#stayAvailable(client);
      this.#keepLeader();
      this.#lookAtEnd();
    } catch (error) {
      if (!(error instanceof Stuck)) this.#problems.push(`a node threw: ${describeError(error)}`);
      else if (this.#strikes.isMajorityWhole) this.#problems.push(error.message);
      else this.#isBeyondHelp = true;
    }
    const found = [
      ...this.#problems,
      ...this.#quorum.problems,
      ...this.#metadata.problems,
      ...this.#replicas.problems,
      ...this.#strikes.problemsWithin(this.#isBeyondHelp),
      ...checkChanges(this.#load.history),
      ...this.#records.problems(),
      ...this.#shares.problems(this.#records.lost),
    ];
    const problems = found.filter((one) => isClaimed(promiseOf(one), this.#plan.swarm));
    const { virtualMs, eventCount } = { virtualMs: this.#world.nowMs, eventCount: this.#world.eventCount };
    return {
      seed: this.#seed,
      hash: this.#world.traceHash(),
      problems,
      shortfalls: this.#shortfalls(),
      virtualMs,
      eventCount,
      counts: this.#counts(),
    };
  }

  #shortfalls(): string[] {
    const shortfalls: string[] = [];
    if (this.#isBeyondHelp) return shortfalls;
    const { answeredCount } = this.#load;
    const { faultCount } = this.#strikes;
    if (answeredCount < OPERATIONS_MIN) shortfalls.push(`${answeredCount} operations, not ${OPERATIONS_MIN}`);
    if (this.#world.nowMs < VIRTUAL_MIN_MS) shortfalls.push(`${Math.round(this.#world.nowMs)} virtual ms`);
    if (this.#plan.swarm.length > 0 && faultCount < FAULTS_MIN)
      shortfalls.push(`${faultCount} faults, not ${FAULTS_MIN}`);
    return shortfalls;
  }

  #counts(): Map<string, number> {
    return new Map<string, number>([
      ...this.#control.faultCounts,
      ...this.#strikes.counts,
      ...this.#strikes.hangCounts,
      ['operations', this.#load.answeredCount],
      ['records', this.#records.sentCount],
      ['deliveries to members of share groups', this.#shares.deliveredCount],
      ['dead letters', this.#shares.letterCount],
      ['leaderships', this.#quorum.leaderCount],
      ['changes of voters', this.#operator.changeCount],
      ['entries', this.#quorum.committedIndex],
      ['clusters without a majority of whole logs', this.#isBeyondHelp ? 1 : 0],
    ]);
  }

  #node(id: number, roles: readonly string[], options: ClusterOptions): SimNode {
    const { nodes, settings, diskLatencyMs } = this.#plan;
    const voters = nodes
      .filter((node) => node.roles.includes('controller'))
      .map((node) => `${node.id}@${addressOf(node.id)}:${CONTROL_PORT}`);
    const { raftBugs, controlBugs, metadataBugs, replicaBugs, logBugs, shareBugs, wrapDisk } = options;
    const node: SimNode = new SimNode(this.#world, this.#network, {
      id,
      address: addressOf(id),
      controlNetwork: this.#control,
      diskLatencyMs,
      settings: {
        ...settings,
        ...this.#sharesPlan.settings,
        'process.roles': roles.join(','),
        'controller.quorum.voters': voters.join(','),
        'weir.grpc.host': addressOf(id),
        'weir.grpc.port': String(CONTROL_PORT),
        'weir.formation.file': FORMATION_FILE,
      },
      onTold: (life, message) => {
        this.#metadata.told(`node ${id}`, life, message, () => describeImage(node));
      },
      onEnded: (sentence) => this.#strikes.ended(node, sentence),
      onWarning: (text, fields) => {
        this.#strikes.warned(node, text);
        this.#shares.warned(text, fields);
      },
      ...(raftBugs && { raftBugs }),
      ...(controlBugs && { controlBugs }),
      ...(metadataBugs && { metadataBugs }),
      ...(replicaBugs && { replicaBugs }),
      ...(logBugs && { logBugs }),
      ...(shareBugs && { shareBugs }),
      ...(wrapDisk && { wrapDisk }),
    });
    return node;
  }

  /** Puts the formation record on a disk (V11), as the operator or `weir local` does. */
  #form(node: SimNode, formed: boolean): void {
    const initialVoters = this.#plan.nodes
      .filter(({ roles }) => roles.includes('controller'))
      .map(({ id }) => ({ id, directoryId: `first-directory-id-0${id}A` }));
    const record = encodeFormation({ clusterId: CLUSTER_ID, initialVoters, formed });
    node.disk.place(FORMATION_FILE, Buffer.from(record));
    const empty = new SimDisk({ schedule: () => undefined, prng: createPrng(0) });
    empty.place(FORMATION_FILE, Buffer.from(record));
    this.#empty.set(node.id, empty.image());
  }

  #emptyDisk(node: SimNode): DiskImage {
    const image = this.#empty.get(node.id);
    if (image === undefined) throw new Error('bug: every disk was empty once');
    const kept = node.disk.files().find(({ path }) => path.endsWith(`/${BROKER_EPOCH}`));
    if (this.#options.keepsBrokerEpoch !== true || kept === undefined) return image;
    const disk = new SimDisk({ schedule: () => undefined, prng: createPrng(0) });
    disk.restore(image);
    disk.place(kept.path, node.disk.peek(kept.path) ?? Buffer.alloc(0));
    return disk.image();
  }

  #setUp(): void {
    for (const node of this.#nodes) node.start();
    this.#await('the cluster is formed', () => this.#nodes.every((node) => node.isReady));
    // From now on an empty disk is a lost disk.
    for (const node of this.#nodes) this.#form(node, true);
    if (this.#options.replacesByOldCopy) for (const node of this.#nodes) this.#empty.set(node.id, node.disk.image());
    const client = new ClusterClient(this.#load, 'founder', 1);
    let created = 0;
    const broker = this.#load.brokers[0]?.id ?? 0;
    for (const topic of this.#load.lasting) client.change({ kind: 'create', topic }, broker, () => (created += 1));
    this.#await('lasting topics are there', () => created === this.#load.lasting.length);
    this.#await('the operator knows the quorum', () => this.#operator.isSettled);
    const wait: Wait = (what, condition, describe) => this.#await(what, condition, describe);
    this.#records.setUp(wait);
    this.#shares.setUp(wait);
  }

  #underLoad(): void {
    const { clientPauseMs, loadMs } = this.#plan;
    const clients = Array.from(
      { length: this.#options.clientCount ?? this.#plan.clientCount },
      (_, index) => new ClusterClient(this.#load, `client ${index}`, clientPauseMs),
    );
    for (const client of clients) client.run();
    this.#records.begin();
    this.#shares.begin();
    this.#strikes.begin();
    this.#world.runFor(loadMs);
    this.#makeItCount();
    for (const client of clients) client.stop();
    this.#shares.stop();
    this.#strikes.heal();
    this.#await(
      'clients get answers',
      () => clients.every((client) => client.isIdle),
      () => clients.map((client) => client.describe()).join('; '),
    );
  }

  /** Goes on until the seed counts: some faults find nobody to strike, and who waits for an answer asks nothing. */
  #makeItCount(): void {
    const hasSwarm = this.#plan.swarm.length > 0;
    while (hasSwarm && this.#strikes.faultCount < FAULTS_MIN && this.#world.nowMs < LOAD_MAX_MS) {
      this.#strikes.more();
      this.#world.runFor(MORE_MS);
    }
    this.#world.runUntil(() => this.#load.answeredCount >= OPERATIONS_MIN, LOAD_MAX_MS);
  }

  /** L: there is a leader, every broker is let in, and a change is made. */
  #becomeWhole(client: ClusterClient): void {
    this.#await(
      'every node is back',
      () => {
        this.#strikes.heal();
        return this.#strikes.isWhole;
      },
      () => this.#nodes.map((node) => `node ${node.id} ${node.isReady ? 'is ready' : 'is not'}`).join(', '),
    );
    this.#await(
      'the voters are those that shall vote',
      () => this.#operator.isSettled,
      () => this.#operator.describe(),
    );
    const expected = this.#load.brokers.map(({ id }) => id);
    for (const { id } of this.#load.brokers) {
      let seen: readonly number[] = [];
      const look = (): void => {
        client.readBrokers(id, (ids) => {
          seen = ids;
          if (seen.length < expected.length) this.#world.schedule(200, look);
        });
      };
      look();
      this.#await(
        `broker ${id} sees every broker let in`,
        () => expected.every((one) => seen.includes(one)),
        () => `it sees ${seen.join()}`,
      );
    }
    this.#await('a change is made', this.#changed(client, expected[0] ?? 0));
  }

  /** A: it goes on while a minority of the controllers does not hear the others. */
  #stayAvailable(client: ClusterClient): void {
    const { swarm, nodes } = this.#plan;
    if (!swarm.includes('split') && !swarm.includes('half-split')) return;
    const [world, network, load] = [this.#world, this.#control, this.#load];
    const machines = nodes.map(({ id, roles }) => ({ id, address: addressOf(id), roles }));
    const wait = (what: string, condition: () => boolean, describe: () => string): void => {
      if (!world.runUntil(condition, SPLIT_PATIENCE_MS))
        throw new Stuck(`A: not within ${SPLIT_PATIENCE_MS} ms: ${what}. ${describe()}`);
    };
    runSplitRounds({ world, network, load, machines, swarm, client, wait });
    this.#becomeWhole(client);
  }

  /** Q3: a whole cluster keeps its leader. */
  #keepLeader(): void {
    const leaders = this.#quorum.leaderCount;
    this.#world.runFor(CALM_MS);
    if (this.#quorum.leaderCount !== leaders) this.#problems.push('Q3: a whole cluster has elected a leader');
  }

  /** Makes changes until one is acknowledged; tells whether that has happened. */
  #changed(client: ClusterClient, broker: number): () => boolean {
    const topic = this.#load.lasting[0] ?? '';
    let isChanged = false;
    const change = (): void => {
      client.change({ kind: 'set', topic, value: this.#load.nextValue() }, broker, () => {
        const last = this.#load.history.at(-1);
        isChanged = last?.seen === 'change' && last.outcome === 'done';
        if (!isChanged) this.#world.schedule(100, change);
      });
    };
    change();
    return () => isChanged;
  }

  /** Everybody's last word about everything. */
  #lookAtEnd(): void {
    const { lasting, passing, brokers } = this.#load;
    const wait: Wait = (what, condition, describe) => this.#await(what, condition, describe);
    if (this.#nodes.some((node) => node.crashCount > 0)) this.#records.losesUnsynced();
    this.#records.finish(this.#strikes.lostDisks, wait);
    this.#shares.finish(this.#records.lost, wait);
    const client = new ClusterClient(this.#load, 'last', 1);
    let open = 0;
    const answered = (what: string) => (isAnswered: boolean) => {
      open -= 1;
      if (!isAnswered) this.#problems.push(`L: nobody answers at the end about ${what}`);
    };
    for (const { id } of brokers) {
      open += 1 + lasting.length;
      client.readTopics([...lasting, ...passing], id, true, answered(`topics on broker ${id}`));
      for (const topic of lasting) client.readSetting(topic, id, true, answered(`${topic} on broker ${id}`));
    }
    this.#await('last questions are answered', () => open === 0);
    // The last change may be on its way to somebody still.
    const offsets = (): readonly number[] => this.#nodes.map((node) => node.view?.offset ?? -1);
    this.#await(
      'all nodes are at one offset',
      () => new Set(offsets()).size === 1,
      () => `they are at ${offsets().join()}`,
    );
    for (const node of this.#nodes) {
      const offset = node.view?.offset ?? -1;
      this.#metadata.compare(`node ${node.id}`, offset, describeImage(node));
    }
    this.#operator.stop();
  }

  /** Lets the world run until `condition` holds. */
  #await(what: string, condition: () => boolean, describe: () => string = () => ''): void {
    if (this.#world.runUntil(condition, PATIENCE_MS)) return;
    throw new Stuck(`L: not within ${PATIENCE_MS} ms: ${what}. ${describe()}`);
  }
}

/** The whole image that a node's data isolate has, as text. */
function describeImage(node: SimNode): string {
  // What a data isolate reads is an image of the metadata.
  return (node.view as MetadataImage | null)?.describe() ?? '';
}

function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

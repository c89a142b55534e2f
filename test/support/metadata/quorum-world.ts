import { Buffer } from 'node:buffer';
import { encodeFormation } from '../../../broker/core/config/formation.ts';
import type { MetadataCommand, OutcomeOf } from '../../../broker/core/metadata/commands.ts';
import type { RaftBugs } from '../../../broker/core/raft/planted-bugs.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import type {
  CallFailure,
  ControlNet,
  QuorumResponse,
  UnaryCalls,
  UnaryName,
} from '../../../broker/ports/control-net.ts';
import type { Log } from '../../../broker/ports/log.ts';
import { ControlNode } from '../../../broker/server/control/control-node.ts';
import { createMemoryLink } from '../../../broker/server/control/link.ts';
import { RemoteControlPlane } from '../../../broker/server/control/remote-control-plane.ts';
import { runTask, step } from '../../../broker/server/task.ts';
import { replaceFile } from '../../../broker/server/logs/disk-tasks.ts';
import { SimControlNetwork } from '../../sim/control-net.ts';
import { SimDisk } from '../../sim/disk.ts';
import { type SimHost, SimNetwork } from '../../sim/net.ts';
import { World } from '../../sim/world.ts';

/** Longest virtual time that a test waits for anything, ms. */
const PATIENCE_MS = 60_000;
/** Port of every control plane. */
export const CONTROL_PORT = 9190;
const OPERATOR_ADDRESS = '127.0.3.1';
const NO_ANSWER: CallFailure = { code: 'late', message: 'no answer' };
/** 22 characters of base64url. */
export const CLUSTER_ID = 'ClusterOfManyNodes000A';

/** What a world is made of. */
export interface QuorumWorldOptions {
  /** Ids of controllers, all of them named in the settings. */
  readonly controllers: readonly number[];
  /** Those that the formation record names; by default all controllers. Empty: no record. */
  readonly initialVoters?: readonly number[];
  /** Nodes that are brokers besides; by default all controllers. */
  readonly brokers?: readonly number[];
  readonly settings?: Readonly<Record<string, string>>;
  readonly raftBugs?: RaftBugs;
  /** Puts something between nodes and their network. */
  readonly wrapNet?: (net: ControlNet) => ControlNet;
}

/** One node's control plane: its disk outlives its lives. */
export class QuorumMember {
  readonly id: number;
  readonly address: string;
  disk: SimDisk;
  process: SimHost | null = null;
  node: ControlNode | null = null;
  plane: RemoteControlPlane | null = null;
  /** Sentences with which lives ended by themselves. */
  readonly fatals: string[] = [];
  readonly lines: string[] = [];
  /** What its broker-epoch file says. */
  unfencedEpoch = -1;
  /** By how much its wall clock is ahead of the world's. */
  wallOffsetMs = 0;
  registered: string | null | undefined;
  unfenced: string | null | undefined;

  constructor(id: number, disk: SimDisk) {
    this.id = id;
    this.address = id < 1000 ? `127.0.1.${id + 1}` : `127.0.2.${id - 999}`;
    this.disk = disk;
  }

  /** Its plane; a test that asks knows that it runs. */
  get running(): RemoteControlPlane {
    if (this.plane === null) throw new Error(`node ${this.id} does not run: ${this.fatals.join()}`);
    return this.plane;
  }
}

/** The control planes of several nodes on virtual time, disks and network. */
export class QuorumWorld {
  readonly world: World;
  readonly net: SimControlNetwork;
  readonly members = new Map<number, QuorumMember>();
  readonly #network: SimNetwork;
  readonly #options: QuorumWorldOptions;

  constructor(seed: number, options: QuorumWorldOptions) {
    this.world = new World(seed);
    this.#network = new SimNetwork(this.world);
    this.net = new SimControlNetwork(this.world, this.world.prng);
    this.#options = options;
    for (const id of new Set([...options.controllers, ...(options.brokers ?? [])])) {
      this.members.set(id, new QuorumMember(id, this.newDisk()));
    }
  }

  newDisk(): SimDisk {
    return new SimDisk({
      schedule: (delayMs, callback) => this.world.schedule(delayMs, callback),
      prng: this.world.prng,
    });
  }

  member(id: number): QuorumMember {
    const member = this.members.get(id);
    if (member === undefined) throw new Error(`no node ${id}`);
    return member;
  }

  /** Starts a life of a node; brokers register and ask to be let in, `previousBrokerEpoch` after a clean stop. */
  start(id: number, more: Readonly<Record<string, string>> = {}, previousBrokerEpoch = -1): QuorumMember {
    const member = this.member(id);
    const process = this.#network.host(member.address);
    member.process = process;
    const schedule = (delayMs: number, callback: () => void) => {
      const timer = { isCancelled: false };
      const event = this.world.schedule(delayMs, () =>
        process.whenAwake(() => {
          if (!process.isDead && !timer.isCancelled) callback();
        }),
      );
      return {
        cancel: () => {
          timer.isCancelled = true;
          event.cancel();
        },
      };
    };
    const { prng } = this.world;
    const clock = { monotonicMs: () => this.world.nowMs, wallMs: () => this.world.wallMs + member.wallOffsetMs };
    const random = { uint32: () => prng.uint32(), bytes: (size: number) => prng.bytes(size) };
    const timers = { after: schedule };
    const link = createMemoryLink((callback) => void schedule(0, callback));
    const fixed = new Map(Object.entries(this.#settingsOf(id, more)));
    const log = this.#log(member);
    const plane = new RemoteControlPlane({
      clock,
      timers,
      random,
      nodeId: id,
      link: link.data,
      sessionTimeoutMs: 2000,
    });
    plane.onFatal((message) => {
      member.fatals.push(message);
      this.kill(id);
    });
    const { raftBugs, wrapNet = (net: ControlNet) => net } = this.#options;
    const node = new ControlNode(
      { clock, timers, random, disk: member.disk, crc32c, log, controlNet: wrapNet(this.net.of(process)) },
      { directory: 'data', fixed, ...(raftBugs === undefined ? {} : { raftBugs }) },
      link.control,
    );
    member.node = node;
    member.plane = plane;
    member.registered = undefined;
    member.unfenced = undefined;
    this.#writeFormation(member, () => node.start());
    if (this.#isBroker(id)) this.#join(member, plane, previousBrokerEpoch);
    return member;
  }

  /** Starts all, or some. */
  startAll(ids: Iterable<number> = this.members.keys()): void {
    for (const id of ids) this.start(id);
  }

  /** A process ends at once; `power`: what was not synced goes too. */
  kill(id: number, power = false): void {
    const member = this.member(id);
    if (member.process === null) return;
    member.process.die();
    this.net.died(member.process);
    member.disk.crash({ keepPageCache: !power });
    member.process = null;
    member.node = null;
    member.plane = null;
  }

  /** Its disk is replaced by an empty one. */
  wipe(id: number): void {
    this.kill(id);
    this.member(id).unfencedEpoch = -1;
    this.member(id).disk = this.newDisk();
  }

  pause(id: number, durationMs: number): void {
    this.member(id).process?.sleepUntil(this.world.nowMs + durationMs);
  }

  /** Cuts a node off from all others, or mends that. */
  isolate(id: number, isCut = true): void {
    for (const other of this.members.values()) {
      if (other.id === id) continue;
      const { address } = this.member(id);
      if (isCut) {
        this.net.cut(address, other.address);
        this.net.cut(other.address, address);
      } else {
        this.net.mend(address, other.address);
        this.net.mend(other.address, address);
      }
    }
  }

  /** Runs until something holds. */
  until(what: string, condition: () => boolean, patienceMs = PATIENCE_MS): void {
    if (this.world.runUntil(condition, patienceMs)) return;
    const lines = [...this.members.values()].flatMap(({ id, fatals, lines: said }) => [
      ...fatals.map((fatal) => `${id} ended: ${fatal}`),
      ...said.slice(-8).map((line) => `${id} ${line}`),
    ]);
    throw new Error(`not within ${patienceMs} ms: ${what}\n${lines.join('\n')}`);
  }

  /** All brokers that run are let in. */
  untilReady(): void {
    this.until('all brokers are let in', () =>
      [...this.members.values()].every(
        (member) => member.plane === null || !this.#isBroker(member.id) || member.unfenced === null,
      ),
    );
  }

  wait<T>(start: (done: (value: T) => void) => void): T {
    const result: { value?: T; there: boolean } = { there: false };
    start((value) => {
      result.value = value;
      result.there = true;
    });
    this.until('an answer comes', () => result.there);
    return result.value as T;
  }

  submit<C extends MetadataCommand>(id: number, command: C, timeoutMs = 20_000): OutcomeOf<C> {
    return this.wait<OutcomeOf<C>>((done) => this.member(id).running.submit(command, timeoutMs, done));
  }

  /** What a node says to an operator. */
  ask<N extends UnaryName>(id: number, name: N, request: UnaryCalls[N]['request']): UnaryCalls[N]['response'] {
    const net = this.net.of(this.#network.host(OPERATOR_ADDRESS), 'operator');
    const address = { host: this.member(id).address, port: CONTROL_PORT };
    const self = { id: -1, directoryId: '' };
    const channel = net.connect({ address, clusterId: CLUSTER_ID, self, onReply: () => undefined });
    const response = this.wait<UnaryCalls[N]['response'] | CallFailure>((done) =>
      channel.call(name, request, 10_000, (failure, answer) => done(answer ?? failure ?? NO_ANSWER)),
    );
    channel.close();
    if ('code' in response) throw new Error(`${name}: ${response.message}`);
    return response;
  }

  /** What a controller tells a readiness probe about its place in the quorum (O7). */
  votingReasons(id: number): readonly string[] {
    const reasons = this.wait<readonly string[]>((done) => this.member(id).node?.askReady(done));
    return reasons.filter((reason) => /^(this controller|who votes)/.test(reason));
  }

  quorum(id: number): QuorumResponse {
    const response = this.wait<QuorumResponse | null>((done) => this.member(id).running.describeQuorum(10_000, done));
    if (response === null) throw new Error('no active controller answers');
    return response;
  }

  /** Id of the controller that leads, as those that run agree; −1 while they don't. */
  leader(): number {
    const ids = [...this.members.values()].flatMap(({ plane }) => (plane === null ? [] : [plane.view.controllerId]));
    return new Set(ids).size === 1 ? (ids[0] ?? -1) : -1;
  }

  #isBroker(id: number): boolean {
    return (this.#options.brokers ?? this.#options.controllers).includes(id);
  }

  #join(member: QuorumMember, plane: RemoteControlPlane, previousBrokerEpoch: number): void {
    const endpoints = [{ listener: 'PLAINTEXT', host: member.address, port: 9092 }];
    const registration = {
      endpoints,
      rack: null,
      host: this.#options.settings?.['weir.host'] ?? '',
      previousBrokerEpoch,
      lastUnfencedEpoch: member.unfencedEpoch,
      damaged: [],
      suspect: [],
    };
    plane.register(registration, (failure) => {
      member.registered = failure;
      if (failure !== null) return;
      member.unfencedEpoch = plane.brokerEpoch;
      plane.unfence((problem) => {
        member.unfenced = problem;
      });
    });
  }

  #settingsOf(id: number, more: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    const { controllers, settings, initialVoters = controllers } = this.#options;
    const isController = controllers.includes(id);
    const roles = [...(this.#isBroker(id) ? ['broker'] : []), ...(isController ? ['controller'] : [])];
    return {
      'log.dirs': 'data',
      'node.id': String(id),
      'process.roles': roles.join(','),
      'controller.quorum.voters': controllers
        .map((one) => `${one}@${this.member(one).address}:${CONTROL_PORT}`)
        .join(','),
      'weir.grpc.host': this.member(id).address,
      'weir.grpc.port': String(CONTROL_PORT),
      'weir.cluster.id': CLUSTER_ID,
      ...(initialVoters.length === 0 ? {} : { 'weir.formation.file': 'formation/cluster.json' }),
      ...settings,
      ...more,
    };
  }

  /** Whether the record is marked used: after the first commit an empty disk is a lost one. */
  isFormed = false;

  #writeFormation(member: QuorumMember, then: () => void): void {
    const { controllers, initialVoters = controllers } = this.#options;
    const record = encodeFormation({
      clusterId: CLUSTER_ID,
      initialVoters: initialVoters.map((id) => ({ id, directoryId: directoryOf(id) })),
      formed: this.isFormed,
    });
    const { disk, process } = member;
    function* write() {
      yield* step<void>((done) => disk.makeDirectory('formation', done));
      yield* replaceFile(disk, 'formation', 'cluster.json', Buffer.from(record));
    }
    runTask(write(), (error) => {
      if (error !== null) throw error;
      if (process?.isDead === false) then();
    });
  }

  #log(member: QuorumMember): Log {
    const note =
      (level: string) =>
      (fields: Readonly<Record<string, unknown>>, message: string): void => {
        member.lines.push(`${this.world.nowMs.toFixed(1)} ${level} ${message} ${JSON.stringify(fields)}`);
      };
    return { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  }
}

/** The directory id that the formation record has for a voter. */
export function directoryOf(id: number): string {
  return `Disk${String(id).padStart(17, '0')}A`;
}

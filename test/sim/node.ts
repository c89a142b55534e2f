import { resolveListeners } from '../../broker/core/config/listeners.ts';
import { Settings } from '../../broker/core/config/settings.ts';
import { createPrng, type Prng } from '../../broker/core/base/prng.ts';
import { crc32c } from '../../broker/io/crc32c.ts';
import type { Log } from '../../broker/ports/log.ts';
import type { TimerHandle, Timers } from '../../broker/ports/clock.ts';
import { ControlNode, type ControlPorts } from '../../broker/server/control/control-node.ts';
import type { ControlBugs } from '../../broker/server/control/planted-bugs.ts';
import { type ControlLink, createMemoryLink, type DataLink, type ToData } from '../../broker/server/control/link.ts';
import type { MetadataBugs } from '../../broker/core/metadata/planted-bugs.ts';
import type { RaftBugs } from '../../broker/core/raft/planted-bugs.ts';
import { RemoteControlPlane } from '../../broker/server/control/remote-control-plane.ts';
import type { CleanerBugs, PlantedLogBugs } from '../../broker/core/log/planted-bugs.ts';
import type { ReplicaBugs } from '../../broker/core/replica/planted-bugs.ts';
import type { MetadataCommand, OutcomeOf } from '../../broker/core/metadata/commands.ts';
import type { PlantedBugs } from '../../broker/core/share/planted-bugs.ts';
import type { MetadataView } from '../../broker/core/metadata/view.ts';
import type { Compression } from '../../broker/ports/compression.ts';
import type { Disk } from '../../broker/ports/disk.ts';
import { type Node, startNode } from '../../broker/server/node.ts';
import { SimClock } from './clock.ts';
import { simCompression } from './compression.ts';
import type { SimControlNetwork } from './control-net.ts';
import { SimDisk } from './disk.ts';
import type { SimHost, SimNetwork } from './net.ts';
import type { World } from './world.ts';

const DIRECTORY = '/data';
const NODE_PORT = 9092;
/** The machine of a world that has one. */
const LONE_ADDRESS = '127.0.0.1';
/** Memory of a simulated machine. */
const MEMORY_BYTES = 1024 * 1024 * 1024;

/** What a simulated node is made with. */
export interface SimNodeOptions {
  /** `node.id`; default 0. */
  readonly id?: number;
  /** Address of its machine; default 127.0.0.1. */
  readonly address?: string;
  /** Settings beyond those that every simulated node has. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Longest time of a disk operation, virtual ms; syncs take up to ten times as long. Default 1. */
  readonly diskLatencyMs?: number;
  /** The way to other nodes' control planes; without it the node is alone. */
  readonly controlNetwork?: SimControlNetwork;
  /** Hears what the control isolate tells the data isolate in a life, after that has taken it. */
  readonly onTold?: (life: number, message: ToData) => void;
  /** Hears with which sentence a life ended by itself. */
  readonly onEnded?: (sentence: string) => void;
  /** Hears what the node complains about. */
  readonly onWarning?: (text: string, fields: Readonly<Record<string, unknown>>) => void;
  /** What is broken on purpose in the quorum. */
  readonly raftBugs?: RaftBugs;
  /** What is broken on purpose in the controller's decisions. */
  readonly metadataBugs?: MetadataBugs;
  /** What is broken on purpose in the rest of the control plane. */
  readonly controlBugs?: ControlBugs;
  /** Puts something between the node and its disk: a planted bug. */
  readonly wrapDisk?: (disk: SimDisk) => Disk;
  /** Puts something between the node and its codecs: a planted bug. */
  readonly wrapCompression?: (compression: Compression) => Compression;
  /** What is broken on purpose in share groups. */
  readonly shareBugs?: PlantedBugs;
  /** What is broken on purpose in the log cleaner. */
  readonly cleanerBugs?: CleanerBugs;
  /** What is broken on purpose in logs. */
  readonly logBugs?: PlantedLogBugs;
  /** What is broken on purpose in replication. */
  readonly replicaBugs?: ReplicaBugs;
}

/**
 * One node of a simulated world: the real server and control code, built by the function that main calls, on a disk that
 * outlives crashes. `onFatal` of the node ends this life of it, as it ends a real process.
 */
export class SimNode {
  readonly id: number;
  readonly address: string;
  readonly clock: SimClock;
  readonly disk: SimDisk;
  readonly bootstrap: readonly { readonly host: string; readonly port: number }[];
  /** Sentences with which lives of this node ended by themselves. */
  readonly fatals: string[] = [];
  /** It was told to stop: it hangs up before it ends. */
  isStopping = false;
  /** Warnings and errors that the node logged. */
  readonly warnings: string[] = [];
  readonly #world: World;
  readonly #network: SimNetwork;
  readonly #prng: Prng;
  readonly #settings: ReadonlyMap<string, string>;
  readonly #wrapCompression: (compression: Compression) => Compression;
  readonly #wrapped: Disk;
  readonly #bugs: Pick<SimNodeOptions, 'shareBugs' | 'cleanerBugs' | 'logBugs' | 'replicaBugs'>;
  readonly #options: SimNodeOptions;
  #life = 0;
  /** Lives that ended without being told to. */
  crashCount = 0;
  #host: SimHost | null = null;
  #node: Node | null = null;
  #plane: RemoteControlPlane | null = null;
  #control: ControlNode | null = null;

  constructor(world: World, network: SimNetwork, options: SimNodeOptions = {}) {
    this.id = options.id ?? 0;
    this.address = options.address ?? LONE_ADDRESS;
    this.bootstrap = [{ host: this.address, port: NODE_PORT }];
    this.clock = new SimClock(world);
    this.#options = options;
    this.#world = world;
    this.#network = network;
    this.#prng = createPrng(world.prng.uint32());
    this.#bugs = {
      ...(options.shareBugs === undefined ? {} : { shareBugs: options.shareBugs }),
      ...(options.cleanerBugs === undefined ? {} : { cleanerBugs: options.cleanerBugs }),
      ...(options.logBugs === undefined ? {} : { logBugs: options.logBugs }),
      ...(options.replicaBugs === undefined ? {} : { replicaBugs: options.replicaBugs }),
    };
    this.#settings = new Map(
      Object.entries({
        'log.dirs': DIRECTORY,
        'node.id': String(this.id),
        listeners: `plain://${this.address}:${NODE_PORT}`,
        'weir.http.port': '-1',
        ...options.settings,
      }),
    );
    this.disk = new SimDisk({
      // A process that stands still does not hear of completions; the disk could as well be slow.
      schedule: (delayMs, callback) =>
        world.schedule(delayMs, () => {
          if (this.#host === null) callback();
          else this.#host.whenAwake(callback);
        }),
      prng: createPrng(world.prng.uint32()),
      latencyMaxMs: options.diskLatencyMs ?? 1,
    });
    this.#wrapped = options.wrapDisk?.(this.disk) ?? this.disk;
    this.#wrapCompression = options.wrapCompression ?? ((compression) => compression);
  }

  /** The metadata of this life as the node's data isolate sees it; null before the first start. */
  get view(): MetadataView | null {
    return this.#plane?.view ?? null;
  }

  /** Sends a command to the active controller as this life would. */
  submit<C extends MetadataCommand>(command: C, done: (outcome: OutcomeOf<C>) => void): void {
    this.#plane?.submit(command, 20_000, done);
  }

  /** Changes with each start and end. */
  get life(): number {
    return this.#life;
  }

  /** Whether a life was begun and did not end, ready or not. */
  get isAlive(): boolean {
    return this.#host !== null;
  }

  /** Whether this life serves clients. */
  get isReady(): boolean {
    return this.#node !== null;
  }

  /** Asks, as a readiness probe does, what this life still waits for. */
  askReady(done: (reasons: readonly string[]) => void): void {
    this.#control?.askReady(done);
  }

  /** Clients of a world of one node talk to its machine only. */
  addressOf(): string {
    return this.address;
  }

  idAt(): number {
    return this.id;
  }

  runs(): boolean {
    return this.isReady;
  }

  /** It stands still. */
  get isAsleep(): boolean {
    return this.#host?.isAsleep ?? false;
  }

  /** Begins a life of the node on its disk. */
  start(): void {
    this.isStopping = false;
    this.#life += 1;
    const life = this.#life;
    const host = this.#network.host(this.address);
    this.#host = host;
    const schedule = this.#scheduler(life, host);
    const timers: Timers = { after: schedule };
    const { clock } = this;
    const random = { uint32: () => this.#prng.uint32(), bytes: (size: number) => this.#prng.bytes(size) };
    const log = this.#log();
    const link = createMemoryLink((callback) => schedule(0, callback));
    const fixed = this.#settings;
    const disk = this.#wrapped;
    const { onTold } = this.#options;
    this.#startControl(host, { clock, timers, random, disk, crc32c, log }, link.control);
    const settings = new Settings(fixed);
    const plane = new RemoteControlPlane({
      clock,
      timers,
      random,
      nodeId: settings.broker('node.id'),
      link: onTold === undefined ? link.data : tapped(link.data, (message) => onTold(life, message)),
      sessionTimeoutMs: settings.broker('broker.session.timeout.ms'),
    });
    this.#plane = plane;
    this.#world.trace(`node ${this.id}: life ${life} begins`);
    if (!settings.broker('process.roles').includes('broker')) {
      this.#startController(life, plane);
      return;
    }
    startNode(
      {
        settings,
        ports: {
          clock,
          timers,
          random,
          disk,
          net: host,
          compression: this.#wrapCompression(simCompression(schedule, (bound) => this.#prng.below(bound))),
          crc32c,
          log,
          afterTurn: (callback) => void schedule(0, callback),
        },
        control: plane,
        directory: DIRECTORY,
        listeners: (resolveListeners(settings.broker('listeners'), '').listeners ?? []).map(
          ({ name, bindHost: host, bindPort: port }) => ({ name, host, port }),
        ),
        advertised: new Map(),
        memoryBytes: MEMORY_BYTES,
        metricSources: [],
        ...this.#bugs,
        onFatal: (message) => {
          if (this.#life === life) this.#fatal(message);
        },
      },
      (failure, node) => {
        if (this.#life !== life) return;
        if (node === null) this.#fatal(failure ?? 'start failed');
        else {
          this.#world.trace(`node ${this.id}: life ${life} is ready`);
          this.#node = node;
        }
      },
    );
  }

  /** The control isolate: in this loop, as in the real process it has one of its own. */
  #startControl(host: SimHost, ports: Omit<ControlPorts, 'controlNet'>, link: ControlLink): void {
    const { controlNetwork, raftBugs, metadataBugs, controlBugs } = this.#options;
    const planted = { ...(metadataBugs && { metadataBugs }), ...(controlBugs && { controlBugs }) };
    const bugs = { ...(raftBugs && { raftBugs }), ...planted };
    const options = { directory: DIRECTORY, fixed: this.#settings, ...bugs };
    this.#control = new ControlNode({ ...ports, controlNet: controlNetwork?.of(host) ?? null }, options, link);
    this.#control.start();
  }

  /** A node that is a controller alone has nothing to serve to clients; main does it likewise. */
  #startController(life: number, plane: RemoteControlPlane): void {
    plane.onFatal((message) => {
      if (this.#life === life) this.#fatal(message);
    });
    plane.whenStarted(() => {
      if (this.#life !== life) return;
      this.#world.trace(`node ${this.id}: life ${life} is ready`);
      this.#node = { boundPorts: new Map(), stop: (done) => plane.shutdown(done) };
    });
  }

  /** Runs callbacks of one life: not after its end, and not while it stands still. */
  #scheduler(life: number, host: SimHost): (delayMs: number, callback: () => void) => TimerHandle {
    return (delayMs, callback) => {
      const timer = { isCancelled: false };
      const run = (): void => {
        if (this.#life === life && !timer.isCancelled) callback();
      };
      const event = this.#world.schedule(this.clock.worldMs(delayMs), () => host.whenAwake(run));
      return {
        cancel: () => {
          timer.isCancelled = true;
          event.cancel();
        },
      };
    };
  }

  /** The process stands still for a while, as under SIGSTOP; its clock goes on. */
  pause(durationMs: number): void {
    this.#world.trace(`node ${this.id}: stands still for ${durationMs} ms`);
    this.#host?.sleepUntil(this.#world.nowMs + durationMs);
  }

  /** Power goes (`power`), or only the process dies and the page cache stays. */
  crash(kind: 'power' | 'process'): void {
    this.#world.trace(`node ${this.id}: life ${this.#life} ends (${kind})`);
    this.crashCount += 1;
    this.#life += 1;
    this.#node = null;
    this.#die();
    this.disk.crash({ keepPageCache: kind === 'process' });
  }

  /** Controlled shutdown; `done` when the life is over. */
  stop(done: () => void): void {
    const node = this.#node;
    if (node === null) throw new Error('bug: only a ready node is stopped');
    this.#world.trace(`node ${this.id}: life ${this.#life} is told to stop`);
    const life = this.#life;
    this.#node = null;
    this.isStopping = true;
    node.stop(() => {
      if (this.#life !== life) return;
      this.#world.trace(`node ${this.id}: life ${life} ends (stopped)`);
      this.#life += 1;
      this.#die();
      done();
    });
  }

  #fatal(message: string): void {
    this.fatals.push(message);
    this.crash('process');
    this.#options.onEnded?.(message);
  }

  #die(): void {
    const host = this.#host;
    this.#host = null;
    host?.die();
    if (host !== null) this.#options.controlNetwork?.died(host);
  }

  #log(): Log {
    const note = (fields: Readonly<Record<string, unknown>>, message: string): void => {
      this.warnings.push(`${message} ${JSON.stringify(fields)}`);
      this.#options.onWarning?.(message, fields);
      this.#world.trace(`node ${this.id}: ${message} ${JSON.stringify(fields)}`);
    };
    return { debug: () => undefined, info: () => undefined, warn: note, error: note };
  }
}

/** The same end of a link, with somebody who listens in. */
function tapped(link: DataLink, tap: (message: ToData) => void): DataLink {
  return {
    send: (message) => link.send(message),
    onMessage: (listener) =>
      link.onMessage((message) => {
        listener(message);
        tap(message);
      }),
  };
}

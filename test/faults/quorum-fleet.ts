import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { encodeFormation, type Formation } from '../../broker/core/config/formation.ts';
import { ClusterProbe } from '../support/cluster-probe.ts';
import { Child } from '../wire/harness/child.ts';
import { freePort, GiveUp, waitFor } from '../wire/harness/wait.ts';
import { judgeQuorum, type QuorumSample } from './quorum-history.ts';
import type { Network } from './network.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SAMPLE_PAUSE_MS = 50;
/** A node that is paused or cut off answers nobody; whoever asks it gives up soon. */
const PROBE_TIMEOUT_MS = 3_000;

interface FleetNode {
  readonly id: number;
  readonly config: string;
  /** `host:port` of its clients' listener. */
  readonly address: string;
  readonly dataDirectory: string;
  readonly prefix: readonly string[];
  readonly probe: ClusterProbe;
  /** Likewise of its control plane, and of the listener of brokers where they have one of their own. */
  readonly control: string;
  readonly brokers: string;
  /** Asks who leads, on a connection of its own: answers come in the order of the questions. */
  readonly watch: ClusterProbe;
  process: Child | null;
  isReady: boolean;
  /** Last lines of its standard output. */
  readonly said: string[];
}

/** Lines that are kept of what a node said. */
const SAID_MAX = 50;

/** How a fleet is made. */
export interface QuorumFleetOptions {
  readonly nodes: number;
  /** So many of them, the first, are controllers; absent: all. */
  readonly voters?: number;
  /** The program; absent: Weir from its sources. */
  readonly program?: string;
  /** A module of test/faults/planted that breaks every node. */
  readonly planted?: string;
  /** Whether every node is asked all the time who leads; absent: yes. */
  readonly isWatched?: boolean;
  /** Every node on a host of its own; absent: all on this one. */
  readonly network?: Network;
  /** Where a node keeps its data; absent: in the fleet's own directory. */
  readonly dataOf?: (id: number) => string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Brokers reach each other on a listener of their own, by TLS, with the certificates that `ofNode` names. */
  readonly isTls?: boolean;
  /** Settings of one node, which listens at this address. */
  readonly ofNode?: (id: number, address: string) => Readonly<Record<string, string>>;
  /** Hears what nodes say. */
  readonly onLine?: (id: number, line: string) => void;
  /** Absent: a new one. */
  readonly clusterId?: string;
  /** How long a node may take to answer; absent: 3 s. */
  readonly timeoutMs?: number;
}

/** Combined nodes, and maybe brokers beside them, as real processes, and what clients see of them: topics that were created, leaders and epochs. */
export class QuorumFleet {
  readonly #directory: string;
  readonly #nodes: FleetNode[] = [];
  readonly #samples: QuorumSample[] = [];
  readonly #created = new Map<string, string>();
  readonly #tried: string[] = [];
  #watching: Promise<void> | null = null;
  #isOver = false;
  #program = join(ROOT, 'broker/cli/weir.ts');
  #broken: readonly string[] = [];
  #onLine: NonNullable<QuorumFleetOptions['onLine']> = () => undefined;
  #formation: Formation = { clusterId: newId(), initialVoters: [], formed: false };

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Makes it and waits until all are ready. */
  static async start(options: QuorumFleetOptions): Promise<QuorumFleet> {
    const fleet = new QuorumFleet(await mkdtemp(join(tmpdir(), 'weir-quorum-')));
    fleet.#program = options.program ?? fleet.#program;
    fleet.#onLine = options.onLine ?? fleet.#onLine;
    if (options.planted !== undefined)
      fleet.#broken = ['--import', join(ROOT, 'test/faults/planted', `${options.planted}.ts`)];
    try {
      await fleet.#make(options);
      await Promise.all(fleet.ids.map((id) => fleet.start(id)));
    } catch (error) {
      await fleet.remove();
      throw error;
    }
    if (options.isWatched !== false)
      fleet.#watching = Promise.all(fleet.#nodes.map((node) => fleet.#watch(node))).then(() => undefined);
    return fleet;
  }

  get ids(): readonly number[] {
    return this.#nodes.map((node) => node.id);
  }

  /** For clients of the whole fleet. */
  get bootstrap(): string {
    return this.#nodes.map(({ address }) => address).join(',');
  }

  dataDirectory(id: number): string {
    return this.#node(id).dataDirectory;
  }

  /** What a node said last, of its processes before too. */
  tail(id: number): string {
    const { process, said } = this.#node(id);
    return [...said, process?.tail() ?? ''].join('\n');
  }

  probe(id: number): ClusterProbe {
    return this.#node(id).probe;
  }

  pid(id: number): number {
    return this.#node(id).process?.pid ?? 0;
  }

  /** Starts a node, of another program if need be, and waits until it is ready. */
  async start(id: number, script = this.#program): Promise<void> {
    const node = this.#node(id);
    node.isReady = false;
    const command = [...node.prefix, join(ROOT, 'node_modules/.bin/node'), ...this.#broken, script];
    const [program, ...args] = [...command, 'broker', '--config', node.config, '--exit-with-parent'];
    const process = new Child({
      command: program,
      args,
      logFile: join(this.#directory, `${id}.log`),
      onLine: (line) => {
        this.#onLine(id, line);
        if (line.includes('"event":"ready"')) node.isReady = true;
        node.said.push(line);
        if (node.said.length > SAID_MAX) node.said.shift();
      },
    });
    node.process = process;
    await waitFor(`node ${id} is ready`, () => {
      if (process.exitCode !== null) throw new GiveUp(`node ${id} has ended: ${process.tail()}`);
      return node.isReady;
    });
  }

  /** Whether a node has ended by itself. */
  hasEnded(id: number): boolean {
    return this.#node(id).process?.exitCode !== null;
  }

  async kill(id: number): Promise<void> {
    await this.#node(id).process?.kill();
  }

  /** Stops a node as its user would. */
  async stop(id: number): Promise<void> {
    await this.#node(id).process?.stop();
  }

  /** Where a node listens: for clients, with its control plane, and for brokers alone. */
  addressesOf(id: number): {
    readonly client: { readonly host: string; readonly port: number };
    readonly control: string;
    readonly brokers: string;
  } {
    const { address, control, brokers } = this.#node(id);
    const [host = '', port] = address.split(':');
    return { client: { host, port: Number(port) }, control, brokers };
  }

  /** Everything on the disk of a node that does not run is lost. */
  async wipe(id: number): Promise<void> {
    await rm(this.#node(id).dataDirectory, { recursive: true });
  }

  /** Marks the formation record as used, as whoever forms clusters does after the first commit (V11). */
  markFormed(): Promise<void> {
    return this.#writeFormation({ ...this.#formation, formed: true });
  }

  /** Runs `weir admin` with a node's settings file; gives its exit code and what it said. */
  async admin(id: number, ...args: readonly string[]): Promise<{ readonly code: number; readonly said: string }> {
    const logFile = join(this.#directory, `admin-${randomBytes(4).toString('hex')}.log`);
    const child = new Child({
      command: join(ROOT, 'node_modules/.bin/node'),
      args: [this.#program, 'admin', ...args, '--config', this.#node(id).config],
      logFile,
    });
    return { code: await child.exited, said: readFileSync(logFile, 'utf8') };
  }

  /** The exit code of a node's process, once it has one. */
  async ended(id: number): Promise<number> {
    return (await this.#node(id).process?.exited) ?? -1;
  }

  signal(id: number, signal: NodeJS.Signals): void {
    this.#node(id).process?.signal(signal);
  }

  /** Creates a topic through a node; null when that was not acknowledged. */
  async create(id: number): Promise<string | null> {
    const name = `t${this.#tried.length}`;
    this.#tried.push(name);
    try {
      const topicId = await this.#node(id).probe.createTopic(name);
      this.#created.set(name, topicId);
      return name;
    } catch {
      return null;
    }
  }

  /** Waits until a topic can be created through this node; gives its name. */
  untilItCreates(id: number): Promise<string> {
    return waitFor(`a topic is created through node ${id}`, () => this.create(id));
  }

  /** Waits until all nodes name the same leader in the same epoch; gives both. */
  async agreed(): Promise<{ readonly leaderId: number; readonly epoch: number }> {
    return waitFor('all nodes name one leader', async () => {
      const seen = await Promise.all(this.#nodes.map((node) => node.probe.quorum()));
      const [first] = seen;
      const isOne = seen.every((one) => one.leaderId === first?.leaderId && one.epoch === first.epoch);
      return isOne && first !== undefined && first.leaderId >= 0
        ? { leaderId: first.leaderId, epoch: first.epoch }
        : null;
    });
  }

  /** Everything that must not be, once all nodes serve again. */
  async judge(): Promise<readonly string[]> {
    await Promise.all(this.ids.map((id) => this.untilItCreates(id)));
    const last = [...this.#created.keys()].at(-1) ?? '';
    const final = new Map<number, ReadonlyMap<string, string>>();
    for (const { id, probe } of this.#nodes) {
      await waitFor(`node ${id} has all metadata`, async () => (await probe.topic(last)) !== null);
      const topics = new Map<string, string>();
      for (const name of this.#tried) {
        const topic = await probe.topic(name);
        if (topic !== null) topics.set(name, topic.id);
      }
      final.set(id, topics);
    }
    return judgeQuorum({ samples: this.#samples, created: this.#created, final });
  }

  async remove(): Promise<void> {
    this.#isOver = true;
    for (const { process } of this.#nodes) process?.signal('SIGCONT');
    await Promise.all(this.ids.map((id) => this.kill(id)));
    for (const { probe, watch } of this.#nodes) for (const one of [probe, watch]) one.close();
    await this.#watching;
    await rm(this.#directory, { recursive: true, force: true });
  }

  #node(id: number): FleetNode {
    const node = this.#nodes[id];
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }

  async #make(options: QuorumFleetOptions): Promise<void> {
    const { nodes, voters = nodes, network, dataOf, settings, ofNode, timeoutMs, isTls = false } = options;
    const ids = Array.from({ length: nodes }, (_, id) => id);
    const controllers = ids.slice(0, voters);
    await this.#writeFormation({
      ...this.#formation,
      clusterId: options.clusterId ?? this.#formation.clusterId,
      initialVoters: controllers.map((id) => ({ id, directoryId: newId() })),
    });
    const hosts = ids.map((id) => network?.addressOf(id) ?? '127.0.0.1');
    const ports: number[] = [];
    while (ports.length < 3 * nodes) {
      const port = await freePort();
      if (!ports.includes(port)) ports.push(port);
    }
    for (const id of ids) {
      const config = join(this.#directory, `${id}.properties`);
      const address = `${hosts[id]}:${ports[id]}`;
      const brokers = `${hosts[id]}:${ports[2 * nodes + id]}`;
      const dataDirectory = dataOf?.(id) ?? join(this.#directory, `data-${id}`);
      const lines = Object.entries({
        'node.id': id,
        'process.roles': controllers.includes(id) ? 'broker,controller' : 'broker',
        'controller.quorum.voters': controllers.map((one) => `${one}@${hosts[one]}:${ports[nodes + one]}`).join(','),
        listeners: `PLAINTEXT://${address}`,
        'log.dirs': dataDirectory,
        'weir.formation.file': this.#formationFile,
        'weir.cluster.id': this.#formation.clusterId,
        'weir.grpc.host': hosts[id],
        'weir.grpc.port': ports[nodes + id],
        'weir.grpc.insecure': network !== undefined,
        ...(isTls ? securedListeners(address, brokers) : {}),
        ...settings,
        ...ofNode?.(id, address),
      });
      await writeFile(config, lines.map(([name, value]) => `${name}=${value}\n`).join(''));
      const probe = (): ClusterProbe => new ClusterProbe(address, timeoutMs ?? PROBE_TIMEOUT_MS);
      const prefix = network?.prefixOf(id) ?? [];
      const places = { config, address, control: `${hosts[id]}:${ports[nodes + id]}`, brokers, dataDirectory, prefix };
      this.#nodes.push({ id, ...places, probe: probe(), watch: probe(), process: null, isReady: false, said: [] });
    }
  }

  get #formationFile(): string {
    return join(this.#directory, 'cluster.json');
  }

  async #writeFormation(formation: Formation): Promise<void> {
    this.#formation = formation;
    await writeFile(this.#formationFile, encodeFormation(formation));
  }

  /** Asks a node again and again who leads. */
  async #watch({ id, watch }: FleetNode): Promise<void> {
    while (!this.#isOver) {
      try {
        const { leaderId, epoch } = await watch.quorum();
        this.#samples.push({ node: id, leaderId, epoch });
      } catch {
        // It is dead, paused or without a controller: nothing was said.
      }
      await delay(SAMPLE_PAUSE_MS);
    }
  }
}

function securedListeners(clients: string, brokers: string): Readonly<Record<string, string>> {
  return {
    listeners: `PLAINTEXT://${clients},BROKERS://${brokers}`,
    'inter.broker.listener.name': 'BROKERS',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,BROKERS:SSL',
  };
}

function newId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (/^[A-Za-z1-9]/.test(id)) return id;
  }
}

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Formation } from '../../../broker/core/config/formation.ts';
import type { HostObservation, NodeMark, NodeObservation } from '../../core/observed.ts';
import type { NodeSpec } from '../../core/steps.ts';
import type { NodeHost } from '../../ports/node-host.ts';
import { asOperatorError, codeOf, messageOf, OperatorError } from '../../ports/operator-error.ts';
import { FormationFile } from './formation-file.ts';
import { type NodeExit, NodeProcess } from './node-process.ts';
import { OutputFile } from './output-file.ts';
import { isProcessAlive } from './owner-lock.ts';
import { readMark, writeMark } from './node-mark.ts';
import { checkPortFree, describePort } from './ports.ts';

/** What a local host works with. */
export interface LocalHostOptions {
  readonly clusterName: string;
  /** `<data>/<cluster>`. */
  readonly directory: string;
  /** The program that runs `broker --config FILE` when these arguments are added. */
  readonly command: readonly string[];
  /** Address to listen on. */
  readonly bind: string;
  /** Port of a listener on a node; null: of its control plane. */
  readonly portOf: (node: number, listener: string | null) => number;
  /** The state of a node changed: look again. */
  readonly changed: () => void;
  /** Something that a person should read. */
  readonly notice: (text: string) => void;
}

interface Node {
  spec: NodeSpec;
  process: NodeProcess | null;
  phase: NodeObservation['phase'];
  address: string | null;
  directoryId: string | null;
  /** Deaths since it last ran well; decides the pause. */
  deaths: number;
  everReady: boolean;
  readyAtMs: number;
  timer: ReturnType<typeof setTimeout> | null;
  starting: Promise<void> | null;
}

const STOP_GRACE_MS = 20_000;
const RESTART_PAUSE_MS = 100;
const RESTART_PAUSE_MAX_MS = 10_000;
const WELL_AFTER_MS = 30_000;
/** A node that never became ready is given up after this many deaths: its settings or its disk are at fault. */
const FIRST_DEATHS_MAX = 3;
const PREDECESSOR_WAIT_MS = 5_000;
const POLL_MS = 50;
/** The control plane has no certificates here: it is nobody's but this machine's (B3). */
const CONTROL_HOST = '127.0.0.1';

/** Nodes as child processes of this one, with their data below one directory. Restarts what dies, as a kubelet would. */
export class LocalHost implements NodeHost {
  readonly #options: LocalHostOptions;
  readonly #formation: FormationFile;
  readonly #nodes = new Map<number, Node>();
  /** What the newest spec of any node says of controllers: it holds for all that start from now on. */
  #quorum: Pick<NodeSpec, 'controllers' | 'voters'> = { controllers: [], voters: [] };
  #failure: OperatorError | null = null;
  #closing = false;

  constructor(options: LocalHostOptions) {
    this.#options = options;
    this.#formation = new FormationFile(options.directory);
  }

  async observe(): Promise<HostObservation> {
    if (this.#failure !== null) throw this.#failure;
    const ids = new Set(this.#nodes.keys());
    for (const id of this.#directories()) ids.add(id);
    const nodes = [...ids].sort((a, b) => a - b).map((id) => this.#observeNode(id));
    return { formation: this.#formation.read(), nodes };
  }

  async form(initialVoters: readonly number[]): Promise<Formation> {
    try {
      return this.#formation.read() ?? this.#formation.create(initialVoters);
    } catch (error) {
      throw asOperatorError(error);
    }
  }

  async ensure(spec: NodeSpec): Promise<void> {
    const node = this.#nodes.get(spec.id);
    if (node !== undefined && node.phase !== 'stopped' && node.spec.specHash === spec.specHash) return;
    await this.#start(spec);
  }

  async restart(spec: NodeSpec, _reason: string): Promise<void> {
    await this.remove(spec.id);
    await this.#start(spec);
  }

  async remove(id: number): Promise<void> {
    const node = this.#nodes.get(id);
    if (node === undefined) return;
    if (node.timer !== null) clearTimeout(node.timer);
    node.timer = null;
    node.phase = 'stopping';
    await node.starting?.catch(() => undefined);
    await node.process?.stop(STOP_GRACE_MS);
    node.process = null;
    node.phase = 'stopped';
    node.address = null;
  }

  async mark(id: number, mark: NodeMark | null): Promise<void> {
    writeMark(this.#directoryOf(id), mark);
  }

  async discard(id: number): Promise<void> {
    this.#nodes.delete(id);
    await rm(this.#directoryOf(id), { recursive: true });
  }

  /** Stops every node, all at the same time. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#nodes.keys()].map((id) => this.remove(id)));
  }

  #observeNode(id: number): NodeObservation {
    const node = this.#nodes.get(id);
    const { phase, address, directoryId } = node ?? { phase: 'stopped', address: null, directoryId: null };
    const controlAddress = `${CONTROL_HOST}:${this.#options.portOf(id, null)}`;
    const [specHash, restart, ready] = [node?.spec.specHash ?? '', node?.spec.restart ?? '', phase === 'running'];
    const mark = readMark(this.#directoryOf(id));
    return { id, specHash, restart, phase, ready, address, directoryId, controlAddress, mark, volumeBytes: null };
  }

  #directories(): readonly number[] {
    try {
      return readdirSync(this.#options.directory).flatMap((name) => {
        const match = /^node-(\d+)$/.exec(name);
        return match === null ? [] : [Number(match[1])];
      });
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  async #start(spec: NodeSpec): Promise<void> {
    if (this.#closing) return;
    this.#quorum = spec;
    const old = this.#nodes.get(spec.id);
    const node: Node = {
      spec,
      process: null,
      phase: 'starting',
      address: null,
      directoryId: null,
      deaths: 0,
      everReady: old?.everReady ?? false,
      readyAtMs: 0,
      timer: null,
      starting: null,
    };
    this.#nodes.set(spec.id, node);
    node.starting = this.#launch(node);
    try {
      await node.starting;
    } catch (error) {
      node.phase = 'stopped';
      throw asOperatorError(error);
    } finally {
      node.starting = null;
    }
  }

  async #launch(node: Node): Promise<void> {
    const { spec } = node;
    const directory = this.#directoryOf(spec.id);
    const joins = spec.roles.includes('broker') && this.#formation.read()?.formed === true && !existsSync(directory);
    mkdirSync(directory, { recursive: true });
    if (joins) writeMark(directory, 'joining');
    await this.#awaitPredecessor(spec.id, directory);
    await this.#checkPortsFree(spec);
    if (this.#closing || node.phase === 'stopping') return;
    const file = join(directory, 'broker.properties');
    this.#checkDataPresent(spec.id, existsSync(file));
    writeFileSync(file, this.#render(spec));
    const args = ['broker', '--config', file, '--exit-with-parent', '--pid-file', join(directory, 'pid')];
    const output = new OutputFile(join(directory, 'output.jsonl'));
    node.phase = 'starting';
    node.process = new NodeProcess([...this.#options.command, ...args], output, {
      ready: (listeners) => {
        this.#ready(node, listeners);
      },
      exited: (exit) => {
        rmSync(join(directory, 'pid'), { force: true });
        this.#exited(node, exit, output.path);
      },
    });
  }

  async #checkPortsFree({ id, listeners }: NodeSpec): Promise<void> {
    const { clusterName: cluster, bind, portOf } = this.#options;
    for (const listener of [...listeners.map((one) => one.name), null]) {
      const host = listener === null ? CONTROL_HOST : bind;
      await checkPortFree(host, portOf(id, listener), describePort({ cluster, node: id, listener }));
    }
  }

  /**
   * A formed cluster none of whose voters has data any more has lost it: starting anew would hide that (V11). While one
   * has, an empty disk is a new disk; that of a node which ran before is told of, since what it held is gone.
   */
  #checkDataPresent(id: number, ranBefore: boolean): void {
    const { voters } = this.#quorum;
    if (this.#formation.read()?.formed !== true) return;
    if (voters.some((one) => existsSync(this.#dataDirectory(one)))) {
      if (ranBefore && !existsSync(this.#dataDirectory(id)))
        this.#options.notice(
          `node ${id} of cluster ${this.#options.clusterName} has lost its data: it starts with an empty disk`,
        );
      return;
    }
    const message = `cluster ${this.#options.clusterName} has data, but ${this.#dataDirectory(voters[0] ?? id)} is gone: restore it, or delete ${this.#options.directory} to begin anew`;
    throw new OperatorError('QUORUM_LOST', `node ${id}: ${message}`, { fatal: true });
  }

  #directoryOf(id: number): string {
    return join(this.#options.directory, `node-${id}`);
  }

  #dataDirectory(id: number): string {
    return join(this.#directoryOf(id), 'data');
  }

  /** An earlier broker whose owner was killed needs a moment to notice; it must be gone before the next one starts. */
  async #awaitPredecessor(id: number, directory: string): Promise<void> {
    const deadline = performance.now() + PREDECESSOR_WAIT_MS;
    for (;;) {
      const pid = readPid(join(directory, 'pid'));
      if (pid === null || pid === process.pid || !isBrokerOf(pid, join(directory, 'pid'))) return;
      if (performance.now() > deadline) {
        const message = `an earlier broker of node ${id} still runs as process ${pid}; stop it first`;
        throw new OperatorError('NODE_RUNNING', message, { fatal: true });
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  #ready(node: Node, listeners: Readonly<Record<string, string>>): void {
    const first = node.spec.listeners[0]?.name ?? '';
    // Kafka's listener names are upper case; brokers print them so.
    const address = listeners[first.toUpperCase()] ?? listeners[first] ?? null;
    node.address = address === null ? null : dialable(address);
    node.directoryId = readDirectoryId(join(this.#dataDirectory(node.spec.id), 'meta.properties'));
    node.everReady = true;
    node.readyAtMs = performance.now();
    if (node.phase === 'starting') node.phase = 'running';
    this.#formation.markFormed();
    this.#options.changed();
  }

  #exited(node: Node, exit: NodeExit, outputPath: string): void {
    node.process = null;
    node.address = null;
    if (node.phase === 'stopping' || this.#closing) {
      node.phase = 'stopped';
      return;
    }
    const ranWell = exit.wasReady && performance.now() - node.readyAtMs > WELL_AFTER_MS;
    node.deaths = ranWell ? 1 : node.deaths + 1;
    const name = `node ${node.spec.id} of cluster ${this.#options.clusterName}`;
    if (!node.everReady && node.deaths >= FIRST_DEATHS_MAX) {
      node.phase = 'stopped';
      this.#failure = new OperatorError(
        'NODE_FAILED',
        `${name} does not start: ${exit.reason}\nits output is in ${outputPath}`,
        { fatal: true },
      );
      this.#options.changed();
      return;
    }
    const pauseMs = Math.min(RESTART_PAUSE_MAX_MS, RESTART_PAUSE_MS * 2 ** Math.min(node.deaths - 1, 10));
    this.#options.notice(`${name} ended (${exit.reason}); starting it again in ${pauseMs} ms`);
    node.phase = 'waiting';
    node.timer = setTimeout(() => {
      node.timer = null;
      this.#relaunch(node);
    }, pauseMs);
    this.#options.changed();
  }

  #relaunch(node: Node): void {
    node.starting = this.#launch(node);
    node.starting
      .catch((error: unknown) => {
        const reason = messageOf(error);
        this.#exited(node, { wasReady: false, reason }, this.#directoryOf(node.spec.id));
      })
      .finally(() => {
        node.starting = null;
      });
  }

  /** The node's settings file. What the operator owns comes last and cannot be overridden (validation refused it). */
  #render(spec: NodeSpec): string {
    const { bind, portOf } = this.#options;
    const addresses = (host: string): string =>
      spec.listeners
        .map(({ name }) => `${name}://${host.includes(':') ? `[${host}]` : host}:${portOf(spec.id, name)}`)
        .join(',');
    const settings = new Map(spec.settings);
    settings.set('process.roles', spec.roles.join(','));
    const controllers = this.#quorum.controllers.map((id) => `${id}@${CONTROL_HOST}:${portOf(id, null)}`);
    settings.set('controller.quorum.voters', controllers.join(','));
    settings.set('weir.grpc.host', CONTROL_HOST);
    settings.set('weir.grpc.port', String(portOf(spec.id, null)));
    settings.set('weir.formation.file', this.#formation.path);
    settings.set('node.id', String(spec.id));
    if (spec.listeners.length > 0) {
      settings.set('listeners', addresses(bind));
      if (bind === '0.0.0.0' || bind === '::') settings.set('advertised.listeners', addresses(hostname()));
    }
    settings.set('log.dirs', this.#dataDirectory(spec.id));
    settings.set('weir.cluster.id', this.#formation.read()?.clusterId ?? '');
    const lines = [...settings].map(([name, value]) => `${name}=${value}\n`);
    return `# Written by weir local from the manifests at every start; edits are lost.\n${lines.join('')}`;
  }
}

/** The id of a node's disk as its `meta.properties` has it, null when it does not say. */
function readDirectoryId(path: string): string | null {
  try {
    return /^directory\.id=(\S+)$/m.exec(readFileSync(path, 'utf8'))?.[1] ?? null;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function readPid(path: string): number | null {
  try {
    const pid = Number(readFileSync(path, 'utf8').trim());
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Whether the process is the broker that holds this pid file: after a reboot the same id may be anybody's. */
function isBrokerOf(pid: number, pidFile: string): boolean {
  if (!isProcessAlive(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(pidFile);
  } catch {
    // Where the system does not tell, a living process is taken for the broker.
    return true;
  }
}

/** An address that can be dialed: a listener on every address is reached on loopback. */
function dialable(address: string): string {
  return address.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[?::\]?:/, '[::1]:');
}

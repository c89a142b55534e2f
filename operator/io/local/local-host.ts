import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Formation } from '../../../broker/core/config/formation.ts';
import type { HostObservation, NodeObservation } from '../../core/observed.ts';
import type { NodeSpec } from '../../core/steps.ts';
import type { NodeHost } from '../../ports/node-host.ts';
import { asOperatorError, codeOf, messageOf, OperatorError } from '../../ports/operator-error.ts';
import { FormationFile } from './formation-file.ts';
import { type NodeExit, NodeProcess } from './node-process.ts';
import { OutputFile } from './output-file.ts';
import { isProcessAlive } from './owner-lock.ts';
import { checkPortFree } from './ports.ts';

/** What a local host works with. */
export interface LocalHostOptions {
  readonly clusterName: string;
  /** `<data>/<cluster>`. */
  readonly directory: string;
  /** The program that runs `broker --config FILE` when these arguments are added. */
  readonly command: readonly string[];
  /** Address to listen on. */
  readonly bind: string;
  /** Port of a listener on a node. */
  readonly portOf: (node: number, listener: string) => number;
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

/** Nodes as child processes of this one, with their data below one directory. Restarts what dies, as a kubelet would. */
export class LocalHost implements NodeHost {
  readonly #options: LocalHostOptions;
  readonly #formation: FormationFile;
  readonly #nodes = new Map<number, Node>();
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

  async grow(_id: number, _bytes: number): Promise<void> {
    throw new OperatorError('UNSUPPORTED', 'nodes on this machine have no volume of their own to grow', {
      fatal: true,
    });
  }

  /** Stops every node, all at the same time. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#nodes.keys()].map((id) => this.remove(id)));
  }

  #observeNode(id: number): NodeObservation {
    const node = this.#nodes.get(id);
    if (node === undefined)
      return { id, specHash: '', phase: 'stopped', ready: false, address: null, volumeBytes: null };
    const { phase, address } = node;
    return { id, specHash: node.spec.specHash, phase, ready: phase === 'running', address, volumeBytes: null };
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
    const old = this.#nodes.get(spec.id);
    const node: Node = {
      spec,
      process: null,
      phase: 'starting',
      address: null,
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
    const directory = join(this.#options.directory, `node-${spec.id}`);
    mkdirSync(directory, { recursive: true });
    await this.#awaitPredecessor(spec.id, directory);
    for (const listener of spec.listeners) {
      const what = `listener ${listener.name} of node ${spec.id} of cluster ${this.#options.clusterName}`;
      await checkPortFree(this.#options.bind, this.#options.portOf(spec.id, listener.name), what);
    }
    if (this.#closing || node.phase === 'stopping') return;
    this.#checkDataPresent(spec.id, join(directory, 'data'));
    const file = join(directory, 'broker.properties');
    writeFileSync(file, this.#render(spec, join(directory, 'data')));
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

  /** A formed cluster whose only disk is empty has lost its data: starting anew would hide that (V11). */
  #checkDataPresent(id: number, dataDirectory: string): void {
    if (this.#formation.read()?.formed !== true || existsSync(dataDirectory)) return;
    const message = `cluster ${this.#options.clusterName} has data, but ${dataDirectory} is gone: restore it, or delete ${this.#options.directory} to begin anew`;
    throw new OperatorError('QUORUM_LOST', `node ${id}: ${message}`, { fatal: true });
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
        this.#exited(node, { wasReady: false, reason }, join(this.#options.directory, `node-${node.spec.id}`));
      })
      .finally(() => {
        node.starting = null;
      });
  }

  /** The node's settings file. What the operator owns comes last and cannot be overridden (validation refused it). */
  #render(spec: NodeSpec, dataDirectory: string): string {
    const { bind } = this.#options;
    const addresses = (host: string): string =>
      spec.listeners
        .map(
          ({ name }) => `${name}://${host.includes(':') ? `[${host}]` : host}:${this.#options.portOf(spec.id, name)}`,
        )
        .join(',');
    const settings = new Map(spec.settings);
    settings.set('node.id', String(spec.id));
    settings.set('process.roles', 'broker,controller');
    settings.set('listeners', addresses(bind));
    if (bind === '0.0.0.0' || bind === '::') settings.set('advertised.listeners', addresses(hostname()));
    settings.set('log.dirs', dataDirectory);
    settings.set('weir.cluster.id', this.#formation.read()?.clusterId ?? '');
    const lines = [...settings].map(([name, value]) => `${name}=${value}\n`);
    return `# Written by weir local from the manifests at every start; edits are lost.\n${lines.join('')}`;
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

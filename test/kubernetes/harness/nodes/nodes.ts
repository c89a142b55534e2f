import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../../../setup/cache.ts';
import { kubernetesProgram, nodePlugins } from '../../../setup/kubernetes.ts';
import { mustRun } from '../../../setup/run.ts';
import { Child, type ChildOptions } from '../../../wire/harness/child.ts';
import { waitFor } from '../../../wire/harness/wait.ts';
import { ControlPlane } from '../control-plane.ts';
import { packImage } from './archive.ts';
import { groupPrefix, Machine } from './machine.ts';
import { lostNetworks, NodeNetwork, removeNetwork } from './network.ts';
import { killGroups, killShims, removeGroups, removeSockets, sweep, unmountBelow } from './processes.ts';
import { Provisioner } from './provisioner.ts';

const PREFIX = 'weir-nodes-';
/** The image that holds the network of a pod: it waits. */
export const PAUSE = 'localhost/pause:1';
const READY_MS = 120_000;
const DOMAIN = 'cluster.local';
/** With the names of services, and with nobody else's view of files disturbed. */
const WITH_NAMES = 'mount --bind "$1" /etc/resolv.conf; shift; exec "$@"';

/**
 * A Kubernetes with real nodes: kubelets, containerd, a network of pods with services and names, and volumes on the disks of nodes, in a
 * network of its own. Needs root; a process has one at a time. `stop` leaves nothing behind, and what a killed process left is removed
 * before the next one begins.
 */
export class Nodes {
  readonly plane: ControlPlane;
  readonly machines: readonly Machine[];
  readonly network: NodeNetwork;
  readonly #directory: string;
  readonly #provisioner: Provisioner;
  #dns: Child | null = null;
  #programs = 0;
  #ended: Promise<void> | null = null;

  private constructor(directory: string, network: NodeNetwork, plane: ControlPlane, machines: readonly Machine[]) {
    this.#directory = directory;
    this.network = network;
    this.plane = plane;
    this.machines = machines;
    this.#provisioner = new Provisioner(plane, (node) => this.machine(node).disk);
  }

  /** Starts one and waits until all nodes are ready. */
  static async start(count = 3): Promise<Nodes> {
    const plugins = await nodePlugins();
    for (const pid of await lostOnes()) await removeAll(pid);
    const directory = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
    const nodes = await Nodes.#make(directory, plugins, count).catch(async (error: unknown) => {
      await removeAll(process.pid);
      throw error;
    });
    try {
      await nodes.#begin();
      return nodes;
    } catch (error) {
      const told = nodes.describe();
      await nodes.stop();
      throw new Error(`${String(error)}\n${told}`, { cause: error });
    }
  }

  static async #make(directory: string, plugins: string, count: number): Promise<Nodes> {
    const network = await NodeNetwork.create(count);
    const control = join(directory, 'control');
    await mkdir(control);
    const enter = network.enter.bind(network);
    const plane = await ControlPlane.startFor({ directory: control, address: network.address, enter });
    const pause = await pauseImage(directory);
    const site = { directory, network, plane, plugins, pause };
    const machines = Array.from({ length: count }, (_, index) => new Machine(site, index + 1));
    return new Nodes(directory, network, plane, machines);
  }

  /** Whether it was told to end. */
  get hasEnded(): boolean {
    return this.#ended !== null;
  }

  /** A node by its name, `node-1` being the first one. */
  machine(name: string): Machine {
    const found = this.machines.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  }

  /** A node is gone from one moment to the next: nobody hears of its pods, and what it had not synced is lost. */
  async cutPower(name: string): Promise<void> {
    await this.machine(name).cutPower();
  }

  /** It is switched on again, and ready. */
  async restorePower(name: string): Promise<void> {
    await this.machine(name).start();
    await this.#ready(name);
  }

  /** Every node takes in the images of an archive. */
  async load(archive: string): Promise<void> {
    for (const machine of this.machines) await machine.load(archive);
  }

  /** Every node gets an image of this name that fails, whatever it is told to do. */
  async loadBroken(reference: string): Promise<void> {
    const archive = join(this.#directory, 'broken.tar');
    await packImage({ reference, root: join(this.#directory, 'pause'), entrypoint: ['/pause'], archive });
    await this.load(archive);
  }

  /** The volumes that are on disks. */
  async volumes(): Promise<readonly string[]> {
    return (await Promise.all(this.machines.map(async ({ disk }) => readdir(disk))))
      .flat()
      .filter((name) => name !== 'lost+found');
  }

  /** Runs a program beside the pods of the first node: it knows the names of services, and reaches what pods reach. */
  async beside(
    command: string,
    args: readonly string[],
    options: Pick<ChildOptions, 'env' | 'onLine'> = {},
  ): Promise<Child> {
    this.#programs += 1;
    const script = ['-ec', WITH_NAMES, 'sh', await this.#resolvConf(), command, ...args];
    const program = this.machine('node-1').enter('unshare', ['--mount', '--propagation', 'slave', 'sh', ...script]);
    return new Child({ ...program, logFile: join(this.#directory, `program-${this.#programs}.log`), ...options });
  }

  /** What everything here said last. */
  describe(): string {
    const machines = this.machines.map((machine) => machine.describe());
    return [...machines, this.#dns?.tail() ?? '', this.#provisioner.describe()].join('\n');
  }

  /** Ends everything and removes it. */
  async stop(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    await this.#provisioner.stop();
    for (const machine of this.machines) await machine.remove();
    await this.#dns?.kill();
    await this.plane.stop();
    await removeAll(process.pid);
  }

  async #begin(): Promise<void> {
    await this.#startNames();
    this.#provisioner.start();
    await Promise.all(this.machines.map(async (machine) => machine.start()));
    for (const { name } of this.machines) await this.#ready(name);
  }

  async #ready(name: string): Promise<void> {
    const wait = ['wait', '--for=condition=Ready', `node/${name}`, '--timeout=5s'];
    await waitFor(`${name} is ready`, async () => this.plane.kubectl(...wait), { deadlineMs: READY_MS });
  }

  async #startNames(): Promise<void> {
    const file = join(this.#directory, 'Corefile');
    const lines = [
      `bind ${this.network.centre}`,
      'errors',
      `kubernetes ${DOMAIN} in-addr.arpa {\nkubeconfig ${this.plane.kubeconfig}\npods insecure\nttl 30\n}`,
      'cache 30',
    ];
    await writeFile(file, `.:53 {\n${lines.join('\n')}\n}\n`);
    const program = this.network.enter(await kubernetesProgram('dns'), ['-conf', file]);
    this.#dns = new Child({ ...program, logFile: join(this.#directory, 'dns.log') });
  }

  async #resolvConf(): Promise<string> {
    const path = join(this.#directory, 'resolv.conf');
    await writeFile(path, `nameserver ${this.network.centre}\nsearch svc.${DOMAIN} ${DOMAIN}\noptions ndots:5\n`);
    return path;
  }
}

async function pauseImage(directory: string): Promise<{ readonly archive: string; readonly reference: string }> {
  const root = join(directory, 'pause');
  const archive = `${root}.tar`;
  await mkdir(root);
  await mustRun('cp', [await kubernetesProgram('pause'), join(root, 'pause')]);
  await packImage({ reference: PAUSE, root, entrypoint: ['/pause'], archive });
  return { archive, reference: PAUSE };
}

/** The directories of a process in which such a Kubernetes is, or was. */
async function directoriesOf(pid: number): Promise<readonly string[]> {
  const names = await readdir(tmpdir());
  return names.filter((name) => name.startsWith(`${PREFIX}${pid}-`)).map((name) => join(tmpdir(), name));
}

/** Processes that were killed before they could tidy up. */
async function lostOnes(): Promise<readonly number[]> {
  const names = await readdir(tmpdir());
  const owners = names.flatMap((name) => Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1] ?? process.pid));
  return [...new Set([...owners.filter((pid) => pid !== process.pid && !isAlive(pid)), ...(await lostNetworks())])];
}

/** Removes everything that a process made here: whatever runs of it ends. */
async function removeAll(pid: number): Promise<void> {
  await killGroups(groupPrefix(pid));
  for (const directory of await directoriesOf(pid)) {
    await killShims(directory);
    await removeSockets(directory);
    await unmountBelow(directory);
    await sweep(directory);
  }
  await removeGroups(groupPrefix(pid));
  await removeNetwork(pid);
  for (const directory of await directoriesOf(pid)) await mustRun('rm', ['-rf', '--one-file-system', directory]);
}

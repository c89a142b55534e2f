import { isAlive } from '../../../setup/cache.ts';
import { mustRun, run } from '../../../setup/run.ts';
import { mortal, type Program } from '../mortal.ts';

const SPACE = 'weir-nodes-';
/** Names of interfaces have 15 characters at most. */
const LINK = 'weirn';
const SWITCH = 'switch';
const UPLINK = 'eth0';
const NODES = '10.240.0';
const CENTRE = 254;
const PODS = '10.244';
/** The addresses of all pods. */
export const POD_RANGE = `${PODS}.0.0/16`;
const OUTSIDE = '10.250.0';
/** Forwards between pods and others; on the bridge of a node's pods services are reached as well. */
const FORWARD = 'echo 1 >/proc/sys/net/ipv4/ip_forward';
const BRIDGED = `${FORWARD}
[ -e /proc/sys/net/bridge ] || modprobe br_netfilter
echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables`;

/**
 * The networks of nodes and their pods, in which addresses mean nothing elsewhere; needs root. Each node has one of its own, with those of
 * its pods behind it. All are on one switch, where the control plane is; beside it is one that reaches nodes alone, for clients from
 * outside. They lead to nobody but this machine, which reaches one address at the switch. There is one for a process at a time.
 */
export class NodeNetwork {
  /** Of this machine's network alone: the control plane's. */
  readonly address = `${subnetOf(process.pid)}.${lastByteOf(process.pid) + 2}`;
  /** The control plane's address for nodes and pods. */
  readonly centre = nodeAddress(CENTRE);
  readonly #space = spaceOf(process.pid);

  private constructor() {}

  /** Makes it, with so many nodes. */
  static async create(count: number): Promise<NodeNetwork> {
    const network = new NodeNetwork();
    await network.#make();
    for (let index = 1; index <= count; index += 1) await network.#addNode(index);
    await network.#addOutside();
    return network;
  }

  /** The address of a node; the first one is 1. */
  nodeAddress(index: number): string {
    return nodeAddress(index);
  }

  /** The addresses of a node's pods. */
  podRange(index: number): string {
    return `${PODS}.${index}.0/24`;
  }

  /** A program as it is run beside the control plane. */
  enter(program: string, args: readonly string[]): Program {
    return inSpace(this.#space, program, args);
  }

  /** A program as it is run on a node, beside its pods. */
  enterNode(index: number, program: string, args: readonly string[]): Program {
    return inSpace(nodeSpace(index), program, args);
  }

  /** A program as it is run where there is a way to nodes, and none to pods or services. */
  enterOutside(program: string, args: readonly string[]): Program {
    return inSpace(`${this.#space}-outside`, program, args);
  }

  /** Nobody hears of a node and its pods any more, not even that they have ended, or does again. */
  async setHeard(index: number, isHeard: boolean): Promise<void> {
    await mustRun('ip', ['-n', this.#space, 'link', 'set', port(index), isHeard ? 'up' : 'down']);
  }

  async #make(): Promise<void> {
    const [space, link] = [this.#space, `${LINK}${process.pid}`];
    const first = lastByteOf(process.pid) + 1;
    await addSpace(space, FORWARD);
    await mustRun('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'machine', 'netns', space]);
    await mustRun('ip', ['addr', 'add', `${subnetOf(process.pid)}.${first}/30`, 'dev', link]);
    await mustRun('ip', ['link', 'set', link, 'up']);
    await batch(space, [
      `addr add ${this.address}/30 dev machine`,
      'link set machine up',
      // Else it would take another one with each node, and those before would ask for the old one.
      `link add ${SWITCH} address 02:00:00:00:00:01 type bridge`,
      `addr add ${this.centre}/24 dev ${SWITCH}`,
      `link set ${SWITCH} up`,
    ]);
  }

  async #addNode(index: number): Promise<void> {
    const own = nodeSpace(index);
    await addSpace(own, BRIDGED);
    await batch(this.#space, [
      `link add ${port(index)} type veth peer name ${UPLINK} netns ${own}`,
      `link set ${port(index)} master ${SWITCH} up`,
      `route add ${this.podRange(index)} via ${nodeAddress(index)}`,
    ]);
    // What is for pods of other nodes goes by the control plane's table.
    await batch(own, [
      `addr add ${nodeAddress(index)}/24 dev ${UPLINK}`,
      `link set ${UPLINK} up`,
      `route add default via ${this.centre}`,
    ]);
  }

  async #addOutside(): Promise<void> {
    const own = `${this.#space}-outside`;
    await addSpace(own, 'true');
    await batch(this.#space, [
      `link add outside type veth peer name ${UPLINK} netns ${own}`,
      `addr add ${OUTSIDE}.1/30 dev outside`,
      'link set outside up',
    ]);
    await batch(own, [
      `addr add ${OUTSIDE}.2/30 dev ${UPLINK}`,
      `link set ${UPLINK} up`,
      `route add ${NODES}.0/24 via ${OUTSIDE}.1`,
    ]);
  }
}

const nodeAddress = (index: number): string => `${NODES}.${index}`;
const port = (index: number): string => `port${index}`;
const spaceOf = (pid: number): string => `${SPACE}${pid}`;
const nodeSpace = (index: number): string => `${spaceOf(process.pid)}-node${index}`;

/** One in 16,384 networks of four addresses. */
const subnetOf = (pid: number): string => `10.232.${(pid >> 6) % 256}`;
const lastByteOf = (pid: number): number => (pid % 64) * 4;

function inSpace(space: string, program: string, args: readonly string[]): Program {
  return mortal('nsenter', [`--net=/run/netns/${space}`, '--', program, ...args]);
}

async function addSpace(space: string, script: string): Promise<void> {
  await mustRun('ip', ['netns', 'add', space]);
  await mustRun('ip', ['-n', space, 'link', 'set', 'lo', 'up']);
  const { command, args } = inSpace(space, 'sh', ['-ec', script]);
  await mustRun(command, args);
}

async function batch(space: string, lines: readonly string[]): Promise<void> {
  for (const line of lines) await mustRun('ip', ['-n', space, ...line.split(' ')]);
}

/** Takes the networks of a process away; whoever is in them must be dead. */
export async function removeNetwork(pid: number): Promise<void> {
  for (const [name, owner] of await spaces()) if (owner === pid) await mustRun('ip', ['netns', 'delete', name]);
  await run('ip', ['link', 'delete', `${LINK}${pid}`]);
}

/** Processes that are gone and have left a network behind. */
export async function lostNetworks(): Promise<readonly number[]> {
  return (await spaces()).map(([, owner]) => owner).filter((pid) => !isAlive(pid));
}

/** All networks of this kind, with the process that made each. */
async function spaces(): Promise<readonly (readonly [name: string, pid: number])[]> {
  const listed = await mustRun('ip', ['netns', 'list']);
  return [...listed.matchAll(new RegExp(`^(${SPACE}(\\d+)\\S*)`, 'gm'))].map(([, name = '', pid]) => [
    name,
    Number(pid),
  ]);
}

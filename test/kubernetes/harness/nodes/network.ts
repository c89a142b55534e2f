import { exists, isAlive } from '../../../setup/cache.ts';
import { mustRun, run } from '../../../setup/run.ts';
import { mortal, type Program } from '../mortal.ts';

const SPACE = 'weir-nodes-';
/** Names of interfaces have 15 characters at most. */
const LINK = 'weirn';
const NODE = 'node0';
const NODES = '10.240.0';
const TABLE = ['inet', 'weir'] as const;
/** Forwards between pods, on whose one bridge services are reached as well. */
const FORWARD = `
echo 1 >/proc/sys/net/ipv4/ip_forward
[ -e /proc/sys/net/bridge ] || modprobe br_netfilter
echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables`;

/**
 * The network of nodes and their pods, in which addresses mean nothing elsewhere; needs root. It leads to nobody but this machine, which
 * reaches one address in it. There is one for a process at a time.
 */
export class NodeNetwork {
  /** Of this machine's network alone: the control plane's. */
  readonly address = `${subnetOf(process.pid)}.${lastByteOf(process.pid) + 2}`;
  readonly #space = spaceOf(process.pid);

  private constructor() {}

  static async create(): Promise<NodeNetwork> {
    const network = new NodeNetwork();
    await network.#make();
    return network;
  }

  /** The address of a node; the first one is 1. */
  nodeAddress(index: number): string {
    return `${NODES}.${index}`;
  }

  /** A program as it is run in it. */
  enter(program: string, args: readonly string[]): Program {
    return mortal('nsenter', [`--net=/run/netns/${this.#space}`, '--', program, ...args]);
  }

  /** Two pods hear nothing of each other from now on. */
  async cut(one: string, other: string): Promise<void> {
    await this.#drop('forward', 'ip', 'saddr', one, 'ip', 'daddr', other);
    await this.#drop('forward', 'ip', 'saddr', other, 'ip', 'daddr', one);
  }

  /** Nobody hears of these pods any more, not even that they have ended. */
  async silence(pods: readonly string[]): Promise<void> {
    const set = `{ ${pods.join(', ')} }`;
    for (const hook of ['input', 'forward', 'output'])
      for (const side of ['saddr', 'daddr']) await this.#drop(hook, 'ip', side, set);
  }

  async #drop(hook: string, ...match: readonly string[]): Promise<void> {
    await this.#in('nft', 'add', 'table', ...TABLE);
    await this.#in('nft', 'add', 'chain', ...TABLE, hook, `{ type filter hook ${hook} priority -10; }`);
    await this.#in('nft', 'add', 'rule', ...TABLE, hook, ...match, 'drop');
  }

  /** Everybody hears everybody again. */
  async heal(): Promise<void> {
    await this.#in('nft', 'add', 'table', ...TABLE);
    await this.#in('nft', 'delete', 'table', ...TABLE);
  }

  async #in(program: string, ...args: readonly string[]): Promise<void> {
    const entered = this.enter(program, args);
    await mustRun(entered.command, entered.args);
  }

  async #make(): Promise<void> {
    const [space, link] = [this.#space, `${LINK}${process.pid}`];
    const first = lastByteOf(process.pid) + 1;
    await mustRun('ip', ['netns', 'add', space]);
    await mustRun('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'outside', 'netns', space]);
    await mustRun('ip', ['addr', 'add', `${subnetOf(process.pid)}.${first}/30`, 'dev', link]);
    await mustRun('ip', ['link', 'set', link, 'up']);
    const inside = async (...args: readonly string[]): Promise<unknown> => mustRun('ip', ['-n', space, ...args]);
    await inside('link', 'set', 'lo', 'up');
    await inside('addr', 'add', `${this.address}/30`, 'dev', 'outside');
    await inside('link', 'set', 'outside', 'up');
    // Addresses of services are on no device: a route that leads nowhere lets them come as far as to where they are replaced.
    await inside('link', 'add', NODE, 'type', 'veth', 'peer', 'name', 'nowhere');
    await inside('addr', 'add', `${NODES}.1/24`, 'dev', NODE);
    for (const device of ['nowhere', NODE]) await inside('link', 'set', device, 'up');
    await inside('route', 'add', 'default', 'dev', NODE);
    await this.#in('sh', '-ec', FORWARD);
  }

  /** Gives a node its address. */
  async addNode(index: number): Promise<void> {
    await this.#in('ip', 'addr', 'replace', `${this.nodeAddress(index)}/24`, 'dev', NODE);
  }
}

const spaceOf = (pid: number): string => `${SPACE}${pid}`;

/** One in 16,384 networks of four addresses. */
const subnetOf = (pid: number): string => `10.232.${(pid >> 6) % 256}`;
const lastByteOf = (pid: number): number => (pid % 64) * 4;

/** Takes the network of a process away; whoever is in it must be dead. */
export async function removeNetwork(pid: number): Promise<void> {
  if (await exists(`/run/netns/${spaceOf(pid)}`)) await mustRun('ip', ['netns', 'delete', spaceOf(pid)]);
  await run('ip', ['link', 'delete', `${LINK}${pid}`]);
}

/** Processes that are gone and have left a network behind. */
export async function lostNetworks(): Promise<readonly number[]> {
  const spaces = await mustRun('ip', ['netns', 'list']);
  const owners = [...spaces.matchAll(new RegExp(`^${SPACE}(\\d+)`, 'gm'))].map(([, pid]) => Number(pid));
  return owners.filter((pid) => !isAlive(pid));
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { aptInstall } from '../setup/apt.ts';
import { isAlive } from '../setup/cache.ts';

const run = promisify(execFile);
const TABLE = ['inet', 'weir'] as const;
/** Names of interfaces have 15 characters at most. */
const BRIDGE = 'weirb';
const SPACE = 'weir-net-';

/**
 * Hosts of their own, as network namespaces on one bridge to which this process belongs as well; needs root. What one host
 * sends another can be dropped, one way or both, without a trace for either. Nobody is cut off from this process.
 */
export class Network {
  readonly #subnet: string;
  readonly #hosts: number;

  private constructor(hosts: number) {
    this.#hosts = hosts;
    this.#subnet = `10.231.${process.pid % 256}`;
  }

  /** Makes it. Leftovers of test processes that are gone are removed first. */
  static async create(hosts: number): Promise<Network> {
    await run('nft', ['--version']).catch(() => aptInstall('networks to cut', ['nftables', 'iproute2']));
    await removeLeftovers();
    const network = new Network(hosts);
    await network.#make();
    return network;
  }

  /** The address of a host; the first one is 0. */
  addressOf(host: number): string {
    return `${this.#subnet}.${host + 1}`;
  }

  /** What stands before a command so that it runs on a host. */
  prefixOf(host: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.#spaceOf(host)];
  }

  /** Whatever `from` sends `to` is lost from now on. */
  async drop(from: number, to: number): Promise<void> {
    await this.#nft(to, 'add', 'rule', ...TABLE, 'in', 'ip', 'saddr', this.addressOf(from), 'drop');
  }

  /** Two hosts hear nothing of each other from now on. */
  async cut(one: number, other: number): Promise<void> {
    await this.drop(one, other);
    await this.drop(other, one);
  }

  /** A host is gone for everybody, this process too, as if its cable were pulled. */
  async vanish(host: number): Promise<void> {
    await run('ip', ['link', 'set', outsideOf(host), 'down']);
  }

  /** Everybody hears everybody again. */
  async heal(): Promise<void> {
    for (let host = 0; host < this.#hosts; host += 1) {
      await this.#nft(host, 'flush', 'chain', ...TABLE, 'in');
      await run('ip', ['link', 'set', outsideOf(host), 'up']);
    }
  }

  /** Removes everything; whoever runs on its hosts must be dead. */
  remove(): Promise<void> {
    return remove(process.pid);
  }

  async #make(): Promise<void> {
    const bridge = bridgeOf(process.pid);
    await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
    await run('ip', ['link', 'set', bridge, 'up']);
    await run('ip', ['addr', 'add', `${this.#subnet}.254/24`, 'dev', bridge]);
    for (let host = 0; host < this.#hosts; host += 1) {
      const [space, outside] = [this.#spaceOf(host), outsideOf(host)];
      await run('ip', ['netns', 'add', space]);
      await run('ip', ['link', 'add', outside, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space]);
      await run('ip', ['link', 'set', outside, 'master', bridge, 'up']);
      await run('ip', ['-n', space, 'addr', 'add', `${this.addressOf(host)}/24`, 'dev', 'eth0']);
      for (const device of ['lo', 'eth0']) await run('ip', ['-n', space, 'link', 'set', device, 'up']);
      await this.#nft(host, 'add', 'table', ...TABLE);
      await this.#nft(host, 'add', 'chain', ...TABLE, 'in', '{ type filter hook input priority 0; }');
    }
  }

  async #nft(host: number, ...args: readonly string[]): Promise<void> {
    const [program = '', ...rest] = this.prefixOf(host);
    await run(program, [...rest, 'nft', ...args]);
  }

  #spaceOf(host: number): string {
    return `${SPACE}${process.pid}-${host}`;
  }
}

/** This process's end of the cable of a host. */
const outsideOf = (host: number): string => `weir${host}v${process.pid}`;

const bridgeOf = (pid: number): string => `${BRIDGE}${pid}`;

/** Cables go first: a namespace that is deleted takes its own with it some time later, and the next one may have its name. */
async function remove(pid: number): Promise<void> {
  const { stdout: links } = await run('ip', ['-brief', 'link']);
  for (const [name] of links.matchAll(new RegExp(`^weir\\d+v${pid}(?=[@ ])`, 'gm')))
    await run('ip', ['link', 'delete', name]);
  const { stdout: spaces } = await run('ip', ['netns', 'list']);
  for (const line of spaces.split('\n')) {
    const [name = ''] = line.split(' ');
    if (name.startsWith(`${SPACE}${pid}-`)) await run('ip', ['netns', 'delete', name]);
  }
  await run('ip', ['link', 'delete', bridgeOf(pid)]).catch(() => undefined);
}

async function removeLeftovers(): Promise<void> {
  const { stdout: spaces } = await run('ip', ['netns', 'list']);
  const { stdout: links } = await run('ip', ['-brief', 'link']);
  const owners = `${spaces}\n${links}`.matchAll(new RegExp(`^(?:${SPACE}|${BRIDGE})(\\d+)`, 'gm'));
  for (const pid of new Set([...owners].map((match) => Number(match[1])))) if (!isAlive(pid)) await remove(pid);
}

import { lookup as askSystem, Resolver } from 'node:dns';
import { readFile } from 'node:fs/promises';
import { isIP, isIPv6, type LookupFunction } from 'node:net';

/** How long one server is asked about one name, and how often. */
const QUERY = { timeout: 1000, tries: 2 } as const;
/** How long the system's files are taken to be as they were read, ms. */
const FILES_MS = 5000;
const LOOPBACK: readonly string[] = ['127.0.0.1', '::1'];

/** What names are resolved with; by default what the system has. */
export interface NamesOptions {
  readonly hostsFile?: string;
  readonly configFile?: string;
  /** Servers as ADDRESS:PORT; absent: those of the system. */
  readonly servers?: readonly string[];
}

interface Files {
  readonly readMs: number;
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  readonly search: readonly string[];
  /** Dots that a name has at least that is asked for as it is, first. */
  readonly ndots: number;
}

/**
 * Addresses of names, by c-ares: the system's own function keeps a thread of the pool busy for as long as a name server is
 * silent, and syncs wait for these threads (B6). The hosts file and the search list count as they do there. Where they don't
 * say everything (macOS), the system is asked last.
 */
export class Names {
  readonly #resolver = new Resolver(QUERY);
  readonly #hostsFile: string;
  readonly #configFile: string;
  readonly #asksSystem: boolean;
  #files: Files | null = null;

  constructor({ hostsFile = '/etc/hosts', configFile = '/etc/resolv.conf', servers }: NamesOptions = {}) {
    this.#hostsFile = hostsFile;
    this.#configFile = configFile;
    this.#asksSystem = process.platform !== 'linux' && servers === undefined;
    if (servers !== undefined) this.#resolver.setServers(servers);
  }

  /** At least one address, those of IPv4 first; fails with ENOTFOUND, or the code of a name server that does not answer. */
  async resolve(host: string): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [host];
    const { hosts, search, ndots } = await this.#read();
    const name = host.toLowerCase();
    const known = hosts.get(name) ?? (name === 'localhost' ? LOOPBACK : undefined);
    if (known !== undefined) return known;
    const others = name.endsWith('.') ? [] : search.map((domain) => `${name}.${domain}`);
    const asIs = name.split('.').length > ndots;
    let failure: NodeJS.ErrnoException | null = null;
    for (const candidate of asIs ? [name, ...others] : [...others, name]) {
      const found = await Promise.all([this.#query(candidate, 'A'), this.#query(candidate, 'AAAA')]);
      const addresses = found.flatMap((one) => (Array.isArray(one) ? one : []));
      if (addresses.length > 0) return addresses;
      failure =
        found.find(
          (one): one is NodeJS.ErrnoException => !Array.isArray(one) && !isAbsent(one as NodeJS.ErrnoException),
        ) ?? failure;
    }
    if (this.#asksSystem) return systemsAddresses(host);
    throw failure ?? Object.assign(new Error(`no name server knows ${host}`), { code: 'ENOTFOUND' });
  }

  /** For `createConnection`. */
  readonly lookup: LookupFunction = (host, options, answer) => {
    this.resolve(host).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
        const [first] = found;
        if (options.all === true) answer(null, found);
        else answer(null, first?.address ?? '', first?.family);
      },
      (error: NodeJS.ErrnoException) => answer(error, []),
    );
  };

  #query(name: string, type: 'A' | 'AAAA'): Promise<readonly string[] | Error> {
    return new Promise((resolve) => {
      const done = (error: Error | null, addresses: readonly string[]): void => resolve(error ?? addresses);
      if (type === 'A') this.#resolver.resolve4(name, done);
      else this.#resolver.resolve6(name, done);
    });
  }

  async #read(): Promise<Files> {
    const nowMs = performance.now();
    if (this.#files !== null && nowMs < this.#files.readMs + FILES_MS) return this.#files;
    const [hosts, config] = await Promise.all([this.#hostsFile, this.#configFile].map(linesOf));
    const found = new Map<string, string[]>();
    for (const [address = '', ...names] of hosts ?? []) {
      if (isIP(address) === 0) continue;
      for (const name of names) found.set(name.toLowerCase(), [...(found.get(name.toLowerCase()) ?? []), address]);
    }
    const search = config?.findLast(([word]) => word === 'search' || word === 'domain')?.slice(1) ?? [];
    const options = config?.filter(([word]) => word === 'options').flat() ?? [];
    const ndots = Number(options.findLast((word) => word.startsWith('ndots:'))?.slice('ndots:'.length) ?? 1);
    this.#files = { readMs: nowMs, hosts: found, search, ndots };
    return this.#files;
  }
}

/** A server that knows of no such name, or of no address of it. */
function isAbsent({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ENOTFOUND' || code === 'ENODATA';
}

/** Words of a file, line by line, without comments; none when it can't be read. */
async function linesOf(path: string): Promise<readonly (readonly string[])[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').map((line) => (line.split(/[#;]/)[0] ?? '').split(/\s+/).filter((word) => word !== ''));
}

function systemsAddresses(host: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    askSystem(host, { all: true }, (error, found) => {
      if (error === null) resolve(found.map(({ address }) => address));
      else reject(error);
    });
  });
}

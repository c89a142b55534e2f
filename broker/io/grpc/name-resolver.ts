import { isIP } from 'node:net';
import { type ChannelOptions, experimental, status } from '@grpc/grpc-js';
import type { ControlAddress } from '../../ports/control-net.ts';
import type { Names } from '../net/names.ts';
import { textOf } from './status.ts';

const SCHEME = 'weir';
const NAMES = 'weir.names';
/** Pause between two questions about one name, ms. */
const AGAIN_MS = 1000;

type Target = Parameters<typeof experimental.uriToString>[0];

/** What gRPC connects to an address with, so that it asks `names` about it and not the system (B6). */
export function targetOf(
  { host, port }: ControlAddress,
  names: Names,
): { readonly target: string; readonly options: ChannelOptions } {
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  // An address is nothing to ask about.
  return isIP(host) === 0
    ? { target: `${SCHEME}:${target}`, options: { [NAMES]: names } }
    : { target: `dns:${target}`, options: {} };
}

/** gRPC's view of `Names`: asked again whenever a connection breaks, but once a second at most. */
class NameResolver implements experimental.Resolver {
  readonly #listener: experimental.ResolverListener;
  readonly #names: Names;
  readonly #address: experimental.HostPort;
  #timer: NodeJS.Timeout | null = null;
  #isWanted = false;
  /** Changes when what is under way counts no more. */
  #life = 0;

  constructor(target: Target, listener: experimental.ResolverListener, options: ChannelOptions) {
    this.#listener = listener;
    // `targetOf` put it there.
    this.#names = options[NAMES] as Names;
    this.#address = experimental.splitHostPort(target.path) ?? { host: target.path };
  }

  static getDefaultAuthority({ path }: Target): string {
    return path;
  }

  updateResolution(): void {
    this.#isWanted = true;
    if (this.#timer === null) this.#resolve();
  }

  destroy(): void {
    this.#life += 1;
    this.#isWanted = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #resolve(): void {
    this.#isWanted = false;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#isWanted) this.#resolve();
    }, AGAIN_MS);
    this.#timer.unref();
    const life = this.#life;
    const tell = (found: Parameters<experimental.ResolverListener>[0]): void => {
      if (life === this.#life) this.#listener(found, {}, null, '');
    };
    const { host, port = 0 } = this.#address;
    this.#names.resolve(host).then(
      (addresses) =>
        tell(experimental.statusOrFromValue(addresses.map((one) => ({ addresses: [{ host: one, port }] })))),
      (error: unknown) =>
        tell(experimental.statusOrFromError({ code: status.UNAVAILABLE, details: `${host}: ${textOf(error)}` })),
    );
  }
}

experimental.registerResolver(SCHEME, NameResolver);

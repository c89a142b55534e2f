import type { Net, NetConnection, NetHandlers } from '../../broker/ports/net.ts';
import type { World } from './world.ts';

/** Longest one-way delay of bytes, virtual ms. */
const LATENCY_MAX_MS = 2;
/** Bytes that one event carries at most: so frames arrive in pieces. */
const PIECE_MAX = 4096;

interface Listener {
  readonly host: SimHost;
  readonly accept: (connection: NetConnection) => NetHandlers | null;
}

/** One end of a simulated connection. */
class End implements NetConnection {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort: number;
  handlers: NetHandlers | null = null;
  peer: End | null = null;
  readonly #world: World;
  readonly #host: SimHost;
  #arrival = 0;
  #inTransit = 0;
  #closed = false;
  #paused = false;
  #held: Uint8Array[] = [];

  constructor(world: World, host: SimHost, remotePort: number) {
    this.#world = world;
    this.#host = host;
    this.remotePort = remotePort;
  }

  write(chunks: readonly Uint8Array[]): void {
    if (this.#closed) return;
    const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const bytes = new Uint8Array(total);
    let at = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    for (let start = 0; start < total; ) {
      const size = Math.min(total - start, 1 + this.#world.prng.below(PIECE_MAX));
      this.#send(bytes.subarray(start, start + size));
      start += size;
    }
  }

  unsentBytes(): number {
    return this.#inTransit;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    const held = this.#held;
    this.#held = [];
    for (const bytes of held) this.#world.schedule(0, () => this.#deliver(bytes));
  }

  close(options: { readonly flush: boolean }): void {
    if (this.#closed) return;
    this.#closed = true;
    const { peer } = this;
    const delay = options.flush ? Math.max(0, this.#arrival - this.#world.nowMs) : 0;
    this.#world.schedule(delay + this.#latency(), () => peer?.gone(''));
    this.#host.forget(this);
  }

  /** The other side is gone. */
  gone(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#host.forget(this);
    this.handlers?.onClose(reason);
  }

  /** The process of this end died. */
  die(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { peer } = this;
    this.#world.schedule(this.#latency(), () => peer?.gone('ECONNRESET'));
  }

  #latency(): number {
    return 0.05 + (this.#world.prng.below(1000) / 1000) * LATENCY_MAX_MS;
  }

  /** Bytes of one direction never overtake each other. */
  #send(bytes: Uint8Array): void {
    this.#arrival = Math.max(this.#arrival, this.#world.nowMs + this.#latency());
    this.#inTransit += bytes.length;
    this.#world.schedule(this.#arrival - this.#world.nowMs, () => {
      this.#inTransit -= bytes.length;
      this.peer?.receive(bytes);
      if (this.#inTransit === 0 && !this.#closed) this.handlers?.onDrain();
    });
  }

  receive(bytes: Uint8Array): void {
    if (this.#paused || this.#held.length > 0) this.#held.push(bytes);
    else this.#deliver(bytes);
  }

  #deliver(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (this.#paused) this.#held.unshift(bytes);
    else this.handlers?.onData(bytes);
  }
}

/** The network of one simulated process: when it dies, its connections are reset and its ports are free. */
export class SimHost implements Net {
  readonly #world: World;
  readonly #ports: Map<number, Listener>;
  readonly #ends = new Set<End>();
  #dead = false;

  constructor(world: World, ports: Map<number, Listener>) {
    this.#world = world;
    this.#ports = ports;
  }

  listen(
    address: { readonly host: string; readonly port: number },
    accept: (connection: NetConnection) => NetHandlers | null,
    done: Parameters<Net['listen']>[2],
  ): void {
    let { port } = address;
    while (port === 0 || (address.port === 0 && this.#ports.has(port))) port = 1024 + this.#world.prng.below(60_000);
    this.#later(() => {
      if (this.#ports.has(port)) {
        done({ code: 'EADDRINUSE', message: `port ${port} is taken` }, null);
        return;
      }
      this.#ports.set(port, { host: this, accept });
      done(null, { port, close: () => this.#ports.delete(port) });
    });
  }

  dial(
    address: { readonly host: string; readonly port: number; readonly timeoutMs: number },
    handlers: NetHandlers,
    done: Parameters<Net['dial']>[2],
  ): void {
    this.#world.schedule(0.1 + this.#world.prng.below(1000) / 1000, () => {
      if (this.#dead) return;
      const listener = this.#ports.get(address.port);
      if (listener === undefined) {
        done({ code: 'ECONNREFUSED', message: `nobody listens on ${address.port}` }, null);
        return;
      }
      const near = new End(this.#world, this, address.port);
      const far = new End(this.#world, listener.host, 0);
      near.peer = far;
      far.peer = near;
      near.handlers = handlers;
      this.#ends.add(near);
      listener.host.#ends.add(far);
      far.handlers = listener.accept(far);
      done(null, near);
      if (far.handlers === null) far.close({ flush: false });
    });
  }

  forget(end: End): void {
    this.#ends.delete(end);
  }

  /** The process dies: nothing of it runs any more. */
  die(): void {
    this.#dead = true;
    for (const [port, listener] of this.#ports) if (listener.host === this) this.#ports.delete(port);
    for (const end of this.#ends) end.die();
    this.#ends.clear();
  }

  #later(callback: () => void): void {
    this.#world.schedule(0, () => {
      if (!this.#dead) callback();
    });
  }
}

/** All hosts of a world share one space of ports. */
export class SimNetwork {
  readonly #world: World;
  readonly #ports = new Map<number, Listener>();

  constructor(world: World) {
    this.#world = world;
  }

  host(): SimHost {
    return new SimHost(this.#world, this.#ports);
  }
}

import { Buffer } from 'node:buffer';
import type { Net, NetConnection, NetHandlers } from '../../broker/ports/net.ts';
import type { World } from './world.ts';

/** Longest one-way delay of bytes, virtual ms. */
const LATENCY_MAX_MS = 2;
/** Pause before bytes are sent again that could not get through, ms. */
const RESEND_MS = 100;
/** Bytes that one event carries at most: so frames arrive in pieces. */
const PIECE_MAX = 4096;

interface Listener {
  readonly host: SimHost;
  readonly accept: (connection: NetConnection) => NetHandlers | null;
}

/** Bytes on their way, and where they were taken from: nobody may change those meanwhile. */
interface Piece {
  readonly bytes: Uint8Array;
  readonly source: Uint8Array;
}

/** Whether what leaves one machine gets to another. */
type Reaches = (from: string, to: string) => boolean;

/** Reads along what one connection carries, as it is handed over at its ends. */
export interface Eavesdropper {
  /** Bytes of who dialed, and of who was dialed. */
  sent(bytes: Uint8Array): void;
  answered(bytes: Uint8Array): void;
}

/** One end of a simulated connection. */
class End implements NetConnection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  handlers: NetHandlers | null = null;
  peer: End | null = null;
  /** Is told of what is written here. */
  onWrite: (bytes: Uint8Array) => void = () => undefined;
  readonly #world: World;
  readonly #host: SimHost;
  readonly #reaches: Reaches;
  readonly #to: string;
  #arrival = 0;
  /** Bytes that could not get through, in order. */
  #held: Piece[] = [];
  #inTransit = 0;
  #closed = false;
  #paused = false;
  #received: Uint8Array[] = [];

  constructor(world: World, host: SimHost, remote: { readonly host: string; readonly port: number }, reaches: Reaches) {
    this.#world = world;
    this.#host = host;
    this.#reaches = reaches;
    this.#to = remote.host;
    this.remoteAddress = remote.host;
    this.remotePort = remote.port;
  }

  write(chunks: readonly Uint8Array[]): void {
    if (this.#closed) return;
    for (const chunk of chunks) {
      this.onWrite(chunk);
      for (let start = 0; start < chunk.length; ) {
        const size = Math.min(chunk.length - start, 1 + this.#world.prng.below(PIECE_MAX));
        const source = chunk.subarray(start, start + size);
        this.#send({ bytes: source.slice(), source });
        start += size;
      }
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
    this.#world.schedule(0, () => this.#deliver());
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
    this.#host.whenAwake(() => {
      if (this.#closed) return;
      this.#closed = true;
      this.#host.forget(this);
      this.handlers?.onClose(reason);
    });
  }

  /** The process of this end died. */
  die(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { peer } = this;
    this.#world.schedule(this.#latency(), () => peer?.gone('ECONNRESET'));
  }

  /** The connection is reset by something between: this end knows at once, the other one a little later. */
  reset(): void {
    if (this.#closed) return;
    const { peer } = this;
    this.#world.schedule(this.#latency(), () => peer?.gone('ECONNRESET'));
    this.gone('ECONNRESET');
  }

  #latency(): number {
    return 0.05 + (this.#world.prng.below(1000) / 1000) * LATENCY_MAX_MS;
  }

  /** Bytes of one direction never overtake each other. */
  #send(piece: Piece): void {
    this.#arrival = Math.max(this.#arrival, this.#world.nowMs + this.#latency());
    this.#inTransit += piece.bytes.length;
    this.#world.schedule(this.#arrival - this.#world.nowMs, () => {
      if (Buffer.compare(piece.bytes, piece.source) !== 0)
        throw new Error('bug: bytes handed to write changed before they left');
      this.#held.push(piece);
      if (this.#held.length === 1) this.#deliverHeld();
    });
  }

  #deliverHeld(): void {
    if (!this.#reaches(this.#host.address, this.#to)) {
      this.#world.schedule(RESEND_MS, () => this.#deliverHeld());
      return;
    }
    for (const { bytes } of this.#held.splice(0)) {
      this.#inTransit -= bytes.length;
      this.peer?.receive(bytes);
    }
    this.#host.whenAwake(() => {
      if (this.#inTransit === 0 && !this.#closed) this.handlers?.onDrain();
    });
  }

  receive(bytes: Uint8Array): void {
    this.#received.push(bytes);
    this.#host.whenAwake(() => this.#deliver());
  }

  /** Hands over what arrived. A view is good only during the call, so afterwards it holds something else. */
  #deliver(): void {
    while (!this.#closed && !this.#paused) {
      const bytes = this.#received.shift();
      if (bytes === undefined) return;
      this.#world.mix(bytes);
      this.handlers?.onData(bytes);
    }
  }
}

/** The network of one simulated process: when it dies, its connections are reset and its ports are free. */
export class SimHost implements Net {
  readonly address: string;
  readonly #world: World;
  /** By `host:port`. */
  readonly #ports: Map<string, Listener>;
  readonly #reaches: Reaches;
  readonly #listenIn: SimNetwork['listenIn'];
  readonly #ends = new Set<End>();
  #dead = false;
  #asleepUntilMs = 0;
  /** What came for it while it stood still. */
  readonly #asleep: (() => void)[] = [];
  #isWaking = false;

  constructor(world: World, ports: Map<string, Listener>, address: string, network: SimNetwork) {
    this.#world = world;
    this.#ports = ports;
    this.#reaches = (from, to) => network.reaches(from, to);
    this.#listenIn = (from, to) => network.listenIn(from, to);
    this.address = address;
  }

  /** Nothing of it runs any more. */
  get isDead(): boolean {
    return this.#dead;
  }

  listen(
    address: { readonly host: string; readonly port: number },
    accept: (connection: NetConnection) => NetHandlers | null,
    done: Parameters<Net['listen']>[2],
  ): void {
    let { port } = address;
    const face = (): string => `${address.host}:${port}`;
    while (port === 0 || (address.port === 0 && this.#ports.has(face()))) port = 1024 + this.#world.prng.below(60_000);
    this.#later(() => {
      if (this.#ports.has(face())) {
        done({ code: 'EADDRINUSE', message: `port ${port} is taken` }, null);
        return;
      }
      this.#ports.set(face(), { host: this, accept });
      done(null, { port, close: () => this.#ports.delete(face()) });
    });
  }

  dial(
    address: { readonly host: string; readonly port: number; readonly timeoutMs: number },
    handlers: NetHandlers,
    done: Parameters<Net['dial']>[2],
  ): void {
    const isThere = this.#reaches(this.address, address.host) && this.#reaches(address.host, this.address);
    const tripMs = isThere ? 0.1 + this.#world.prng.below(1000) / 1000 : address.timeoutMs;
    this.#world.schedule(tripMs, () => {
      if (this.#dead) return;
      if (!isThere) {
        done({ code: 'ETIMEDOUT', message: `${address.host} does not answer` }, null);
        return;
      }
      const listener = this.#ports.get(`${address.host}:${address.port}`);
      if (listener === undefined) {
        done({ code: 'ECONNREFUSED', message: `nobody listens on ${address.port}` }, null);
        return;
      }
      const near = new End(this.#world, this, address, this.#reaches);
      const far = new End(this.#world, listener.host, { host: this.address, port: 0 }, this.#reaches);
      near.peer = far;
      far.peer = near;
      near.handlers = handlers;
      const ear = this.#listenIn(this.address, address.host);
      if (ear !== null) {
        near.onWrite = (bytes) => ear.sent(bytes);
        far.onWrite = (bytes) => ear.answered(bytes);
      }
      this.#ends.add(near);
      listener.host.#ends.add(far);
      // The system takes the connection; the process hears of it when it runs.
      listener.host.whenAwake(() => {
        if (listener.host.#dead) return;
        far.handlers = listener.accept(far);
        if (far.handlers === null) far.close({ flush: false });
      });
      done(null, near);
    });
  }

  get isAsleep(): boolean {
    return this.#asleepUntilMs > this.#world.nowMs;
  }

  /** The process stands still until then (SIGSTOP): what comes for it waits, in order. */
  sleepUntil(timeMs: number): void {
    this.#asleepUntilMs = Math.max(this.#asleepUntilMs, timeMs);
  }

  /** Runs something of this process: now, or when it goes on. */
  whenAwake(run: () => void): void {
    const pauseMs = this.#asleepUntilMs - this.#world.nowMs;
    if (this.#isWaking || (pauseMs <= 0 && this.#asleep.length === 0)) {
      run();
      return;
    }
    this.#asleep.push(run);
    if (this.#asleep.length === 1) this.#world.schedule(pauseMs, () => this.#wake());
  }

  #wake(): void {
    const pauseMs = this.#asleepUntilMs - this.#world.nowMs;
    if (pauseMs > 0) {
      this.#world.schedule(pauseMs, () => this.#wake());
      return;
    }
    this.#isWaking = true;
    for (const run of this.#asleep.splice(0)) run();
    this.#isWaking = false;
  }

  forget(end: End): void {
    this.#ends.delete(end);
  }

  /** Resets every connection of this process; it lives on. */
  cut(): void {
    for (const end of [...this.#ends]) end.reset();
  }

  /** The process dies: nothing of it runs any more. */
  die(): void {
    this.#dead = true;
    for (const [face, listener] of this.#ports) if (listener.host === this) this.#ports.delete(face);
    for (const end of this.#ends) end.die();
    this.#ends.clear();
  }

  #later(callback: () => void): void {
    this.#world.schedule(0, () => {
      if (!this.#dead) callback();
    });
  }
}

/** The network that clients and brokers of a world share. */
export class SimNetwork {
  readonly #world: World;
  readonly #ports = new Map<string, Listener>();
  /** Whether what leaves one machine gets to another: everything, unless somebody cuts. */
  reaches: Reaches = () => true;
  /** Who reads along on a connection that one machine has made to another: nobody, unless somebody wants to. */
  listenIn: (from: string, to: string) => Eavesdropper | null = () => null;

  constructor(world: World) {
    this.#world = world;
  }

  /** A new process on the machine of an address. */
  host(address = '127.0.0.1'): SimHost {
    return new SimHost(this.#world, this.#ports, address, this);
  }

  /** Whether anybody listens on a port of the machine that worlds of one node have. */
  listens(port: number): boolean {
    return this.#ports.has(`127.0.0.1:${port}`);
  }
}

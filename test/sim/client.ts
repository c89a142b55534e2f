import { drive, type Driver } from '../../broker/cli/client/drive.ts';
import type { ClientMachine } from '../../broker/core/client/machine.ts';
import type { Net, NetConnection } from '../../broker/ports/net.ts';
import { simCompression } from './compression.ts';
import type { SimHost, SimNetwork } from './net.ts';
import { WireReader } from './wire-reader.ts';
import type { World } from './world.ts';

/** What whoever runs a client is told. */
export interface SimClientListener<Event> {
  /** For readers of the trace. */
  readonly name: string;
  readonly onEvent: (event: Event) => void;
  /** A connection to an address ended, whoever ended it; before the machine knows. */
  readonly onDisconnect?: (address: string) => void;
}

/**
 * Runs one client machine (the same code and driver as `weir put` and `weir take`) as a process of its own in a
 * simulated world.
 */
export class SimClient<Command extends { readonly kind: string }, Event extends { readonly kind: string }> {
  readonly #name: string;
  readonly #world: World;
  readonly #host: SimHost;
  readonly #driver: Driver<Command>;
  /** When a request with an API key last left this client for an address, virtual ms. */
  readonly #sentMs = new Map<string, number>();
  #dead = false;

  constructor(
    world: World,
    network: SimNetwork,
    machine: ClientMachine<Command, Event>,
    listener: SimClientListener<Event>,
  ) {
    this.#name = listener.name;
    this.#world = world;
    this.#host = network.host();
    const ports = {
      net: this.#tapped((address) => {
        if (!this.#dead) listener.onDisconnect?.(address);
      }),
      clock: { monotonicMs: () => world.nowMs, wallMs: () => world.wallMs },
      timers: {
        after: (delayMs: number, callback: () => void) =>
          world.schedule(delayMs, () => {
            if (!this.#dead) callback();
          }),
      },
      compression: simCompression(
        (delayMs, callback) => {
          world.schedule(delayMs, () => {
            if (!this.#dead) callback();
          });
        },
        (bound) => world.prng.below(bound),
      ),
    };
    this.#driver = drive(machine, ports, (event) => {
      if (!this.#dead) listener.onEvent(event);
    });
  }

  get isDead(): boolean {
    return this.#dead;
  }

  /** Hands the machine a command. A dead process takes none. */
  send(command: Command): void {
    if (!this.#dead) this.#driver.send(command);
  }

  /** When a request of this API was last sent to an address; −1 when never. */
  lastSentMs(apiKey: number, address: string): number {
    return this.#sentMs.get(`${address} ${apiKey}`) ?? -1;
  }

  /** Its connections are reset; it goes on. */
  cut(): void {
    this.#host.cut();
  }

  /** The process dies: its connections are reset. */
  die(): void {
    this.#dead = true;
    this.#host.die();
  }

  describe(): string {
    return this.#driver.describe();
  }

  /** The host's network, with requests and ends of connections noted. */
  #tapped(onDisconnect: (address: string) => void): Net {
    const host = this.#host;
    return {
      listen: (address, accept, done) => host.listen(address, accept, done),
      dial: (address, handlers, done) => {
        const reader = this.#world.isWatched ? new WireReader(this.#name, this.#world) : null;
        const tapped = {
          ...handlers,
          onData: (bytes: Uint8Array) => {
            reader?.received(bytes);
            handlers.onData(bytes);
          },
          onClose: (reason: string) => {
            onDisconnect(address.host);
            handlers.onClose(reason);
          },
        };
        host.dial(address, tapped, (failure, connection) => {
          const ended = (): void => onDisconnect(address.host);
          done(failure, connection === null ? null : this.#tap(connection, reader, ended));
        });
      },
    };
  }

  #tap(connection: NetConnection, reader: WireReader | null, onDisconnect: () => void): NetConnection {
    return {
      remoteAddress: connection.remoteAddress,
      remotePort: connection.remotePort,
      write: (chunks) => {
        const [first] = chunks;
        // Size, then the API key: int32, int16.
        if (first !== undefined && first.length >= 6) {
          const apiKey = ((first[4] ?? 0) << 8) | (first[5] ?? 0);
          this.#sentMs.set(`${connection.remoteAddress} ${apiKey}`, this.#world.nowMs);
        }
        reader?.sent(chunks);
        connection.write(chunks);
      },
      unsentBytes: () => connection.unsentBytes(),
      pause: () => connection.pause(),
      resume: () => connection.resume(),
      close: (options) => {
        onDisconnect();
        connection.close(options);
      },
    };
  }
}

import type { Settings } from '../../core/config/settings.ts';
import type { Ports } from '../context.ts';
import type { MetricSource } from '../../ports/metrics.ts';
import type { NetConnection, NetHandlers, NetListener } from '../../ports/net.ts';
import { ClientConnection, type ServeFrame } from './client-connection.ts';

/** A listener as declared: name and address to bind. */
export interface ListenerAddress {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** How long a stopping node waits for answers that are under way, and how often it looks. */
const STOP_WAIT_MS = 1000;
const STOP_POLL_MS = 2;
/** How often idle connections are looked for. */
const IDLE_CHECK_MS = 5000;
/** Warnings about refused or broken connections per second; more are counted and not written. */
const WARNINGS_PER_SECOND = 10;

/**
 * Accepts client connections on all listeners within the node's limits and closes idle ones. Connections that come
 * before the node is ready are held and served afterwards.
 */
export class Acceptor {
  readonly #ports: Ports;
  readonly #settings: Settings;
  readonly #serve: ServeFrame;
  readonly #connections = new Set<ClientConnection>();
  readonly #perAddress = new Map<string, number>();
  readonly #listeners: NetListener[] = [];
  #early: {
    readonly connection: ClientConnection;
    readonly frame: Uint8Array;
    readonly reply: Parameters<ServeFrame>[2];
  }[] = [];
  #open = false;
  #stopped = false;
  #nextId = 1;
  #accepted = 0;
  #refused = 0;
  #protocolErrors = 0;
  #warningSecond = 0;
  #warnings = 0;

  constructor(deps: { readonly ports: Ports; readonly settings: Settings; readonly serve: ServeFrame }) {
    this.#ports = deps.ports;
    this.#settings = deps.settings;
    this.#serve = deps.serve;
    this.#scheduleIdleCheck();
  }

  /** Binds all addresses; `done` gets the bound ports by listener name, or a sentence that names the first that failed. */
  listen(
    addresses: readonly ListenerAddress[],
    done: (failure: string | null, ports: ReadonlyMap<string, number>) => void,
  ): void {
    const bound = new Map<string, number>();
    const next = (at: number): void => {
      const address = addresses[at];
      if (address === undefined) {
        done(null, bound);
        return;
      }
      const accept = (net: NetConnection): NetHandlers | null => this.#accept(address.name, net);
      this.#ports.net.listen({ host: address.host, port: address.port }, accept, (failure, listener) => {
        if (failure !== null || listener === null) {
          done(describeFailure(address, failure), bound);
          return;
        }
        this.#listeners.push(listener);
        bound.set(address.name, listener.port);
        next(at + 1);
      });
    };
    next(0);
  }

  /** From now on requests are served, the held ones first. */
  open(): void {
    this.#open = true;
    const early = this.#early;
    this.#early = [];
    for (const { frame, connection, reply } of early) this.#serve(frame, connection, reply);
  }

  /**
   * Stops accepting, lets what was produced be answered (for at most `STOP_WAIT_MS`), and closes every connection; then
   * `done` is called.
   */
  stop(done: () => void): void {
    this.#stopped = true;
    this.#early = [];
    for (const listener of this.#listeners) listener.close();
    for (const connection of this.#connections) connection.beginStop();
    this.#closeWhenAnswered(this.#ports.clock.monotonicMs() + STOP_WAIT_MS, done);
  }

  #closeWhenAnswered(deadlineMs: number, done: () => void): void {
    const isProducing = [...this.#connections].some((connection) => connection.isProducing);
    if (isProducing && this.#ports.clock.monotonicMs() < deadlineMs) {
      this.#ports.timers.after(STOP_POLL_MS, () => this.#closeWhenAnswered(deadlineMs, done));
      return;
    }
    for (const connection of [...this.#connections]) connection.closeGently();
    done();
  }

  #accept(listener: string, net: NetConnection): NetHandlers | null {
    const fromAddress = this.#perAddress.get(net.remoteAddress) ?? 0;
    const problem = this.#overLimit(fromAddress);
    if (problem !== null) {
      this.#refused += 1;
      this.#warn({ address: net.remoteAddress, listener }, `connection refused: ${problem}`);
      return null;
    }
    this.#accepted += 1;
    this.#perAddress.set(net.remoteAddress, fromAddress + 1);
    const connection = new ClientConnection({
      connectionId: this.#nextId,
      listener,
      net,
      frameSizeMax: this.#settings.broker('socket.request.max.bytes'),
      serve: (frame, from, reply) => {
        if (this.#open) this.#serve(frame, from, reply);
        else this.#early.push({ frame, connection: from, reply });
      },
      now: () => this.#ports.clock.monotonicMs(),
      defer: this.#ports.afterTurn,
      onProtocolError: (from, reason) => {
        this.#protocolErrors += 1;
        this.#warn(
          { address: from.context.address, clientId: from.clientId, listener },
          `connection closed: ${reason}`,
        );
      },
    });
    this.#nextId += 1;
    this.#connections.add(connection);
    connection.context.onClose(() => this.#forget(connection));
    return connection;
  }

  #overLimit(fromAddress: number): string | null {
    if (this.#stopped) return 'the broker is stopping';
    if (this.#connections.size >= this.#settings.broker('max.connections')) return 'max.connections is reached';
    if (fromAddress >= this.#settings.broker('max.connections.per.ip')) return 'max.connections.per.ip is reached';
    return null;
  }

  #forget(connection: ClientConnection): void {
    this.#connections.delete(connection);
    const left = (this.#perAddress.get(connection.context.address) ?? 1) - 1;
    if (left === 0) this.#perAddress.delete(connection.context.address);
    else this.#perAddress.set(connection.context.address, left);
  }

  #scheduleIdleCheck(): void {
    this.#ports.timers.after(IDLE_CHECK_MS, () => {
      if (this.#stopped) return;
      const idleMs = this.#settings.broker('connections.max.idle.ms');
      const before = this.#ports.clock.monotonicMs() - idleMs;
      if (idleMs >= 0) {
        for (const connection of [...this.#connections]) {
          if (connection.pendingRequests === 0 && connection.lastActiveMs < before) connection.close();
        }
      }
      this.#scheduleIdleCheck();
    });
  }

  #warn(fields: Readonly<Record<string, unknown>>, message: string): void {
    const second = Math.floor(this.#ports.clock.monotonicMs() / 1000);
    if (second !== this.#warningSecond) {
      this.#warningSecond = second;
      this.#warnings = 0;
    }
    this.#warnings += 1;
    if (this.#warnings <= WARNINGS_PER_SECOND) this.#ports.log.warn(fields, message);
  }

  /** Connections open, accepted, refused and broken. */
  readonly metrics: MetricSource = (emit) => {
    emit({
      name: 'kafka_server_socket_server_metrics_connection_count',
      help: 'Open client connections',
      type: 'gauge',
      labels: {},
      value: this.#connections.size,
    });
    const counter = (name: string, help: string, value: number): void =>
      emit({ name, help, type: 'counter', labels: {}, value });
    counter('weir_connections_accepted_total', 'Client connections accepted', this.#accepted);
    counter('weir_connections_refused_total', 'Client connections refused because a limit was reached', this.#refused);
    counter(
      'weir_connections_broken_total',
      'Client connections closed because of malformed requests',
      this.#protocolErrors,
    );
  };
}

function describeFailure(
  address: ListenerAddress,
  failure: { readonly code: string; readonly message: string } | null,
): string {
  const where = `listener ${address.name}: ${address.host}:${address.port}`;
  if (failure?.code === 'EADDRINUSE') return `${where} is taken by another process; free it or choose another port`;
  if (failure?.code === 'EACCES') return `${where} may not be bound by this user; choose a port above 1023`;
  if (failure?.code === 'EADDRNOTAVAIL') return `${where} is not an address of this machine`;
  return `${where}: ${failure?.message ?? 'failed'}`;
}

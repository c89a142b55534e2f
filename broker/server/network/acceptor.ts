import type { Settings } from '../../core/config/settings.ts';
import type { TimerHandle } from '../../ports/clock.ts';
import type { MetricSource } from '../../ports/metrics.ts';
import type { NetConnection, NetHandlers, NetListener } from '../../ports/net.ts';
import type { Ports } from '../context.ts';
import { ClientConnection, type ConnectionHost, isProduce, type ServeFrame } from './client-connection.ts';
import { ConnectionLimits } from './connection-limits.ts';
import { LimitLog } from './limit-log.ts';
import { type AnswerMemory, MemoryBudget, PRESSED_STALL_MS } from './memory-budget.ts';
import { type NetworkCounts, networkMetrics } from './network-metrics.ts';
import { WaitingConnection } from './waiting-connection.ts';

/** A listener as declared: name and address to bind. */
export interface ListenerAddress {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** How long a stopping node waits for answers that are under way, and how often it looks. */
const STOP_WAIT_MS = 1000;
const STOP_POLL_MS = 2;
/** A stopping node that others took over from serves on until nobody has produced for so long, and for so long at most. */
const QUIET_MS = 200;
const QUIET_WAIT_MS = 1000;
/** Connections are looked at this often at most and at least, and so often while memory is short. */
const WATCH_MIN_MS = 10;
const WATCH_MAX_MS = 5000;
const WATCH_PRESSED_MS = 100;
/** A time limit is checked this often in its length. */
const LOOKS_PER_LIMIT = 4;

/** What `queued.max.request.bytes` stands for when it is -1: a quarter of the memory, within these bounds. */
const MEMORY_PART = 4;
const BUDGET_BYTES_MIN = 64 * 1024 * 1024;
const BUDGET_BYTES_MAX = 1024 * 1024 * 1024;

/** The budget of a node in bytes, given what `queued.max.request.bytes` says and the memory that the process may use. */
export function budgetBytes(setting: number, memoryBytes: number): number {
  if (setting > 0) return setting;
  return Math.min(BUDGET_BYTES_MAX, Math.max(BUDGET_BYTES_MIN, Math.floor(memoryBytes / MEMORY_PART)));
}

/**
 * Accepts client connections on all listeners within the node's limits, keeps the node's memory budget, and closes who is idle
 * or too slow. Connections that come before the node is ready are held and served afterwards.
 */
export class Acceptor {
  readonly #ports: Ports;
  readonly #settings: Settings;
  readonly #connections = new Set<ClientConnection>();
  readonly #waiting: WaitingConnection[] = [];
  readonly #limits: ConnectionLimits;
  readonly #log: LimitLog;
  readonly #memory: MemoryBudget;
  readonly #host: ConnectionHost;
  readonly #listeners: NetListener[] = [];
  readonly #counts: NetworkCounts = { accepted: 0, refused: new Map(), closed: new Map() };
  #watchTimer: TimerHandle | null = null;
  #watchDueMs = 0;
  #rateTimer: TimerHandle | null = null;
  /** When somebody last produced, monotonic ms. */
  #producedMs = Number.NEGATIVE_INFINITY;
  #open = false;
  #stopped = false;
  #nextId = 1;

  constructor(deps: {
    readonly ports: Ports;
    readonly settings: Settings;
    readonly serve: ServeFrame;
    /** What this process may use, in bytes. */
    readonly memoryBytes: number;
    /** Connections for which the process has descriptors. */
    readonly connectionsMax?: number;
  }) {
    const { ports, settings } = deps;
    this.#ports = ports;
    this.#settings = settings;
    this.#limits = new ConnectionLimits(settings, deps.connectionsMax);
    this.#log = new LimitLog(ports);
    this.#memory = new MemoryBudget({
      limitBytes: budgetBytes(settings.broker('queued.max.request.bytes'), deps.memoryBytes),
      waitingMax: settings.broker('queued.max.requests'),
      defer: ports.afterTurn,
      onShort: (kind) => this.#short(kind),
    });
    this.#host = {
      serve: (frame, from, reply) => {
        if (isProduce(frame)) this.#producedMs = ports.clock.monotonicMs();
        deps.serve(frame, from, reply);
      },
      memory: this.#memory,
      isOpen: () => this.#open,
      now: () => ports.clock.monotonicMs(),
      defer: ports.afterTurn,
      onProtocolError: (from, reason) => {
        this.#closed('protocol');
        this.#write('warn', 'protocol', from, `connection closed: ${reason}`);
      },
      onEvicted: (from) => {
        this.#closed('queued.max.request.bytes');
        const { received, missing } = from.holding;
        const frame = `${received} of a request of ${received + missing} bytes`;
        this.#write(
          'warn',
          'queued.max.request.bytes',
          from,
          `connection closed: ${frame} came, then too little, while queued.max.request.bytes is used up`,
        );
      },
    };
    this.#planWatch(this.#watchIntervalMs());
  }

  /** The budget for answers, for handlers that gather large ones. */
  get answerMemory(): AnswerMemory {
    return this.#memory;
  }

  /** Binds all addresses; `done` gets the bound ports by listener name, or a sentence that names the first that failed. */
  listen(
    addresses: readonly ListenerAddress[],
    done: (failure: string | null, ports: ReadonlyMap<string, number>) => void,
  ): void {
    const bound = new Map<string, number>();
    const backlog = this.#settings.broker('socket.listen.backlog.size');
    const next = (at: number): void => {
      const address = addresses[at];
      if (address === undefined) {
        done(null, bound);
        return;
      }
      const accept = (net: NetConnection): NetHandlers | null => this.#accept(address.name, net);
      this.#ports.net.listen(
        { host: address.host, port: address.port, backlog, listener: address.name },
        accept,
        (failure, listener) => {
          if (failure !== null || listener === null) {
            done(describeFailure(address, failure), bound);
            return;
          }
          this.#listeners.push(listener);
          bound.set(address.name, listener.port);
          next(at + 1);
        },
      );
    };
    next(0);
  }

  /** From now on requests are served, the held ones first. */
  open(): void {
    this.#open = true;
    for (const connection of [...this.#connections]) connection.start();
  }

  /**
   * Serves on until producers have gone to who leads now, as every answer tells them: one that finds its connection closed with a
   * request under way learns nothing from it, and asks for metadata first. `done` comes at once when nobody produced lately.
   */
  letProducersGo(done: () => void): void {
    const { clock, timers } = this.#ports;
    const deadlineMs = clock.monotonicMs() + QUIET_WAIT_MS;
    const look = (): void => {
      const nowMs = clock.monotonicMs();
      const waitMs = Math.min(this.#producedMs + QUIET_MS, deadlineMs) - nowMs;
      if (waitMs > 0) timers.after(waitMs, look);
      else done();
    };
    look();
  }

  /**
   * Stops accepting, lets what was produced be answered (for at most `STOP_WAIT_MS`), and closes every connection; then
   * `done` is called.
   */
  stop(done: () => void): void {
    this.#refuseAll();
    for (const connection of this.#connections) connection.beginStop();
    this.#closeWhenAnswered(this.#ports.clock.monotonicMs() + STOP_WAIT_MS, done);
  }

  /** Closes everything at once; nobody is answered any more. */
  abort(): void {
    this.#refuseAll();
    for (const connection of [...this.#connections]) connection.close();
  }

  #refuseAll(): void {
    this.#stopped = true;
    this.#watchTimer?.cancel();
    this.#rateTimer?.cancel();
    for (const listener of this.#listeners) listener.close();
    for (const { net } of this.#waiting.splice(0)) net.close({ flush: false });
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
    const where = { address: net.remoteAddress, listener };
    if (this.#stopped) {
      this.#refused('stopping');
      this.#log.write('warn', 'stopping', where, 'connection refused: the broker is stopping');
      return null;
    }
    const admission = this.#limits.arrive(net.remoteAddress, this.#ports.clock.monotonicMs());
    switch (admission.kind) {
      case 'refuse':
        this.#refused(admission.setting);
        this.#log.write(
          'warn',
          admission.setting,
          where,
          `connection refused: ${admission.setting} is reached, ${admission.limit}`,
        );
        return null;
      case 'wait':
        this.#log.write('warn', admission.setting, where, `connection has to wait: ${admission.setting} is reached`);
        return this.#hold(listener, net);
      case 'admit':
        return this.#serve(listener, net);
    }
  }

  #serve(listener: string, net: NetConnection): ClientConnection {
    this.#counts.accepted += 1;
    const connection = new ClientConnection({
      connectionId: this.#nextId,
      listener,
      net,
      frameSizeMax: this.#settings.broker('socket.request.max.bytes'),
      host: this.#host,
    });
    this.#nextId += 1;
    this.#connections.add(connection);
    connection.context.onClose(() => {
      this.#connections.delete(connection);
      this.#limits.leave(net.remoteAddress, 'open');
      this.#admitWaiting();
    });
    return connection;
  }

  #hold(listener: string, net: NetConnection): WaitingConnection {
    const waiting = new WaitingConnection(net, listener, () => {
      const at = this.#waiting.indexOf(waiting);
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      this.#limits.leave(net.remoteAddress, 'waiting');
    });
    this.#waiting.push(waiting);
    this.#planRate();
    return waiting;
  }

  #admitWaiting(): void {
    while (!this.#stopped && this.#waiting.length > 0 && this.#limits.admitWaiting(this.#ports.clock.monotonicMs())) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) return;
      waiting.admit(this.#serve(waiting.listener, waiting.net));
    }
    this.#planRate();
  }

  /** Who waits because of the rate comes in by itself. */
  #planRate(): void {
    if (this.#rateTimer !== null || this.#waiting.length === 0 || this.#stopped) return;
    const delayMs = this.#limits.rateDelayMs(this.#ports.clock.monotonicMs());
    if (delayMs === 0) return;
    this.#rateTimer = this.#ports.timers.after(delayMs, () => {
      this.#rateTimer = null;
      this.#admitWaiting();
    });
  }

  #short(kind: 'requests' | 'answers'): void {
    const held = kind === 'requests' ? this.#memory.figures.requestBytes : this.#memory.figures.answerBytes;
    this.#log.write(
      'warn',
      `short of memory for ${kind}`,
      { heldBytes: held, limitBytes: this.#memory.limitBytes },
      kind === 'requests'
        ? 'connections that produce or fetch are not read: queued.max.request.bytes or queued.max.requests is used up'
        : 'fetches have to wait: answers that were not taken use up queued.max.request.bytes',
    );
    if (this.#watchDueMs - this.#ports.clock.monotonicMs() > WATCH_PRESSED_MS) this.#planWatch(WATCH_PRESSED_MS);
  }

  #watchIntervalMs(): number {
    const limits = [
      this.#settings.broker('connections.max.idle.ms'),
      this.#settings.broker('weir.request.receive.timeout.ms'),
      this.#settings.broker('weir.response.send.timeout.ms'),
    ].filter((limitMs) => limitMs >= 0);
    const shortest = Math.floor(Math.min(...limits, WATCH_MAX_MS * LOOKS_PER_LIMIT) / LOOKS_PER_LIMIT);
    const usual = Math.max(WATCH_MIN_MS, shortest);
    return this.#memory.isPressed ? Math.min(usual, WATCH_PRESSED_MS) : usual;
  }

  #planWatch(delayMs: number): void {
    this.#watchTimer?.cancel();
    this.#watchDueMs = this.#ports.clock.monotonicMs() + delayMs;
    this.#watchTimer = this.#ports.timers.after(delayMs, () => {
      if (this.#stopped) return;
      this.#watch(this.#ports.clock.monotonicMs());
      this.#planWatch(this.#watchIntervalMs());
    });
  }

  /** Closes who was idle or slow for too long. */
  #watch(nowMs: number): void {
    const idleMs = this.#settings.broker('connections.max.idle.ms');
    const receiveMs = this.#settings.broker('weir.request.receive.timeout.ms');
    const sendMs = this.#settings.broker('weir.response.send.timeout.ms');
    for (const connection of [...this.#connections]) {
      const late = connection.watch(nowMs);
      const idleSinceMs = connection.idleSinceMs;
      if (late.sendingMs >= sendMs) {
        this.#giveUp(connection, 'weir.response.send.timeout.ms', `it did not take its answers for ${sendMs} ms`);
      } else if (late.untakenMs >= PRESSED_STALL_MS && !this.#memory.mayAnswer()) {
        const reason = `it took nothing of its answers for ${PRESSED_STALL_MS} ms while others need the memory`;
        this.#giveUp(connection, 'queued.max.request.bytes', reason);
      } else if (late.receivingMs >= PRESSED_STALL_MS && this.#memory.isExhausted) {
        const reason = `its request stalled for ${PRESSED_STALL_MS} ms while others need the memory`;
        this.#giveUp(connection, 'queued.max.request.bytes', reason);
      } else if (late.receivingMs >= receiveMs) {
        this.#giveUp(
          connection,
          'weir.request.receive.timeout.ms',
          `its request did not arrive within ${receiveMs} ms`,
        );
      } else if (idleMs >= 0 && idleSinceMs !== null && nowMs - idleSinceMs > idleMs) {
        this.#giveUp(connection, 'connections.max.idle.ms', `it was idle for ${idleMs} ms`);
      }
    }
    this.#memory.tick(nowMs);
  }

  #giveUp(connection: ClientConnection, setting: string, reason: string): void {
    this.#closed(setting);
    const level = setting === 'connections.max.idle.ms' ? 'info' : 'warn';
    this.#write(level, setting, connection, `connection closed: ${reason} (${setting})`);
    connection.close();
  }

  #write(level: 'info' | 'warn', limit: string, from: ClientConnection, message: string): void {
    const { address, listener } = from.context;
    this.#log.write(level, limit, { address, clientId: from.clientId, listener }, message);
  }

  #closed(reason: string): void {
    this.#counts.closed.set(reason, (this.#counts.closed.get(reason) ?? 0) + 1);
  }

  #refused(limit: string): void {
    this.#counts.refused.set(limit, (this.#counts.refused.get(limit) ?? 0) + 1);
  }

  /** Connections by what became of them, and the memory budget. */
  readonly metrics: MetricSource = (emit) => networkMetrics(this.#counts, this.#limits.counts, this.#memory)(emit);
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

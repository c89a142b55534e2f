import type { QueuedCall } from '../../core/client/call.ts';
import { Connection } from '../../core/client/connection.ts';
import type { Address } from '../../core/client/machine.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { Clock, TimerHandle, Timers } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Net, NetConnection } from '../../ports/net.ts';
import type { Random } from '../../ports/random.ts';
import { delayUntil } from '../delay-until.ts';

/** Name of the software by which a broker knows that a broker asks. */
export const BROKER_SOFTWARE = 'weir-broker';

/** What connections to other brokers need of their node. */
export interface PeerPorts {
  readonly net: Net;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
}

/** What all connections to one broker share, over its incarnations; counted since the start of the process. */
export interface PeerStats {
  requests: number;
  failures: number;
  /** When a failure was last logged, monotonic ms; all connections to the broker share it. */
  complainedMs: number;
}

const DIAL_TIMEOUT_MS = 2_000;
const BACKOFF_MIN_MS = 50;
const BACKOFF_MAX_MS = 1_000;
/** Requests that the other broker did not take off the wire; more are refused. */
const UNSENT_BYTES_MAX = 16 * 1024 * 1024;
/** Between two log lines about a broker that can't be reached. */
const COMPLAINT_INTERVAL_MS = 10_000;

/**
 * The one connection to one incarnation of another broker: dialed when there is something to ask, calls pipelined. While
 * it waits before it dials again calls fail at once; who asks tries again by its own rules, so nothing piles up here.
 */
export class Peer {
  readonly address: Address;
  readonly stats: PeerStats;
  readonly #ports: PeerPorts;
  readonly #self: number;
  readonly #node: number;
  readonly #clusterId: string;
  #connection: Connection | null = null;
  #net: NetConnection | null = null;
  #timer: TimerHandle | null = null;
  #failures = 0;
  #notBeforeMs = 0;

  constructor(
    ports: PeerPorts,
    ends: {
      readonly self: number;
      readonly node: number;
      readonly clusterId: string;
      readonly address: Address;
      readonly stats: PeerStats;
    },
  ) {
    this.#ports = ports;
    this.#self = ends.self;
    this.#node = ends.node;
    this.#clusterId = ends.clusterId;
    this.address = ends.address;
    this.stats = ends.stats;
  }

  /** Whether the other broker has answered on the connection that there is. */
  get isConnected(): boolean {
    return this.#connection?.state === 'ready';
  }

  /** Calls that wait or are in flight. */
  get load(): number {
    return this.#connection?.load ?? 0;
  }

  /** Sends a call, now or when the connection is there. */
  call(call: QueuedCall): void {
    this.stats.requests += 1;
    const refuse = (reason: string): void => {
      this.stats.failures += 1;
      call.fail(ErrorCode.BROKER_NOT_AVAILABLE, reason, false);
    };
    const connection = this.#connection ?? this.#dial();
    if (connection === null) refuse('it could not be reached a moment ago');
    else if ((this.#net?.unsentBytes() ?? 0) > UNSENT_BYTES_MAX) refuse('it does not take what was sent');
    else {
      const fail = (code: number, reason: string, sent: boolean): void => {
        this.stats.failures += 1;
        call.fail(code, reason, sent);
      };
      connection.enqueue({ ...call, fail });
      this.#arm();
    }
  }

  /** Ends the connection, for it is not wanted any more; its calls fail. */
  close(reason: string): void {
    if (this.#connection !== null) this.#end(this.#connection, ErrorCode.NETWORK_EXCEPTION, reason);
  }

  /** null while it is too early to try again. */
  #dial(): Connection | null {
    const { net, clock } = this.#ports;
    if (clock.monotonicMs() < this.#notBeforeMs) return null;
    const lost = (reason: string): void => this.#drop(connection, ErrorCode.NETWORK_EXCEPTION, reason);
    const connection = new Connection(0, this.address, {
      clientId: `broker-${this.#self}`,
      introduction: { softwareName: BROKER_SOFTWARE, clusterId: this.#clusterId, nodeId: this.#node },
      send: (_id, chunks) => this.#net?.write(chunks),
      broken: (_connection, reason) => lost(reason),
    });
    this.#connection = connection;
    const handlers = {
      onData: (bytes: Uint8Array) => {
        if (this.#connection !== connection) return;
        connection.received(bytes);
        if (this.isConnected) this.#reached();
      },
      onDrain: () => undefined,
      onClose: (reason: string) => lost(reason === '' ? 'closed by the broker' : reason),
    };
    net.dial({ ...this.address, timeoutMs: DIAL_TIMEOUT_MS, node: this.#node }, handlers, (failure, established) => {
      if (this.#connection !== connection) established?.close({ flush: false });
      else if (established === null) lost(failure?.code ?? 'UNKNOWN');
      else {
        this.#net = established;
        connection.dialed();
      }
    });
    return this.#connection;
  }

  #reached(): void {
    this.#failures = 0;
    if (this.stats.complainedMs === Number.NEGATIVE_INFINITY) return;
    this.stats.complainedMs = Number.NEGATIVE_INFINITY;
    this.#ports.log.info({ broker: this.#node }, 'the other broker answers again');
  }

  #drop(connection: Connection, code: number, reason: string): void {
    if (this.#connection !== connection) return;
    // One that nobody used was closed for being idle.
    if (connection.load > 0 || connection.state !== 'ready') this.#failed(reason);
    this.#end(connection, code, reason);
  }

  #end(connection: Connection, code: number, reason: string): void {
    this.#connection = null;
    this.#timer?.cancel();
    this.#timer = null;
    this.#net?.close({ flush: false });
    this.#net = null;
    connection.fail(code, reason);
  }

  #failed(reason: string): void {
    const { clock, random, log } = this.#ports;
    const nowMs = clock.monotonicMs();
    const pauseMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.min(this.#failures, 10));
    // Half of it by chance, so that not all brokers dial one that comes back in the same moment.
    this.#notBeforeMs = nowMs + pauseMs / 2 + ((random.uint32() % 1024) / 1024) * (pauseMs / 2);
    this.#failures += 1;
    if (nowMs - this.stats.complainedMs < COMPLAINT_INTERVAL_MS) return;
    this.stats.complainedMs = nowMs;
    const { host, port } = this.address;
    log.warn({ broker: this.#node, host, port, reason }, 'another broker can not be reached; it is tried again');
  }

  /** Answers come in order: past one that is overdue nothing can be told apart, so the connection ends. */
  #arm(): void {
    const connection = this.#connection;
    if (this.#timer !== null || connection === null || connection.load === 0) return;
    const delayMs = delayUntil(connection.deadlineMs(), this.#ports.clock.monotonicMs());
    this.#timer = this.#ports.timers.after(delayMs, () => {
      this.#timer = null;
      if (connection.deadlineMs() <= this.#ports.clock.monotonicMs())
        this.#drop(connection, ErrorCode.REQUEST_TIMED_OUT, 'it does not answer');
      else this.#arm();
    });
  }
}

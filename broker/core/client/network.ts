import { assert } from '../base/assert.ts';
import { isDecodeError } from '../codec/decode-error.ts';
import { ErrorCode } from '../protocol/errors.ts';
import { decodeResponse, encodeRequest, type WireKey } from '../protocol/messages.ts';
import type { Call, QueuedCall } from './call.ts';
import { Connection } from './connection.ts';
import type { Address, ClientEffect, ClientInput, ClientOptions } from './machine.ts';
import { Schedule } from './schedule.ts';

/** Which broker a call goes to: any, or a node that metadata named. */
export type Target = 'any' | number;

const REQUEST_TIMEOUT_MS = 30_000;
const DIAL_TIMEOUT_MS = 10_000;
const RETRY_BACKOFF_MS = 50;
const RETRY_BACKOFF_MAX_MS = 1_000;

/** Takes effects; the output array of any machine is one. */
export interface EffectSink {
  push(effect: ClientEffect): unknown;
}

interface Peer {
  readonly address: Address;
  connection: Connection | null;
  /** Failed dials in a row. */
  failures: number;
  notBeforeMs: number;
}

/**
 * The connections of one client: at most one per broker, dialed when needed, with back-off; calls with deadlines. It is
 * a part of each machine: the machine hands every input on with `begin` and `take`, and makes calls in between.
 */
export class Network {
  readonly schedule = new Schedule();
  readonly random: ClientOptions['random'];
  /** `ClientOptions.silenceMs`; Infinity: no silence means anything. */
  readonly silenceMs: number;
  nowMs = 0;
  readonly #options: ClientOptions;
  readonly #peers = new Map<string, Peer>();
  readonly #connections = new Map<number, Connection>();
  #nodes: ReadonlyMap<number, Address> = new Map();
  #out: EffectSink = [];
  #nextConnectionId = 1;
  #nextJobId = 1;
  readonly #jobs = new Map<number, (bytes: Uint8Array | null) => void>();
  /** Calls that wait for the end of a pause between dials. */
  readonly #paused = new Set<QueuedCall>();
  #closed = false;

  constructor(options: ClientOptions) {
    assert(options.bootstrap.length > 0, 'a client needs a broker to ask first');
    this.#options = options;
    this.random = options.random;
    this.silenceMs = options.silenceMs ?? Number.POSITIVE_INFINITY;
  }

  /** Opens a step: what the machine does until the next one has this time and leaves its effects here. */
  begin(nowMs: number, out: EffectSink): void {
    this.nowMs = Math.max(this.nowMs, nowMs);
    this.#out = out;
  }

  /** Handles one of the network's inputs; then everything that is due. */
  take(input: ClientInput): void {
    switch (input.kind) {
      case 'dialed':
        this.#dialed(input.connectionId);
        break;
      case 'dial-failed':
        this.#lost(input.connectionId, ErrorCode.BROKER_NOT_AVAILABLE, input.code);
        break;
      case 'received':
        this.#received(input.connectionId, input.bytes);
        break;
      case 'closed':
        this.#lost(
          input.connectionId,
          ErrorCode.NETWORK_EXCEPTION,
          input.reason === '' ? 'closed by the broker' : input.reason,
        );
        break;
      case 'decompressed': {
        const job = this.#jobs.get(input.jobId);
        this.#jobs.delete(input.jobId);
        job?.(input.bytes);
        break;
      }
      case 'wake':
        break;
    }
    this.runDue();
  }

  /** Runs timers and gives up calls whose time is over. */
  runDue(): void {
    this.schedule.runDue(this.nowMs);
    for (const connection of [...this.#connections.values()]) {
      if (connection.deadlineMs() > this.nowMs) continue;
      this.#drop(connection, ErrorCode.REQUEST_TIMED_OUT, 'no answer in time');
    }
  }

  /** When the machine has to be woken. */
  nextWakeMs(): number {
    let earliest = this.schedule.nextMs();
    for (const connection of this.#connections.values()) earliest = Math.min(earliest, connection.deadlineMs());
    return earliest;
  }

  /** Where the nodes listen, as metadata says; connections to addresses that nobody has any more stay until they idle out. */
  setNodes(nodes: ReadonlyMap<number, Address>): void {
    this.#nodes = nodes;
  }

  /** Sends a request; `done` is called exactly once, maybe before this returns. */
  call<K extends WireKey>(target: Target, call: Call<K>): void {
    const queued = queueCall(
      call,
      this.nowMs + (this.#options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS) + (call.extraTimeMs ?? 0),
    );
    const address = target === 'any' ? this.#anyAddress() : this.#nodes.get(target);
    if (this.#closed || address === undefined) {
      queued.fail(
        ErrorCode.BROKER_NOT_AVAILABLE,
        this.#closed ? 'the client is closed' : `node ${target} is not known`,
        false,
      );
      return;
    }
    const peer = this.#peer(address);
    if (peer.connection === null && peer.notBeforeMs > this.nowMs) {
      this.#paused.add(queued);
      this.schedule.at(peer.notBeforeMs, () => {
        if (this.#paused.delete(queued)) this.#enqueue(peer, queued);
      });
    } else this.#enqueue(peer, queued);
  }

  #enqueue(peer: Peer, call: QueuedCall): void {
    const connection = this.#dial(peer);
    if (connection.load === 0) connection.heardMs = this.nowMs;
    connection.enqueue(call);
  }

  /** Pause before try number `attempt` (0 is the first retry), with jitter of a fifth either way. */
  backoffMs(attempt: number): number {
    const first = this.#options.retryBackoffMs ?? RETRY_BACKOFF_MS;
    const most = this.#options.retryBackoffMaxMs ?? RETRY_BACKOFF_MAX_MS;
    const base = Math.min(most, first * 2 ** Math.min(attempt, 16));
    return Math.max(1, Math.round(base * (0.8 + this.random.below(401) / 1_000)));
  }

  /** Decompresses outside; `done` gets null when that failed. */
  decompress(codec: 1 | 2 | 3 | 4, bytes: Uint8Array, sizeMax: number, done: (bytes: Uint8Array | null) => void): void {
    const jobId = this.#nextJobId;
    this.#nextJobId += 1;
    this.#jobs.set(jobId, done);
    this.#out.push({ kind: 'decompress', jobId, codec, bytes, sizeMax });
  }

  /** Closes every connection; all calls fail, later ones too. */
  close(): void {
    this.#closed = true;
    for (const connection of [...this.#connections.values()]) {
      this.#drop(connection, ErrorCode.NETWORK_EXCEPTION, 'the client is closed');
    }
    const paused = [...this.#paused];
    this.#paused.clear();
    for (const call of paused) call.fail(ErrorCode.NETWORK_EXCEPTION, 'the client is closed', false);
  }

  /** Where metadata says that a node listens. */
  addressOf(node: number): Address | undefined {
    return this.#nodes.get(node);
  }

  /** For how long whoever listens there has owed an answer without a word, ms; 0 when it owes none. */
  silentMs(address: Address): number {
    return this.#silentMs(this.#peer(address));
  }

  /** Closes the connection to an address, if there is one; its calls fail. */
  disconnect(address: Address): void {
    const { connection } = this.#peer(address);
    if (connection !== null) this.#drop(connection, ErrorCode.NETWORK_EXCEPTION, 'closed by the client');
  }

  /** Whether some broker that may be asked does not owe an answer for too long. */
  isAnotherLeft(): boolean {
    return this.#candidates().some((peer) => this.#silentMs(peer) < this.silenceMs);
  }

  #candidates(): readonly Peer[] {
    return [...this.#nodes.values(), ...this.#options.bootstrap].map((address) => this.#peer(address));
  }

  #silentMs({ connection }: Peer): number {
    return connection === null || connection.load === 0 ? 0 : this.nowMs - connection.heardMs;
  }

  /** State of the connections for `describe`. */
  describe(): string {
    const parts = [...this.#connections.values()].map(
      (one) => `${one.address.host}:${one.address.port}=${one.state}/${one.load}`,
    );
    return parts.length === 0 ? 'no connection' : parts.join(' ');
  }

  #peer(address: Address): Peer {
    const name = `${address.host}:${address.port}`;
    let peer = this.#peers.get(name);
    if (peer === undefined) {
      peer = { address, connection: null, failures: 0, notBeforeMs: 0 };
      this.#peers.set(name, peer);
    }
    return peer;
  }

  /**
   * An open connection if there is one, else any broker that is not paused, else the one whose pause ends first; one that owes an answer
   * for too long only when no other is left.
   */
  #anyAddress(): Address | undefined {
    const all = this.#candidates();
    const heard = all.filter((peer) => this.#silentMs(peer) < this.silenceMs);
    const candidates = heard.length > 0 ? heard : all;
    const open = candidates.find((peer) => peer.connection?.state === 'ready');
    if (open !== undefined) return open.address;
    const free = candidates.filter((peer) => peer.notBeforeMs <= this.nowMs);
    if (free.length > 0) return free[this.random.below(free.length)]?.address;
    let best: Peer | undefined;
    for (const peer of candidates) if (best === undefined || peer.notBeforeMs < best.notBeforeMs) best = peer;
    return best?.address;
  }

  #dial(peer: Peer): Connection {
    if (peer.connection !== null) return peer.connection;
    const id = this.#nextConnectionId;
    this.#nextConnectionId += 1;
    const connection = new Connection(id, peer.address, {
      clientId: this.#options.clientId,
      send: (connectionId, chunks) => {
        this.#out.push({ kind: 'send', connectionId, chunks });
      },
      broken: (one, reason) => {
        this.#drop(one, ErrorCode.NETWORK_EXCEPTION, reason);
      },
    });
    peer.connection = connection;
    this.#connections.set(id, connection);
    this.#out.push({ kind: 'dial', connectionId: id, ...peer.address, timeoutMs: DIAL_TIMEOUT_MS });
    return connection;
  }

  #dialed(connectionId: number): void {
    const connection = this.#connections.get(connectionId);
    if (connection === undefined) {
      this.#out.push({ kind: 'close', connectionId });
      return;
    }
    this.#peer(connection.address).failures = 0;
    connection.heardMs = this.nowMs;
    connection.dialed();
  }

  #received(connectionId: number, bytes: Uint8Array): void {
    const connection = this.#connections.get(connectionId);
    if (connection === undefined) return;
    connection.heardMs = this.nowMs;
    connection.received(bytes);
  }

  #drop(connection: Connection, code: number, reason: string): void {
    this.#out.push({ kind: 'close', connectionId: connection.id });
    this.#lost(connection.id, code, reason);
  }

  #lost(connectionId: number, code: number, reason: string): void {
    const connection = this.#connections.get(connectionId);
    if (connection === undefined) return;
    this.#connections.delete(connectionId);
    const peer = this.#peer(connection.address);
    peer.connection = null;
    peer.notBeforeMs = this.nowMs + this.backoffMs(peer.failures);
    peer.failures += 1;
    connection.fail(code, `${connection.address.host}:${connection.address.port}: ${reason}`);
  }
}

/** A call as a connection queues it. */
export function queueCall<K extends WireKey>(call: Call<K>, deadlineMs: number): QueuedCall {
  const { key } = call;
  return {
    key,
    minVersion: call.minVersion ?? 0,
    silent: call.silent ?? false,
    deadlineMs,
    encode: (version, correlationId, clientId) =>
      encodeRequest({ apiKey: key, version, correlationId, clientId }, call.body(version)),
    succeed: (version, frame) => {
      let body;
      try {
        ({ body } = decodeResponse(key, version, frame));
      } catch (error) {
        if (isDecodeError(error)) return false;
        throw error;
      }
      call.done({ ok: true, body, version });
      return true;
    },
    sent: () => {
      call.done({ ok: false, code: ErrorCode.NONE, reason: '', sent: true });
    },
    fail: (code, reason, sent) => {
      call.done({ ok: false, code, reason, sent });
    },
  };
}

import { ApiKey } from '../../core/protocol/apis.ts';
import type { NetConnection, NetHandlers } from '../../ports/net.ts';
import type { ConnectionContext } from '../request-context.ts';
import { FrameAssembler } from './frames.ts';
import { Holding, type MemoryBudget, type MemoryUser } from './memory-budget.ts';
import { Pace } from './pace.ts';

/** Requests of one connection that were received but not answered, and their bytes; past either the socket is not read. */
const PENDING_REQUESTS_MAX = 64;
const PENDING_BYTES_MAX = 8 * 1024 * 1024;
/** Answers that the peer has not taken; past it no further request of the connection is started. */
const UNSENT_BYTES_MAX = 4 * 1024 * 1024;

/** Serves one frame: answers once with the framed response, or null when the request has none. */
export type ServeFrame = (
  frame: Uint8Array,
  connection: ClientConnection,
  reply: (response: readonly Uint8Array[] | null) => void,
) => void;

/** What the owner of connections decides for all of them. */
export interface ConnectionHost {
  readonly serve: ServeFrame;
  readonly memory: MemoryBudget;
  /** Whether requests are served yet; before that they are held. */
  isOpen(): boolean;
  now(): number;
  /** Runs a callback later in the same turn. */
  defer(callback: () => void): void;
  /** The peer broke the protocol; the connection is closed. */
  onProtocolError(connection: ClientConnection, reason: string): void;
  /** The connection is closed because others wait for the memory that its request holds. */
  onEvicted(connection: ClientConnection): void;
}

interface Slot {
  response: readonly Uint8Array[] | null;
  done: boolean;
}

/**
 * One client connection: frames in, answers out in the order of the requests. As in Kafka a request starts when the one
 * before it was answered, except that consecutive requests that store something run together, so that one sync serves
 * them all: Produce, and what leaders of share-partitions write through the connection of their broker.
 */
export class ClientConnection implements NetHandlers, MemoryUser {
  readonly context: ConnectionContext;
  readonly holding = new Holding();
  clientId = '';
  lastActiveMs: number;
  readonly #net: NetConnection;
  readonly #host: ConnectionHost;
  readonly #frames: FrameAssembler;
  readonly #receiving = new Pace();
  readonly #sending = new Pace();
  readonly #waiting: Uint8Array[] = [];
  readonly #slots: Slot[] = [];
  readonly #closeListeners = new Set<() => void>();
  /** Bytes of the requests that are pending. */
  #pendingBytes = 0;
  /** Bytes of the answers that were handed to the network. */
  #writtenBytes = 0;
  #onlyStoresRunning = true;
  #paused = false;
  #starting = false;
  #startDeferred = false;
  #stopping = false;
  #closed = false;

  constructor(options: {
    readonly connectionId: number;
    readonly listener: string;
    readonly net: NetConnection;
    readonly frameSizeMax: number;
    readonly host: ConnectionHost;
  }) {
    this.context = {
      connectionId: options.connectionId,
      principal: 'User:ANONYMOUS',
      listener: options.listener,
      address: options.net.remoteAddress,
      ...(options.net.node === undefined ? {} : { node: options.net.node }),
      onClose: (listener) => this.#whenClosed(listener),
      admitBroker: () => {
        this.holding.isBrokers = true;
      },
      disconnect: (reason) => this.fail(reason),
    };
    this.#net = options.net;
    this.#host = options.host;
    this.#frames = new FrameAssembler(options.frameSizeMax);
    this.lastActiveMs = options.host.now();
  }

  /** Requests received and not yet answered. */
  get pendingRequests(): number {
    return this.#waiting.length + this.#slots.length;
  }

  /** Since when nothing was asked or answered while nothing is under way, monotonic; null when something is. */
  get idleSinceMs(): number | null {
    const isBusy = this.pendingRequests > 0 || this.#paused || this.holding.unsent > 0;
    return isBusy ? null : this.lastActiveMs;
  }

  onClose(): void {
    this.#end();
  }

  onData(bytes: Uint8Array): void {
    if (this.#closed || this.#stopping) return;
    this.lastActiveMs = this.#host.now();
    if (!this.#host.memory.arrived(this, bytes.length)) {
      this.evict();
      return;
    }
    const problem = this.#frames.push(bytes, (frame) => {
      this.#waiting.push(frame);
      this.#pendingBytes += frame.length;
      this.holding.produces = isProduce(frame);
      this.#receiving.restart();
    });
    this.#account();
    this.#start();
    if (problem !== null) {
      this.fail(
        `frame of ${problem.size} bytes is ${problem.kind === 'negative' ? 'negative' : 'over socket.request.max.bytes'}`,
      );
      return;
    }
    this.#regulate();
  }

  onDrain(): void {
    this.#accountUnsent();
    this.#start();
    this.#regulate();
  }

  onRoom(): void {
    this.#start();
    this.#regulate();
  }

  evict(): void {
    if (this.#closed) return;
    this.#host.onEvicted(this);
    this.close();
  }

  /**
   * A look at how the peer keeps up: how long its request has been arriving, and its answers been taken, at less than 64 KiB
   * in that time, and how long none of them was taken at all. In milliseconds; a connection that is not read is not late.
   */
  watch(nowMs: number): { readonly receivingMs: number; readonly sendingMs: number; readonly untakenMs: number } {
    this.#accountUnsent();
    this.#receiving.look(nowMs, this.#frames.isPartial && !this.#paused, this.holding.receivedTotal);
    this.#sending.look(nowMs, this.holding.unsent > 0, this.#writtenBytes - this.holding.unsent);
    return {
      receivingMs: this.#receiving.lateMs(nowMs),
      sendingMs: this.#sending.lateMs(nowMs),
      untakenMs: this.#sending.quietMs(nowMs),
    };
  }

  /** Closes because the peer broke the protocol; the reason is logged by the owner. */
  fail(reason: string): void {
    if (this.#closed) return;
    this.#host.onProtocolError(this, reason);
    this.close();
  }

  /**
   * The node stops: nothing further is started. What a Produce request appended must still be answered, since its sender
   * would send it again: a producer that is not idempotent would store it twice.
   */
  beginStop(): void {
    this.#stopping = true;
    this.#waiting.length = 0;
    this.#net.pause();
  }

  /** Whether the answer to a request that stores something is still to come. */
  get isProducing(): boolean {
    return this.#slots.length > 0 && this.#onlyStoresRunning;
  }

  /** Closes after what is answered was sent. */
  closeGently(): void {
    this.#net.close({ flush: true });
    this.#end();
  }

  /** Closes at once, without sending what is queued. */
  close(): void {
    this.#net.close({ flush: false });
    this.#end();
  }

  /** The node is ready: what was held is started. */
  start(): void {
    this.#start();
    this.#regulate();
  }

  #whenClosed(listener: () => void): () => void {
    if (this.#closed) {
      listener();
      return () => undefined;
    }
    this.#closeListeners.add(listener);
    return () => this.#closeListeners.delete(listener);
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting.length = 0;
    this.#host.memory.forget(this);
    for (const listener of this.#closeListeners) listener();
    this.#closeListeners.clear();
  }

  /** Tells the budget what this connection holds of requests. */
  #account(): void {
    const { memory } = this.#host;
    const { bufferedBytes: bytes, missingBytes: missing, apiKey } = this.#frames;
    if (bytes > 0 || this.holding.received > 0) memory.setReceived(this, { bytes, missing, apiKey });
    memory.setPending(this, this.#pendingBytes, this.#waiting.length);
  }

  #accountUnsent(): void {
    if (!this.#closed) this.#host.memory.setUnsent(this, this.#net.unsentBytes());
  }

  /** Never re-entered: an answer given at once must not deepen the stack by the number of waiting requests. */
  #start(): void {
    if (this.#starting) return;
    this.#starting = true;
    while (!this.#closed && this.#mayStart()) {
      const frame = this.#waiting.shift();
      if (frame === undefined) break;
      this.#onlyStoresRunning = stores(frame);
      const slot: Slot = { response: null, done: false };
      this.#slots.push(slot);
      this.#host.memory.setPending(this, this.#pendingBytes, this.#waiting.length);
      this.#host.serve(frame, this, (response) => {
        slot.response = response;
        slot.done = true;
        this.#pendingBytes -= frame.length;
        this.#flush();
      });
    }
    this.#starting = false;
  }

  #mayStart(): boolean {
    const next = this.#waiting[0];
    if (next === undefined || !this.#host.isOpen() || this.#net.unsentBytes() > UNSENT_BYTES_MAX) return false;
    if (this.#slots.length > 0 && !(this.#onlyStoresRunning && stores(next))) return false;
    return !isFetch(next) || this.#host.memory.mayStartFetch(this);
  }

  /** Sends the answers that stand at the front. */
  #flush(): void {
    if (this.#closed) return;
    let head = this.#slots[0];
    while (head?.done === true) {
      if (head.response !== null) {
        for (const chunk of head.response) this.#writtenBytes += chunk.length;
        this.#net.write(head.response);
      }
      this.#slots.shift();
      head = this.#slots[0];
    }
    this.lastActiveMs = this.#host.now();
    this.#host.memory.setPending(this, this.#pendingBytes, this.#waiting.length);
    this.#accountUnsent();
    this.#startLater();
    this.#regulate();
  }

  /**
   * An answer may be given from deep inside of a host that is changing its state: the next request must not find it
   * half changed, so it starts when the stack is empty.
   */
  #startLater(): void {
    if (this.#starting || this.#startDeferred || this.#waiting.length === 0) return;
    this.#startDeferred = true;
    this.#host.defer(() => {
      this.#startDeferred = false;
      this.#start();
      this.#regulate();
    });
  }

  #regulate(): void {
    if (this.#closed || this.#stopping) return;
    const full =
      this.pendingRequests >= PENDING_REQUESTS_MAX ||
      this.#pendingBytes > PENDING_BYTES_MAX ||
      this.#net.unsentBytes() > UNSENT_BYTES_MAX ||
      !this.#host.memory.mayRead(this);
    if (full === this.#paused) return;
    this.#paused = full;
    if (full) this.#net.pause();
    else this.#net.resume();
  }
}

/** Whether a frame is a Produce request. */
export const isProduce = (frame: Uint8Array): boolean => frame[0] === 0 && frame[1] === ApiKey.Produce;
/** A read of share state stores too: that its reader leads from now on. */
const stores = (frame: Uint8Array): boolean =>
  isProduce(frame) ||
  (frame[0] === 0 &&
    Number(frame[1]) >= ApiKey.InitializeShareGroupState &&
    Number(frame[1]) <= ApiKey.ReadShareGroupStateSummary);
const isFetch = (frame: Uint8Array): boolean => frame[0] === 0 && frame[1] === ApiKey.Fetch;

import { ApiKey } from '../../core/protocol/apis.ts';
import type { NetConnection, NetHandlers } from '../../ports/net.ts';
import type { ConnectionContext } from '../request-context.ts';
import { FrameAssembler } from './frames.ts';

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

interface Slot {
  response: readonly Uint8Array[] | null;
  done: boolean;
}

/**
 * One client connection: frames in, answers out in the order of the requests. As in Kafka a request starts when the one
 * before it was answered, except that consecutive Produce requests run together, so that one sync serves them all.
 */
export class ClientConnection implements NetHandlers {
  readonly context: ConnectionContext;
  clientId = '';
  lastActiveMs: number;
  readonly #net: NetConnection;
  readonly #serve: ServeFrame;
  readonly #frames: FrameAssembler;
  readonly #onProtocolError: (connection: ClientConnection, reason: string) => void;
  readonly #now: () => number;
  readonly #defer: (callback: () => void) => void;
  readonly #waiting: Uint8Array[] = [];
  readonly #slots: Slot[] = [];
  readonly #closeListeners = new Set<() => void>();
  /** Bytes of the requests that are pending. */
  #pendingBytes = 0;
  #onlyProduceRunning = true;
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
    readonly serve: ServeFrame;
    readonly now: () => number;
    /** Runs a callback later in the same turn. */
    readonly defer: (callback: () => void) => void;
    readonly onProtocolError: (connection: ClientConnection, reason: string) => void;
  }) {
    this.context = {
      connectionId: options.connectionId,
      principal: 'User:ANONYMOUS',
      listener: options.listener,
      address: options.net.remoteAddress,
      onClose: (listener) => this.#whenClosed(listener),
      disconnect: (reason) => this.fail(reason),
    };
    this.#net = options.net;
    this.#serve = options.serve;
    this.#now = options.now;
    this.#defer = options.defer;
    this.#onProtocolError = options.onProtocolError;
    this.#frames = new FrameAssembler(options.frameSizeMax);
    this.lastActiveMs = options.now();
  }

  /** Requests received and not yet answered. */
  get pendingRequests(): number {
    return this.#waiting.length + this.#slots.length;
  }

  onClose(): void {
    this.#end();
  }

  onData(bytes: Uint8Array): void {
    if (this.#closed || this.#stopping) return;
    this.lastActiveMs = this.#now();
    const problem = this.#frames.push(bytes, (frame) => {
      this.#waiting.push(frame);
      this.#pendingBytes += frame.length;
    });
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
    this.#start();
    this.#regulate();
  }

  /** Closes because the peer broke the protocol; the reason is logged by the owner. */
  fail(reason: string): void {
    if (this.#closed) return;
    this.#onProtocolError(this, reason);
    this.close();
  }

  /**
   * The node stops: nothing further is started. What a Produce request appended must still be answered, since its sender
   * would send it again, and a restarted broker remembers only the last batch of each producer for certain.
   */
  beginStop(): void {
    this.#stopping = true;
    this.#waiting.length = 0;
    this.#net.pause();
  }

  /** Whether the answer to a Produce request is still to come. */
  get isProducing(): boolean {
    return this.#slots.length > 0 && this.#onlyProduceRunning;
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
    for (const listener of this.#closeListeners) listener();
    this.#closeListeners.clear();
  }

  /** Never re-entered: an answer given at once must not deepen the stack by the number of waiting requests. */
  #start(): void {
    if (this.#starting) return;
    this.#starting = true;
    while (!this.#closed && this.#mayStart()) {
      const frame = this.#waiting.shift();
      if (frame === undefined) break;
      this.#onlyProduceRunning = isProduce(frame);
      const slot: Slot = { response: null, done: false };
      this.#slots.push(slot);
      this.#serve(frame, this, (response) => {
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
    if (next === undefined || this.#net.unsentBytes() > UNSENT_BYTES_MAX) return false;
    return this.#slots.length === 0 || (this.#onlyProduceRunning && isProduce(next));
  }

  /** Sends the answers that stand at the front. */
  #flush(): void {
    if (this.#closed) return;
    let head = this.#slots[0];
    while (head?.done === true) {
      if (head.response !== null) this.#net.write(head.response);
      this.#slots.shift();
      head = this.#slots[0];
    }
    this.lastActiveMs = this.#now();
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
    this.#defer(() => {
      this.#startDeferred = false;
      this.#start();
      this.#regulate();
    });
  }

  #regulate(): void {
    const full =
      this.pendingRequests >= PENDING_REQUESTS_MAX ||
      this.#pendingBytes > PENDING_BYTES_MAX ||
      this.#net.unsentBytes() > UNSENT_BYTES_MAX;
    if (full === this.#paused || this.#stopping) return;
    this.#paused = full;
    if (full) this.#net.pause();
    else this.#net.resume();
  }
}

const isProduce = (frame: Uint8Array): boolean => frame[0] === 0 && frame[1] === ApiKey.Produce;

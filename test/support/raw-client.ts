import { connect, type Socket } from 'node:net';
import { FrameReader } from '../../broker/core/client/frames.ts';
import {
  type ApiResponses,
  decodeResponse,
  encodeRequest,
  type RequestInput,
  type WireKey,
} from '../../broker/core/protocol/messages.ts';

const FRAME_MAX = 1 << 28;
const ANSWER_MS = 60_000;

/** Why a request has no answer. Whether it was carried out is not known. */
export class NoAnswer extends Error {}

/** A frame without its length, or what came instead of it: the end of the connection, or nothing in time. */
export type Came = Buffer | 'closed' | 'silent';

/** A connection on which bytes are sent as they are, and what comes is cut into frames; or requests are asked, several at a time. */
export class RawClient {
  readonly #socket: Socket;
  /** Answers that are called for, by correlation id; every other frame waits for `nextFrame`. */
  readonly #called = new Map<number, (came: Came) => void>();
  #frames: Buffer[] = [];
  #wake: () => void = () => undefined;
  #isClosed = false;
  #correlationId = 1_000_000_000;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const frames = new FrameReader(FRAME_MAX);
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      if (frames.push(bytes, (frame) => this.#take(frame))) return;
      // No frame has such a length: an answer to nothing that was asked.
      this.#take(Buffer.alloc(0));
      socket.destroy();
    });
    // A reset is a close with an error before it.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isClosed = true;
      this.#wake();
      for (const done of this.#called.values()) done('closed');
    });
  }

  /** Connects to `host:port`; rejects when nobody listens. */
  static connect(bootstrap: string): Promise<RawClient> {
    const [host = '', port = ''] = bootstrap.split(':');
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port: Number(port) });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RawClient(socket)));
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends bytes as they are; what a closed connection can't take is lost, as on the wire. */
  send(bytes: Uint8Array): void {
    if (!this.#isClosed) this.#socket.write(bytes);
  }

  /** Ends the connection at once. */
  close(): void {
    this.#socket.destroy();
  }

  /** The next frame that no `call` waits for. */
  async nextFrame(withinMs: number): Promise<Came> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#wake();
    }, withinMs);
    try {
      for (;;) {
        const frame = this.#frames.shift();
        if (frame !== undefined) return frame;
        if (this.#isClosed) return 'closed';
        if (isLate) return 'silent';
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits for the frame with a correlation id; frames that come before it go to `onOther`. */
  async awaitFrame(correlationId: number, withinMs: number, onOther: (frame: Buffer) => void): Promise<Came> {
    this.#frames = [];
    const endMs = performance.now() + withinMs;
    for (;;) {
      const came = await this.nextFrame(endMs - performance.now());
      if (typeof came === 'string' || correlationOf(came) === correlationId) return came;
      onOther(came);
    }
  }

  /** A correlation id that nobody else uses on this connection. */
  nextCorrelationId(): number {
    this.#correlationId += 1;
    return this.#correlationId;
  }

  /** The body of the answer; rejects with `NoAnswer` when the connection ends before it, or none comes. */
  async call<K extends WireKey>(apiKey: K, version: number, body: RequestInput<K>): Promise<ApiResponses[K]> {
    const correlationId = this.nextCorrelationId();
    const chunks = encodeRequest({ apiKey, version, correlationId, clientId: 'raw' }, body);
    const came = await new Promise<Came>((resolve) => {
      const timer = setTimeout(() => resolve('silent'), ANSWER_MS);
      const done = (outcome: Came): void => {
        clearTimeout(timer);
        resolve(outcome);
      };
      this.#called.set(correlationId, done);
      if (this.#isClosed) done('closed');
      else this.send(Buffer.concat(chunks));
    });
    this.#called.delete(correlationId);
    if (typeof came === 'string') throw new NoAnswer(`API ${apiKey} v${version}: ${came}`);
    return decodeResponse(apiKey, version, came).body;
  }

  #take(frame: Buffer): void {
    const called = this.#called.get(correlationOf(frame));
    if (called !== undefined) called(frame);
    else {
      this.#frames.push(frame);
      this.#wake();
    }
  }
}

const correlationOf = (frame: Buffer): number => (frame.length >= 4 ? frame.readInt32BE(0) : Number.NaN);

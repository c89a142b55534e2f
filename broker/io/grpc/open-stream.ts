import type { CallFailure, ControlStream, StreamHandlers } from '../../ports/control-net.ts';
import type { Codec } from './codec.ts';
import { refused, textOf } from './status.ts';

/** Past this the owner is told when it has fallen. */
const FULL_SIZE = 1024 * 1024;
/** A peer that is this far behind is given up: its owner should have stopped sending long before. */
const QUEUED_SIZE_MAX = 32 * 1024 * 1024;
/** Bytes that are gRPC's at a time, which keeps what it was given even when the call is given up. */
const WINDOW_SIZE = 256 * 1024;
/** Sent messages at the beginning of the queue before it is cut. */
const COMPACT_COUNT = 1024;
/** Messages that were read and not yet handled, and their bytes; past it no more are read, so that the peer's window fills. */
const UNHANDLED_COUNT_MAX = 64;
const UNHANDLED_SIZE_MAX = 4 * 1024 * 1024;

/** What this needs of gRPC's streams, of both ends. */
export interface ByteStream {
  write(bytes: Buffer, done: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
  on(event: 'data', listener: (bytes: Buffer) => void): unknown;
}

/** How one end of a stream is tied to gRPC and to its owner. */
export interface StreamEnds {
  readonly bytes: ByteStream;
  readonly outgoing: Codec;
  readonly incoming: Codec;
  /** Queues an input of the owner's event loop. */
  post(input: () => void): void;
  /** Ends the call of gRPC; not called when it has ended by itself. */
  finish(failure: CallFailure | null): void;
}

/** Encoded messages by the object they were made of: what all watchers are sent is encoded once (P3). */
const encoded = new WeakMap<object, { readonly codec: Codec; readonly bytes: Buffer }>();

function encodeOnce(codec: Codec, message: object): Buffer {
  const known = encoded.get(message);
  if (known?.codec === codec) return known.bytes;
  const bytes = codec.encode(message);
  encoded.set(message, { codec, bytes });
  return bytes;
}

/** One end of an open stream: messages on the owner's side, bytes and their flow control on gRPC's. */
export class OpenStream<Outgoing extends object, Incoming> implements ControlStream<Outgoing> {
  readonly #ends: StreamEnds;
  #handlers: StreamHandlers<Incoming> | null = null;
  #drain: (() => void) | null = null;
  /** What waits for its turn, and what is gRPC's. */
  #waiting: Buffer[] = [];
  /** Index of the first that still does. */
  #next = 0;
  #waitingBytes = 0;
  #writtenBytes = 0;
  #isFull = false;
  #unhandledCount = 0;
  #unhandledSize = 0;
  #isPaused = false;
  /** The owner has ended it or was told its end. */
  #isOver = false;
  /** Nothing can be sent any more. */
  #isDead = false;
  /** How the owner ended it, once all that waits is gRPC's; undefined: not, or done. */
  #ending: CallFailure | null | undefined;

  constructor(ends: StreamEnds) {
    this.#ends = ends;
    ends.bytes.on('data', (bytes) => this.#take(bytes));
  }

  /** Whom messages go to; called once, before any message can be handled. */
  handle(handlers: StreamHandlers<Incoming>): void {
    this.#handlers = handlers;
  }

  send(message: Outgoing): void {
    if (this.#isOver || this.#isDead) return;
    let bytes: Buffer;
    try {
      bytes = encodeOnce(this.#ends.outgoing, message);
    } catch (error) {
      this.fail(refused(`a message that can't be sent: ${textOf(error)}`));
      return;
    }
    if (this.queuedBytes() + bytes.length > QUEUED_SIZE_MAX) {
      this.fail(refused(`more than ${QUEUED_SIZE_MAX} bytes wait for a peer that does not read`));
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.queuedBytes() >= FULL_SIZE) this.#isFull = true;
    this.#pump();
  }

  queuedBytes(): number {
    return this.#waitingBytes + this.#writtenBytes;
  }

  onDrain(listener: () => void): void {
    this.#drain = listener;
  }

  end(failure: CallFailure | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#isDead) return;
    if (failure !== null) this.#drop();
    this.#ending = failure;
    this.#pump();
  }

  /** gRPC says that the call is over. */
  ended(failure: CallFailure | null): void {
    this.#isDead = true;
    this.#drop();
    this.#ends.post(() => {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#handlers?.onEnd(failure);
    });
  }

  /** Ends the call for a reason that is not the owner's, and tells it. */
  fail(failure: CallFailure): void {
    this.ended(failure);
    this.#ends.finish(failure);
  }

  /** Gives gRPC what there is room for, and the end when nothing is left. */
  #pump(): void {
    while (this.#writtenBytes <= WINDOW_SIZE) {
      const bytes = this.#waiting[this.#next];
      if (bytes === undefined) break;
      this.#next += 1;
      this.#waitingBytes -= bytes.length;
      this.#writtenBytes += bytes.length;
      this.#ends.bytes.write(bytes, () => this.#sent(bytes.length));
    }
    if (this.#next === this.#waiting.length) this.#drop();
    else if (this.#next >= COMPACT_COUNT) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    if (this.#waiting.length > 0 || this.#ending === undefined) return;
    const failure = this.#ending;
    this.#ending = undefined;
    this.#ends.finish(failure);
  }

  #drop(): void {
    this.#waiting = [];
    this.#next = 0;
    this.#waitingBytes = 0;
  }

  #sent(size: number): void {
    this.#writtenBytes -= size;
    this.#pump();
    if (!this.#isFull || this.queuedBytes() > FULL_SIZE / 2) return;
    this.#isFull = false;
    this.#ends.post(() => {
      if (!this.#isOver) this.#drain?.();
    });
  }

  #take(bytes: Buffer): void {
    let message: Incoming;
    try {
      // The codec of this method makes this type of message.
      message = this.#ends.incoming.decode(bytes) as Incoming;
    } catch (error) {
      this.fail(refused(`a message that can't be read: ${textOf(error)}`));
      return;
    }
    this.#unhandled(1, bytes.length);
    this.#ends.post(() => {
      this.#unhandled(-1, -bytes.length);
      if (!this.#isOver) this.#handlers?.onMessage(message);
    });
  }

  /** Counts what waits for the owner's loop, and reads no more than so much ahead of it. */
  #unhandled(count: number, size: number): void {
    this.#unhandledCount += count;
    this.#unhandledSize += size;
    const share = Math.max(this.#unhandledCount / UNHANDLED_COUNT_MAX, this.#unhandledSize / UNHANDLED_SIZE_MAX);
    if (this.#isPaused ? share > 0.5 : share < 1) return;
    this.#isPaused = !this.#isPaused;
    if (this.#isPaused) this.#ends.bytes.pause();
    else this.#ends.bytes.resume();
  }
}

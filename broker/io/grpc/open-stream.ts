import type { CallFailure, ControlStream, StreamHandlers } from '../../ports/control-net.ts';
import type { Codec } from './codec.ts';
import { refused, textOf } from './status.ts';

/** Past this the owner is told when it has fallen. */
const FULL_SIZE = 1024 * 1024;
/** A peer that is this far behind is given up: its owner should have stopped sending long before. */
const QUEUED_SIZE_MAX = 32 * 1024 * 1024;
/** Messages that were read and not yet handled; past it no more are read, so that the peer's window fills. */
const UNHANDLED_COUNT_MAX = 64;

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
const encoded = new WeakMap<object, Buffer>();

function encodeOnce(codec: Codec, message: object): Buffer {
  const known = encoded.get(message);
  if (known !== undefined) return known;
  const bytes = codec.encode(message);
  encoded.set(message, bytes);
  return bytes;
}

/** One end of an open stream: messages on the owner's side, bytes and their flow control on gRPC's. */
export class OpenStream<Outgoing extends object, Incoming> implements ControlStream<Outgoing> {
  readonly #ends: StreamEnds;
  #handlers: StreamHandlers<Incoming> | null = null;
  #drain: (() => void) | null = null;
  #queuedBytes = 0;
  #isFull = false;
  #unhandledCount = 0;
  /** Nothing is sent or told any more. */
  #isOver = false;

  constructor(ends: StreamEnds) {
    this.#ends = ends;
    ends.bytes.on('data', (bytes) => this.#take(bytes));
  }

  /** Whom messages go to; called once, before any message can be handled. */
  handle(handlers: StreamHandlers<Incoming>): void {
    this.#handlers = handlers;
  }

  send(message: Outgoing): void {
    if (this.#isOver) return;
    let bytes: Buffer;
    try {
      bytes = encodeOnce(this.#ends.outgoing, message);
    } catch (error) {
      this.fail(refused(`a message that can't be sent: ${textOf(error)}`));
      return;
    }
    if (this.#queuedBytes + bytes.length > QUEUED_SIZE_MAX) {
      this.fail(refused(`more than ${QUEUED_SIZE_MAX} bytes wait for a peer that does not read`));
      return;
    }
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes > FULL_SIZE) this.#isFull = true;
    this.#ends.bytes.write(bytes, () => this.#sent(bytes.length));
  }

  queuedBytes(): number {
    return this.#queuedBytes;
  }

  onDrain(listener: () => void): void {
    this.#drain = listener;
  }

  end(failure: CallFailure | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ends.finish(failure);
  }

  /** gRPC says that the call is over. */
  ended(failure: CallFailure | null): void {
    this.#ends.post(() => {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#handlers?.onEnd(failure);
    });
  }

  /** Ends the call for a reason that is not the owner's, and tells it. */
  fail(failure: CallFailure): void {
    this.#ends.finish(failure);
    this.ended(failure);
  }

  #sent(size: number): void {
    this.#queuedBytes -= size;
    if (!this.#isFull || this.#queuedBytes > FULL_SIZE / 2) return;
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
    this.#unhandledCount += 1;
    if (this.#unhandledCount === UNHANDLED_COUNT_MAX) this.#ends.bytes.pause();
    this.#ends.post(() => {
      this.#unhandledCount -= 1;
      if (this.#unhandledCount === UNHANDLED_COUNT_MAX / 2) this.#ends.bytes.resume();
      if (!this.#isOver) this.#handlers?.onMessage(message);
    });
  }
}

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { MESSAGE_SIZE_MAX } from './sizes.ts';

/** Bytes of messages that have come in part, of all calls together. */
const PARTIAL_SIZE_MAX = 64 * 1024 * 1024;
/** What keeping one piece costs besides its bytes. */
const PIECE_SIZE = 256;
/** A message begins with a flag and its size. */
const HEAD_SIZE = 5;

/** A message of one call that has come in part. */
interface Partial {
  readonly stream: ServerHttp2Stream;
  size: number;
}

/**
 * Bounds what peers can make a node keep by beginning messages and not finishing them: past the bound the call that has
 * sent the most of one is broken off. gRPC keeps such parts by itself and has no bound but that of each message; Node
 * tells of every stream on a channel of its own.
 */
export class Reception {
  readonly #isOurs: (peer: string) => boolean;
  readonly #partials = new Set<Partial>();
  #size = 0;

  /** `isOurs`: whether a stream is of a connection with this peer, by address and port. */
  constructor(isOurs: (peer: string) => boolean) {
    this.#isOurs = isOurs;
    subscribe('http2.server.stream.created', this.#created);
  }

  close(): void {
    unsubscribe('http2.server.stream.created', this.#created);
  }

  readonly #created = (message: unknown): void => {
    // What this channel of Node's tells.
    const { stream } = message as { readonly stream: ServerHttp2Stream };
    const socket = stream.session?.socket;
    if (socket !== undefined && this.#isOurs(`${socket.remoteAddress}:${socket.remotePort}`)) this.#follow(stream);
  };

  #follow(stream: ServerHttp2Stream): void {
    const partial = { stream, size: 0 };
    const head = Buffer.alloc(HEAD_SIZE);
    let headSize = 0;
    let left = 0;
    this.#partials.add(partial);
    const take = (bytes: Buffer): void => {
      for (let at = 0; at < bytes.length; ) {
        const isHead = headSize < HEAD_SIZE;
        const size = Math.min(bytes.length - at, isHead ? HEAD_SIZE - headSize : left);
        if (isHead) {
          bytes.copy(head, headSize, at, at + size);
          headSize += size;
          left = headSize === HEAD_SIZE ? head.readUInt32BE(1) : 1;
        } else left -= size;
        at += size;
        this.#grow(partial, size + PIECE_SIZE);
        if (left > MESSAGE_SIZE_MAX) {
          // It is refused, and what comes of it is not kept.
          stream.off('data', take);
          this.#forget(partial);
          return;
        }
        if (left === 0) {
          this.#grow(partial, -partial.size);
          headSize = 0;
        }
      }
      if (this.#size > PARTIAL_SIZE_MAX) this.#breakLargest();
    };
    stream.on('data', take);
    stream.on('close', () => this.#forget(partial));
  }

  #grow(partial: Partial, size: number): void {
    partial.size += size;
    this.#size += size;
  }

  #forget(partial: Partial): void {
    this.#grow(partial, -partial.size);
    this.#partials.delete(partial);
  }

  #breakLargest(): void {
    let largest: Partial | null = null;
    for (const partial of this.#partials) if (largest === null || partial.size > largest.size) largest = partial;
    if (largest === null) return;
    this.#forget(largest);
    largest.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

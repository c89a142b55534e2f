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

/** Why a request has no answer. Whether it was carried out is not known. */
export class NoAnswer extends Error {}

/** One connection to a broker; requests are answered in order. */
export class RawClient {
  readonly #socket: Socket;
  readonly #open: {
    readonly apiKey: WireKey;
    readonly version: number;
    readonly done: (frame: Buffer | null) => void;
  }[] = [];
  #closed = false;
  #correlationId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const frames = new FrameReader(FRAME_MAX);
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      frames.push(bytes, (frame) => this.#open.shift()?.done(frame));
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      for (const { done } of this.#open.splice(0)) done(null);
    });
  }

  /** Connects to `host:port`. */
  static connect(bootstrap: string): Promise<RawClient> {
    const [host = '', port = ''] = bootstrap.split(':');
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port: Number(port) });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RawClient(socket)));
    });
  }

  /** The body of the answer; rejects with `NoAnswer` when the connection ends before it. */
  async call<K extends WireKey>(apiKey: K, version: number, body: RequestInput<K>): Promise<ApiResponses[K]> {
    if (this.#closed) throw new NoAnswer('the connection is closed');
    this.#correlationId += 1;
    const chunks = encodeRequest({ apiKey, version, correlationId: this.#correlationId, clientId: 'raw' }, body);
    const frame = await new Promise<Buffer | null>((resolve) => {
      this.#open.push({ apiKey, version, done: resolve });
      this.#socket.write(Buffer.concat(chunks));
    });
    if (frame === null) throw new NoAnswer(`api ${apiKey}: the connection ended`);
    return decodeResponse(apiKey, version, frame).body;
  }

  close(): void {
    this.#socket.destroy();
  }
}

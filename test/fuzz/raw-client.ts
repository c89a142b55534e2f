import { connect, type Socket } from 'node:net';
import { decodeResponse, encodeRequest, type RequestInput, type WireKey } from '../../broker/core/protocol/messages.ts';

const DEADLINE_MS = 20_000;

/** A connection on which bytes are sent as they are, and answers cut into frames. */
export class RawClient {
  readonly #socket: Socket;
  #received: Buffer[] = [];
  #receivedBytes = 0;
  #isClosed = false;
  #correlationId = 1_000_000_000;
  #onFrame: (frame: Buffer) => void = () => undefined;
  #onClose: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isClosed = true;
      this.#onClose();
    });
  }

  /** Connects to `host:port`; rejects when nobody listens. */
  static connect(bootstrap: string): Promise<RawClient> {
    const [host = '', port = ''] = bootstrap.split(':');
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port: Number(port) });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(new RawClient(socket));
      });
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends bytes as they are. */
  send(bytes: Uint8Array): void {
    if (!this.#isClosed) this.#socket.write(bytes);
  }

  /** Ends the connection at once. */
  close(): void {
    this.#socket.destroy();
  }

  /**
   * Waits for the frame with a correlation id; frames before it go to `onOther`. Gives the frame, `closed` when the
   * connection ends first, `silent` after `withinMs`.
   */
  awaitFrame(
    correlationId: number,
    withinMs: number,
    onOther: (frame: Buffer) => void,
  ): Promise<Buffer | 'closed' | 'silent'> {
    if (this.#isClosed) return Promise.resolve('closed');
    return new Promise((resolve) => {
      const end = (outcome: Buffer | 'closed' | 'silent'): void => {
        clearTimeout(timer);
        this.#onFrame = () => undefined;
        this.#onClose = () => undefined;
        resolve(outcome);
      };
      const timer = setTimeout(() => end('silent'), withinMs);
      this.#onClose = () => end('closed');
      this.#onFrame = (frame) => {
        if (frame.length >= 4 && frame.readInt32BE(0) === correlationId) end(frame);
        else onOther(frame);
      };
    });
  }

  /** A correlation id that no case uses. */
  nextCorrelationId(): number {
    this.#correlationId += 1;
    return this.#correlationId;
  }

  /** Asks one request and decodes its answer; rejects when there is none. */
  async call<K extends WireKey>(apiKey: K, version: number, body: RequestInput<K>) {
    const correlationId = this.nextCorrelationId();
    for (const chunk of encodeRequest({ apiKey, version, correlationId, clientId: 'fuzz' }, body)) this.send(chunk);
    const outcome = await this.awaitFrame(correlationId, DEADLINE_MS, () => undefined);
    if (typeof outcome === 'string') throw new Error(`API ${apiKey} v${version}: ${outcome}`);
    return decodeResponse(apiKey, version, outcome).body;
  }

  #take(bytes: Buffer): void {
    this.#received.push(bytes);
    this.#receivedBytes += bytes.length;
    while (this.#receivedBytes >= 4) {
      if ((this.#received[0]?.length ?? 0) < 4) this.#received = [Buffer.concat(this.#received)];
      const size = (this.#received[0]?.readInt32BE(0) ?? 0) + 4;
      if (this.#receivedBytes < size) return;
      const all = Buffer.concat(this.#received);
      this.#received = size < all.length ? [all.subarray(size)] : [];
      this.#receivedBytes = all.length - size;
      this.#onFrame(all.subarray(4, size));
    }
  }
}

import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to a broker on which answers can be held back until the connection breaks: they are lost, as on a bad network. */
export class AnswerGate {
  readonly #brokerPort: number;
  readonly #server = createServer((client) => this.#join(client));
  readonly #sockets = new Set<Socket>();
  #isHeld = false;
  readonly #unanswered = new Map<Socket, number>();

  private constructor(brokerPort: number) {
    this.#brokerPort = brokerPort;
  }

  /** Opens a gate to the broker on `brokerPort` of 127.0.0.1. */
  static async open(brokerPort: number): Promise<AnswerGate> {
    const gate = new AnswerGate(brokerPort);
    await new Promise<void>((resolve) => {
      gate.#server.listen(0, '127.0.0.1', resolve);
    });
    return gate;
  }

  get port(): number {
    // Bound to an address, not to a pipe.
    return (this.#server.address() as AddressInfo).port;
  }

  /** Most requests of one connection whose answers have not passed. */
  get unansweredMax(): number {
    return Math.max(0, ...this.#unanswered.values());
  }

  /** From here on no answer passes. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Answers of new connections pass again; those of old ones never will. */
  release(): void {
    this.#isHeld = false;
    this.#breakAll();
  }

  /** Breaks every connection and takes no more. */
  close(): void {
    this.#server.close();
    this.#breakAll();
  }

  #breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  #join(client: Socket): void {
    const broker = connect(this.#brokerPort, '127.0.0.1');
    const add = (count: number): void => {
      this.#unanswered.set(client, (this.#unanswered.get(client) ?? 0) + count);
    };
    const countRequests = frameCounter(() => add(1));
    const countAnswers = frameCounter(() => add(-1));
    client.on('data', (bytes: Buffer) => {
      broker.write(bytes);
      countRequests(bytes);
    });
    broker.on('data', (bytes: Buffer) => {
      if (this.#isHeld) return;
      client.write(bytes);
      countAnswers(bytes);
    });
    for (const [socket, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        this.#unanswered.delete(client);
        other.destroy();
      });
    }
  }
}

/** Calls `onFrame` after each whole request or answer in a stream of bytes. */
function frameCounter(onFrame: () => void): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      onFrame();
      rest = rest.subarray(4 + rest.readInt32BE(0));
    }
  };
}

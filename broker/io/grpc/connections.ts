import { createServer, type Server as TcpServer, type Socket } from 'node:net';

/** Connections at a time: about three of each of thirty nodes, and tools. */
export const CONNECTION_COUNT_MAX = 256;
const BACKLOG = 256;

/**
 * Accepts connections and keeps no more than so many: when one more comes, the oldest that has no call under way goes, so
 * that strangers who sit there can't keep nodes out; when all have, the new one does.
 */
export class Connections {
  readonly #server: TcpServer;
  readonly #open = new Set<Socket>();

  /** `isBusy`: whether a call is under way on a connection. */
  constructor(inject: (socket: Socket) => void, isBusy: (socket: Socket) => boolean) {
    this.#server = createServer((socket) => {
      if (this.#open.size >= CONNECTION_COUNT_MAX) {
        const idle = [...this.#open].find((each) => !isBusy(each));
        if (idle === undefined) {
          socket.destroy();
          return;
        }
        this.#open.delete(idle);
        idle.destroy();
      }
      socket.setNoDelay(true);
      this.#open.add(socket);
      // What a broken peer does is its own affair: the connection ends.
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#open.delete(socket));
      inject(socket);
    });
  }

  /** Connections that are open. */
  get count(): number {
    return this.#open.size;
  }

  /** Binds; `done` with a sentence why not, or with the port. */
  listen(
    address: { readonly host: string; readonly port: number },
    done: (failure: string | null, port: number) => void,
  ): void {
    const fail = (error: Error): void => done(error.message, 0);
    this.#server.once('error', fail);
    this.#server.listen({ ...address, backlog: BACKLOG }, () => {
      this.#server.off('error', fail);
      // Running out of descriptors must not end the process: connections are refused meanwhile.
      this.#server.on('error', () => undefined);
      const bound = this.#server.address();
      done(null, bound !== null && typeof bound === 'object' ? bound.port : address.port);
    });
  }

  /** Stops listening and breaks every connection. */
  close(): void {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }
}

import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Issued } from '../../support/certificates.ts';

/** An address. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** Where a connection goes; null: nowhere. */
type Target = Place | null;

/** What leads from outside to pods: each connection that comes in at a place is taken to where its door leads by then. */
export class Doors {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  /** Connections that came through, by the address of their door, or the name that they asked for. */
  readonly counts = new Map<string, number>();

  /** Opens a door. */
  async open(place: Place, target: () => Promise<Target>): Promise<void> {
    await this.#listen(
      place,
      createServer((socket) => this.#lead(socket, place.host, target())),
    );
  }

  /** A door where the client speaks TLS and names whom it wants; behind it everything is plain. */
  async openByName(place: Place, { cert, key }: Issued, target: (name: string) => Promise<Target>): Promise<void> {
    const server = createTlsServer({ cert, key }, (socket) => {
      const name = typeof socket.servername === 'string' ? socket.servername : '';
      this.#lead(socket, name, target(name));
    });
    await this.#listen(place, server);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  async #listen({ host, port }: Place, server: Server): Promise<void> {
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, resolve);
    });
  }

  #lead(socket: Socket, name: string, found: Promise<Target>): void {
    this.#keep(socket);
    found.then(
      (target) => {
        if (target === null || socket.destroyed) {
          socket.destroy();
          return;
        }
        this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
        const inner = connect(target);
        this.#keep(inner);
        for (const [one, other] of [
          [socket, inner],
          [inner, socket],
        ] as const)
          one.on('close', () => other.destroy());
        socket.pipe(inner).pipe(socket);
      },
      () => socket.destroy(),
    );
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

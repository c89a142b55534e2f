import { createServer, type Server as TcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type Certificates, TLS_VERSION, watchSocket } from '../tls/certificates.ts';

/** Connections at a time: about three of each of thirty nodes, and tools. */
export const CONNECTION_COUNT_MAX = 256;
const BACKLOG = 256;
const HANDSHAKE_MS_MAX = 5000;

/** The peer of a socket as gRPC names it. */
export function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}

/** Whom a connection is handed to, and what it is judged by. */
export interface ConnectionOwner {
  /** Takes a connection; with certificates, one whose peer has shown a trusted one. */
  inject(socket: Socket): void;
  /** Whether a call is under way on it. */
  isBusy(socket: Socket): boolean;
}

/**
 * Accepts connections and keeps no more than so many: when one more comes, the oldest that has no call under way goes, so
 * that strangers who sit there can't keep nodes out; when all have, the new one does.
 */
export class Connections {
  readonly #owner: ConnectionOwner;
  readonly #server: TcpServer;
  readonly #open = new Set<Socket>();
  readonly #peers = new Set<string>();
  readonly #forget: () => void;

  constructor(owner: ConnectionOwner, certificates: Certificates | null) {
    this.#owner = owner;
    if (certificates === null) {
      this.#server = createServer((socket) => {
        if (this.#admit(socket)) owner.inject(socket);
      });
      this.#forget = () => undefined;
      return;
    }
    const server = createTlsServer({
      ...certificates.material,
      requestCert: true,
      rejectUnauthorized: true,
      ...TLS_VERSION,
      ALPNProtocols: ['h2'],
      handshakeTimeout: HANDSHAKE_MS_MAX,
    });
    server.on('connection', (socket) => this.#admit(socket));
    server.on('secureConnection', (socket) => {
      socket.on('error', () => socket.destroy());
      watchSocket(certificates, socket);
      if (!socket.destroyed) owner.inject(socket);
    });
    this.#forget = certificates.onChange((material) => server.setSecureContext({ ...material, ...TLS_VERSION }));
    this.#server = server;
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

  /** Whether one is open with a peer, by its address and port. */
  has(peer: string): boolean {
    return this.#peers.has(peer);
  }

  /** Stops listening and breaks every connection. */
  close(): void {
    this.#forget();
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }

  /** Keeps a connection, or breaks it. */
  #admit(socket: Socket): boolean {
    if (this.#open.size >= CONNECTION_COUNT_MAX) {
      const idle = [...this.#open].find((each) => !this.#owner.isBusy(each));
      if (idle === undefined) {
        socket.destroy();
        return false;
      }
      this.#open.delete(idle);
      idle.destroy();
    }
    socket.setNoDelay(true);
    this.#open.add(socket);
    const peer = peerOf(socket);
    this.#peers.add(peer);
    // What a broken peer does is its own affair: the connection ends.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#open.delete(socket);
      this.#peers.delete(peer);
    });
    return true;
  }
}

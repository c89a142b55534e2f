import { createConnection, createServer, type Socket } from 'node:net';
import type { Net, NetConnection, NetHandlers, NetListener } from '../../ports/net.ts';
import type { EventLoop } from '../loop/event-loop.ts';
import { Names } from './names.ts';
import type { NodeTls } from './node-tls.ts';

/** Silence after which the system asks whether the peer is still there. */
const KEEP_ALIVE_MS = 60_000;
/**
 * Bytes handed to the system at a time: what lies beyond is written when these were taken, so that one can see how far the
 * peer of a large answer has come.
 */
const WINDOW_SIZE = 262_144;

/** Bytes that were read and not yet handed to their owners; past it no socket is read until half of them are gone. */
const UNHANDLED_SIZE_MAX = 16 * 1024 * 1024;

/** A TCP connection whose writes leave together at the end of the loop turn. */
class TcpConnection implements NetConnection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly node?: number;
  readonly #socket: Socket;
  readonly #tcp: Tcp;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #closing = false;
  #paused = false;

  constructor(socket: Socket, tcp: Tcp, node?: number) {
    this.#socket = socket;
    this.#tcp = tcp;
    this.remoteAddress = socket.remoteAddress ?? '';
    this.remotePort = socket.remotePort ?? 0;
    if (node !== undefined) this.node = node;
  }

  write(chunks: readonly Uint8Array[]): void {
    if (this.#closing || this.#socket.destroyed) return;
    for (const chunk of chunks) {
      this.#pending.push(chunk);
      this.#pendingBytes += chunk.length;
    }
    this.#tcp.dirty.add(this);
    this.#tcp.loop.ensureTurn();
  }

  unsentBytes(): number {
    return this.#pendingBytes + this.#socket.writableLength;
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    this.read();
  }

  /** Reads, or not: as the owner wants, and while the network is not full. */
  read(): void {
    if (this.#paused || this.#tcp.isFull) this.#socket.pause();
    else this.#socket.resume();
  }

  close(options: { readonly flush: boolean }): void {
    if (options.flush) {
      this.#send(Number.POSITIVE_INFINITY);
      this.#closing = true;
      this.#socket.end();
    } else {
      this.#closing = true;
      this.#pending = [];
      this.#pendingBytes = 0;
      this.#socket.destroy();
    }
  }

  /** Hands what was queued in this turn to the system in one vectored write, up to the window. */
  flush(): void {
    this.#send(WINDOW_SIZE);
  }

  /** The system took everything it was given: gives it more. False when there is nothing more. */
  drained(): boolean {
    if (this.#pending.length === 0) return false;
    this.flush();
    return true;
  }

  #send(window: number): void {
    let room = window - this.#socket.writableLength;
    if (this.#pending.length === 0 || room <= 0) return;
    if (this.#socket.destroyed) {
      this.#pending = [];
      this.#pendingBytes = 0;
      return;
    }
    this.#socket.cork();
    let sent = 0;
    for (const chunk of this.#pending) {
      if (room <= 0) break;
      const part = chunk.length <= room ? chunk : chunk.subarray(0, room);
      this.#socket.write(part);
      this.#pendingBytes -= part.length;
      room -= part.length;
      if (part.length < chunk.length) this.#pending[sent] = chunk.subarray(part.length);
      else sent += 1;
    }
    if (sent === this.#pending.length) this.#pending = [];
    else this.#pending.splice(0, sent);
    this.#socket.uncork();
  }
}

/** Ties a socket to its owner. The peer's end is the connection's end: Kafka's protocol has no half-open state. */
function attach(tcp: Tcp, socket: Socket, connection: TcpConnection, handlers: NetHandlers): void {
  const { loop, dirty } = tcp;
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  let reason = '';
  tcp.open.add(connection);
  socket.on('data', (bytes: Buffer) => {
    count(tcp, bytes.length);
    loop.post(() => {
      count(tcp, -bytes.length);
      handlers.onData(bytes);
    });
  });
  socket.on('drain', () => {
    if (!connection.drained()) loop.post(() => handlers.onDrain());
  });
  socket.on('end', () => socket.destroy());
  socket.on('error', (error: NodeJS.ErrnoException) => {
    reason = error.code ?? error.message;
  });
  socket.on('close', () => {
    dirty.delete(connection);
    tcp.open.delete(connection);
    loop.post(() => handlers.onClose(reason));
  });
}

/** One round of the system may read of every socket: what was read is bounded for all of them together. */
function count(tcp: Tcp, bytes: number): void {
  tcp.unhandledBytes += bytes;
  const isFull = tcp.unhandledBytes > (tcp.isFull ? UNHANDLED_SIZE_MAX / 2 : UNHANDLED_SIZE_MAX);
  if (isFull === tcp.isFull) return;
  tcp.isFull = isFull;
  for (const connection of tcp.open) connection.read();
}

interface Tcp {
  readonly loop: EventLoop;
  readonly names: Names;
  readonly nodes: NodeNet | null;
  readonly open: Set<TcpConnection>;
  unhandledBytes: number;
  isFull: boolean;
  /** Connections with something to send at the end of the turn. */
  readonly dirty: Set<TcpConnection>;
}

function listen(tcp: Tcp, ...[address, accept, done]: Parameters<Net['listen']>): void {
  const take = (socket: Socket, node?: number): void =>
    tcp.loop.post(() => {
      if (socket.destroyed) return;
      const connection = new TcpConnection(socket, tcp, node);
      const handlers = accept(connection);
      if (handlers === null) {
        socket.destroy();
        return;
      }
      attach(tcp, socket, connection, handlers);
      connection.read();
    });
  const guard = address.listener === tcp.nodes?.listener ? tcp.nodes?.tls.guard(take) : undefined;
  const server = createServer({ allowHalfOpen: false, pauseOnConnect: guard === undefined }, (socket) => {
    if (guard === undefined) take(socket);
    else guard.take(socket);
  });
  server.once('error', (error: NodeJS.ErrnoException) => {
    tcp.loop.post(() => done({ code: error.code ?? 'EUNKNOWN', message: error.message }, null));
  });
  server.listen({ host: address.host, port: address.port, backlog: address.backlog }, () => {
    const bound = server.address();
    const port = bound !== null && typeof bound === 'object' ? bound.port : address.port;
    const close = (): void => {
      server.close();
      guard?.close();
    };
    const listener: NetListener = { port, close };
    tcp.loop.post(() => done(null, listener));
  });
}

function dial(tcp: Tcp, ...[address, handlers, done]: Parameters<Net['dial']>): void {
  const { host, port, node } = address;
  const target = { host, port, lookup: tcp.names.lookup };
  const tls = node === undefined ? undefined : tcp.nodes?.tls.connect(target, node);
  const socket = tls ?? createConnection(target);
  let settled = false;
  const fail = (code: string, message: string): void => {
    if (settled) return;
    settled = true;
    socket.destroy();
    tcp.loop.post(() => done({ code, message }, null));
  };
  const timer = setTimeout(() => fail('ETIMEDOUT', 'connection timed out'), address.timeoutMs);
  const onError = (error: NodeJS.ErrnoException): void => {
    clearTimeout(timer);
    fail(error.code ?? 'EUNKNOWN', error.message);
  };
  socket.once('error', onError);
  socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
    clearTimeout(timer);
    if (settled) return;
    settled = true;
    socket.removeListener('error', onError);
    const connection = new TcpConnection(socket, tcp, tls === undefined ? undefined : node);
    tcp.loop.post(() => done(null, connection));
    attach(tcp, socket, connection, handlers);
  });
}

/** Where the nodes of a cluster reach each other by TLS: the listener's name, and what they know each other by. */
export interface NodeNet {
  readonly listener: string;
  readonly tls: NodeTls;
}

/** The network of the machine. Callbacks arrive as inputs of `loop`; listening addresses are what the caller names. */
export function createTcpNet(
  loop: EventLoop,
  { names = new Names(), nodes = null }: { readonly names?: Names; readonly nodes?: NodeNet | null } = {},
): Net {
  const tcp: Tcp = { loop, names, nodes, open: new Set(), unhandledBytes: 0, isFull: false, dirty: new Set() };
  loop.onTurnEnd(() => {
    for (const connection of tcp.dirty) connection.flush();
    tcp.dirty.clear();
  });
  return {
    listen: (...call) => listen(tcp, ...call),
    dial: (...call) => dial(tcp, ...call),
  };
}

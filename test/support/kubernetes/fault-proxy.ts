import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { endServer, listenHere } from './loopback.ts';

/** What befalls one request instead of its answer. */
export type Fault =
  /** An answer of the proxy's own, as it stands. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    }
  /** The connection breaks before an answer. */
  | { readonly kind: 'reset' }
  /** The request arrives and is carried out, and the connection breaks before the answer. */
  | { readonly kind: 'lost answer' }
  /** Nothing ever comes. */
  | { readonly kind: 'silence' }
  /** The answer comes in pieces of this many bytes, one each ms. */
  | { readonly kind: 'drip'; readonly bytes: number };

/** Which requests a fault is for; absent: all. */
export interface Match {
  readonly method?: string;
  readonly path?: RegExp;
  readonly isWatch?: boolean;
}

interface Rule {
  readonly match: Match;
  readonly fault: Fault;
  left: number;
}

/** Stands between a client and an API server, and spoils what it is told to. */
export class FaultProxy {
  readonly #server: Server;
  readonly #upstream: string;
  readonly #rules: Rule[] = [];
  readonly #sockets = new Set<Socket>();
  /** Answers on their way. */
  readonly #streams = new Set<{
    readonly from: IncomingMessage;
    readonly to: ServerResponse;
    readonly isWatch: boolean;
  }>();
  /** Watches that were asked for so far. */
  watchesAsked = 0;
  /** Most watches that clients held at one time, half-open ones included. */
  watchesAtOnceMax = 0;
  #watches = 0;

  constructor(upstream: string) {
    this.#upstream = upstream;
    this.#server = createServer((request, answer) => {
      this.#serve(request, answer);
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
  }

  /** Watches whose answer is on its way. */
  get openWatches(): number {
    return [...this.#streams].filter(({ isWatch }) => isWatch).length;
  }

  /** Begins to listen; gives the address. */
  start(): Promise<string> {
    return listenHere(this.#server);
  }

  stop(): Promise<void> {
    return endServer(this.#server);
  }

  /** The next `times` requests that match have this fault. */
  spoil(match: Match, fault: Fault, times = 1): void {
    this.#rules.push({ match, fault, left: times });
  }

  /** All that was to be spoiled and was not yet, is not. */
  heal(): void {
    this.#rules.length = 0;
  }

  /** Breaks every connection, with a reset. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Open watches get nothing any more, and their connections stay: half open. */
  freeze(): void {
    for (const { from, to, isWatch } of this.#streams) {
      if (!isWatch) continue;
      from.unpipe(to);
      from.resume();
    }
  }

  /** Puts bytes into every open watch. */
  inject(text: string | Buffer): void {
    for (const { to, isWatch } of this.#streams) if (isWatch) to.write(text);
  }

  #serve(request: IncomingMessage, answer: ServerResponse): void {
    const url = request.url ?? '/';
    const isWatch = url.includes('watch=true');
    if (isWatch) {
      this.watchesAsked += 1;
      this.#watches += 1;
      this.watchesAtOnceMax = Math.max(this.watchesAtOnceMax, this.#watches);
      answer.on('close', () => (this.#watches -= 1));
    }
    const rule = this.#rules.find(
      ({ match, left }) =>
        left > 0 &&
        (match.method === undefined || match.method === request.method) &&
        (match.path === undefined || match.path.test(url)) &&
        (match.isWatch === undefined || match.isWatch === isWatch),
    );
    if (rule !== undefined) rule.left -= 1;
    const fault = rule?.fault ?? null;
    switch (fault?.kind) {
      case 'answer':
        answer.writeHead(fault.status, fault.headers ?? {}).end(fault.body ?? '');
        return;
      case 'reset':
        request.socket.resetAndDestroy();
        return;
      case 'silence':
        request.resume();
        return;
      default:
        this.#forward(request, answer, { isWatch, fault });
    }
  }

  #forward(request: IncomingMessage, answer: ServerResponse, how: { isWatch: boolean; fault: Fault | null }): void {
    const { method, headers } = request;
    const sent = httpRequest(this.#upstream + (request.url ?? '/'), { method, headers, agent: false });
    // Whichever side ends first, the other hears of it.
    sent.on('error', () => request.socket.destroy());
    answer.on('close', () => sent.destroy());
    request.pipe(sent);
    sent.on('response', (from: IncomingMessage) => {
      from.on('error', () => request.socket.destroy());
      if (how.fault?.kind === 'lost answer') {
        request.socket.resetAndDestroy();
        return;
      }
      answer.writeHead(from.statusCode ?? 502, from.headers);
      answer.flushHeaders();
      if (how.fault?.kind === 'drip') {
        void drip(from, answer, how.fault.bytes);
        return;
      }
      const stream = { from, to: answer, isWatch: how.isWatch };
      this.#streams.add(stream);
      answer.on('close', () => this.#streams.delete(stream));
      from.pipe(answer);
    });
  }
}

async function drip(from: IncomingMessage, to: ServerResponse, bytes: number): Promise<void> {
  const gone = once(to, 'close');
  const chunks: Buffer[] = [];
  from.on('data', (chunk: Buffer) => chunks.push(chunk));
  from.on('end', () => chunks.push(Buffer.alloc(0)));
  for (let at = 0; !to.destroyed; ) {
    const [chunk] = chunks;
    if (chunk?.length === 0) break;
    if (chunk !== undefined) {
      to.write(chunk.subarray(at, at + bytes));
      at += bytes;
      if (at >= chunk.length) {
        chunks.shift();
        at = 0;
      }
    }
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 1))]);
  }
  to.end();
}

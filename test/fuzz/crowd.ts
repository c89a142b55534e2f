import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';

/** How a connection of a crowd behaves. Sizes in bytes. */
export interface Behaviour {
  /** Bytes that are sent at once, the prefix included. */
  readonly opening: Uint8Array;
  /** More bytes after them, as many as the broker takes; their content does not matter. */
  readonly more?: number;
  /** One byte every so many milliseconds after that. */
  readonly trickleMs?: number;
  /** Whether answers are left unread. */
  readonly deaf?: boolean;
}

const PIECE = Buffer.alloc(65_536);
const AT_A_TIME = 40;

/** Many connections that all misbehave in one way; together they hold next to nothing on this side. */
export class Crowd {
  readonly #sockets: Socket[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  #closed = 0;

  /** Opens `count` connections to `host:port`, a few at a time. */
  static async open(bootstrap: string, count: number, behaviour: Behaviour): Promise<Crowd> {
    const crowd = new Crowd();
    for (let made = 0; made < count; made += AT_A_TIME) {
      const some = Array.from({ length: Math.min(AT_A_TIME, count - made) }, () => crowd.#join(bootstrap, behaviour));
      await Promise.all(some);
    }
    return crowd;
  }

  /** Connections that the broker has closed. */
  get closed(): number {
    return this.#closed;
  }

  /** Ends all connections. */
  leave(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const socket of this.#sockets) socket.destroy();
  }

  async #join(bootstrap: string, behaviour: Behaviour): Promise<void> {
    const [host = '', port = ''] = bootstrap.split(':');
    const socket = connect({ host, port: Number(port) });
    this.#sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed += 1;
    });
    await new Promise<void>((resolve) => {
      socket.once('connect', resolve);
      socket.once('close', () => resolve());
    });
    if (behaviour.deaf === true) socket.pause();
    else socket.resume();
    socket.write(behaviour.opening);
    pour(socket, behaviour.more ?? 0);
    const { trickleMs } = behaviour;
    if (trickleMs !== undefined) this.#timers.push(setInterval(() => socket.write('.'), trickleMs));
  }
}

/** Writes as fast as the broker takes it. */
function pour(socket: Socket, bytes: number): void {
  let left = bytes;
  const go = (): void => {
    while (left > 0 && !socket.destroyed) {
      const size = Math.min(left, PIECE.length);
      left -= size;
      if (!socket.write(PIECE.subarray(0, size))) break;
    }
  };
  socket.on('drain', go);
  go();
}

/** Lines of a broker's log that name a setting. */
export async function linesNaming(logFile: string, setting: string): Promise<readonly string[]> {
  const text = await readFile(logFile, 'utf8');
  return text.split('\n').filter((line) => line.includes(setting));
}

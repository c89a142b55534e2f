import { createHash } from 'node:crypto';
import { realpathSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

/** How long the owner may take to say which process it is. */
const ASK_TIMEOUT_MS = 1000;

/** The claim on a data directory; it ends with the process, however that ends. */
export interface DirectoryClaim {
  release(): void;
}

/**
 * Claims a data directory for this process, so that no two brokers write to one. The claim is a listening local socket
 * named after the directory: the system ends it with the process, so nothing stale is left and no process id is trusted.
 * The directory need not exist yet. Gives a sentence that names the owner when there is one.
 */
export async function claimDirectory(directory: string): Promise<DirectoryClaim | string> {
  const address = addressOf(realPath(directory));
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const server = await tryListen(address);
    if (server !== null) return { release: () => server.close() };
    const owner = await askOwner(address);
    if (owner !== null) {
      return `the data directory ${directory} is in use by process ${owner}; stop it or choose another directory`;
    }
    // Nobody answers: where sockets are files, a killed owner left one.
    if (!address.startsWith('\0')) rmSync(address, { force: true });
  }
  return `the data directory ${directory} is in use by a process that does not answer`;
}

/** The one path that every way to a directory leads to, links resolved, also when its last parts don't exist yet. */
function realPath(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(realPath(parent), basename(absolute));
  }
}

/** Linux has names without files; elsewhere a file that is short enough for a socket. */
function addressOf(path: string): string {
  const digest = createHash('sha256').update(path).digest('hex').slice(0, 32);
  return process.platform === 'linux' ? `\0weir-data-${digest}` : join(tmpdir(), `weir-data-${digest}.sock`);
}

function tryListen(address: string): Promise<Server | null> {
  return new Promise((settle, fail) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.end(`${process.pid}\n`);
    });
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') settle(null);
      else fail(error);
    });
    server.listen(address, () => {
      server.unref();
      settle(server);
    });
  });
}

/** The process id of the owner; '?' when it does not tell, null when nobody listens. */
function askOwner(address: string): Promise<string | null> {
  return new Promise((settle) => {
    let text = '';
    const socket = createConnection(address);
    socket.setTimeout(ASK_TIMEOUT_MS, () => socket.destroy());
    socket.on('data', (bytes) => {
      text = (text + bytes.toString()).slice(0, 32);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code === 'ECONNREFUSED' ? null : '?'));
    socket.once('close', () => settle(/^\d+\n$/.test(text) ? text.trim() : '?'));
  });
}

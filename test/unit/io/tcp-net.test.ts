import { createConnection } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { EventLoop } from '../../../broker/io/loop/event-loop.ts';
import { createTcpNet } from '../../../broker/io/net/tcp-net.ts';
import type { NetConnection, NetHandlers, NetListener } from '../../../broker/ports/net.ts';
import { waitFor } from '../../wire/harness/wait.ts';

const HOST = '127.0.0.1';
const KIB = 1024;
const MIB = 1024 * KIB;
const QUIET: NetHandlers = { onData: () => undefined, onDrain: () => undefined, onClose: () => undefined };

describe('the network of the machine', () => {
  const loop = new EventLoop();
  const net = createTcpNet(loop);
  const open: NetListener[] = [];
  const dialled: NetConnection[] = [];
  // An open socket keeps the process from ending.
  afterEach(() => {
    for (const listener of open.splice(0)) listener.close();
    for (const connection of dialled.splice(0)) connection.close({ flush: false });
  });

  const listen = (accept: (connection: NetConnection) => NetHandlers | null): Promise<NetListener> =>
    new Promise((settle, fail) => {
      net.listen({ host: HOST, port: 0, backlog: 50 }, accept, (failure, listener) => {
        if (listener === null) fail(new Error(failure?.message));
        else {
          open.push(listener);
          settle(listener);
        }
      });
    });
  const dial = (port: number, handlers: NetHandlers): Promise<NetConnection | string> =>
    new Promise((settle) => {
      net.dial({ host: HOST, port, timeoutMs: 5000 }, handlers, (failure, connection) => {
        if (connection !== null) dialled.push(connection);
        settle(connection ?? failure?.code ?? '');
      });
    });

  it('carries bytes both ways, in order, also those written outside of a turn', async () => {
    const listener = await listen((connection) => ({ ...QUIET, onData: (bytes) => connection.write([bytes]) }));
    const answer = new Promise<string>((settle) => {
      let text = '';
      void dial(listener.port, {
        ...QUIET,
        onData: (bytes) => {
          text += Buffer.from(bytes).toString();
          if (text.endsWith('!')) settle(text);
        },
      }).then((connection) => {
        if (typeof connection === 'string') return;
        connection.write([Buffer.from('he'), Buffer.from('llo!')]);
        // An open connection would keep the test process alive.
        void answer.then(() => connection.close({ flush: false }));
      });
    });
    expect(await answer).toBe('hello!');
  });

  it('names the errno of a port that nobody listens on, and of one that is taken', async () => {
    const listener = await listen(() => null);
    const { port } = listener;
    const code = await new Promise((settle) => {
      net.listen(
        { host: HOST, port, backlog: 50 },
        () => null,
        (failure) => settle(failure?.code),
      );
    });
    expect(code).toBe('EADDRINUSE');
    listener.close();
    open.length = 0;
    expect(await dial(port, QUIET)).toBe('ECONNREFUSED');
  });

  it('closes a connection that is refused, and tells the owner of one that the peer ended', async () => {
    const refusing = await listen(() => null);
    await new Promise<void>((settle) => {
      createConnection({ host: HOST, port: refusing.port })
        .on('close', () => settle())
        .on('error', () => undefined)
        .resume();
    });
    const closed = new Promise<string>((settle) => {
      void listen(() => ({ ...QUIET, onClose: settle })).then((listener) => {
        const socket = createConnection({ host: HOST, port: listener.port }, () => socket.end());
      });
    });
    expect(await closed).toBe('');
  });

  it('sends what is queued before a flushing close', async () => {
    const listener = await listen((connection) => ({
      ...QUIET,
      onData: () => {
        connection.write([Buffer.alloc(300_000, 7)]);
        connection.close({ flush: true });
      },
    }));
    const received = await new Promise<number>((settle) => {
      let count = 0;
      const socket = createConnection({ host: HOST, port: listener.port }, () => socket.write('x'));
      socket.on('data', (bytes) => {
        count += bytes.length;
      });
      socket.on('close', () => settle(count));
    });
    expect(received).toBe(300_000);
  });

  it('stops reading all connections while too much that was read is not handled, and loses nothing', async () => {
    const held: (() => void)[] = [];
    let holding = false;
    /** A loop that is behind with its inputs. */
    class BusyLoop extends EventLoop {
      override readonly post = (input: () => void): void => {
        if (holding) held.push(input);
        else setImmediate(input);
      };
    }
    const busy = createTcpNet(new BusyLoop());
    const count = 32;
    const each = 2 * MIB;
    let received = 0;
    const accepted: NetConnection[] = [];
    const listener = await new Promise<NetListener | null>((settle) => {
      const accept = (connection: NetConnection): NetHandlers => {
        accepted.push(connection);
        return {
          ...QUIET,
          onData: (bytes) => {
            received += bytes.length;
          },
        };
      };
      busy.listen({ host: HOST, port: 0, backlog: 50 }, accept, (_failure, made) => settle(made));
    });
    if (listener === null) throw new Error('no listener');
    open.push(listener);
    const sockets = Array.from({ length: count }, () => createConnection({ host: HOST, port: listener.port }));
    await waitFor('all are accepted', () => accepted.length === count);
    holding = true;
    for (const socket of sockets) socket.write(Buffer.alloc(each));
    await waitFor('most of what may be held is there', () => held.length * 64 * KIB > 12 * MIB);
    // In each of these rounds every socket that is not paused would be read.
    for (let round = 0; round < 100; round += 1) await new Promise((settle) => setImmediate(settle));
    holding = false;
    for (const input of held.splice(0)) input();
    expect(received).toBeGreaterThan(1 * MIB);
    expect(received).toBeLessThanOrEqual(16 * MIB + 64 * KIB);
    await waitFor('everything is there', () => received === count * each);
    for (const socket of sockets) socket.destroy();
  });
});

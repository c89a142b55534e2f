import { describe, expect, it } from '@jest/globals';
import { Settings } from '../../../../broker/core/config/settings.ts';
import type { Net, NetConnection, NetHandlers } from '../../../../broker/ports/net.ts';
import type { Ports } from '../../../../broker/server/context.ts';
import { Acceptor } from '../../../../broker/server/network/acceptor.ts';

/** An acceptor on a network that the test plays, with a clock that it moves. */
function accepting(settings: Readonly<Record<string, string>>, byHand = false) {
  const served: ((response: readonly Uint8Array[] | null) => void)[] = [];
  const state = { nowMs: 0, timers: [] as (() => void)[], warnings: [] as string[] };
  let accept: (connection: NetConnection) => NetHandlers | null = () => null;
  const net: Net = {
    listen: (address, onConnection, done) => {
      accept = onConnection;
      done(null, { port: address.port, close: () => undefined });
    },
    dial: () => undefined,
  };
  const ports = {
    net,
    clock: { monotonicMs: () => state.nowMs, wallMs: () => 0 },
    timers: {
      after: (_delayMs: number, callback: () => void) => {
        state.timers.push(callback);
        return { cancel: () => undefined };
      },
    },
    afterTurn: (callback: () => void) => callback(),
    log: {
      debug: () => undefined,
      info: () => undefined,
      error: () => undefined,
      warn: (_fields: unknown, message: string) => state.warnings.push(message),
    },
  };
  // The ports that an acceptor touches; it has no business with the others.
  const acceptor = new Acceptor({
    ports: ports as unknown as Ports,
    settings: new Settings(new Map(Object.entries({ 'log.dirs': '/data', ...settings }))),
    serve: (_frame, _from, reply) => (byHand ? served.push(reply) : reply(null)),
  });
  acceptor.listen([{ name: 'plain', host: '127.0.0.1', port: 1 }], () => undefined);
  acceptor.open();
  const connect = (
    remoteAddress: string,
  ): { readonly handlers: NetHandlers | null; closed: boolean; readonly sent: number[] } => {
    const connection = { handlers: null as NetHandlers | null, closed: false, sent: [] as number[] };
    connection.handlers = accept({
      remoteAddress,
      remotePort: 1,
      write: (chunks) => connection.sent.push(...chunks.flatMap((chunk) => [...chunk])),
      unsentBytes: () => 0,
      pause: () => undefined,
      resume: () => undefined,
      close: () => {
        connection.closed = true;
      },
    });
    return connection;
  };
  const tick = (): void => {
    for (const callback of state.timers.splice(0)) callback();
  };
  return { acceptor, connect, tick, state, served };
}

describe('the acceptor', () => {
  it('refuses connections over max.connections by name, and accepts again when one has gone', () => {
    const { connect, state } = accepting({ 'max.connections': '2' });
    const first = connect('10.0.0.1');
    expect(connect('10.0.0.2').handlers).not.toBeNull();
    expect(connect('10.0.0.3').handlers).toBeNull();
    expect(state.warnings).toEqual(['connection refused: max.connections is reached']);
    first.handlers?.onClose('');
    expect(connect('10.0.0.3').handlers).not.toBeNull();
  });

  it('refuses connections over max.connections.per.ip from one address only', () => {
    const { connect, state } = accepting({ 'max.connections.per.ip': '1' });
    const first = connect('10.0.0.1');
    expect(connect('10.0.0.1').handlers).toBeNull();
    expect(connect('10.0.0.2').handlers).not.toBeNull();
    expect(state.warnings).toEqual(['connection refused: max.connections.per.ip is reached']);
    first.handlers?.onClose('');
    expect(connect('10.0.0.1').handlers).not.toBeNull();
  });

  it('closes connections that were idle for connections.max.idle.ms, and no others', () => {
    const { connect, state, tick } = accepting({ 'connections.max.idle.ms': '1000' });
    const idle = connect('10.0.0.1');
    const busy = connect('10.0.0.2');
    state.nowMs = 900;
    busy.handlers?.onData(Uint8Array.of(0));
    state.nowMs = 1001;
    tick();
    expect([idle.closed, busy.closed]).toEqual([true, false]);
    state.nowMs = 1901;
    tick();
    expect(busy.closed).toBe(true);
  });

  it('refuses everybody while it stops, and closes who is there', () => {
    const { acceptor, connect, state } = accepting({});
    const open = connect('10.0.0.1');
    acceptor.stop(() => undefined);
    expect(open.closed).toBe(true);
    expect(connect('10.0.0.2').handlers).toBeNull();
    expect(state.warnings).toEqual(['connection refused: the broker is stopping']);
  });

  it('answers what was produced before it closes, starts nothing new, and waits a second at most', () => {
    const { acceptor, connect, tick, state, served } = accepting({}, true);
    const produce = [0, 0, 0, 2, 0, 0];
    const answered = connect('10.0.0.1');
    const silent = connect('10.0.0.2');
    answered.handlers?.onData(Uint8Array.from(produce));
    silent.handlers?.onData(Uint8Array.from(produce));
    let stopped = false;
    acceptor.stop(() => {
      stopped = true;
    });
    answered.handlers?.onData(Uint8Array.from(produce));
    tick();
    expect([answered.closed, stopped, served.length]).toEqual([false, false, 2]);
    served[0]?.([Uint8Array.of(1)]);
    tick();
    expect([answered.closed, stopped]).toEqual([false, false]);
    state.nowMs = 1000;
    tick();
    expect([answered.closed, silent.closed, stopped]).toEqual([true, true, true]);
    expect([answered.sent, silent.sent]).toEqual([[1], []]);
  });

  it('writes at most ten warnings a second', () => {
    const { connect, state } = accepting({ 'max.connections': '0' });
    for (let index = 0; index < 50; index += 1) connect('10.0.0.1');
    expect(state.warnings).toHaveLength(10);
    state.nowMs = 1000;
    connect('10.0.0.1');
    expect(state.warnings).toHaveLength(11);
  });
});

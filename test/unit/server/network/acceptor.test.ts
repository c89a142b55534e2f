import { describe, expect, it } from '@jest/globals';
import { Settings } from '../../../../broker/core/config/settings.ts';
import type { Net, NetConnection, NetHandlers } from '../../../../broker/ports/net.ts';
import type { Ports } from '../../../../broker/server/context.ts';
import { Acceptor, budgetBytes } from '../../../../broker/server/network/acceptor.ts';
import type { ClientConnection } from '../../../../broker/server/network/client-connection.ts';

class PlayedState {
  nowMs = 0;
  timers: (() => void)[] = [];
  readonly delays: number[] = [];
  readonly deferred: (() => void)[] = [];
  readonly warnings: string[] = [];
  readonly fields: unknown[] = [];
}

/** The ports that an acceptor touches; it has no business with the others. */
function playedPorts(state: PlayedState, net: Net): Ports {
  const write = (fields: unknown, message: string): void => {
    state.warnings.push(message);
    state.fields.push(fields);
  };
  const ports = {
    net,
    clock: { monotonicMs: () => state.nowMs, wallMs: () => 0 },
    timers: {
      after: (delayMs: number, callback: () => void) => {
        state.timers.push(callback);
        state.delays.push(delayMs);
        return {
          cancel: () => {
            state.timers = state.timers.filter((one) => one !== callback);
          },
        };
      },
    },
    afterTurn: (callback: () => void) => state.deferred.push(callback),
    log: { debug: () => undefined, info: write, error: () => undefined, warn: write },
  };
  return ports as unknown as Ports;
}

/** One connection, as its peer and the system see it. */
class PlayedConnection implements NetConnection {
  handlers: NetHandlers | null = null;
  closed = false;
  paused = false;
  unsent = 0;
  node?: number;
  readonly sent: number[] = [];
  readonly remotePort = 1;
  readonly remoteAddress: string;

  constructor(remoteAddress: string) {
    this.remoteAddress = remoteAddress;
  }

  write(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) for (const byte of chunk) this.sent.push(byte);
  }

  unsentBytes(): number {
    return this.unsent;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  close(): void {
    this.closed = true;
  }
}

/** An acceptor on a network that the test plays, with a clock that it moves. */
function accepting(settings: Readonly<Record<string, string>>, byHand = false, connectionsMax?: number) {
  const served: ((response: readonly Uint8Array[] | null) => void)[] = [];
  const state = new PlayedState();
  const listening: (string | undefined)[] = [];
  let accept: (connection: NetConnection) => NetHandlers | null = () => null;
  const net: Net = {
    listen: (address, onConnection, done) => {
      listening.push(address.listener);
      accept = onConnection;
      done(null, { port: address.port, close: () => undefined });
    },
    dial: () => undefined,
  };
  const acceptor = new Acceptor({
    ports: playedPorts(state, net),
    settings: new Settings(new Map(Object.entries({ 'log.dirs': '/data', ...settings }))),
    memoryBytes: 1 << 30,
    ...(connectionsMax === undefined ? {} : { connectionsMax }),
    serve: (_frame, _from, reply) => (byHand ? served.push(reply) : reply(null)),
  });
  acceptor.listen([{ name: 'plain', host: '127.0.0.1', port: 1 }], () => undefined);
  acceptor.open();
  const connect = (remoteAddress: string, node?: number): PlayedConnection => {
    const connection = new PlayedConnection(remoteAddress);
    if (node !== undefined) connection.node = node;
    connection.handlers = accept(connection);
    return connection;
  };
  const tick = (): void => {
    for (const callback of state.timers.splice(0)) callback();
    for (const callback of state.deferred.splice(0)) callback();
  };
  const metric = (name: string, label?: string): number | undefined => {
    let value: number | undefined;
    acceptor.metrics((sample) => {
      if (sample.name === name && (label === undefined || Object.values(sample.labels).includes(label)))
        value = sample.value;
    });
    return value;
  };
  return { acceptor, connect, tick, state, served, metric, listening };
}

describe('the acceptor', () => {
  it('names its listeners to the network, and tells which node is at the other end where that was shown', () => {
    const { connect, listening } = accepting({});
    expect(listening).toEqual(['plain']);
    const contextOf = (connection: PlayedConnection) => (connection.handlers as ClientConnection).context;
    expect(contextOf(connect('10.0.0.1', 3)).node).toBe(3);
    expect(contextOf(connect('10.0.0.1')).node).toBeUndefined();
  });

  it('lets connections over max.connections wait their turn, and serves what they sent meanwhile', () => {
    const { connect, state, served } = accepting({ 'max.connections': '2' }, true);
    const first = connect('10.0.0.1');
    connect('10.0.0.2');
    const third = connect('10.0.0.3');
    const fourth = connect('10.0.0.4');
    expect(state.warnings[0]).toBe('connection has to wait: max.connections is reached');
    third.handlers?.onData(Uint8Array.from([0, 0, 0, 2, 0, 1]));
    fourth.handlers?.onData(Uint8Array.from([0, 0, 0, 2, 0, 1]));
    expect(served).toHaveLength(0);
    first.handlers?.onClose('');
    expect(served).toHaveLength(1);
    third.handlers?.onClose('');
    expect(served).toHaveLength(2);
    served[1]?.([Uint8Array.of(4)]);
    expect(fourth.sent).toEqual([4]);
  });

  it('leaves descriptors to files: connections over their part of the limit of open files wait', () => {
    const { connect, state, served } = accepting({}, true, 1);
    const first = connect('10.0.0.1');
    const second = connect('10.0.0.2');
    expect(state.warnings[0]).toBe('connection has to wait: the limit of open files (ulimit -n) is reached');
    second.handlers?.onData(Uint8Array.from([0, 0, 0, 2, 0, 1]));
    expect(served).toHaveLength(0);
    first.handlers?.onClose('');
    expect(served).toHaveLength(1);
  });

  it('holds no more than socket.listen.backlog.size waiting connections, and forgets those that went', () => {
    const { connect, state, metric } = accepting({ 'max.connections': '0', 'socket.listen.backlog.size': '2' });
    const first = connect('10.0.0.1');
    connect('10.0.0.2');
    expect(connect('10.0.0.3').handlers).toBeNull();
    expect(state.warnings.at(-1)).toBe('connection refused: socket.listen.backlog.size is reached, 2');
    expect(metric('weir_connections_refused_total', 'socket.listen.backlog.size')).toBe(1);
    expect(metric('weir_connections_waiting')).toBe(2);
    first.handlers?.onClose('');
    expect(connect('10.0.0.3').handlers).not.toBeNull();
  });

  it('reads no more than 16 KiB of a connection that waits', () => {
    const { connect } = accepting({ 'max.connections': '0' });
    const waiting = connect('10.0.0.1');
    waiting.handlers?.onData(new Uint8Array(16_000));
    expect(waiting.paused).toBe(false);
    waiting.handlers?.onData(new Uint8Array(1000));
    expect(waiting.paused).toBe(true);
  });

  it('reads on when a connection that sent all it may while it waited comes in', () => {
    const { connect, served } = accepting({ 'max.connections': '1' }, true);
    const first = connect('10.0.0.1');
    const waiting = connect('10.0.0.2');
    waiting.handlers?.onData(Uint8Array.from([0, 0, 64, 2, 0, 1]));
    waiting.handlers?.onData(new Uint8Array(16_383));
    expect(waiting.paused).toBe(true);
    first.handlers?.onClose('');
    expect(waiting.paused).toBe(false);
    waiting.handlers?.onData(Uint8Array.of(0));
    expect(served).toHaveLength(1);
  });

  it('refuses connections over max.connections.per.ip from one address only', () => {
    const { connect, state, metric } = accepting({ 'max.connections.per.ip': '1' });
    const first = connect('10.0.0.1');
    expect(connect('10.0.0.1').handlers).toBeNull();
    expect(connect('::ffff:10.0.0.1').handlers).toBeNull();
    expect(connect('10.0.0.2').handlers).not.toBeNull();
    expect(state.warnings[0]).toBe('connection refused: max.connections.per.ip is reached, 1');
    expect(metric('weir_connections_refused_total', 'max.connections.per.ip')).toBe(2);
    first.handlers?.onClose('');
    expect(connect('10.0.0.1').handlers).not.toBeNull();
  });

  it('gives some addresses limits of their own with max.connections.per.ip.overrides', () => {
    const { connect, state } = accepting({
      'max.connections.per.ip': '1',
      'max.connections.per.ip.overrides': '10.0.0.9:2, fe80::1:0',
    });
    expect(connect('10.0.0.9').handlers).not.toBeNull();
    expect(connect('10.0.0.9').handlers).not.toBeNull();
    expect(connect('10.0.0.9').handlers).toBeNull();
    expect(connect('fe80::1').handlers).toBeNull();
    expect(state.warnings).toEqual([
      'connection refused: max.connections.per.ip.overrides is reached, 2',
      'connection refused: max.connections.per.ip.overrides is reached, 0',
    ]);
  });

  it('takes new connections no faster than max.connection.creation.rate, the others a little later', () => {
    const { connect, state, tick, metric } = accepting({ 'max.connection.creation.rate': '2' });
    for (let index = 0; index < 4; index += 1) connect('10.0.0.1');
    expect(metric('weir_connections_accepted_total')).toBe(2);
    expect(state.warnings[0]).toBe('connection has to wait: max.connection.creation.rate is reached');
    state.nowMs = 500;
    tick();
    expect(metric('weir_connections_accepted_total')).toBe(3);
    state.nowMs = 1000;
    tick();
    expect(metric('weir_connections_accepted_total')).toBe(4);
  });

  it('closes connections that were idle for connections.max.idle.ms, and no others', () => {
    const { connect, state, tick, served, metric } = accepting({ 'connections.max.idle.ms': '1000' }, true);
    const idle = connect('10.0.0.1');
    const asking = connect('10.0.0.2');
    const busy = connect('10.0.0.3');
    const untaken = connect('10.0.0.4');
    busy.handlers?.onData(Uint8Array.from([0, 0, 0, 2, 0, 1]));
    untaken.unsent = 100;
    state.nowMs = 900;
    asking.handlers?.onData(Uint8Array.of(0));
    state.nowMs = 1001;
    tick();
    const closed = (): readonly boolean[] => [idle, asking, busy, untaken].map((one) => one.closed);
    expect(closed()).toEqual([true, false, false, false]);
    expect(state.warnings).toEqual(['connection closed: it was idle for 1000 ms (connections.max.idle.ms)']);
    state.nowMs = 1901;
    tick();
    expect(closed()).toEqual([true, true, false, false]);
    served[0]?.(null);
    state.nowMs = 2902;
    tick();
    expect(closed()).toEqual([true, true, true, false]);
    expect(metric('weir_connections_closed_total', 'connections.max.idle.ms')).toBe(3);
  });

  it('looks for idle connections often enough to keep a short connections.max.idle.ms, and never more than every 10 ms', () => {
    expect(accepting({ 'connections.max.idle.ms': '200' }).state.delays).toEqual([50]);
    expect(accepting({ 'connections.max.idle.ms': '1' }).state.delays).toEqual([10]);
    expect(accepting({}).state.delays).toEqual([5000]);
  });

  it('never closes an idle connection when connections.max.idle.ms is negative', () => {
    const { connect, state, tick } = accepting({ 'connections.max.idle.ms': '-1' });
    const idle = connect('10.0.0.1');
    state.nowMs = 1e9;
    tick();
    expect(idle.closed).toBe(false);
  });

  it('closes who sends a request too slowly, with a line that names the setting', () => {
    const { connect, state, tick, metric } = accepting({ 'weir.request.receive.timeout.ms': '1000' });
    const slow = connect('10.0.0.1');
    const quick = connect('10.0.0.2');
    slow.handlers?.onData(Uint8Array.from([0, 1, 0, 0, 0, 0]));
    quick.handlers?.onData(Uint8Array.from([0, 2, 0, 0, 0, 0]));
    tick();
    state.nowMs = 600;
    slow.handlers?.onData(Uint8Array.of(1));
    quick.handlers?.onData(new Uint8Array(66_000));
    tick();
    state.nowMs = 1000;
    tick();
    expect([slow.closed, quick.closed]).toEqual([true, false]);
    expect(state.warnings).toEqual([
      'connection closed: its request did not arrive within 1000 ms (weir.request.receive.timeout.ms)',
    ]);
    expect(metric('weir_connections_closed_total', 'weir.request.receive.timeout.ms')).toBe(1);
  });

  it('closes who does not take its answers, with a line that names the setting', () => {
    const { connect, state, tick, served, metric } = accepting({ 'weir.response.send.timeout.ms': '1000' }, true);
    const deaf = connect('10.0.0.1');
    const slow = connect('10.0.0.2');
    for (const one of [deaf, slow]) {
      one.handlers?.onData(Uint8Array.from([0, 0, 0, 2, 0, 1]));
      one.unsent = 200_000;
    }
    for (const reply of served) reply([new Uint8Array(200_000)]);
    tick();
    state.nowMs = 600;
    slow.unsent = 100_000;
    tick();
    state.nowMs = 1100;
    tick();
    expect([deaf.closed, slow.closed]).toEqual([true, false]);
    expect(state.warnings).toEqual([
      'connection closed: it did not take its answers for 1000 ms (weir.response.send.timeout.ms)',
    ]);
    expect(metric('weir_connections_closed_total', 'weir.response.send.timeout.ms')).toBe(1);
    expect(metric('weir_memory_held_bytes', 'answers')).toBe(100_000);
  });

  it('cuts deaf peers off sooner when their answers use up the memory that others wait for', () => {
    const { connect, state, tick, served } = accepting(
      { 'queued.max.request.bytes': '400000', 'socket.request.max.bytes': '100000' },
      true,
    );
    const deaf = connect('10.0.0.1');
    deaf.handlers?.onData(Uint8Array.from([0, 0, 0, 2, 0, 1]));
    deaf.unsent = 250_000;
    served[0]?.([new Uint8Array(250_000)]);
    const other = connect('10.0.0.2');
    other.handlers?.onData(Uint8Array.from([0, 0, 0, 2, 0, 1]));
    expect(served).toHaveLength(1);
    expect(state.warnings[0]).toBe('fetches have to wait: answers that were not taken use up queued.max.request.bytes');
    expect(state.delays.at(-1)).toBe(100);
    tick();
    state.nowMs = 2000;
    tick();
    expect(deaf.closed).toBe(true);
    expect(state.warnings[1]).toContain('(queued.max.request.bytes)');
    expect(served).toHaveLength(2);
  });

  it('cuts off stalled requests sooner when they use up the memory that others wait for', () => {
    const { connect, state, tick } = accepting({
      'queued.max.request.bytes': '400000',
      'socket.request.max.bytes': '300000',
    });
    const stalled = connect('10.0.0.1');
    stalled.handlers?.onData(Uint8Array.from([0, 4, 0, 0, 0, 0]));
    stalled.handlers?.onData(new Uint8Array(190_000));
    const other = connect('10.0.0.2');
    other.handlers?.onData(Uint8Array.from([0, 4, 0, 0, 0, 0, ...new Array<number>(15_000)]));
    for (const nowMs of [0, 100, 2100]) {
      state.nowMs = nowMs;
      tick();
    }
    expect([stalled.closed, other.closed]).toEqual([true, false]);
    expect(state.warnings.at(-1)).toContain('(queued.max.request.bytes)');
  });

  it('takes a quarter of the memory for its budget unless it is told otherwise', () => {
    const mib = 1024 * 1024;
    expect(budgetBytes(-1, 1024 * mib)).toBe(256 * mib);
    expect(budgetBytes(0, 100 * mib)).toBe(64 * mib);
    expect(budgetBytes(-1, 64 * 1024 * mib)).toBe(1024 * mib);
    expect(budgetBytes(12_345, 1024 * mib)).toBe(12_345);
  });

  it('refuses everybody while it stops, and closes who is there', () => {
    const { acceptor, connect, state } = accepting({});
    const open = connect('10.0.0.1');
    acceptor.stop(() => undefined);
    expect(open.closed).toBe(true);
    expect(connect('10.0.0.2').handlers).toBeNull();
    expect(state.warnings).toEqual(['connection refused: the broker is stopping']);
  });

  it('serves producers until none has asked for 200 ms, a second at most, and waits for none that is not there', () => {
    const { acceptor, connect, tick, state, served } = accepting({}, true);
    const produce = Uint8Array.from([0, 0, 0, 2, 0, 0]);
    const client = connect('10.0.0.1');
    const goneAtMs: number[] = [];
    const letGo = (): void => acceptor.letProducersGo(() => goneAtMs.push(state.nowMs));
    const at = (nowMs: number): void => {
      state.nowMs = nowMs;
      tick();
    };
    letGo();
    expect(goneAtMs).toEqual([0]);
    at(5000);
    client.handlers?.onData(produce);
    letGo();
    at(5150);
    client.handlers?.onData(produce);
    for (const nowMs of [5200, 5349]) at(nowMs);
    expect([goneAtMs, served.length, client.closed]).toEqual([[0], 2, false]);
    at(5350);
    expect(goneAtMs).toEqual([0, 5350]);
    client.handlers?.onData(produce);
    letGo();
    for (let nowMs = 5450; nowMs <= 6350; nowMs += 100) {
      client.handlers?.onData(produce);
      at(nowMs);
    }
    expect(goneAtMs).toEqual([0, 5350, 6350]);
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

  it('writes at most ten lines a second for each limit, and says how many it left out', () => {
    const { connect, state } = accepting({ 'max.connections.per.ip': '0' });
    for (let index = 0; index < 50; index += 1) connect('10.0.0.1');
    expect(state.warnings).toHaveLength(10);
    state.nowMs = 1000;
    connect('10.0.0.1');
    expect(state.warnings).toHaveLength(11);
    expect(state.fields.at(-1)).toMatchObject({ linesNotWritten: 40 });
  });
});

import { describe, expect, it } from '@jest/globals';
import { ClientConnection } from '../../../../broker/server/network/client-connection.ts';
import type { NetConnection } from '../../../../broker/ports/net.ts';

type Reply = (response: readonly Uint8Array[] | null) => void;

const PRODUCE = 0;
const FETCH = 1;
/** A frame with this API key and a marker byte. */
const frame = (key: number, marker: number): number[] => [0, 0, 0, 3, 0, key, marker];

function open(options: { readonly frameSizeMax?: number } = {}) {
  const sent: number[] = [];
  const state = { paused: false, closed: false, unsent: 0 };
  const net: NetConnection = {
    remoteAddress: '127.0.0.1',
    remotePort: 1,
    write: (chunks) => sent.push(...chunks.flatMap((chunk) => [...chunk])),
    unsentBytes: () => state.unsent,
    pause: () => {
      state.paused = true;
    },
    resume: () => {
      state.paused = false;
    },
    close: () => {
      state.closed = true;
    },
  };
  const started: { readonly marker: number; readonly reply: Reply }[] = [];
  const errors: string[] = [];
  const deferred: (() => void)[] = [];
  const connection = new ClientConnection({
    connectionId: 1,
    listener: 'plain',
    net,
    frameSizeMax: options.frameSizeMax ?? 1000,
    serve: (bytes, _connection, reply) => started.push({ marker: bytes[2] ?? -1, reply }),
    now: () => 0,
    defer: (callback) => deferred.push(callback),
    onProtocolError: (_connection, reason) => errors.push(reason),
  });
  const endTurn = (): void => {
    for (const callback of deferred.splice(0)) callback();
  };
  const receive = (...frames: number[][]): void => connection.onData(Uint8Array.from(frames.flat()));
  const answer = (marker: number): void =>
    started.find((one) => one.marker === marker)?.reply([Uint8Array.from([marker])]);
  return { connection, receive, answer, started, sent, state, errors, endTurn };
}

describe('a client connection', () => {
  it('starts a request only when the one before it was answered', () => {
    const { receive, answer, started, sent, endTurn } = open();
    receive(frame(FETCH, 1), frame(FETCH, 2));
    expect(started.map((one) => one.marker)).toEqual([1]);
    answer(1);
    endTurn();
    expect(started.map((one) => one.marker)).toEqual([1, 2]);
    answer(2);
    expect(sent).toEqual([1, 2]);
  });

  it('runs consecutive Produce requests together and answers them in order', () => {
    const { receive, answer, started, sent, endTurn } = open();
    receive(frame(PRODUCE, 1), frame(PRODUCE, 2), frame(PRODUCE, 3), frame(FETCH, 4));
    expect(started.map((one) => one.marker)).toEqual([1, 2, 3]);
    answer(3);
    answer(2);
    expect(sent).toEqual([]);
    answer(1);
    expect(sent).toEqual([1, 2, 3]);
    endTurn();
    expect(started.map((one) => one.marker)).toEqual([1, 2, 3, 4]);
  });

  it('does not start a Produce request beside another kind of request', () => {
    const { receive, started } = open();
    receive(frame(FETCH, 1), frame(PRODUCE, 2));
    expect(started.map((one) => one.marker)).toEqual([1]);
  });

  it('never starts a request inside the answer to another: the host that answers may be half changed', () => {
    const { receive, answer, started, endTurn } = open();
    receive(frame(FETCH, 1), frame(FETCH, 2));
    answer(1);
    expect(started.map((one) => one.marker)).toEqual([1]);
    endTurn();
    expect(started.map((one) => one.marker)).toEqual([1, 2]);
  });

  it('sends nothing for a request without an answer and goes on', () => {
    const { receive, started, sent, endTurn } = open();
    receive(frame(FETCH, 1), frame(FETCH, 2));
    started[0]?.reply(null);
    endTurn();
    expect(sent).toEqual([]);
    expect(started.map((one) => one.marker)).toEqual([1, 2]);
  });

  it('stops reading while 64 requests are pending and reads on when they are answered', () => {
    const { receive, started, state } = open();
    receive(...Array.from({ length: 64 }, (_, index) => frame(PRODUCE, index)));
    expect(state.paused).toBe(true);
    for (const one of [...started]) one.reply(null);
    expect(state.paused).toBe(false);
  });

  it('stops reading while over 8 MiB of requests are pending, however few they are', () => {
    const { receive, started, state, endTurn } = open({ frameSizeMax: 10_000_000 });
    const large = (size: number): number[] => [
      (size >> 24) & 0xff,
      (size >> 16) & 0xff,
      (size >> 8) & 0xff,
      size & 0xff,
    ];
    const payload = (size: number): number[] => [0, FETCH, ...new Array<number>(size - 2).fill(0)];
    receive(frame(FETCH, 1), [...large(5_000_000), ...payload(5_000_000)]);
    expect(state.paused).toBe(false);
    receive([...large(5_000_000), ...payload(5_000_000)]);
    expect(state.paused).toBe(true);
    expect(started).toHaveLength(1);
    for (let index = 0; index < 3; index += 1) {
      started[index]?.reply(null);
      endTurn();
    }
    expect(state.paused).toBe(false);
  });

  it('starts nothing while the peer does not take its answers', () => {
    const { connection, receive, started, state } = open();
    state.unsent = 5 * 1024 * 1024;
    receive(frame(FETCH, 1));
    expect(started).toEqual([]);
    expect(state.paused).toBe(true);
    state.unsent = 0;
    connection.onDrain();
    expect(started.map((one) => one.marker)).toEqual([1]);
    expect(state.paused).toBe(false);
  });

  it('closes with a reason when a frame is over the limit, after serving what came before', () => {
    const { receive, started, state, errors } = open({ frameSizeMax: 10 });
    receive(frame(FETCH, 1), [0, 0, 1, 0]);
    expect(started.map((one) => one.marker)).toEqual([1]);
    expect(state.closed).toBe(true);
    expect(errors).toEqual(['frame of 256 bytes is over socket.request.max.bytes']);
  });

  it('tells its listeners once when it closes, and late ones at once', () => {
    const { connection } = open();
    const calls: string[] = [];
    connection.context.onClose(() => calls.push('first'));
    const unsubscribe = connection.context.onClose(() => calls.push('never'));
    unsubscribe();
    connection.onClose();
    connection.onClose();
    connection.context.onClose(() => calls.push('late'));
    expect(calls).toEqual(['first', 'late']);
  });

  it('sends nothing after it was closed', () => {
    const { connection, receive, answer, sent } = open();
    receive(frame(FETCH, 1));
    connection.onClose();
    answer(1);
    expect(sent).toEqual([]);
  });

  it('serves thousands of small requests that are answered at once without deepening the stack', () => {
    let served = 0;
    const connection = new ClientConnection({
      connectionId: 1,
      listener: 'plain',
      net: {
        remoteAddress: '',
        remotePort: 0,
        write: () => undefined,
        unsentBytes: () => 0,
        pause: () => undefined,
        resume: () => undefined,
        close: () => undefined,
      },
      frameSizeMax: 100,
      serve: (_frame, _connection, reply) => {
        served += 1;
        reply(null);
      },
      now: () => 0,
      defer: (callback) => callback(),
      onProtocolError: () => undefined,
    });
    const many = Array.from({ length: 20_000 }, () => frame(FETCH, 1)).flat();
    connection.onData(Uint8Array.from(many));
    expect(served).toBe(20_000);
  });
});

import { describe, expect, it } from '@jest/globals';
import { ConnectionHarness } from '../../../support/connection-harness.ts';

const PRODUCE = 0;
const FETCH = 1;
/** A frame with this API key and a marker byte. */
const frame = (key: number, marker: number): number[] => [0, 0, 0, 3, 0, key, marker];

function open(options: ConstructorParameters<typeof ConnectionHarness>[0] = {}) {
  const harness = new ConnectionHarness(options);
  return { ...harness.connect(), errors: harness.errors, endTurn: () => harness.endTurn(), host: harness.state };
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
    const { receive, started, endTurn } = open();
    let served = 0;
    started.push = (one): number => {
      one.reply(null);
      served += 1;
      return served;
    };
    receive(...Array.from({ length: 20_000 }, () => frame(FETCH, 1)));
    endTurn();
    expect(served).toBe(20_000);
  });

  it('starts nothing before the node is ready, and then everything in order', () => {
    const { connection, receive, started, host, answer, endTurn } = open();
    host.open = false;
    receive(frame(PRODUCE, 1), frame(PRODUCE, 2), frame(FETCH, 3));
    expect(started).toEqual([]);
    host.open = true;
    connection.start();
    expect(started.map((one) => one.marker)).toEqual([1, 2]);
    answer(1);
    answer(2);
    endTurn();
    expect(started.map((one) => one.marker)).toEqual([1, 2, 3]);
  });

  it('is idle only while nothing is pending, untaken or held back', () => {
    const { connection, receive, started, state, host, endTurn } = open();
    host.nowMs = 5;
    receive(frame(FETCH, 1));
    expect(connection.idleSinceMs).toBeNull();
    host.nowMs = 9;
    state.unsent = 10;
    started[0]?.reply([Uint8Array.of(1)]);
    endTurn();
    expect(connection.idleSinceMs).toBeNull();
    state.unsent = 0;
    connection.onDrain();
    expect(connection.idleSinceMs).toBe(9);
    state.unsent = 5 * 1024 * 1024;
    connection.onDrain();
    expect(connection.idleSinceMs).toBeNull();
  });

  it('is not idle while it is not read for want of memory', () => {
    const harness = new ConnectionHarness({ limitBytes: 6 });
    const [producer, other] = [harness.connect(), harness.connect()];
    producer.receive(frame(PRODUCE, 1));
    other.receive(frame(FETCH, 2));
    producer.started[0]?.reply(null);
    harness.endTurn();
    expect([producer.state.paused, producer.connection.idleSinceMs]).toEqual([true, null]);
    other.started[0]?.reply(null);
    harness.endTurn();
    expect([producer.state.paused, producer.connection.idleSinceMs]).toEqual([false, 0]);
  });

  it('counts how long a request arrives too slowly, from its first byte and only while it is read', () => {
    const { connection, state, host } = open({ frameSizeMax: 1_000_000 });
    const look = (): number => connection.watch(host.nowMs).receivingMs;
    expect(look()).toBe(0);
    connection.onData(Uint8Array.of(0, 1, 0));
    expect(look()).toBe(0);
    host.nowMs = 400;
    connection.onData(Uint8Array.of(0, 0, 1));
    expect(look()).toBe(400);
    connection.onData(new Uint8Array(65_534));
    expect(look()).toBe(0);
    connection.onData(Uint8Array.of(0, 0, 0));
    host.nowMs = 500;
    expect(look()).toBe(0);
    host.nowMs = 900;
    expect(look()).toBe(400);
    state.unsent = 5 * 1024 * 1024;
    connection.onDrain();
    expect([state.paused, look()]).toEqual([true, 0]);
  });

  it('counts how long a peer takes its answers too slowly or not at all', () => {
    const { connection, receive, started, state, host } = open();
    const look = (): readonly number[] => {
      const { sendingMs, untakenMs } = connection.watch(host.nowMs);
      return [sendingMs, untakenMs];
    };
    receive(frame(FETCH, 1));
    state.unsent = 200_000;
    started[0]?.reply([new Uint8Array(200_000)]);
    expect(look()).toEqual([0, 0]);
    host.nowMs = 100;
    state.unsent = 190_000;
    expect(look()).toEqual([100, 0]);
    host.nowMs = 300;
    expect(look()).toEqual([300, 200]);
    state.unsent = 130_000;
    expect(look()).toEqual([0, 0]);
    host.nowMs = 900;
    state.unsent = 0;
    expect(look()).toEqual([0, 0]);
  });
});

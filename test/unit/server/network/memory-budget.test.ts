import { describe, expect, it } from '@jest/globals';
import { ConnectionHarness } from '../../../support/connection-harness.ts';

const PRODUCE = 0;
const FETCH = 1;
const HEARTBEAT = 12;
const KIB = 1024;
const MIB = 1024 * KIB;

const prefix = (size: number, key: number): Uint8Array =>
  Uint8Array.of(size >>> 24, (size >>> 16) & 0xff, (size >>> 8) & 0xff, size & 0xff, 0, key);

/** A budget of 64 MiB: 32 for requests (16 until large ones take turns), a share of 1 MiB, a reserve of 4 MiB. */
function small() {
  const harness = new ConnectionHarness({ limitBytes: 64 * MIB, frameSizeMax: 100 * MIB });
  type Connected = ReturnType<ConnectionHarness['connect']>;
  /** A connection that announces a frame and sends a part of it. */
  const sending = (size: number, part: number, key = PRODUCE): Connected => {
    const one = harness.connect();
    one.connection.onData(prefix(size, key));
    send(one, part - 2);
    return one;
  };
  /** Sends in pieces as a socket does, as long as it is read. Gives what was not read. */
  const send = (one: Connected, bytes: number): number => {
    let left = bytes;
    while (left > 0 && !one.state.paused) {
      const piece = Math.min(left, 64 * KIB);
      one.connection.onData(new Uint8Array(piece));
      left -= piece;
      harness.endTurn();
    }
    return left;
  };
  return { harness, sending, send };
}

describe('the memory budget', () => {
  it('is not touched by hundreds of connections that announce large requests and send little', () => {
    const { harness, sending } = small();
    const many = Array.from({ length: 300 }, () => sending(90 * MIB, 100));
    expect(harness.memory.figures).toMatchObject({ requestBytes: 300 * 100, blocked: 0, pauses: 0 });
    expect(many.every((one) => !one.state.paused)).toBe(true);
  });

  it('takes large requests one at a time once half of the memory for requests is used', () => {
    const { harness, sending, send } = small();
    const first = sending(40 * MIB, 20 * MIB);
    const second = sending(40 * MIB, 20 * MIB);
    expect(first.state.paused || second.state.paused).toBe(true);
    expect(harness.memory.figures.requestBytes).toBeLessThan(20 * MIB + 1 * MIB + 128 * KIB);
    const reading = [first, second].filter((one) => !one.state.paused);
    expect(reading).toHaveLength(1);
    const [one] = reading;
    if (one === undefined) throw new Error('nobody is read');
    send(one, 40 * MIB);
    expect(one.started).toHaveLength(1);
  });

  it('lets requests within their share through while large ones wait', () => {
    const { sending, send } = small();
    sending(40 * MIB, 18 * MIB);
    sending(40 * MIB, 18 * MIB);
    const usual = sending(900 * KIB, 100);
    expect(send(usual, 900 * KIB - 100)).toBe(0);
    expect(usual.started).toHaveLength(1);
  });

  it('never holds more than its half and the requests that are let finish, whoever sends whatever', () => {
    const { harness, sending } = small();
    for (let index = 0; index < 300; index += 1) sending(1 * MIB - 10, 1 * MIB - 20);
    for (let index = 0; index < 300; index += 1) sending(90 * MIB, 89 * MIB);
    // Half of 64 MiB; what comes late, and 4 KiB of everybody; 8 shares; one large request.
    const bound = 32 * MIB + 4 * MIB + 600 * 4 * KIB + 8 * MIB + 90 * MIB;
    expect(harness.memory.figures.requestBytes).toBeLessThan(bound);
    expect(harness.short.length).toBeGreaterThan(0);
  });

  it('gets out of half-received requests that hold everything: who can finish does, who stalls is closed', () => {
    const { harness, sending, send } = small();
    const stalled = Array.from({ length: 60 }, () => sending(700 * KIB, 700 * KIB - 10));
    const victim = sending(1000 * KIB, 100);
    expect(send(victim, 1000 * KIB - 100)).toBeGreaterThan(0);
    for (let nowMs = 0; nowMs <= 6000 && victim.started.length === 0; nowMs += 100) {
      harness.state.nowMs = nowMs;
      harness.memory.tick(nowMs);
      harness.endTurn();
      send(victim, 1000 * KIB - victim.connection.holding.receivedTotal + 4);
    }
    expect(victim.started).toHaveLength(1);
    expect(stalled.filter((one) => one.state.closed).length).toBeGreaterThan(0);
    expect(harness.evicted.length).toBe(stalled.filter((one) => one.state.closed).length);
    expect(victim.state.closed).toBe(false);
  });

  it('goes on reading acknowledgements, commits and heartbeats when nothing is left for Produce', () => {
    const { harness, sending, send } = small();
    for (let index = 0; index < 60; index += 1) sending(1 * MIB - 10, 1 * MIB - 20);
    for (const key of [HEARTBEAT, 8, 68, 76, 78, 79]) {
      const member = harness.connect();
      member.connection.onData(prefix(30 * KIB, key));
      expect([key, member.state.paused]).toEqual([key, false]);
      member.connection.onData(new Uint8Array(30 * KIB - 2));
      expect([key, member.started.length]).toEqual([key, 1]);
    }
    const producer = sending(30 * KIB, 100);
    expect(send(producer, 20 * KIB)).toBeGreaterThan(0);
  });

  it('makes no broker wait, whatever others hold (B1)', () => {
    const { harness } = small();
    const brokers = harness.connect();
    brokers.connection.context.admitBroker();
    harness.memory.setUnsent(harness.connect().connection, 64 * MIB);
    for (let index = 0; index < 33; index += 1) harness.memory.setPending(harness.connect().connection, 1 * MIB, 1);
    const follower = prefix(10 * KIB, FETCH);
    brokers.connection.onData(follower);
    brokers.connection.onData(new Uint8Array(10 * KIB - 2));
    expect([brokers.started.length, brokers.state.paused, brokers.state.closed]).toEqual([1, false, false]);
    const consumer = harness.connect();
    consumer.connection.onData(follower);
    consumer.connection.onData(new Uint8Array(10 * KIB - 2));
    expect(consumer.started).toHaveLength(0);
  });

  it('bounds the reserve: large requests that are none of a producer wait too when it is used up', () => {
    const { harness, sending } = small();
    for (let index = 0; index < 300; index += 1) sending(1 * MIB, 1 * MIB - 10, 8);
    const bound = 4 * MIB + 300 * 64 * KIB + 9 * MIB;
    expect(harness.memory.figures.requestBytes).toBeLessThan(bound);
    expect(harness.memory.figures.blocked).toBeGreaterThan(200);
  });

  /** All of the memory for requests is used, by requests that were not answered. */
  const exhausted = () => {
    const played = small();
    const holders = Array.from({ length: 33 }, () => played.sending(1 * MIB, 1 * MIB));
    expect(played.harness.memory.isExhausted).toBe(true);
    return { ...played, holders };
  };

  it('is not overrun by ten thousand idle connections that all begin when nothing is left', () => {
    const { harness, holders } = exhausted();
    const before = harness.memory.figures.requestBytes;
    const idle = Array.from({ length: 10_000 }, () => harness.connect());
    for (const one of idle) {
      one.connection.onData(prefix(90 * MIB, PRODUCE));
      one.connection.onData(new Uint8Array(64 * KIB));
    }
    expect(harness.memory.figures.requestBytes - before).toBeLessThan(4 * MIB + 64 * KIB);
    expect(harness.evicted.length).toBeGreaterThan(9000);
    expect(harness.evicted.length).toBe(idle.filter((one) => one.state.closed).length);
    const member = harness.connect();
    member.connection.onData(prefix(1000, HEARTBEAT));
    member.connection.onData(new Uint8Array(998));
    expect([member.started.length, member.state.closed]).toEqual([1, false]);
    // What came late goes, and others may come.
    for (const one of [...idle, ...holders]) one.connection.onClose();
    const later = harness.connect();
    later.connection.onData(prefix(90 * MIB, PRODUCE));
    later.connection.onData(new Uint8Array(64 * KIB));
    expect(later.state.closed).toBe(false);
    expect(harness.memory.figures.requestBytes).toBe(64 * KIB + 2 + 1000);
  });

  it('takes 4 KiB of everybody even when what comes late has used up its part', () => {
    const { harness } = exhausted();
    // Of 4 MiB less than 4 KiB are left.
    for (let index = 0; index < 64; index += 1) {
      const late = harness.connect();
      late.connection.onData(prefix(90 * MIB, PRODUCE));
      late.connection.onData(new Uint8Array(65_494));
    }
    expect(harness.evicted).toHaveLength(0);
    const member = harness.connect();
    member.connection.onData(prefix(8 * KIB, HEARTBEAT));
    member.connection.onData(new Uint8Array(4 * KIB - 6));
    expect(member.state.closed).toBe(false);
    member.connection.onData(Uint8Array.of(0));
    expect(member.state.closed).toBe(true);
  });

  it('counts what came late until it is answered, in however many pieces it came', () => {
    const { harness, sending } = exhausted();
    const before = harness.memory.figures.requestBytes;
    const late = Array.from({ length: 200 }, () => sending(60 * KIB, 60 * KIB, HEARTBEAT));
    expect(harness.memory.figures.requestBytes - before).toBeLessThan(4 * MIB + 64 * KIB);
    expect(harness.evicted.length).toBe(late.filter((one) => one.state.closed).length);
    expect(harness.evicted.length).toBeGreaterThan(100);
    for (const one of late) one.started[0]?.reply(null);
    expect(sending(60 * KIB, 60 * KIB, HEARTBEAT).started).toHaveLength(1);
  });

  /** All of the memory for requests is used by members; a producer that was answered waits for it. */
  const producerWaiting = () => {
    const played = small();
    const producer = played.sending(10, 10);
    for (let index = 0; index < 33; index += 1) played.sending(1 * MIB, 1 * MIB, HEARTBEAT);
    const { memory } = played.harness;
    const block = (): void => {
      expect(memory.figures.blocked).toBe(0);
      producer.started[0]?.reply(null);
      played.harness.endTurn();
      expect(memory.figures.blocked).toBe(1);
    };
    return { ...played, producer, memory, block };
  };

  it('forgets who closes while it waits for memory', () => {
    const { harness, producer, memory, block } = producerWaiting();
    block();
    producer.connection.onClose();
    harness.endTurn();
    expect([memory.figures.blocked, memory.isPressed]).toEqual([0, false]);
  });

  it('closes who was let finish and stalls only when somebody waits', () => {
    const { harness, sending, memory, block } = producerWaiting();
    const stalled = sending(900 * KIB, 100);
    harness.endTurn();
    expect(stalled.state.paused).toBe(false);
    for (const nowMs of [0, 2000, 4000]) memory.tick(nowMs);
    expect(stalled.state.closed).toBe(false);
    block();
    memory.tick(4000);
    expect(stalled.state.closed).toBe(true);
  });

  it('does not read who produced last when nothing is left, and does again afterwards', () => {
    const { harness, sending } = small();
    const [producer, member] = [sending(10, 10), sending(10, 10, HEARTBEAT)];
    const holders = Array.from({ length: 33 }, () => sending(1 * MIB, 1 * MIB));
    for (const one of [producer, member]) one.started[0]?.reply(null);
    expect([producer.state.paused, member.state.paused]).toEqual([true, false]);
    for (const one of holders) one.started[0]?.reply(null);
    harness.endTurn();
    expect(producer.state.paused).toBe(false);
  });

  it('does not start a Fetch while answers that nobody takes use up their half, and does when they are gone', () => {
    const { harness } = small();
    const deaf = harness.connect();
    deaf.receive([...prefix(2, FETCH)]);
    deaf.state.unsent = 32 * MIB;
    deaf.started[0]?.reply([new Uint8Array(10)]);
    const fetching = harness.connect();
    fetching.receive([...prefix(2, FETCH)]);
    expect(fetching.started).toHaveLength(0);
    expect(harness.short).toEqual(['answers']);
    const acknowledging = harness.connect();
    acknowledging.receive([...prefix(2, 79)]);
    expect(acknowledging.started).toHaveLength(1);
    deaf.connection.close();
    harness.endTurn();
    expect(fetching.started).toHaveLength(1);
  });

  it('gives each answer a quarter of what is free, and never less than 64 KiB', () => {
    const { harness } = small();
    const { memory } = harness;
    expect(memory.grant(1000)).toBe(1000);
    memory.release(1000);
    expect(memory.grant(55 * MIB)).toBe(8 * MIB);
    expect(memory.grant(55 * MIB)).toBe(6 * MIB);
    for (let index = 0; index < 100; index += 1) memory.grant(55 * MIB);
    expect(memory.mayAnswer()).toBe(false);
    expect(memory.grant(55 * MIB)).toBe(64 * KIB);
    expect(memory.grant(10)).toBe(10);
  });

  it('stops reading who has requests waiting when queued.max.requests is reached, and nobody else', () => {
    const harness = new ConnectionHarness({ waitingMax: 3 });
    const fetch = [...prefix(3, FETCH), 0];
    const pipelining = harness.connect();
    pipelining.receive(fetch, fetch, fetch, fetch);
    expect(pipelining.state.paused).toBe(true);
    const other = harness.connect();
    other.receive(fetch);
    expect([other.started.length, other.state.paused]).toEqual([1, false]);
    pipelining.started[0]?.reply(null);
    harness.endTurn();
    expect(pipelining.state.paused).toBe(false);
  });

  it('gives everything back when connections close, in whatever state', () => {
    const { harness, sending } = small();
    const all = [PRODUCE, FETCH, HEARTBEAT].flatMap((key) =>
      Array.from({ length: 20 }, (_, index) => sending(2 * MIB, (index + 1) * 100 * KIB, key)),
    );
    for (const one of all) one.state.unsent = 100;
    for (const one of all) one.connection.onDrain();
    for (const one of all) one.connection.onClose();
    harness.endTurn();
    expect(harness.memory.figures).toMatchObject({ requestBytes: 0, answerBytes: 0, waitingRequests: 0, blocked: 0 });
  });
});

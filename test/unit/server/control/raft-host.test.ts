import { Buffer } from 'node:buffer';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { NO_RAFT_BUGS } from '../../../../broker/core/raft/planted-bugs.ts';
import type { Message, ReplicaKey } from '../../../../broker/core/raft/types.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { RaftHost } from '../../../../broker/server/control/quorum/raft-host.ts';
import { encodeCheckpoint } from '../../../../broker/server/control/raft-checkpoint.ts';
import { agreementWith } from '../../../support/raft/agreement.ts';
import { batchAt, SELF, StorageBench, textOf, THREE, withReads } from '../../../support/raft/storage-bench.ts';

const LEADER: ReplicaKey = { id: 2, directoryId: 'disk-2' };
const HEAD = { from: LEADER, to: SELF, term: 1, round: 1 } as const;

const OPTIONS = {
  self: SELF,
  electionTimeoutMs: 600,
  heartbeatIntervalMs: 100,
  random: () => 0,
  uncommittedBytesMax: 1000,
  appendCountMax: 10,
  appendBytesMax: 1000,
  bugs: NO_RAFT_BUGS,
};

/** The leader's snapshot at an index, whole in one message. */
function snapshotAt(index: number, voters: readonly ReplicaKey[] = [LEADER]): Message {
  const checkpoint = { place: { index, term: 1 }, voters, offset: index, payload: Buffer.from(`${index}`) };
  const { chunks, sizeInBytes } = encodeCheckpoint(checkpoint, crc32c);
  const meta = { place: checkpoint.place, voters: checkpoint.voters, sizeInBytes };
  return { ...HEAD, kind: 'snapshot', meta, position: 0, data: Buffer.concat(chunks) };
}

/** An observer whose checkpoint at index 2 is read when the test says so, and what its state machine got. */
function slowReader() {
  const bench = StorageBench.formed(1, []);
  bench.close();
  const slow: (() => void)[] = [];
  bench.diskInUse = withReads(bench.disk, (path, read) => {
    if (path.endsWith('2.checkpoint')) slow.push(read);
    else read();
  });
  const { storage, start } = bench.open();
  if (start === null) throw new Error('it is formed');
  const applied: string[] = [];
  const host = new RaftHost(
    {
      clock: bench.time,
      timers: bench.time,
      storage,
      send: () => undefined,
      machine: {
        committed: (entries) => void applied.push(...entries.map(textOf)),
        restored: ({ payload }, place) => void applied.push(`${Buffer.from(payload).toString()} at ${place.index}`),
        became: () => undefined,
      },
    },
    OPTIONS,
    start,
  );
  host.receive(snapshotAt(2));
  bench.time.settle();
  const read = (): void => {
    for (const one of slow) one();
    bench.time.settle();
  };
  return { host, time: bench.time, applied, read };
}

test('a snapshot that comes while the one before is read takes its place, and entries follow it', () => {
  const { host, time, applied, read } = slowReader();
  host.receive(snapshotAt(5));
  time.settle();
  const previous = { index: 5, term: 1 };
  host.receive({ ...HEAD, kind: 'append', previous, entries: [batchAt(6, 1)], committedIndex: 6 });
  time.settle();
  read();
  expect([applied, host.appliedIndex]).toEqual([['5 at 5', '6@1 entry 6'], 6]);
});

test('nothing is taken over when what was read comes after the end', () => {
  const { host, applied, read } = slowReader();
  host.stop();
  read();
  expect(applied).toEqual([]);
});

test('an answer leaves when the write that it names is durable, not before (I3)', () => {
  const bench = StorageBench.formed(1, [SELF, LEADER]);
  bench.close();
  const { storage, start } = bench.open();
  if (start === null) throw new Error('it is formed');
  const sent: string[] = [];
  const host = new RaftHost(
    {
      clock: bench.time,
      timers: bench.time,
      storage,
      send: ({ kind }) => void sent.push(kind),
      machine: { committed: () => undefined, restored: () => undefined, became: () => undefined },
    },
    { ...OPTIONS, electionTimeoutMs: 600_000 },
    start,
  );
  host.receive({ kind: 'vote', from: LEADER, to: SELF, term: 5, last: { index: 9, term: 4 }, isTransfer: false });
  expect(sent).toEqual([]);
  bench.time.settle();
  expect(sent).toContain('vote-response');
});

interface FollowerOptions {
  readonly onSend?: () => void;
  readonly voters?: readonly ReplicaKey[];
}

/** A follower that has heard its leader; `standStill` lets its clock go on and nothing else. */
function follower({ onSend = () => undefined, voters = [SELF, LEADER] }: FollowerOptions = {}) {
  const bench = StorageBench.formed(1, voters);
  bench.close();
  const { storage, start } = bench.open();
  if (start === null) throw new Error('it is formed');
  const sent: string[] = [];
  let stoodStillMs = 0;
  let timerCount = 0;
  let liveCount = 0;
  const host = new RaftHost(
    {
      clock: { monotonicMs: () => bench.time.monotonicMs() + stoodStillMs, wallMs: () => bench.time.wallMs() },
      timers: {
        after: (delayMs, callback) => {
          timerCount += 1;
          liveCount += 1;
          let isLive = true;
          const end = (): void => {
            if (isLive) liveCount -= 1;
            isLive = false;
          };
          const handle = bench.time.after(delayMs, () => {
            end();
            callback();
          });
          const cancel = (): void => {
            end();
            handle.cancel();
          };
          return { cancel };
        },
      },
      storage,
      send: ({ kind }) => {
        sent.push(kind);
        onSend();
        sent.push('sent');
      },
      machine: { committed: () => undefined, restored: () => undefined, became: () => undefined },
    },
    OPTIONS,
    start,
  );
  const heartbeat = {
    ...HEAD,
    kind: 'append',
    previous: { index: 0, term: 0 },
    entries: [],
    committedIndex: 0,
  } as const;
  const hear = (): void => host.receive(heartbeat);
  const standStill = (forMs: number): void => {
    stoodStillMs += forMs;
  };
  hear();
  bench.time.settle();
  return {
    host,
    sent,
    hear,
    standStill,
    time: bench.time,
    disk: bench.disk,
    timers: () => timerCount,
    live: () => liveCount,
  };
}

test('a process that stood still hears what waits before it takes anybody for dead (F4)', () => {
  const { sent, hear, standStill, time } = follower();
  standStill(5000);
  time.advance(650);
  hear();
  time.advance(500);
  expect(new Set(sent)).toEqual(new Set(['append-response', 'sent']));
  time.advance(2000);
  expect(sent).toContain('pre-vote');
});

test('a process that stood still is not still for as long again when a message comes before its timer (F4)', () => {
  const { sent, hear, standStill, time } = follower();
  standStill(5000);
  hear();
  time.advance(500);
  expect(new Set(sent)).toEqual(new Set(['append-response', 'sent']));
  time.advance(2000);
  expect(sent).toContain('pre-vote');
});

test('who comes to be a voter when its time to stand is over has not stood still (F4)', () => {
  const { host, sent, time, disk } = follower({ voters: [LEADER] });
  disk.faults.slowMs = 3000;
  host.receive(snapshotAt(2, [SELF, LEADER]));
  while (host.state.voters.length < 2) time.advance(100);
  disk.faults.slowMs = 0;
  sent.length = 0;
  time.advance(3000);
  expect(sent.filter((kind) => kind === 'pre-vote').length).toBeGreaterThan(3);
});

test('a process that has stopped answers nobody and stands for nothing', () => {
  const { host, sent, hear, time } = follower();
  host.stop();
  sent.length = 0;
  hear();
  time.advance(10_000);
  expect(sent).toEqual([]);
});

test('what comes while a message is sent waits until that is done', () => {
  let isNested = false;
  const onSend = (): void => {
    if (!isNested) return;
    isNested = false;
    hear();
  };
  const { sent, hear } = follower({ onSend });
  sent.length = 0;
  isNested = true;
  hear();
  expect(sent).toEqual(['append-response', 'sent', 'append-response', 'sent']);
});

test('however often a leader is heard, the timer stays until it runs out', () => {
  const { hear, timers } = follower();
  const before = timers();
  for (let count = 0; count < 100; count += 1) hear();
  expect(timers() - before).toBeLessThan(2);
});

/** One of two voters, about to stand; `standStill` lets its clock go on and nothing else. */
function candidate() {
  const bench = StorageBench.formed(1, [SELF, LEADER]);
  bench.close();
  const { storage, start } = bench.open();
  if (start === null) throw new Error('it is formed');
  const appends: Extract<Message, { kind: 'append' }>[] = [];
  let stoodStillMs = 0;
  const { time } = bench;
  const clock = { monotonicMs: () => time.monotonicMs() + stoodStillMs, wallMs: () => time.wallMs() };
  const head = { from: LEADER, to: SELF } as const;
  const host: RaftHost = new RaftHost(
    {
      clock,
      timers: time,
      storage,
      send: (message) => {
        if (message.kind === 'append') appends.push(message);
        const { term } = message;
        const granted = { ...head, isGranted: true };
        if (message.kind === 'pre-vote')
          time.after(1, () => host.receive({ ...granted, kind: 'pre-vote-response', term: 0, askedTerm: term }));
        else if (message.kind === 'vote')
          time.after(1, () => host.receive({ ...granted, kind: 'vote-response', term }));
      },
      machine: { committed: () => undefined, restored: () => undefined, became: () => undefined },
    },
    OPTIONS,
    start,
  );
  /** The other voter answers what it was sent last. */
  const answer = (): void => {
    const last = appends.at(-1);
    if (last === undefined) throw new Error('something was sent');
    const { term, round, previous } = last;
    const agreed = { outcome: 'matched', index: previous.index, conflictTerm: 0, isDamaged: false } as const;
    host.receive({ ...head, kind: 'append-response', term, round, ...agreed });
  };
  const standStill = (forMs: number): void => {
    stoodStillMs += forMs;
  };
  const untilNextRound = (): void => {
    const round = host.state.leadership?.round ?? 0;
    while ((host.state.leadership?.round ?? 0) === round) time.advance(1);
  };
  return { host, clock, time, answer, standStill, untilNextRound };
}

test('a leader is confirmed by what a majority received, from before it was sent, however late the answer is heard (S0)', () => {
  const { host, clock, time, answer, standStill } = candidate();
  expect(host.confirmedAtMs).toBe(Number.NEGATIVE_INFINITY);
  time.advance(700);
  time.settle();
  expect([host.state.role, host.confirmedAtMs]).toEqual(['leader', Number.NEGATIVE_INFINITY]);
  time.advance(100);
  const sentMs = clock.monotonicMs();
  standStill(5000);
  answer();
  expect(host.confirmedAtMs).toBeLessThanOrEqual(sentMs);
  expect(host.confirmedAtMs).toBeGreaterThan(sentMs - 150);
  time.advance(300);
  answer();
  expect(clock.monotonicMs() - host.confirmedAtMs).toBeLessThan(150);
});

test('a round that began soon after another is confirmed from before that, and never later (S0)', () => {
  const { host, clock, time, answer, standStill, untilNextRound } = candidate();
  time.advance(700);
  time.settle();
  untilNextRound();
  answer();
  time.advance(30);
  answer();
  untilNextRound();
  answer();
  time.advance(3);
  // A read begins a round at once.
  host.ask({ kind: 'read' }, () => undefined);
  const sentMs = clock.monotonicMs();
  time.advance(2);
  answer();
  standStill(5000);
  time.advance(1);
  answer();
  expect(host.confirmedAtMs).toBeLessThanOrEqual(sentMs);
});

test('there is one timer however its deadline moves, and none after the end', () => {
  const { host, hear, time, live } = follower();
  time.advance(100);
  for (let count = 0; count < 5; count += 1) {
    hear();
    // It may stand for election sooner (V8).
    host.leaderRefuses(LEADER);
    expect(live()).toBe(1);
    time.advance(10);
  }
  host.stop();
  expect(live()).toBe(0);
});

test('a host that is stopped by what it tells leaves no timer either', () => {
  let isLast = false;
  const { host, sent, time, live } = follower({
    onSend: () => {
      if (isLast) host.stop();
    },
  });
  isLast = true;
  // It stands for election.
  while (!sent.includes('pre-vote')) time.advance(10);
  expect(live()).toBe(0);
});

test('who asked and was answered is forgotten', async () => {
  const { host } = follower();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const ask = (): WeakRef<() => void> => {
    const done = (): void => undefined;
    host.ask({ kind: 'read' }, done);
    return new WeakRef(done);
  };
  const asked = ask();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(asked.deref()).toBeUndefined();
});

describe('a voter that needs what only the snapshot of the leader has', () => {
  const [, , late = SELF] = THREE;

  /** A leader that has committed three batches, and keeps its state at the first of them as a snapshot. */
  function leader() {
    const bench = StorageBench.formed(1, THREE);
    bench.close();
    const { storage, start } = bench.open();
    if (start === null) throw new Error('it is formed');
    const { time } = bench;
    const sent: Message[] = [];
    const pieces: unknown[] = [];
    const host = new RaftHost(
      {
        clock: time,
        timers: time,
        storage,
        send: (message) => {
          sent.push(message);
          if (message.kind === 'snapshot') pieces.push([message.to.id, message.position, message.data]);
        },
        machine: { committed: () => undefined, restored: () => undefined, became: () => undefined },
      },
      OPTIONS,
      start,
    );
    const pass = (ms: number): void => {
      for (let passed = 0; passed < ms; passed += 10) {
        time.advance(10);
        time.settle();
        for (const message of sent.splice(0)) {
          const answer = message.to.id === late.id ? null : agreementWith(message);
          if (answer !== null) host.receive(answer);
        }
      }
    };
    const keep = (index: number): void => {
      const place = { index, term: host.state.term };
      const state = { payload: Buffer.from(`state at ${index}`), offset: index };
      storage.keepSnapshot({ place, voters: THREE }, state, (size) => host.snapshotTaken(index, size));
    };
    /** It has this much of the first snapshot. */
    const has = (position: number): void => {
      const { term, leadership } = host.state;
      const head = { from: late, to: SELF, term, round: leadership?.round ?? 0 };
      host.receive({ ...head, kind: 'snapshot-response', place: { index: 2, term }, position });
    };
    pass(2000);
    for (const text of ['a', 'b', 'c'])
      host.ask({ kind: 'propose', payload: Buffer.from(text) }, ({ kind }) => expect(kind).toBe('proposed'));
    pass(100);
    keep(2);
    time.settle();
    return { time, pieces, keep, has };
  }

  const piece = (position: number): unknown => [late.id, position, expect.any(Uint8Array)];

  test('is sent it, from where it is', () => {
    const { time, pieces, has } = leader();
    has(10);
    time.settle();
    expect(pieces).toEqual([piece(0), piece(10)]);
    expect(Buffer.from((pieces as [number, number, Uint8Array][])[1]?.[2] ?? []).toString()).toMatch(/state at 2$/);
  });

  test('is sent nothing of one that is no more when it is read', () => {
    const counts = new Set<number>();
    for (let steps = 0; steps < 12; steps += 1) {
      const { time, pieces, keep, has } = leader();
      keep(4);
      for (let step = 0; step < steps; step += 1) time.step();
      has(10);
      time.settle();
      counts.add(pieces.length);
      expect(pieces).toEqual(pieces.map(() => [late.id, expect.any(Number), expect.any(Uint8Array)]));
    }
    // In between the disk has the second alone, and Raft the first.
    expect(counts).toEqual(new Set([1, 2]));
  });
});

import { Buffer } from 'node:buffer';
import { expect, test } from '@jest/globals';
import { NO_RAFT_BUGS } from '../../../../broker/core/raft/planted-bugs.ts';
import type { Message, ReplicaKey } from '../../../../broker/core/raft/types.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import { RaftHost } from '../../../../broker/server/control/quorum/raft-host.ts';
import { encodeCheckpoint } from '../../../../broker/server/control/raft-checkpoint.ts';
import { batchAt, SELF, StorageBench, textOf, withReads } from '../../../support/raft/storage-bench.ts';

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

test('a snapshot that comes while the one before is read takes its place, and entries follow it', () => {
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
  host.receive(snapshotAt(5));
  bench.time.settle();
  const previous = { index: 5, term: 1 };
  host.receive({ ...HEAD, kind: 'append', previous, entries: [batchAt(6, 1)], committedIndex: 6 });
  bench.time.settle();
  for (const read of slow) read();
  bench.time.settle();
  expect([applied, host.appliedIndex]).toEqual([['5 at 5', '6@1 entry 6'], 6]);
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
  const host = new RaftHost(
    {
      clock: { monotonicMs: () => bench.time.monotonicMs() + stoodStillMs, wallMs: () => bench.time.wallMs() },
      timers: {
        after: (delayMs, callback) => {
          timerCount += 1;
          return bench.time.after(delayMs, callback);
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
  return { host, sent, hear, standStill, time: bench.time, disk: bench.disk, timers: () => timerCount };
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

test('a leader is confirmed by what a majority received, from before it was sent, however late the answer is heard (S0)', () => {
  const bench = StorageBench.formed(1, [SELF, LEADER]);
  bench.close();
  const { storage, start } = bench.open();
  if (start === null) throw new Error('it is formed');
  const appends: Extract<Message, { kind: 'append' }>[] = [];
  let stoodStillMs = 0;
  const { time } = bench;
  const clock = { monotonicMs: () => time.monotonicMs() + stoodStillMs, wallMs: () => time.wallMs() };
  const follower = { from: LEADER, to: SELF } as const;
  const host: RaftHost = new RaftHost(
    {
      clock,
      timers: time,
      storage,
      send: (message) => {
        if (message.kind === 'append') appends.push(message);
        const { term } = message;
        const granted = { ...follower, isGranted: true };
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
  const answer = (): void => {
    const last = appends.at(-1);
    if (last === undefined) throw new Error('something was sent');
    const { term, round, previous } = last;
    const agreed = { outcome: 'matched', index: previous.index, conflictTerm: 0, isDamaged: false } as const;
    host.receive({ ...follower, kind: 'append-response', term, round, ...agreed });
  };
  expect(host.confirmedAtMs).toBe(Number.NEGATIVE_INFINITY);
  time.advance(700);
  time.settle();
  expect([host.state.role, host.confirmedAtMs]).toEqual(['leader', Number.NEGATIVE_INFINITY]);
  time.advance(100);
  const sentMs = clock.monotonicMs();
  stoodStillMs += 5000;
  answer();
  expect(host.confirmedAtMs).toBeLessThanOrEqual(sentMs);
  expect(host.confirmedAtMs).toBeGreaterThan(sentMs - 150);
  time.advance(300);
  answer();
  expect(clock.monotonicMs() - host.confirmedAtMs).toBeLessThan(150);
});

import { describe, expect, it } from '@jest/globals';
import type { Entry, Message, ReplicaKey } from '../../../broker/core/raft/types.ts';
import type { Change, ChangeSeen, QuorumSeen, Seen, SettingSeen, TopicSeen } from './changes.ts';
import { checkChanges } from './check-changes.ts';
import { QuorumWatch } from './quorum-watch.ts';
import { NOT_ALIVE } from './vote-watch.ts';

const DAY = 'lasting-0';
const GUEST = 'passing-0';
let op = 0;

/** A change through a broker, from one time to another. */
function change(
  of: Change,
  broker: number,
  [invokedMs, returnedMs]: readonly [number, number],
  topicId: string | null = null,
): ChangeSeen {
  op += 1;
  const outcome = returnedMs === Number.POSITIVE_INFINITY ? 'unknown' : 'done';
  return { seen: 'change', op, client: 'client', broker, change: of, invokedMs, returnedMs, outcome, topicId };
}

function set(value: string, broker: number, times: readonly [number, number]): ChangeSeen {
  return change({ kind: 'set', topic: DAY, value }, broker, times);
}

function shows(value: string | null, broker: number, atMs: number, isFinal = false): SettingSeen {
  return { seen: 'setting', broker, topic: DAY, value, invokedMs: atMs, returnedMs: atMs + 1, isFinal };
}

function topic(topicId: string | null, broker: number, atMs: number, isFinal = false, partitionCount = 1): TopicSeen {
  const times = { invokedMs: atMs, returnedMs: atMs + 1 };
  return { seen: 'topic', broker, topic: GUEST, topicId, partitionCount, ...times, isFinal };
}

function quorum(leaderEpoch: number, highWatermark: number, atMs: number): QuorumSeen {
  return { seen: 'quorum', broker: 0, leaderEpoch, highWatermark, invokedMs: atMs, returnedMs: atMs + 1 };
}

const create = (id: string, broker: number, times: readonly [number, number]): ChangeSeen =>
  change({ kind: 'create', topic: GUEST }, broker, times, id);
const remove = (broker: number, times: readonly [number, number]): ChangeSeen =>
  change({ kind: 'delete', topic: GUEST }, broker, times);
const NEVER = Number.POSITIVE_INFINITY;

/** A history that may be, of a setting and of a topic. */
const SETTING: readonly Seen[] = [
  shows(null, 1, 5),
  set('a', 0, [10, 20]),
  shows('a', 0, 25),
  // Another broker may lag behind.
  shows(null, 1, 30),
  set('b', 1, [40, 60]),
  // At the same time, and it is told of later.
  set('c', 0, [50, 70]),
  shows('b', 2, 65),
  shows('c', 0, 75),
  set('d', 0, [80, NEVER]),
  shows('d', 2, 85),
  shows('c', 1, 90, true),
  shows('c', 2, 91, true),
];
const LIFE: readonly Seen[] = [
  topic(null, 1, 5),
  create('A', 0, [10, 20]),
  topic('A', 0, 21),
  topic(null, 1, 22),
  remove(1, [30, 40]),
  topic(null, 1, 45),
  create('B', 1, [50, 60]),
  topic('B', 1, 65),
  topic('B', 0, 90, true),
  topic('B', 1, 91, true),
];

describe('the checker of acknowledged changes', () => {
  it('takes histories that may be', () => {
    expect(checkChanges(SETTING)).toEqual([]);
    expect(checkChanges(LIFE)).toEqual([]);
    expect(checkChanges([quorum(1, 5, 10), quorum(1, 5, 20), quorum(2, 9, 30)])).toEqual([]);
  });

  it('names a value that was lost, one that came back, and one that nobody set', () => {
    expect(checkChanges([set('a', 0, [10, 20]), shows(null, 0, 25)])[0]).toMatch(/^C2: .*nothing.* then a/);
    expect(checkChanges([...SETTING.slice(0, -2), shows('a', 1, 95, true)])[0]).toMatch(/^C2: .*a/);
    const back = [set('a', 0, [1, 2]), set('b', 0, [3, 4]), shows('b', 1, 5), shows('a', 1, 7)];
    expect(checkChanges(back)).toEqual([`C3: broker 1 shows ${DAY}=b, then again a, which came before`]);
    expect(checkChanges([shows('z', 3, 9)])).toEqual([`C1: broker 3 shows ${DAY}=z, which nobody set`]);
    const refused = { ...set('y', 0, [1, 2]), outcome: 'refused' } as const;
    expect(checkChanges([refused, shows('y', 3, 9)])[0]).toMatch(/^C1: broker 3 shows .*=y, which was refused/);
  });

  it('names a topic that was lost, one made twice, one that outlives its end, and a stranger', () => {
    expect(checkChanges([...LIFE.slice(0, -2), topic(null, 2, 95, true)])[0]).toMatch(
      /^T1: broker 2 .* id B, created by/,
    );
    expect(checkChanges([create('A', 0, [1, 2]), create('B', 1, [5, 6])])[0]).toMatch(/^T4: .* id A was created again/);
    expect(checkChanges([...LIFE, topic('A', 1, 95)]).join('\n')).toMatch(/T2: broker 1 shows .* id A, deleted by/);
    expect(checkChanges([...LIFE, topic('A', 0, 95)])[0]).toMatch(/^T3: broker 0 shows .* id A again/);
    expect(checkChanges([topic('Q', 0, 95)])[0]).toMatch(/^T5: broker 0 shows .* id Q, which nobody created/);
  });

  it('names partitions that were lost', () => {
    const grown = change({ kind: 'grow', topic: GUEST, count: 3 }, 0, [10, 20]);
    const born = create('A', 0, [1, 2]);
    expect(checkChanges([born, grown, topic('A', 0, 30, false, 2)])[0]).toMatch(/^T6: broker 0 shows 2 .* made 3/);
    expect(checkChanges([born, topic('A', 1, 5, false, 2), topic('A', 1, 9)])[0]).toMatch(/^T6: broker 1 shows 1/);
  });

  it('names a controller that says of a topic what is not true any more', () => {
    const look = (isThere: boolean, atMs: number): Seen => {
      return { seen: 'look', broker: 0, topic: GUEST, isThere, invokedMs: atMs, returnedMs: atMs + 1 };
    };
    expect(checkChanges([...LIFE.slice(0, 8), look(true, 25), look(false, 45), look(true, 70)])).toEqual([]);
    expect(checkChanges([...LIFE.slice(0, 8), look(false, 25)])[0]).toMatch(/^T7: .* is not there, after client/);
    expect(checkChanges([...LIFE.slice(0, 6), look(true, 45)])[0]).toMatch(/^T7: .* is there, after client/);
    expect(checkChanges([look(true, 45)])[0]).toMatch(/^T7: .* which nobody created/);
  });

  it('names a leader that answers from the past', () => {
    expect(checkChanges([quorum(2, 9, 10), quorum(1, 9, 20)])[0]).toMatch(/^D1: .* epoch 1, .* after epoch 2/);
    expect(checkChanges([quorum(2, 9, 10), quorum(2, 8, 20)])[0]).toMatch(/^D1: .* offset 8 .* offset 9/);
  });
});

const key = (id: number): ReplicaKey => ({ id, directoryId: `disk-${id}` });

function batch(index: number, term: number, text = 'x'): Entry {
  return { index, term, body: { kind: 'batch', payload: new TextEncoder().encode(text) } };
}

function voters(index: number, term: number, ids: readonly number[]): Entry {
  return { index, term, body: { kind: 'voters', voters: ids.map(key) } };
}

/** What a leader sends: entries behind an index of a term. */
function append(
  from: number,
  term: number,
  [index, before]: readonly [number, number],
  entries: readonly Entry[],
  committedIndex: number,
  round = 1,
): Message {
  const previous = { index, term: before };
  return {
    kind: 'append',
    from: key(from),
    to: key(from === 0 ? 1 : 0),
    term,
    previous,
    entries,
    committedIndex,
    round,
  };
}

/** A watch that was shown a quorum at work, and what it says then. */
class Scene {
  nowMs = 0;
  readonly dead = new Set<number>();
  readonly watch = new QuorumWatch({
    nowMs: () => this.nowMs,
    lifeOf: (id) => (this.dead.has(id) ? NOT_ALIVE : 1),
    electionTimeoutMs: 600,
    onLeader: () => undefined,
  });

  constructor() {
    this.watch.sent(append(0, 1, [0, 0], [voters(1, 1, [0, 1, 2]), batch(2, 1), batch(3, 1)], 0));
    this.watch.sent(append(0, 1, [3, 1], [], 3));
    expect(this.watch.problems).toEqual([]);
  }

  /** Sent and arrived. */
  pass(message: Message): void {
    this.watch.sent(message);
    this.watch.arrived(message);
  }

  ask(kind: 'pre-vote' | 'vote', from: number, to: number, term: number): void {
    const head = { from: key(from), to: key(to), term, last: { index: 3, term: 1 } };
    this.pass(kind === 'vote' ? { kind, ...head, isTransfer: false } : { kind, ...head });
  }

  grant(kind: 'pre-vote' | 'vote', from: number, to: number, term: number): void {
    const head = { from: key(from), to: key(to), isGranted: true };
    this.pass(
      kind === 'vote'
        ? { kind: 'vote-response', ...head, term }
        : { kind: 'pre-vote-response', ...head, term: 1, askedTerm: term },
    );
  }

  get first(): string {
    return this.watch.problems[0] ?? '';
  }
}

describe('the watch over a quorum', () => {
  it('takes a change of leaders and of voters', () => {
    const scene = new Scene();
    scene.nowMs = 5000;
    scene.ask('pre-vote', 1, 2, 2);
    scene.grant('pre-vote', 2, 1, 2);
    scene.ask('vote', 1, 2, 2);
    scene.grant('vote', 2, 1, 2);
    scene.watch.sent(append(1, 2, [3, 1], [batch(4, 2), voters(5, 2, [1, 2])], 4));
    scene.watch.sent(append(1, 2, [5, 2], [voters(6, 2, [1, 2, 3])], 5));
    scene.watch.sent(append(1, 2, [6, 2], [], 6));
    expect(scene.watch.problems).toEqual([]);
    expect([scene.watch.committedIndex, scene.watch.leaderCount]).toEqual([6, 2]);
  });

  it('names two leaders of one term (Q1)', () => {
    const scene = new Scene();
    scene.watch.sent(append(1, 1, [3, 1], [], 3));
    expect(scene.first).toBe('Q1: 0/disk-0 and 1/disk-1 lead term 1');
  });

  it('names what was committed and is gone, replaced, or another thing (Q2)', () => {
    const lost = new Scene();
    lost.watch.sent(append(1, 2, [2, 1], [batch(3, 2)], 2));
    expect(lost.first).toMatch(/^Q2: the leader 1\/disk-1 of term 2 lacks the committed entry 3 of term 1/);
    const other = new Scene();
    other.watch.sent(append(1, 2, [1, 1], [batch(2, 1, 'spoiled')], 0));
    expect(other.first).toMatch(/^Q2: entry 2 of term 1 is batch/);
    const late = new Scene();
    late.watch.sent(append(1, 2, [3, 1], [batch(4, 2)], 3));
    late.watch.sent(append(0, 1, [3, 1], [batch(4, 1)], 4));
    expect(late.first).toMatch(/^Q2: the leader 1\/disk-1 of term 2 lacks the committed entry 4 of term 1/);
  });

  it('names who is helped against a leader that is heard, unless its process is gone (Q3)', () => {
    const scene = new Scene();
    scene.pass(append(0, 1, [3, 1], [], 3));
    scene.nowMs = 300;
    scene.ask('pre-vote', 2, 1, 2);
    scene.grant('pre-vote', 1, 2, 2);
    expect(scene.first).toBe('Q3: 1/disk-1 hears its leader and grants 2/disk-2 its pre-vote 2');
    const gone = new Scene();
    gone.pass(append(0, 1, [3, 1], [], 3));
    gone.dead.add(0);
    gone.ask('pre-vote', 2, 1, 2);
    gone.grant('pre-vote', 1, 2, 2);
    expect(gone.watch.problems).toEqual([]);
  });

  it('lets a replica that is told of a later term in an answer vote in it (Q3)', () => {
    const scene = new Scene();
    scene.pass(append(0, 1, [3, 1], [], 3));
    scene.grant('pre-vote', 0, 2, 2);
    scene.pass({ kind: 'pre-vote-response', from: key(2), to: key(1), term: 2, askedTerm: 2, isGranted: false });
    scene.ask('vote', 2, 1, 2);
    scene.grant('vote', 1, 2, 2);
    expect(scene.watch.problems).toEqual([]);
  });

  it('takes a leader of an earlier term than the one that a replica votes in for nobody that it hears (Q3)', () => {
    const scene = new Scene();
    scene.pass(append(1, 2, [3, 1], [], 3));
    scene.nowMs = 700;
    // The vote is given, and waits for a slow disk.
    scene.ask('pre-vote', 2, 0, 3);
    scene.grant('pre-vote', 0, 2, 3);
    scene.ask('vote', 2, 0, 3);
    scene.nowMs = 1200;
    scene.pass(append(1, 2, [3, 1], [], 3));
    scene.ask('pre-vote', 2, 0, 4);
    scene.grant('pre-vote', 0, 2, 4);
    expect(scene.watch.problems).toEqual([]);
    scene.pass(append(2, 3, [3, 1], [], 3));
    scene.ask('pre-vote', 1, 0, 4);
    scene.grant('pre-vote', 0, 1, 4);
    expect(scene.first).toBe('Q3: 0/disk-0 hears its leader and grants 1/disk-1 its pre-vote 4');
  });

  it('sees by an answer that a replica has not voted, and hears its leader (Q3)', () => {
    const scene = new Scene();
    scene.pass(append(1, 2, [3, 1], [], 3, 1));
    // Between what surely is refused and what surely is granted: it is refused.
    scene.nowMs = 560;
    scene.ask('vote', 2, 0, 3);
    const answer = { kind: 'append-response', from: key(0), to: key(1), term: 2, isDamaged: false } as const;
    for (const round of [2, 3, 4]) {
      scene.pass(append(1, 2, [3, 1], [], 3, round));
      scene.pass({ ...answer, round, outcome: 'matched', index: 3, conflictTerm: 0 });
    }
    scene.ask('pre-vote', 2, 0, 3);
    scene.grant('pre-vote', 0, 2, 3);
    expect(scene.watch.problems.at(-1)).toBe('Q3: 0/disk-0 hears its leader and grants 2/disk-2 its pre-vote 3');
  });

  it('names who asks for votes without a pre-vote (Q3)', () => {
    const scene = new Scene();
    scene.ask('vote', 2, 1, 2);
    expect(scene.first).toBe('Q3: 2/disk-2 asks for votes in term 2 without a pre-vote');
  });

  it('names who votes twice (Q1)', () => {
    const scene = new Scene();
    scene.grant('vote', 2, 0, 2);
    scene.grant('vote', 2, 0, 2);
    expect(scene.watch.problems).toEqual([]);
    scene.grant('vote', 2, 1, 2);
    expect(scene.first).toBe('Q1: 2/disk-2 votes for 0/disk-0 and for 1/disk-1 in term 2');
  });

  it('names who votes for a log that lacks what it has (Q2)', () => {
    const scene = new Scene();
    const head = { from: key(2), to: key(0), term: 1, round: 1, isDamaged: false, conflictTerm: 0 };
    scene.watch.sent({ kind: 'append-response', ...head, outcome: 'matched', index: 3 });
    const asks = { kind: 'vote', from: key(1), to: key(2), isTransfer: true } as const;
    scene.watch.arrived({ ...asks, term: 2, last: { index: 3, term: 1 } });
    scene.grant('vote', 2, 1, 2);
    expect(scene.watch.problems).toEqual([]);
    scene.watch.arrived({ ...asks, term: 3, last: { index: 2, term: 1 } });
    scene.grant('vote', 2, 1, 3);
    expect(scene.first).toMatch(/^Q2: 2\/disk-2 has entry 3 of term 1 and votes for 1\/disk-1, which ends at 2/);
  });

  it('names who commits by counting what another appended (V7), and who hands over to one that lacks something (V5)', () => {
    const scene = new Scene();
    scene.watch.sent(append(0, 1, [3, 1], [batch(4, 1)], 3));
    scene.watch.sent(append(1, 2, [4, 1], [], 4));
    expect(scene.first).toBe('V7: 1/disk-1 in term 2 commits entry 4 of term 1 by counting');
    const handing = new Scene();
    const head = { from: key(1), to: key(0), term: 1, round: 1, isDamaged: false, conflictTerm: 0 };
    handing.watch.sent({ kind: 'append-response', ...head, outcome: 'matched', index: 2 });
    handing.watch.sent({ kind: 'timeout-now', from: key(0), to: key(1), term: 1 });
    expect(handing.first).toBe('V5: 0/disk-0 hands over to 1/disk-1, which has 2 of 3 entries');
  });

  it('names two changes of voters at once (Q4)', () => {
    const scene = new Scene();
    scene.watch.sent(append(0, 1, [3, 1], [voters(4, 1, [0, 1]), voters(5, 1, [0, 1, 4])], 3));
    expect(scene.first).toBe('Q4: voters change at 5 while the change at 4 is not committed');
    const twice = new Scene();
    twice.watch.sent(append(0, 1, [3, 1], [voters(4, 1, [0, 3, 4])], 3));
    twice.watch.sent(append(0, 1, [4, 1], [], 4));
    expect(twice.first).toBe('Q4: voters change by 4 from entry 1 to 4');
  });
});

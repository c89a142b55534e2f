// One replica by itself, the test is all the others: what is late, said twice, or said by who has nothing to say, and limits.
import { describe, expect, test } from '@jest/globals';
import type { Effect, Entry } from '../../../../broker/core/raft/types.ts';
import { entry, key, OneReplica } from '../../../support/raft/one-replica.ts';

const place = (index: number, term: number) => ({ index, term });
const heartbeat = (term: number, previous = place(0, 0)) =>
  ({ kind: 'append', term, previous, entries: [], committedIndex: 0, round: 1 }) as const;

const batch = (index: number, term: number, bytes: number): Entry => ({
  ...place(index, term),
  body: { kind: 'batch', payload: new Uint8Array(bytes) },
});
const matched = (index: number, term = 1) =>
  ({ kind: 'append-response', term, round: 1, outcome: 'matched', index, conflictTerm: 0, isDamaged: false }) as const;
const entriesTo = (id: number, effects: readonly Effect[]): readonly number[] =>
  effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.kind === 'append' && effect.message.to.id === id
      ? effect.message.entries.map(({ index }) => index)
      : [],
  );
const outcomeOf = (effects: readonly Effect[]): string | undefined =>
  effects.find(({ kind }) => kind === 'proposed' || kind === 'refused')?.kind;

describe('an election', () => {
  test('is not won by a yes to an earlier pre-vote', () => {
    const one = new OneReplica();
    one.timeout();
    // A higher term ends the campaign; the next one asks for the term after it.
    one.hear(2, { kind: 'pre-vote-response', term: 4, askedTerm: 1, isGranted: false });
    one.timeout();
    expect([one.state.role, one.state.term]).toEqual(['pre-candidate', 4]);
    one.hear(1, { kind: 'pre-vote-response', term: 0, askedTerm: 1, isGranted: true });
    expect(one.state.role).toBe('pre-candidate');
    one.hear(1, { kind: 'pre-vote-response', term: 4, askedTerm: 5, isGranted: true });
    expect(one.state.role).toBe('candidate');
  });

  test('is not won by a vote of an earlier term', () => {
    const one = new OneReplica();
    for (const term of [1, 2]) {
      one.timeout();
      one.hear(1, { kind: 'pre-vote-response', term: term - 1, askedTerm: term, isGranted: true });
      one.sync();
    }
    expect([one.state.role, one.state.term]).toEqual(['candidate', 2]);
    one.hear(1, { kind: 'vote-response', term: 1, isGranted: true });
    expect(one.state.role).toBe('candidate');
    one.hear(1, { kind: 'vote-response', term: 2, isGranted: true });
    expect(one.state.role).toBe('leader');
  });

  test('in a term that has a leader gets no vote, though this replica gave none', () => {
    const one = new OneReplica();
    one.hear(1, heartbeat(3));
    one.nowMs += 600;
    const vote = { kind: 'vote', term: 3, last: place(0, 0), isTransfer: false } as const;
    expect(one.hear(2, vote)).toMatchObject([{ message: { kind: 'vote-response', isGranted: false } }]);
    expect(one.state.votedFor).toBeNull();
  });

  test('that is refused for its log still brings its term', () => {
    const one = new OneReplica({ entries: [entry(1, 1)] });
    const vote = { kind: 'vote', term: 5, last: place(0, 0), isTransfer: false } as const;
    const sent = one.hear(2, vote);
    expect(sent).toMatchObject([{ message: { kind: 'vote-response', term: 5, isGranted: false }, afterWrite: 1 }]);
    expect([one.state.term, one.state.votedFor]).toEqual([5, null]);
  });

  test('that came to nothing is tried again soon while nobody leads who could be waited for', () => {
    const one = new OneReplica();
    one.hear(1, heartbeat(1));
    one.give({ kind: 'leader-refuses', leader: key(1) });
    one.timeout();
    expect([one.state.role, one.state.electionAtMs - one.nowMs]).toEqual(['pre-candidate', 150]);
    one.hear(2, heartbeat(2));
    expect(one.state.electionAtMs - one.nowMs).toBe(600);
  });

  test('for a leader whose process is gone begins within E/4, one after the other (V8)', () => {
    const turns = [0, 1, 2].flatMap((gone) =>
      [0, 1, 2].flatMap((id) => {
        if (id === gone) return [];
        const one = new OneReplica({ self: id });
        one.hear(gone, heartbeat(1));
        one.give({ kind: 'leader-refuses', leader: key(gone) });
        return [one.state.electionAtMs - one.nowMs];
      }),
    );
    expect(turns).toEqual([37.5, 112.5, 37.5, 112.5, 37.5, 112.5]);
  });

  test('is not begun at the word of who does not lead', () => {
    const one = new OneReplica();
    one.hear(1, heartbeat(3));
    one.hear(2, { kind: 'timeout-now', term: 3 });
    one.hear(1, { kind: 'timeout-now', term: 2 });
    expect([one.state.role, one.state.term]).toEqual(['follower', 3]);
    one.hear(1, { kind: 'timeout-now', term: 3 });
    expect([one.state.role, one.state.term]).toEqual(['candidate', 4]);
  });
});

describe('a follower', () => {
  test('answers entries that it is told twice when they are synced, not before', () => {
    const one = new OneReplica();
    const append = { ...heartbeat(1), entries: [entry(1, 1), entry(2, 1)] };
    for (const sent of [one.hear(1, append), one.hear(1, append)])
      expect(sent).toMatchObject([{ message: { outcome: 'matched', index: 2 }, afterWrite: one.state.writeCount }]);
    // A heartbeat waits for nothing, and so says only what is durable.
    expect(one.hear(1, heartbeat(1, place(2, 1)))).toMatchObject([{ message: { index: 0 }, afterWrite: 1 }]);
    one.sync();
    expect(one.hear(1, append)).toMatchObject([{ message: { index: 2 }, afterWrite: 0 }]);
  });

  test('has nothing durable of what took the place of something else, before that is synced', () => {
    const one = new OneReplica({ entries: [entry(1, 1), entry(2, 1), entry(3, 1)] });
    one.hear(1, { ...heartbeat(2, place(1, 1)), entries: [entry(2, 2), entry(3, 2)] });
    expect(one.hear(1, heartbeat(2, place(3, 2)))).toMatchObject([{ message: { outcome: 'matched', index: 1 } }]);
    one.sync();
    expect(one.hear(1, heartbeat(2, place(3, 2)))).toMatchObject([{ message: { outcome: 'matched', index: 3 } }]);
  });

  test('does not take a write of what was cut meanwhile for one of what came instead', () => {
    const one = new OneReplica();
    one.hear(1, { ...heartbeat(1), entries: [entry(1, 1), entry(2, 1), entry(3, 1)] });
    const write = one.state.writeCount;
    one.hear(2, { ...heartbeat(2, place(1, 1)), entries: [entry(2, 2), entry(3, 2)] });
    one.give({ kind: 'written', write });
    expect(one.state.log.durableIndex).toBe(1);
    one.sync();
    expect(one.state.log.durableIndex).toBe(3);
  });

  test('whose log was damaged is not whole by what an earlier leader had', () => {
    const one = new OneReplica({ hardState: { term: 1, damagedUpTo: 3, damagedTerm: 1 } });
    one.hear(1, { ...heartbeat(1), entries: [entry(1, 1), entry(2, 1), entry(3, 1)] });
    one.hear(2, heartbeat(2));
    one.sync();
    expect(one.state.isDamaged).toBe(true);
    one.hear(2, { ...heartbeat(2), entries: [entry(1, 1), entry(2, 1), entry(3, 1)] });
    expect(one.state.isDamaged).toBe(false);
  });

  test('does not take a snapshot of what it has committed', () => {
    const one = new OneReplica();
    one.hear(1, { ...heartbeat(1), entries: [entry(1, 1), entry(2, 1)], committedIndex: 2 });
    one.sync();
    const meta = { place: place(2, 1), voters: [0, 1, 2].map(key), sizeInBytes: 10 };
    const writes = one.state.writeCount;
    const piece = { kind: 'snapshot', term: 1, meta, position: 0, data: new Uint8Array(5), round: 1 } as const;
    expect(one.hear(1, piece)).toMatchObject([{ message: { kind: 'snapshot-response', position: 10 } }]);
    expect([one.state.writeCount, one.state.incoming]).toEqual([writes, null]);
  });

  test('whose log was damaged is whole when a snapshot of all that it lost is synced', () => {
    const one = new OneReplica({ hardState: { term: 1, damagedUpTo: 2, damagedTerm: 1 } });
    const meta = { place: place(2, 1), voters: [0, 1, 2].map(key), sizeInBytes: 5 };
    one.hear(1, { kind: 'snapshot', term: 1, meta, position: 0, data: new Uint8Array(5), round: 1 });
    expect(one.state.isDamaged).toBe(true);
    one.sync();
    expect([one.state.isDamaged, one.state.committedIndex]).toEqual([false, 2]);
  });
});

describe('a leader', () => {
  const propose = (one: OneReplica, bytes = 10) =>
    one.give({ kind: 'propose', payload: new Uint8Array(bytes), tag: one.state.log.lastIndex });

  test('is not told by a follower of entries that it does not have itself', () => {
    const one = new OneReplica().lead();
    one.hear(1, matched(99));
    expect([one.state.committedIndex, one.state.leadership?.followers.get('1/disk-1')?.matchIndex]).toEqual([1, 1]);
  });

  test('does not look again for where the logs part at an answer from before they met', () => {
    const one = new OneReplica().lead();
    one.hear(1, matched(1));
    one.hear(1, { ...matched(0), outcome: 'diverged' });
    propose(one);
    expect(entriesTo(1, one.give({ kind: 'written', write: one.state.writeCount }))).toEqual([2]);
    propose(one);
    expect(entriesTo(1, one.give({ kind: 'written', write: one.state.writeCount }))).toEqual([3]);
  });

  test('does not count as its own what waited of earlier terms: no more than may waits after that is committed', () => {
    const one = new OneReplica({ entries: [batch(1, 1, 900), batch(2, 1, 900)] }).lead();
    one.hear(1, matched(3, 2));
    expect(one.state.committedIndex).toBe(3);
    expect([1, 2, 3].map(() => outcomeOf(propose(one, 900)))).toEqual(['proposed', 'proposed', 'refused']);
  });

  test('has no more messages under way than it may, and room again for each that is answered', () => {
    const one = new OneReplica().lead();
    one.hear(1, matched(1));
    const sendNext = (): readonly number[] => {
      propose(one);
      return entriesTo(1, one.give({ kind: 'written', write: one.state.writeCount }));
    };
    for (let index = 2; index < 20; index += 1) {
      expect(sendNext()).toEqual([index]);
      one.hear(1, matched(index));
    }
    expect(Array.from({ length: 10 }, sendNext).flat()).toEqual([20, 21, 22, 23, 24, 25, 26, 27]);
  });

  test('sends again what is not answered, once for each E', () => {
    const one = new OneReplica().lead();
    for (const id of [1, 2]) one.hear(id, matched(1));
    propose(one);
    one.sync();
    one.hear(2, matched(2));
    const sent: number[] = [];
    for (let passed = 0; passed < 1300; passed += 100) {
      one.nowMs += 100;
      sent.push(...entriesTo(1, one.give({ kind: 'tick' })));
      one.hear(2, matched(2));
    }
    expect(sent).toEqual([2, 2]);
  });

  test('sends an entry that is larger than a message should be by itself', () => {
    const one = new OneReplica().lead();
    one.hear(1, matched(1));
    propose(one, 900);
    propose(one, 2000);
    expect(entriesTo(1, one.give({ kind: 'written', write: one.state.writeCount }))).toEqual([2, 3]);
  });

  test('hands over to whoever is furthest, and goes on when nothing comes of it', () => {
    const one = new OneReplica().lead();
    one.hear(2, matched(1));
    const asked = one.give({ kind: 'transfer', to: null, tag: 7 });
    expect(asked).toContainEqual(
      expect.objectContaining({ message: { kind: 'timeout-now', from: key(0), to: key(2), term: 1 } }),
    );
    expect(outcomeOf(propose(one))).toBe('refused');
    one.nowMs += 600;
    expect(one.give({ kind: 'tick' })).toContainEqual({ kind: 'refused', tag: 7, refusal: { reason: 'too-slow' } });
    expect(outcomeOf(propose(one))).toBe('proposed');
  });
});

describe('voters of a quorum', () => {
  const refusal = (effects: readonly Effect[]): string | undefined =>
    effects.flatMap((effect) => (effect.kind === 'refused' ? [effect.refusal.reason] : []))[0];
  const ids = (one: OneReplica): readonly number[] => one.state.voters.map(({ id }) => id);
  /** A leader that has been asked to take replica 3 in. */
  function taking3(): OneReplica {
    const one = new OneReplica().lead();
    one.hear(1, matched(1));
    expect(refusal(one.give({ kind: 'add-voter', voter: key(3), tag: 5 }))).toBeUndefined();
    return one;
  }

  test('that are being changed when the leader goes: who asked is told that it does not know the outcome', () => {
    const one = taking3();
    const message = { ...heartbeat(9), from: key(2), to: key(0) };
    expect(refusal(one.give({ kind: 'message', message }))).toBe('unknown-outcome');
  });

  test('may have been changed in one log alone: who goes by it still asks to be elected', () => {
    const without: Entry = { ...place(1, 1), body: { kind: 'voters', voters: [1, 2].map(key) } };
    const one = new OneReplica({ entries: [without] });
    expect(ids(one)).toEqual([1, 2]);
    one.timeout();
    expect(one.state.role).toBe('pre-candidate');
    one.hear(1, { ...heartbeat(2, place(1, 1)), committedIndex: 1 });
    one.timeout();
    expect(one.state.role).toBe('follower');
  });

  test('are never none', () => {
    const one = new OneReplica({ voters: [0] });
    one.timeout();
    one.sync();
    one.sync();
    expect([one.state.role, one.state.committedIndex]).toEqual(['leader', 1]);
    expect(refusal(one.give({ kind: 'remove-voter', voter: key(0), tag: 1 }))).toBe('last-voter');
    expect(ids(one)).toEqual([0]);
  });

  test('are not joined by a second disk of one of them', () => {
    const one = new OneReplica().lead();
    one.hear(1, matched(1));
    const voter = { id: 1, directoryId: 'another disk' };
    expect(refusal(one.give({ kind: 'add-voter', voter, tag: 1 }))).toBe('known-voter');
  });

  test('are joined by who has the log, and has not lost any of it', () => {
    const one = taking3();
    one.hear(3, { ...matched(1), isDamaged: true });
    expect(ids(one)).toEqual([0, 1, 2]);
    one.hear(3, matched(1));
    expect(ids(one)).toEqual([0, 1, 2, 3]);
  });

  test('are not joined by who never catches up, in ten rounds or in one that does not end', () => {
    for (const reach of [(last: number) => last - 1, () => 0]) {
      const one = taking3();
      const reasons: string[] = [];
      for (let round = 0; round < 60 && reasons.length === 0; round += 1) {
        const index = one.state.log.lastIndex + 1;
        one.give({ kind: 'propose', payload: new Uint8Array(1), tag: 100 + round });
        one.sync();
        one.nowMs += 601;
        for (const [id, has] of [
          [1, index],
          [3, reach(index)],
        ] as const) {
          const effects = one.give({ kind: 'message', message: { ...matched(has), from: key(id), to: key(0) } });
          const reason = refusal(effects);
          if (reason !== undefined) reasons.push(`${reason} in round ${round}`);
        }
      }
      expect(reasons).toEqual([reach(2) === 1 ? 'too-slow in round 9' : 'too-slow in round 49']);
      expect(ids(one)).toEqual([0, 1, 2]);
    }
  });
});

describe('a follower that has less than it told', () => {
  const diverged = (round: number) =>
    ({
      kind: 'append-response',
      term: 1,
      round,
      outcome: 'diverged',
      index: 1,
      conflictTerm: 1,
      isDamaged: false,
    }) as const;
  const led = (): OneReplica => {
    const one = new OneReplica();
    one.lead();
    one.give({ kind: 'propose', payload: new Uint8Array(10), tag: 1 });
    one.sync();
    one.hear(1, matched(2));
    return one;
  };

  test('is sent what it lost, once it answers so to something that was sent later', () => {
    const one = led();
    one.nowMs += 100;
    one.give({ kind: 'tick' });
    expect(entriesTo(1, one.hear(1, diverged(one.state.leadership?.round ?? 0)))).toEqual([2]);
  });

  test('is not taken at an earlier word', () => {
    // Of the round in which it then told that it has more.
    expect(entriesTo(1, led().hear(1, diverged(1)))).toEqual([]);
  });
});

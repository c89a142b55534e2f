import { expect, test } from '@jest/globals';
import { NO_RAFT_BUGS } from '../../../../broker/core/raft/planted-bugs.ts';
import { Raft } from '../../../../broker/core/raft/raft.ts';
import type { Message, ReplicaKey } from '../../../../broker/core/raft/types.ts';

const key = (id: number, directoryId = `disk-${id}`): ReplicaKey => ({ id, directoryId });
const SELF = key(0);

function voter(): Raft {
  const snapshot = { place: { index: 0, term: 0 }, voters: [SELF, key(1), key(2)], sizeInBytes: 0 };
  const hardState = { term: 0, votedFor: null, damagedUpTo: 0, damagedTerm: 0 };
  const options = {
    self: SELF,
    electionTimeoutMs: 600,
    heartbeatIntervalMs: 100,
    random: () => 0,
    uncommittedBytesMax: 1000,
    appendCountMax: 10,
    appendBytesMax: 1000,
    bugs: NO_RAFT_BUGS,
  };
  const raft = new Raft(options, { hardState, snapshot, entries: [] }, 0);
  raft.step({ kind: 'tick' }, 300);
  return raft;
}

const yes = (from: ReplicaKey): Message => ({
  kind: 'pre-vote-response',
  from,
  to: SELF,
  term: 0,
  askedTerm: 1,
  isGranted: true,
});

test('only voters of the latest set count, with the disk that it names (V6)', () => {
  const raft = voter();
  for (const stranger of [key(3), key(1, 'another disk'), key(4)])
    raft.step({ kind: 'message', message: yes(stranger) }, 301);
  expect(raft.state.role).toBe('pre-candidate');
  raft.step({ kind: 'message', message: yes(key(2)) }, 302);
  expect(raft.state.role).toBe('candidate');
});

test('a leader takes no more than may wait to be committed', () => {
  const raft = voter();
  raft.step({ kind: 'message', message: yes(key(2)) }, 301);
  raft.step({ kind: 'written', write: raft.state.writeCount }, 302);
  const vote = { kind: 'vote-response', from: key(2), to: SELF, term: 1, isGranted: true } as const;
  raft.step({ kind: 'message', message: vote }, 303);
  expect(raft.state.role).toBe('leader');
  const kinds = [1, 2, 3].map((tag) => {
    const effects = raft.step({ kind: 'propose', payload: new Uint8Array(900), tag }, 304);
    return effects.find((effect) => 'tag' in effect && effect.tag === tag)?.kind;
  });
  expect(kinds).toEqual(['proposed', 'proposed', 'refused']);
});

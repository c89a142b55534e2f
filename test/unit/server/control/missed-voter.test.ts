import { expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import type { QuorumResponse } from '../../../../broker/ports/control-net.ts';
import { MissedVoter } from '../../../../broker/server/control/quorum/missed-voter.ts';
import { directoryOf, QuorumWorld } from '../../../support/metadata/quorum-world.ts';

type Answered = (response: QuorumResponse | null) => void;

/** A controller that is no voter, and what it has asked the active one. */
function lab() {
  const self = { id: 2, directoryId: 'new' };
  const asked: Answered[] = [];
  const ask = (_name: string, _request: object, _timeoutMs: number, done: unknown): void =>
    void asked.push(done as Answered);
  const place = { isVoter: false };
  const missed = new MissedVoter({ self, isVoter: () => place.isVoter, client: { ask } });
  const told: string[] = [];
  const look = (): void => missed.ask((reasons) => told.push(reasons.join().replace(/:.*/, '')));
  const answer = (...ids: readonly (readonly [number, string])[]): void => {
    const voters = ids.map(([id, directoryId]) => ({ replica: { id, directoryId } }));
    asked.shift()?.(ids.length === 0 ? null : ({ voters } as unknown as QuorumResponse));
  };
  return { place, told, look, answer, asked };
}

test('what was told last holds while no active controller answers', () => {
  const { told, look, answer, place } = lab();
  const after = (...ids: readonly (readonly [number, string])[]): string | undefined => {
    look();
    answer(...ids);
    return told.at(-1);
  };
  expect(after()).toBe('who votes is not known');
  expect(after([0, 'a'], [1, 'b'], [2, 'old'])).toBe('this controller is not the voter that it was');
  expect(after()).toBe('this controller is not the voter that it was');
  expect(after([0, 'a'], [1, 'b'])).toBe('this controller is no voter');
  expect(after([0, 'a'], [1, 'b'], [2, 'new'])).toBe('');
  expect(after()).toBe('');
  expect(after([0, 'a'])).toBe('');
  place.isVoter = true;
  look();
  expect(told).toHaveLength(8);
});

test('those who ask while an answer is awaited get that', () => {
  const { told, look, answer, asked } = lab();
  look();
  look();
  expect(asked).toHaveLength(1);
  answer([0, 'a'], [1, 'b']);
  expect(told).toEqual(['this controller is no voter', 'this controller is no voter']);
});

test('a voter that is removed while it runs is missed, and none is while nobody leads', () => {
  const world = new QuorumWorld(13, { controllers: [0, 1, 2] });
  world.startAll();
  world.untilReady();
  const leader = world.leader();
  const [removed = -1, other = -1] = [0, 1, 2].filter((id) => id !== leader);
  const replica = { id: removed, directoryId: directoryOf(removed) };
  const answer = world.wait<unknown>((done) =>
    world.member(leader).running.changeQuorum({ change: 'remove-voter', replica }, 20_000, done),
  );
  expect(answer).toMatchObject({ errorCode: ErrorCode.NONE });
  world.until('it hears that it is missed', () =>
    world.votingReasons(removed).join().includes('of 2 none can be spared'),
  );
  expect(world.votingReasons(other)).toEqual([]);
  world.kill(leader);
  world.world.runFor(10_000);
  expect(world.votingReasons(other)).toEqual([]);
  expect(world.votingReasons(removed)).toEqual([expect.stringContaining('of 2 none can be spared')]);
});

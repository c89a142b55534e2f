import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import {
  isMemberId,
  rotated,
  SESSION_PARTITIONS_MAX,
  SESSIONS_PARTITIONS_MAX,
  type SessionOutcome,
  ShareSessions,
} from '../../../../broker/core/share/session.ts';

function take(
  sessions: ShareSessions,
  epoch: number,
  options: { groupId?: string; memberId?: string; connectionId?: number; mayOpen?: boolean; sessionsMax?: number } = {},
): SessionOutcome {
  const { groupId = 'g', memberId = 'm', connectionId = 1, mayOpen = true, sessionsMax = 2 } = options;
  return sessions.take({ groupId, memberId, epoch, connectionId, mayOpen, sessionsMax });
}

const refusal = (outcome: SessionOutcome): number => (outcome.kind === 'refused' ? outcome.errorCode : ErrorCode.NONE);

const named = (partitions: readonly number[]) => partitions.map((partition) => ({ topicId: 'T', partition }));
const many = Array.from({ length: SESSION_PARTITIONS_MAX }, (_, index) => index);

function opened(sessions: ShareSessions): Extract<SessionOutcome, { kind: 'open' }> {
  const outcome = take(sessions, 0);
  if (outcome.kind !== 'open') throw new Error('the session did not open');
  return outcome;
}

describe('share sessions', () => {
  test('open with epoch 0 and go on one by one', () => {
    const sessions = new ShareSessions();
    expect(take(sessions, 0).kind).toBe('open');
    expect(take(sessions, 1).kind).toBe('continued');
    expect(take(sessions, 2).kind).toBe('continued');
    expect(refusal(take(sessions, 2))).toBe(ErrorCode.INVALID_SHARE_SESSION_EPOCH);
    expect(refusal(take(sessions, 4))).toBe(ErrorCode.INVALID_SHARE_SESSION_EPOCH);
    expect(take(sessions, 3).kind).toBe('continued');
  });

  test('are unknown until they are opened and after they ended', () => {
    const sessions = new ShareSessions();
    expect(refusal(take(sessions, 1))).toBe(ErrorCode.SHARE_SESSION_NOT_FOUND);
    const { session } = opened(sessions);
    expect(sessions.remove(session)).toBe(true);
    expect(sessions.remove(session)).toBe(false);
    expect(refusal(take(sessions, -1))).toBe(ErrorCode.SHARE_SESSION_NOT_FOUND);
    expect(sessions.groupCount('g')).toBe(0);
  });

  test('can not be opened by an acknowledgement', () => {
    expect(refusal(take(new ShareSessions(), 0, { mayOpen: false }))).toBe(ErrorCode.INVALID_SHARE_SESSION_EPOCH);
  });

  test('of a member are one at a time: a new one replaces the old (S12)', () => {
    const sessions = new ShareSessions();
    const first = opened(sessions);
    take(sessions, 1);
    const second = take(sessions, 0, { connectionId: 2 });
    expect(second.kind === 'open' && second.replaced).toBe(first.session);
    expect(sessions.count).toBe(1);
    expect(sessions.isLive(first.session)).toBe(false);
    expect(sessions.ofConnection(1)).toEqual([]);
    expect(take(sessions, 1).kind).toBe('continued');
  });

  test('wrap from the largest epoch to 1', () => {
    const sessions = new ShareSessions();
    const { session } = opened(sessions);
    session.epoch = 0x7fff_ffff;
    expect(take(sessions, 0x7fff_ffff).kind).toBe('continued');
    expect(take(sessions, 1).kind).toBe('continued');
  });

  test('have a limit, which a member that replaces its own does not meet', () => {
    const sessions = new ShareSessions();
    take(sessions, 0, { memberId: 'a' });
    take(sessions, 0, { memberId: 'b' });
    expect(refusal(take(sessions, 0, { memberId: 'c' }))).toBe(ErrorCode.SHARE_SESSION_LIMIT_REACHED);
    expect(take(sessions, 0, { memberId: 'a' }).kind).toBe('open');
  });

  test('of two groups are two, though the names of group and member run together to the same', () => {
    const sessions = new ShareSessions();
    take(sessions, 0, { groupId: 'a', memberId: 'bc' });
    expect(take(sessions, 0, { groupId: 'ab', memberId: 'c' })).toMatchObject({ kind: 'open', replaced: null });
    expect(sessions.count).toBe(2);
  });

  test('are found by their connection', () => {
    const sessions = new ShareSessions();
    take(sessions, 0, { memberId: 'a', connectionId: 7 });
    take(sessions, 0, { memberId: 'b', connectionId: 7 });
    expect(sessions.ofConnection(7).map(({ memberId }) => memberId)).toEqual(['a', 'b']);
    expect(sessions.ofConnection(8)).toEqual([]);
  });

  test('serve their partitions from another one first with every epoch', () => {
    const sessions = new ShareSessions();
    const { session } = opened(sessions);
    sessions.follow(session, named([0, 1, 2, 1]), []);
    const orders: number[][] = [];
    for (let epoch = 1; epoch <= 3; epoch += 1) {
      take(sessions, epoch);
      orders.push(rotated(session).map(({ partition }) => partition));
    }
    expect(orders).toEqual([
      [2, 0, 1],
      [0, 1, 2],
      [1, 2, 0],
    ]);
  });

  test('tell how many members fetch a partition, whatever they add, forget and leave', () => {
    const sessions = new ShareSessions();
    const first = opened(sessions).session;
    const other = take(sessions, 0, { memberId: 'n' });
    if (other.kind !== 'open') throw new Error('the session did not open');
    const counts = (): number[] => [0, 1, 2].map((partition) => sessions.memberCount('g', { topicId: 'T', partition }));
    sessions.follow(first, named([0, 1]), []);
    sessions.follow(first, named([0, 1]), []);
    sessions.follow(other.session, named([1, 2]), []);
    expect(counts()).toEqual([1, 2, 1]);
    sessions.follow(other.session, [], named([0, 2]));
    expect(counts()).toEqual([1, 2, 0]);
    take(sessions, 0);
    expect(counts()).toEqual([0, 1, 0]);
    sessions.remove(first);
    sessions.remove(other.session);
    expect(counts()).toEqual([0, 0, 0]);
    expect(sessions.memberCount('h', { topicId: 'T', partition: 1 })).toBe(0);
  });

  test('name so many partitions at most, however often they add some', () => {
    const sessions = new ShareSessions();
    const { session } = opened(sessions);
    for (const first of many.filter((index) => index % 1000 === 0)) {
      expect(sessions.follow(session, named(many.slice(first, first + 1000)), [])).toBe(true);
    }
    expect(sessions.follow(session, named([7]), [])).toBe(true);
    expect(sessions.follow(session, named([-1]), [])).toBe(false);
    expect([session.partitions.size, sessions.partitionCount]).toEqual([
      SESSION_PARTITIONS_MAX,
      SESSION_PARTITIONS_MAX,
    ]);
    expect(sessions.follow(session, named([-1]), named([7, 7]))).toBe(true);
    sessions.remove(session);
    expect(sessions.partitionCount).toBe(0);
  });

  test('of all members together name so many partitions at most', () => {
    const sessions = new ShareSessions();
    const added = Array.from({ length: SESSIONS_PARTITIONS_MAX / SESSION_PARTITIONS_MAX + 1 }, (_, index) => {
      const outcome = take(sessions, 0, { memberId: `m${index}`, sessionsMax: 1000 });
      return outcome.kind === 'open' && sessions.follow(outcome.session, named(many), []);
    });
    expect(added.lastIndexOf(true)).toBe(added.length - 2);
    expect(added.at(-1)).toBe(false);
    expect(sessions.partitionCount).toBe(SESSIONS_PARTITIONS_MAX);
  });

  test('belong to members with an id of 1 to 36 characters', () => {
    expect([null, '', 'x'.repeat(37)].map((id) => isMemberId(id))).toEqual([false, false, false]);
    expect(['x', 'x'.repeat(36)].map((id) => isMemberId(id))).toEqual([true, true]);
  });
});

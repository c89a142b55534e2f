import { describe, expect, it } from '@jest/globals';
import {
  FetchSessions,
  type FetchWish,
  SESSION_EVICTION_MS,
  SESSION_ROOM,
  SESSIONS_ROOM,
} from '../../../../broker/core/replica/fetch-session.ts';

const wish = (topic: string, index = 0, fetchOffset = 0): FetchWish => ({
  topic,
  topicId: '',
  index,
  fetchOffset,
  maxBytes: 100,
  currentLeaderEpoch: -1,
  lastFetchedEpoch: -1,
  logStartOffset: -1,
});

function cache(slots = 10) {
  const sessions = new FetchSessions(() => slots);
  let nextId = 1;
  const open = (
    sessionId: number,
    sessionEpoch: number,
    wishes: FetchWish[] = [],
    extra: {
      readonly nowMs?: number;
      readonly byId?: boolean;
      readonly forgotten?: FetchWish[];
      readonly isFollowers?: boolean;
    } = {},
  ) =>
    sessions.open(
      {
        sessionId,
        sessionEpoch,
        byId: extra.byId ?? false,
        isFollowers: extra.isFollowers ?? false,
        wishes,
        forgotten: extra.forgotten ?? [],
      },
      extra.nowMs ?? 0,
      () => nextId++,
    );
  return { sessions, open };
}

describe('fetch sessions', () => {
  it('begin with epoch 0 and go on with epoch 1', () => {
    const { open } = cache();
    expect(open(0, 0, [wish('a')])).toMatchObject({ kind: 'created', session: { id: 1, epoch: 1 } });
    expect(open(1, 1)).toMatchObject({ kind: 'incremental', session: { epoch: 2 } });
  });

  it('of followers find room whatever consumers hold, and neither kind uses or ends the other (B1)', () => {
    const { sessions, open } = cache(1);
    expect(open(0, 0, [wish('a')])).toMatchObject({ kind: 'created', session: { id: 1 } });
    expect(open(0, 0, [wish('a')])).toEqual({ kind: 'sessionless', full: true });
    const isFollowers = true;
    const created = open(0, 0, [wish('a')], { isFollowers });
    const id = created.kind === 'created' ? created.session.id : 0;
    const refused = { kind: 'refused', error: 'FETCH_SESSION_ID_NOT_FOUND', full: false };
    expect(open(id, 1)).toEqual(refused);
    expect(open(1, 1, [], { isFollowers })).toEqual(refused);
    open(id, -1);
    expect(open(id, 1, [], { isFollowers })).toMatchObject({ kind: 'incremental' });
    expect([sessions.count, sessions.room]).toEqual([2, 1]);
  });

  it('of followers that went without a word make room for the next', () => {
    const { sessions, open } = cache(1);
    open(0, 0, [wish('a')], { isFollowers: true });
    open(0, 0, [wish('a')], { isFollowers: true, nowMs: SESSION_EVICTION_MS });
    expect(sessions.count).toBe(1);
  });

  it('refuse an id that nobody has', () => {
    expect(cache().open(7, 1)).toEqual({ kind: 'refused', error: 'FETCH_SESSION_ID_NOT_FOUND', full: false });
  });

  it('refuse any epoch but the expected one and stay as they were', () => {
    const { open } = cache();
    open(0, 0, [wish('a')]);
    expect(open(1, 2, [wish('b')])).toEqual({ kind: 'refused', error: 'INVALID_FETCH_SESSION_EPOCH', full: false });
    const next = open(1, 1);
    expect(next.kind === 'incremental' && [...next.session.partitions.keys()]).toEqual(['a-0']);
  });

  it('refuse a change between names and ids', () => {
    const { open } = cache();
    open(0, 0, [wish('a')]);
    expect(open(1, 1, [], { byId: true })).toEqual({
      kind: 'refused',
      error: 'FETCH_SESSION_TOPIC_ID_ERROR',
      full: false,
    });
  });

  it('take over new partitions and offsets, and forget what they are told to', () => {
    const { open } = cache();
    open(0, 0, [wish('a'), wish('b')]);
    const next = open(1, 1, [wish('b', 0, 42), wish('c')], { forgotten: [wish('a')] });
    if (next.kind !== 'incremental') throw new Error(next.kind);
    expect([...next.session.partitions.values()].map((one) => [one.key, one.fetchOffset])).toEqual([
      ['b-0', 42],
      ['c-0', 0],
    ]);
  });

  it('end when nothing is left in them', () => {
    const { open, sessions } = cache();
    open(0, 0, [wish('a')]);
    expect(open(1, 1, [], { forgotten: [wish('a')] })).toEqual({ kind: 'sessionless', full: false });
    expect(sessions.count).toBe(0);
  });

  it('end with the final epoch', () => {
    const { open, sessions } = cache();
    open(0, 0, [wish('a')]);
    expect(open(1, -1, [wish('a')])).toEqual({ kind: 'sessionless', full: false });
    expect(sessions.count).toBe(0);
  });

  it('are not made while all slots are in use, until one was idle for two minutes', () => {
    const { open, sessions } = cache(1);
    open(0, 0, [wish('a')]);
    expect(open(0, 0, [wish('b')], { nowMs: SESSION_EVICTION_MS - 1 })).toEqual({ kind: 'sessionless', full: true });
    expect(open(0, 0, [wish('b')], { nowMs: SESSION_EVICTION_MS }).kind).toBe('created');
    expect(sessions.count).toBe(1);
    expect(open(1, 1)).toEqual({ kind: 'refused', error: 'FETCH_SESSION_ID_NOT_FOUND', full: false });
  });

  const wishes = (count: number, topic = 'unknown', from = 0) =>
    Array.from({ length: count }, (_, index) => wish(topic, from + index));

  it('end when they have named too many partitions, one request after the other, and a next one is served without', () => {
    const { open, sessions } = cache();
    open(0, 0, wishes(1000));
    let requests = 1;
    let answer = open(1, 1, wishes(1000, 'unknown', 1000));
    while (answer.kind === 'incremental') {
      expect(sessions.room).toBeLessThanOrEqual(SESSION_ROOM);
      requests += 1;
      answer = open(1, requests, wishes(1000, 'unknown', requests * 1000));
    }
    expect(answer).toEqual({ kind: 'refused', error: 'FETCH_SESSION_ID_NOT_FOUND', full: true });
    expect(requests).toBe(SESSION_ROOM / 1000);
    expect([sessions.count, sessions.room]).toEqual([0, 0]);
    expect(open(0, 0, wishes(SESSION_ROOM + 1))).toEqual({ kind: 'sessionless', full: true });
    expect(open(0, 0, wishes(SESSION_ROOM)).kind).toBe('created');
  });

  it('of all clients together hold so many partitions at most, until one was idle for two minutes', () => {
    const { open, sessions } = cache(1000);
    const whole = wishes(SESSION_ROOM);
    for (let made = 0; made < SESSIONS_ROOM / SESSION_ROOM; made += 1) expect(open(0, 0, whole).kind).toBe('created');
    expect(open(0, 0, [wish('one-more')])).toEqual({ kind: 'sessionless', full: true });
    expect(open(0, 0, whole, { nowMs: SESSION_EVICTION_MS }).kind).toBe('created');
    expect(sessions.room).toBe(SESSIONS_ROOM);
  });

  it('give back the room of what they forget, and of those that end', () => {
    const { open, sessions } = cache();
    open(0, 0, wishes(10));
    open(1, 1, [], { forgotten: wishes(4) });
    expect(sessions.room).toBe(6);
    open(1, 2, [], { forgotten: wishes(4) });
    expect(sessions.room).toBe(6);
    open(1, -1);
    expect(sessions.room).toBe(0);
  });

  it('count a long name as several partitions', () => {
    const { open, sessions } = cache();
    open(0, 0, [wish('x'.repeat(32_767))]);
    expect(sessions.room).toBeGreaterThan(250);
  });

  it('serve partitions that gave data last next time', () => {
    const { open } = cache();
    const created = open(0, 0, [wish('a'), wish('b'), wish('c')]);
    if (created.kind !== 'created') throw new Error(created.kind);
    const first = created.session.partitions.get('a-0');
    FetchSessions.rotate(created.session, first === undefined ? [] : [first]);
    expect([...created.session.partitions.keys()]).toEqual(['b-0', 'c-0', 'a-0']);
  });
});

import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { Classic, text } from './classic-bench.ts';

describe('a group that forms', () => {
  test('gives a single member its first assignment after the short delay', () => {
    const group = new Classic();
    const join = group.join('a');
    expect(join.response).toBeNull();
    expect(group.state()).toBe('PreparingRebalance');
    group.advance(99);
    expect(join.response).toBeNull();
    group.advance(1);
    expect(join.response).toMatchObject({
      errorCode: 0,
      generationId: 1,
      leader: 'a',
      memberId: 'a',
      protocolName: 'range',
      protocolType: 'consumer',
    });
    expect(join.response?.members.map(({ memberId, metadata }) => [memberId, text(metadata)])).toEqual([['a', 'of a']]);
    expect(group.state()).toBe('CompletingRebalance');
    expect(text(group.sync('a', 1, { a: 'all' }).response?.assignment)).toBe('all');
    expect(group.state()).toBe('Stable');
  });

  test('waits as long as members keep coming, but not longer than three seconds', () => {
    const group = new Classic();
    const first = group.join('m0');
    let count = 1;
    while (first.response === null) {
      group.advance(80);
      group.join(`m${count}`);
      count += 1;
    }
    expect(group.nowMs).toBeGreaterThanOrEqual(3_000);
    expect(group.nowMs).toBeLessThanOrEqual(3_100);
    expect(first.response.members.length).toBeGreaterThan(30);
  });

  test('waits for a member that has fetched its id and not joined yet', () => {
    const group = new Classic();
    const first = group.join('a');
    expect(group.join('b', { requireKnownMemberId: true }).response).toMatchObject({
      errorCode: ErrorCode.MEMBER_ID_REQUIRED,
      memberId: 'b',
    });
    group.advance(150);
    expect(first.response).toBeNull();
    const second = group.rejoin('b');
    group.advance(250);
    expect(first.response?.members.map(({ memberId }) => memberId)).toEqual(['a', 'b']);
    expect(second.response).toMatchObject({ generationId: 1, leader: 'a', members: [] });
  });

  test('completes at once when the delay is switched off', () => {
    const group = new Classic({ 'group.initial.rebalance.delay.ms': '0' });
    const join = group.join('a');
    group.advance(0);
    expect(join.response?.generationId).toBe(1);
  });

  test('tells only the leader who the members are', () => {
    const group = new Classic();
    const [a, b] = [group.join('a'), group.join('b')];
    group.advance(3_000);
    expect(a.response?.members.length).toBe(2);
    expect(b.response?.members.length).toBe(0);
    expect(b.response?.leader).toBe('a');
  });

  test('forgets a member id that is never used, and the group with it', () => {
    const group = new Classic();
    group.join('a', { requireKnownMemberId: true });
    group.advance(10_000);
    expect(group.rejoin('a').response?.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(group.state()).toBe('Dead');
    expect(group.log).toEqual([]);
  });
});

describe('choosing the protocol', () => {
  test('takes the candidate of all members that gets most votes', () => {
    const group = new Classic();
    const a = group.join('a', { protocols: ['x', 'sticky', 'range'] });
    group.join('b', { protocols: ['range', 'sticky'] });
    group.join('c', { protocols: ['range', 'y', 'sticky'] });
    group.advance(3_000);
    expect(a.response?.protocolName).toBe('range');
  });

  test('refuses a member that shares no protocol, or is of another type, or names none', () => {
    const group = new Classic();
    group.stable('a');
    for (const options of [
      { protocols: ['other'] },
      { protocolType: 'connect' },
      { protocols: [] },
      { protocolType: '' },
    ]) {
      expect(group.join('b', options).response?.errorCode).toBe(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    }
    expect(group.state()).toBe('Stable');
  });
});

describe('a rebalance', () => {
  test('begins when a member comes, and ends when the others have joined again', () => {
    const group = new Classic();
    const generation = group.stable('a');
    const b = group.join('b');
    expect(group.state()).toBe('PreparingRebalance');
    expect(group.beat('a', generation)).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
    expect(group.sync('a', generation).response?.errorCode).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
    const a = group.rejoin('a');
    expect(a.response).toMatchObject({ generationId: generation + 1, leader: 'a' });
    expect(b.response).toMatchObject({ generationId: generation + 1, memberId: 'b' });
    expect(group.beat('a', generation)).toBe(ErrorCode.ILLEGAL_GENERATION);
    expect(group.beat('a', generation + 1)).toBe(ErrorCode.NONE);
  });

  test('goes on without members that do not join in time', () => {
    const group = new Classic();
    const generation = group.stable('a', 'b');
    const c = group.join('c', { rebalanceTimeoutMs: 20_000, sessionTimeoutMs: 30_000 });
    for (let second = 0; second < 60; second += 5) {
      group.beat('a', generation);
      group.beat('b', generation);
      group.advance(5_000);
    }
    expect(c.response).toMatchObject({ generationId: generation + 1, leader: 'c' });
    expect(c.response?.members.map(({ memberId }) => memberId)).toEqual(['c']);
    expect(group.beat('a', generation)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });

  test('interrupts one that waits for its assignment', () => {
    const group = new Classic();
    const generation = group.stable('a', 'b');
    group.rejoin('a', { metadata: 'changed' });
    group.rejoin('b');
    const waiting = group.sync('b', generation + 1);
    expect(waiting.response).toBeNull();
    group.join('c');
    expect(waiting.response?.errorCode).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
  });

  test('begins when the leader joins again, or anybody with other metadata; else the member only missed the answer', () => {
    const group = new Classic();
    const generation = group.stable('a', 'b');
    expect(group.rejoin('b').response).toMatchObject({
      errorCode: 0,
      generationId: generation,
      memberId: 'b',
      members: [],
    });
    expect(group.state()).toBe('Stable');
    expect(group.rejoin('b', { metadata: 'other' }).response).toBeNull();
    expect(group.rejoin('a').response?.generationId).toBe(generation + 1);
    const again = group.rejoin('a').response;
    expect(again).toMatchObject({ generationId: generation + 1 });
    expect(again?.members.length).toBe(2);
  });

  test('puts out members that never ask for their assignment', () => {
    const group = new Classic();
    const joins = ['a', 'b'].map((memberId) =>
      group.join(memberId, { rebalanceTimeoutMs: 15_000, sessionTimeoutMs: 30_000 }),
    );
    group.advance(3_000);
    expect(joins[0]?.response?.generationId).toBe(1);
    group.sync('a', 1, { a: 'x', b: 'y' });
    group.advance(15_000);
    expect(group.state()).toBe('PreparingRebalance');
    expect(group.beat('b', 1)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });

  test('answers the last of two joins of a member', () => {
    const group = new Classic();
    const generation = group.stable('a', 'b');
    const first = group.rejoin('a');
    const second = group.rejoin('a');
    expect(first.response?.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    group.rejoin('b');
    expect(second.response?.generationId).toBe(generation + 1);
  });
});

describe('sessions', () => {
  test('a member that sends no heartbeat is out, and the others are told', () => {
    const group = new Classic();
    const generation = group.stable('a', 'b');
    group.advance(6_000);
    expect(group.beat('a', generation)).toBe(ErrorCode.NONE);
    group.advance(4_000);
    expect(group.beat('a', generation)).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
    expect(group.beat('b', generation)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });

  test('a member that waits for the group is not judged by heartbeats', () => {
    const group = new Classic();
    group.stable('a', 'b');
    const waiting = group.rejoin('a', { metadata: 'new' });
    for (let second = 0; second < 50; second += 5) {
      group.beat('b', 1);
      group.advance(5_000);
    }
    expect(waiting.response).toBeNull();
    group.advance(10_000);
    expect(waiting.response).toMatchObject({ errorCode: 0, generationId: 2 });
  });

  test('begin anew, in full, when the coordinator moves', () => {
    const group = new Classic();
    const generation = group.stable('a');
    group.advance(9_000);
    group.failOver();
    group.advance(9_999);
    expect(group.beat('a', generation)).toBe(ErrorCode.NONE);
    group.advance(10_000);
    expect(group.state()).toBe('Empty');
  });
});

describe('leaving', () => {
  test('starts a rebalance, and leaves an empty group behind the last one', () => {
    const group = new Classic();
    const generation = group.stable('a', 'b');
    expect(group.leave({ memberId: 'a', groupInstanceId: null }).response).toEqual({
      errorCode: 0,
      members: [{ memberId: 'a', groupInstanceId: null, errorCode: 0 }],
    });
    expect(group.beat('b', generation)).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
    group.leave({ memberId: 'b', groupInstanceId: null });
    expect(group.state()).toBe('Empty');
    group.failOver();
    expect(group.state()).toBe('Empty');
  });

  test('judges each member by itself, and finds static ones by their instance', () => {
    const group = new Classic();
    group.join('a', { instance: 'one' });
    group.join('b', { instance: 'two' });
    group.join('c', { requireKnownMemberId: true });
    const left = group.leave(
      { memberId: '', groupInstanceId: 'one' },
      { memberId: 'other', groupInstanceId: 'two' },
      { memberId: '', groupInstanceId: 'three' },
      { memberId: 'c', groupInstanceId: null },
      { memberId: 'd', groupInstanceId: null },
    );
    expect(left.response?.members.map(({ errorCode }) => errorCode)).toEqual([
      ErrorCode.NONE,
      ErrorCode.FENCED_INSTANCE_ID,
      ErrorCode.UNKNOWN_MEMBER_ID,
      ErrorCode.NONE,
      ErrorCode.UNKNOWN_MEMBER_ID,
    ]);
  });

  test('of a group that does not exist is refused member by member', () => {
    const group = new Classic();
    expect(group.leave({ memberId: 'a', groupInstanceId: null }).response).toEqual({
      errorCode: 0,
      members: [{ memberId: 'a', groupInstanceId: null, errorCode: ErrorCode.UNKNOWN_MEMBER_ID }],
    });
  });
});

describe('static members', () => {
  const formed = (group: Classic): number => {
    const joins = [
      group.join('a', { instance: 'one', metadata: 'same' }),
      group.join('b', { instance: 'two', metadata: 'same' }),
    ];
    group.advance(3_000);
    const generation = joins[0]?.response?.generationId ?? -1;
    group.sync('a', generation, { a: 'for one', b: 'for two' });
    group.sync('b', generation);
    return generation;
  };

  test('come back under a new id without a rebalance, with the same assignment, and fence the old id', () => {
    const group = new Classic();
    const generation = formed(group);
    const back = group.join('b2', { instance: 'two', metadata: 'same' });
    expect(back.response).toMatchObject({
      errorCode: 0,
      generationId: generation,
      memberId: 'b2',
      leader: 'a',
      members: [],
    });
    expect(group.state()).toBe('Stable');
    expect(text(group.sync('b2', generation, {}, { instance: 'two' }).response?.assignment)).toBe('for two');
    expect(group.beat('b', generation, 'two')).toBe(ErrorCode.FENCED_INSTANCE_ID);
    expect(group.beat('b', generation)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    group.failOver();
    expect(group.beat('b2', generation, 'two')).toBe(ErrorCode.NONE);
  });

  test('do not assign again when the leader comes back', () => {
    const old = new Classic();
    const generation = formed(old);
    expect(old.join('a2', { instance: 'one', metadata: 'same' }).response).toMatchObject({
      generationId: generation,
      leader: 'a',
      members: [],
    });
    const recent = new Classic();
    formed(recent);
    const back = recent.join('a2', { instance: 'one', metadata: 'same', skip: true }).response;
    expect(back).toMatchObject({ generationId: generation, leader: 'a2', skipAssignment: true });
    expect(back?.members.length).toBe(2);
  });

  test('rebalance when the protocol of the group changes with them', () => {
    const group = new Classic();
    const joins = [
      group.join('a', { instance: 'one', protocols: ['x', 'y'] }),
      group.join('b', { instance: 'two', protocols: ['x', 'y'] }),
    ];
    group.advance(3_000);
    const generation = joins[0]?.response?.generationId ?? -1;
    group.sync('a', generation, {});
    expect(group.join('b2', { instance: 'two', protocols: ['y'] }).response).toBeNull();
    expect(group.state()).toBe('PreparingRebalance');
  });

  test('keep their place through a rebalance that they miss', () => {
    const group = new Classic();
    const generation = formed(group);
    const c = group.join('c');
    group.rejoin('a', { instance: 'one', metadata: 'same' });
    for (let second = 0; second < 60; second += 5) {
      group.beat('b', generation, 'two');
      group.advance(5_000);
    }
    expect(c.response?.errorCode).toBe(0);
    expect(
      group.send({ kind: 'describeGroup', groupId: 'g' }).response?.members.map(({ memberId }) => memberId),
    ).toContain('b');
  });

  test('fence a waiting join of the old process', () => {
    const group = new Classic();
    formed(group);
    group.join('c');
    const waiting = group.rejoin('b', { instance: 'two', metadata: 'same' });
    expect(waiting.response).toBeNull();
    group.join('b2', { instance: 'two', metadata: 'same' });
    expect(waiting.response?.errorCode).toBe(ErrorCode.FENCED_INSTANCE_ID);
  });
});

describe('bounds and refusals', () => {
  test('metadata and assignments of a group stay far below the largest batch', () => {
    const group = new Classic();
    const large = 'm'.repeat(20 * 1024 * 1024);
    expect(group.join('a', { metadata: large }).response?.errorCode ?? 0).toBe(ErrorCode.NONE);
    expect(group.join('b', { metadata: large }).response?.errorCode).toBe(ErrorCode.GROUP_MAX_SIZE_REACHED);
    expect(group.join('c', { metadata: 'small' }).response?.errorCode ?? 0).toBe(ErrorCode.NONE);
  });

  test('an assignment that is too large is refused and changes nothing', () => {
    const group = new Classic();
    const joined = group.join('a');
    group.advance(5_000);
    const generation = joined.response?.generationId ?? -1;
    const large = 'a'.repeat(33 * 1024 * 1024);
    expect(group.sync('a', generation, { a: large }).response?.errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect(group.sync('a', generation, { a: 'fits' }).response?.errorCode).toBe(ErrorCode.NONE);
  });

  test('a full group takes nobody else', () => {
    const group = new Classic({ 'group.max.size': '2' });
    group.stable('a', 'b');
    expect(group.join('c').response).toMatchObject({ errorCode: ErrorCode.GROUP_MAX_SIZE_REACHED, memberId: '' });
    expect(group.state()).toBe('Stable');
  });

  test('unknown groups, members and generations are refused', () => {
    const group = new Classic();
    expect(group.rejoin('a').response?.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(group.sync('a', 1).response?.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(group.beat('a', 1)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    const generation = group.stable('a');
    expect(group.rejoin('b').response?.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(group.sync('a', generation + 1).response?.errorCode).toBe(ErrorCode.ILLEGAL_GENERATION);
    expect(group.sync('a', generation, {}, { protocolType: 'connect' }).response?.errorCode).toBe(
      ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
    );
    expect(group.sync('a', generation, {}, { protocolName: 'sticky' }).response?.errorCode).toBe(
      ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
    );
  });
});

describe('what describe shows', () => {
  test('is metadata and assignments for a stable group, without them for one that rebalances', () => {
    const group = new Classic();
    group.stable('a');
    const shown = (): unknown => {
      const response = group.send({ kind: 'describeGroup', groupId: 'g' }).response;
      return {
        ...response,
        members: response?.members.map((member) => [
          member.memberId,
          text(member.memberMetadata),
          text(member.memberAssignment),
        ]),
      };
    };
    expect(shown()).toMatchObject({
      groupState: 'Stable',
      protocolType: 'consumer',
      protocolData: 'range',
      members: [['a', 'of a', 'for a']],
    });
    group.failOver();
    expect(shown()).toMatchObject({
      groupState: 'Stable',
      protocolType: 'consumer',
      protocolData: 'range',
      members: [['a', 'of a', 'for a']],
    });
    group.join('b');
    expect(shown()).toMatchObject({
      groupState: 'PreparingRebalance',
      protocolData: '',
      members: [
        ['a', '', ''],
        ['b', '', ''],
      ],
    });
  });
});

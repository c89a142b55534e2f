import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { row as deleteGroups } from '../../../../broker/server/api/delete-groups.ts';
import { row as describeGroups } from '../../../../broker/server/api/describe-groups.ts';
import { row as heartbeat } from '../../../../broker/server/api/heartbeat.ts';
import { row as joinGroup } from '../../../../broker/server/api/join-group.ts';
import { row as leaveGroup } from '../../../../broker/server/api/leave-group.ts';
import { row as listGroups } from '../../../../broker/server/api/list-groups.ts';
import { row as offsetCommit } from '../../../../broker/server/api/offset-commit.ts';
import { row as offsetFetch } from '../../../../broker/server/api/offset-fetch.ts';
import { row as syncGroup } from '../../../../broker/server/api/sync-group.ts';
import { GroupApiBench, startedBench as started, TOPIC_ID, versionsOf } from './group-bench.ts';

const OTHER_ID = 'other'.padEnd(22, 'A');

function joinRequest(version: number, memberId = '') {
  return {
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    ...(version >= 1 ? { rebalanceTimeoutMs: 20_000 } : {}),
    memberId,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.from('metadata') }],
  };
}

/** Joins alone, by the rules of the version; gives the member id. */
function joined(bench: GroupApiBench, version: number): string {
  let call = bench.call(joinGroup, version, joinRequest(version));
  if (version >= 4) {
    expect(call.response).toMatchObject({ errorCode: ErrorCode.MEMBER_ID_REQUIRED });
    call = bench.call(joinGroup, version, joinRequest(version, call.response?.memberId));
  }
  bench.node.loop.advance(200);
  expect(call.response).toMatchObject({
    errorCode: 0,
    generationId: 1,
    protocolName: 'range',
    leader: call.response?.memberId,
  });
  expect(call.response?.members.map(({ metadata }) => Buffer.from(metadata).toString())).toEqual(['metadata']);
  expect(call.response?.memberId).toMatch(/^test-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
  return call.response?.memberId ?? '';
}

describe('a classic member in every version', () => {
  test.each(versionsOf(joinGroup))('joins with version %i', (version) => {
    const bench = started();
    const memberId = joined(bench, version);
    const protocol = { protocolType: 'consumer', protocolName: 'range' };
    const sync = {
      groupId: 'g',
      generationId: 1,
      memberId,
      assignments: [{ memberId, assignment: Buffer.from('all') }],
    };
    const synced = bench.ask(syncGroup, 5, { ...sync, ...protocol });
    expect(synced).toMatchObject({ errorCode: 0, ...protocol });
    expect(Buffer.from(synced.assignment).toString()).toBe('all');
  });

  test('is refused without a group id, with a session timeout out of range, and without leave', () => {
    const bench = started();
    expect(bench.ask(joinGroup, 9, { ...joinRequest(9), groupId: '' }).errorCode).toBe(ErrorCode.INVALID_GROUP_ID);
    for (const sessionTimeoutMs of [5_999, 1_800_001]) {
      const answer = bench.ask(joinGroup, 3, { ...joinRequest(3), sessionTimeoutMs });
      expect(answer).toMatchObject({ errorCode: ErrorCode.INVALID_SESSION_TIMEOUT, protocolName: '', memberId: '' });
    }
    bench.denied.add('read group g');
    expect(bench.ask(joinGroup, 9, joinRequest(9)).errorCode).toBe(ErrorCode.GROUP_AUTHORIZATION_FAILED);
  });

  test.each(versionsOf(syncGroup))('gets its assignment with version %i', (version) => {
    const bench = started();
    const memberId = joined(bench, 9);
    const protocol = version >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {};
    const request = {
      groupId: 'g',
      generationId: 1,
      memberId,
      assignments: [{ memberId, assignment: Buffer.from('all') }],
      ...protocol,
    };
    expect(Buffer.from(bench.ask(syncGroup, version, request).assignment).toString()).toBe('all');
    if (version >= 5) {
      expect(bench.ask(syncGroup, version, { ...request, protocolName: null }).errorCode).toBe(
        ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
      );
    }
    expect(bench.ask(syncGroup, version, { ...request, groupId: '' }).errorCode).toBe(ErrorCode.INVALID_GROUP_ID);
  });

  test.each(versionsOf(heartbeat))('sends heartbeats with version %i', (version) => {
    const bench = started();
    const memberId = joined(bench, 9);
    expect(bench.ask(heartbeat, version, { groupId: 'g', generationId: 1, memberId }).errorCode).toBe(0);
    expect(bench.ask(heartbeat, version, { groupId: 'g', generationId: 2, memberId }).errorCode).toBe(
      ErrorCode.ILLEGAL_GENERATION,
    );
    expect(bench.ask(heartbeat, version, { groupId: '', generationId: 1, memberId }).errorCode).toBe(
      ErrorCode.INVALID_GROUP_ID,
    );
  });

  test.each(versionsOf(leaveGroup))('leaves with version %i', (version) => {
    const bench = started();
    const memberId = joined(bench, 9);
    const leave = (id: string) =>
      bench.ask(
        leaveGroup,
        version,
        version < 3
          ? { groupId: 'g', memberId: id, members: [] }
          : { groupId: 'g', memberId: '', members: [{ memberId: id }] },
      );
    const code = (answer: ReturnType<typeof leave>) => (version < 3 ? answer.errorCode : answer.members[0]?.errorCode);
    expect(code(leave('nobody'))).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(leave('nobody').errorCode).toBe(version < 3 ? ErrorCode.UNKNOWN_MEMBER_ID : 0);
    expect(code(leave(memberId))).toBe(0);
    expect(code(leave(memberId))).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });
});

describe('offsets in every version', () => {
  const topic = (version: number, id = TOPIC_ID, name = 't') => (version >= 10 ? { topicId: id } : { name });

  test.each(versionsOf(offsetCommit))('are committed with version %i, partition by partition', (version) => {
    const bench = started();
    const partitions = [0, 1, 7].map((partitionIndex) => ({
      partitionIndex,
      committedOffset: 5 + partitionIndex,
      committedMetadata: null,
    }));
    const topics = [
      { ...topic(version), partitions },
      { ...topic(version, OTHER_ID, 'other'), partitions: partitions.slice(0, 1) },
    ];
    const answer = bench.ask(offsetCommit, version, { groupId: 'g', memberId: '', topics });
    const unknown = version >= 10 ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    expect(answer.topics.map((each) => each.partitions.map(({ errorCode }) => errorCode))).toEqual([
      [0, 0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
      [unknown],
    ]);
    expect(answer.topics[0]).toMatchObject(topic(version));
    const fetched = bench.ask(offsetFetch, 8, {
      topics: [],
      groups: [{ groupId: 'g', topics: [{ name: 't', partitionIndexes: [0, 1] }] }],
    });
    expect(fetched.groups[0]?.topics[0]?.partitions.map(({ committedOffset }) => committedOffset)).toEqual([5, 6]);
  });

  test('are not committed without leave on group or topic', () => {
    const bench = started();
    const request = {
      groupId: 'g',
      memberId: '',
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }] }],
    };
    const code = () => bench.ask(offsetCommit, 9, request).topics[0]?.partitions[0]?.errorCode;
    bench.denied.add('read topic t');
    expect(code()).toBe(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    bench.denied.add('read group g');
    expect(code()).toBe(ErrorCode.GROUP_AUTHORIZATION_FAILED);
  });

  const commit = (bench: GroupApiBench, groupId = 'g') =>
    bench.ask(offsetCommit, 9, {
      groupId,
      memberId: '',
      topics: [
        {
          name: 't',
          partitions: [{ partitionIndex: 1, committedOffset: 7, committedLeaderEpoch: 2, committedMetadata: 'note' }],
        },
      ],
    });

  test.each(versionsOf(offsetFetch).filter((version) => version < 8))('are fetched with version %i', (version) => {
    const bench = started();
    commit(bench);
    const partitionIndexes = [1, 0];
    const answer = bench.ask(offsetFetch, version, {
      groupId: 'g',
      topics: [
        { name: 't', partitionIndexes },
        { name: 'other', partitionIndexes: [3] },
      ],
      groups: [],
    });
    expect(answer.topics).toMatchObject([
      {
        name: 't',
        partitions: [
          {
            partitionIndex: 1,
            committedOffset: 7,
            metadata: 'note',
            errorCode: 0,
            ...(version >= 5 ? { committedLeaderEpoch: 2 } : {}),
          },
          { partitionIndex: 0, committedOffset: -1, metadata: '', errorCode: 0 },
        ],
      },
      { name: 'other', partitions: [{ partitionIndex: 3, committedOffset: -1, errorCode: 0 }] },
    ]);
    if (version >= 2) {
      const all = bench.ask(offsetFetch, version, { groupId: 'g', topics: null, groups: [] });
      expect(all.topics).toMatchObject([{ name: 't', partitions: [{ partitionIndex: 1, committedOffset: 7 }] }]);
    }
    bench.denied.add('describe group g');
    const refused = bench.ask(offsetFetch, version, {
      groupId: 'g',
      topics: [{ name: 't', partitionIndexes: [1] }],
      groups: [],
    });
    if (version >= 2) expect(refused).toMatchObject({ errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED, topics: [] });
    else expect(refused.topics[0]?.partitions[0]?.errorCode).toBe(ErrorCode.GROUP_AUTHORIZATION_FAILED);
  });

  test.each(versionsOf(offsetFetch).filter((version) => version >= 8))(
    'of several groups are fetched with version %i',
    (version) => {
      const bench = started();
      commit(bench);
      const partitionIndexes = [1];
      const answer = bench.ask(offsetFetch, version, {
        topics: [],
        groups: [
          {
            groupId: 'g',
            topics: [
              { ...topic(version), partitionIndexes },
              { ...topic(version, OTHER_ID, 'other'), partitionIndexes },
            ],
          },
          { groupId: 'nobody', topics: null },
          { groupId: 'g', topics: null },
        ],
      });
      expect(answer.groups.map(({ groupId, errorCode }) => [groupId, errorCode])).toEqual([
        ['g', 0],
        ['nobody', 0],
        ['g', 0],
      ]);
      expect(answer.groups[0]?.topics).toMatchObject([
        {
          ...topic(version),
          partitions: [
            { partitionIndex: 1, committedOffset: 7, committedLeaderEpoch: 2, metadata: 'note', errorCode: 0 },
          ],
        },
        {
          ...topic(version, OTHER_ID, 'other'),
          partitions: [
            { partitionIndex: 1, committedOffset: -1, errorCode: version >= 10 ? ErrorCode.UNKNOWN_TOPIC_ID : 0 },
          ],
        },
      ]);
      expect(answer.groups[1]?.topics).toEqual([]);
      expect(answer.groups[2]?.topics).toMatchObject([
        { ...topic(version), partitions: [{ partitionIndex: 1, committedOffset: 7 }] },
      ]);
    },
  );

  test('of topics that may not be seen are hidden', () => {
    const bench = started();
    commit(bench);
    bench.denied.add('describe topic t');
    const answer = bench.ask(offsetFetch, 9, {
      topics: [],
      groups: [
        { groupId: 'g', topics: null },
        { groupId: 'g', topics: [{ name: 't', partitionIndexes: [1] }] },
      ],
    });
    expect(answer.groups[0]?.topics).toEqual([]);
    expect(answer.groups[1]?.topics[0]?.partitions).toMatchObject([
      { committedOffset: -1, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED },
    ]);
  });
});

describe('describing, listing and deleting in every version', () => {
  test.each(versionsOf(describeGroups))('groups are described with version %i', (version) => {
    const bench = started();
    const memberId = joined(bench, 9);
    const asked = version >= 3 ? { includeAuthorizedOperations: true } : {};
    const answer = bench.ask(describeGroups, version, { groups: ['g', 'nobody'], ...asked });
    expect(answer.groups[0]).toMatchObject({
      errorCode: 0,
      groupId: 'g',
      groupState: 'CompletingRebalance',
      protocolType: 'consumer',
    });
    expect(answer.groups[0]?.members).toMatchObject([{ memberId, clientId: 'test', clientHost: '/127.0.0.1' }]);
    if (version >= 3) expect(answer.groups[0]?.authorizedOperations).toBeGreaterThan(0);
    expect(answer.groups[1]).toMatchObject({
      groupState: 'Dead',
      errorCode: version >= 6 ? ErrorCode.GROUP_ID_NOT_FOUND : 0,
    });
    if (version >= 6) expect(answer.groups[1]?.errorMessage).toBe('Group nobody not found.');
    bench.denied.add('describe group g');
    expect(bench.ask(describeGroups, version, { groups: ['g'] }).groups[0]?.errorCode).toBe(
      ErrorCode.GROUP_AUTHORIZATION_FAILED,
    );
  });

  test.each(versionsOf(listGroups))('groups of all shards are listed with version %i', (version) => {
    const bench = started();
    joined(bench, 9);
    for (const groupId of ['one', 'two', 'three'])
      bench.ask(offsetCommit, 9, {
        groupId,
        memberId: '',
        topics: [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }] }],
      });
    const answer = bench.ask(listGroups, version, {});
    expect(answer).toMatchObject({
      errorCode: 0,
      groups: ['g', 'one', 'three', 'two'].map((groupId) => ({ groupId })),
    });
    if (version >= 4) {
      expect(bench.ask(listGroups, version, { statesFilter: ['EMPTY'] }).groups.map(({ groupId }) => groupId)).toEqual([
        'one',
        'three',
        'two',
      ]);
      expect(answer.groups[0]?.groupState).toBe('CompletingRebalance');
    }
    if (version >= 5) {
      expect(bench.ask(listGroups, version, { typesFilter: ['Share'] }).groups).toEqual([]);
      expect(answer.groups[0]?.groupType).toBe('classic');
    }
    bench.denied.add('describe cluster kafka-cluster');
    bench.denied.add('describe group one');
    expect(bench.ask(listGroups, version, {}).groups.map(({ groupId }) => groupId)).toEqual(['g', 'three', 'two']);
  });

  test('no groups are listed before there is a topic for them', () => {
    expect(new GroupApiBench().ask(listGroups, 5, {})).toMatchObject({ errorCode: 0, groups: [] });
  });

  test.each(versionsOf(deleteGroups))('groups are deleted with version %i', (version) => {
    const bench = started();
    joined(bench, 9);
    bench.ask(offsetCommit, 9, {
      groupId: 'one',
      memberId: '',
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }] }],
    });
    bench.denied.add('delete group two');
    const answer = bench.ask(deleteGroups, version, { groupsNames: ['g', 'one', 'nobody', 'two'] });
    expect(answer.results.map(({ groupId, errorCode }) => [groupId, errorCode])).toEqual([
      ['g', ErrorCode.NON_EMPTY_GROUP],
      ['one', 0],
      ['nobody', ErrorCode.GROUP_ID_NOT_FOUND],
      ['two', ErrorCode.GROUP_AUTHORIZATION_FAILED],
    ]);
  });
});

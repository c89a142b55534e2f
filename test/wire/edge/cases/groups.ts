import { Buffer } from 'node:buffer';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import type { RequestInput } from '../../../../broker/core/protocol/messages.ts';
import { type Ask, ask, edge, type Moment, numberIn, textIn } from '../ask.ts';

type Join = RequestInput<typeof ApiKey.JoinGroup>;
type Late<T> = T | ((moment: Moment) => T);
const late = <T>(value: Late<T>, moment: Moment): T =>
  typeof value === 'function' ? (value as (m: Moment) => T)(moment) : value;

/** Bytes of a member's subscription; what they say is its own business. */
const METADATA = Buffer.from('subscription');
const RANGE = [{ name: 'range', metadata: METADATA }];

const join = (version: number, groupId: string, more: Late<Partial<Join>> = {}, elsewhere = false): Ask =>
  ask(
    ApiKey.JoinGroup,
    version,
    (moment) => ({
      groupId,
      sessionTimeoutMs: 30_000,
      ...(version >= 1 ? { rebalanceTimeoutMs: 30_000 } : {}),
      memberId: '',
      protocolType: 'edge',
      protocols: RANGE,
      ...late(more, moment),
    }),
    elsewhere ? { elsewhere } : {},
  );

/** The id that the answer to the case's request number `index` gave. */
const memberOf = ({ answers }: Moment, index = 0): string => textIn(answers[index], 'memberId');
const generationOf = ({ answers }: Moment, index = 1): number => numberIn(answers[index], 'generationId');

/** Asks for an id, then joins with it: the member is the leader of generation 1. */
const joined = (groupId: string, more: Partial<Join> = {}): readonly Ask[] => [
  join(5, groupId, more),
  join(5, groupId, (moment) => ({ ...more, memberId: memberOf(moment) })),
];

const sync = (groupId: string, more: Late<Partial<RequestInput<typeof ApiKey.SyncGroup>>> = {}, version = 5): Ask =>
  ask(ApiKey.SyncGroup, version, (moment) => ({
    groupId,
    generationId: 1,
    memberId: 'nobody',
    assignments: [],
    ...(version >= 5 ? { protocolType: 'edge', protocolName: 'range' } : {}),
    ...late(more, moment),
  }));

const syncAsLeader = (groupId: string): Ask =>
  sync(groupId, (moment) => ({
    memberId: memberOf(moment),
    generationId: generationOf(moment),
    assignments: [{ memberId: memberOf(moment), assignment: Buffer.from('mine') }],
  }));

const heartbeat = (
  groupId: string,
  more: Late<Partial<RequestInput<typeof ApiKey.Heartbeat>>> = {},
  version = 4,
): Ask =>
  ask(ApiKey.Heartbeat, version, (moment) => ({ groupId, generationId: 1, memberId: 'nobody', ...late(more, moment) }));

type Leaver = { memberId: string; groupInstanceId?: string | null };
const leave = (groupId: string, members: Late<readonly Leaver[]>, version = 5): Ask =>
  ask(ApiKey.LeaveGroup, version, (moment) => ({ groupId, members: late(members, moment) }));
const leaveAlone = (groupId: string, memberId: Late<string>): Ask =>
  ask(ApiKey.LeaveGroup, 2, (moment) => ({ groupId, memberId: late(memberId, moment) }));

/** A subscription of consumers, version 0, to the topic `plain`. */
const SUBSCRIPTION = Buffer.concat([
  Buffer.from([0, 0, 0, 0, 0, 1, 0, 5]),
  Buffer.from('plain'),
  Buffer.from([0xff, 0xff, 0xff, 0xff]),
]);

const joinCases = [
  edge(
    'JoinGroup of a consumer with a subscription',
    ...joined('join-q', { protocolType: 'consumer', protocols: [{ name: 'range', metadata: SUBSCRIPTION }] }),
  ),
  edge('JoinGroup of a consumer with bytes that are no subscription', {
    ...join(3, 'join-r', { protocolType: 'consumer' }),
    patienceMs: 1500,
  }),
  edge('JoinGroup of a group without a name', join(5, '')),
  edge('JoinGroup of version 0 of a group without a name', join(0, '')),
  edge('JoinGroup with a session time-out of zero', join(5, 'join-a', { sessionTimeoutMs: 0 })),
  edge('JoinGroup with a negative session time-out', join(5, 'join-a', { sessionTimeoutMs: -1 })),
  edge('JoinGroup with a huge session time-out', join(5, 'join-a', { sessionTimeoutMs: 2_147_483_647 })),
  edge('JoinGroup with a member id that nobody gave out', join(5, 'join-a', { memberId: 'stranger' })),
  edge('JoinGroup of version 0 with a member id that nobody gave out', join(0, 'join-a', { memberId: 'stranger' })),
  edge('JoinGroup of version 9 with a member id that nobody gave out', join(9, 'join-a', { memberId: 'stranger' })),
  edge('JoinGroup without protocols', join(5, 'join-b', { protocols: [] })),
  edge('JoinGroup without a protocol type', join(5, 'join-b', { protocolType: '' })),
  edge('JoinGroup gives out an id first', join(4, 'join-c')),
  edge('JoinGroup of version 3 joins at once', join(3, 'join-d')),
  edge('JoinGroup of a static member joins at once', join(5, 'join-e', { groupInstanceId: 'static' })),
  edge(
    'JoinGroup of a static member with a member id that nobody gave out',
    join(5, 'join-f', { groupInstanceId: 'static', memberId: 'stranger' }),
  ),
  edge('JoinGroup of a static member with an empty instance id', join(5, 'join-f', { groupInstanceId: '' })),
  edge('JoinGroup with an id that was given out makes the leader', ...joined('join-g')),
  edge('JoinGroup of a group in Unicode with colons', ...joined('grüppe:☃')),
  edge(
    'JoinGroup refuses another protocol type',
    ...joined('join-h'),
    join(5, 'join-h', { protocolType: 'connect' }, true),
  ),
  edge(
    'JoinGroup refuses a member with no protocol in common',
    ...joined('join-i'),
    join(5, 'join-i', { protocols: [{ name: 'other', metadata: METADATA }] }, true),
  ),
  edge(
    'JoinGroup with an empty protocol name',
    ...joined('join-k', { protocols: [{ name: '', metadata: Buffer.alloc(0) }] }),
  ),
  edge('JoinGroup with a rebalance time-out of zero', ...joined('join-l', { rebalanceTimeoutMs: 0 })),
  edge('JoinGroup with a negative rebalance time-out', ...joined('join-m', { rebalanceTimeoutMs: -1 })),
  edge(
    'JoinGroup of the same member again begins a new generation',
    ...joined('join-n'),
    join(5, 'join-n', (moment) => ({ memberId: memberOf(moment) })),
  ),
  edge(
    'JoinGroup of the same static member again fences the former',
    join(5, 'join-o', { groupInstanceId: 'one' }),
    join(5, 'join-o', { groupInstanceId: 'one' }, true),
    heartbeat('join-o', (moment) => ({ memberId: memberOf(moment), groupInstanceId: 'one' })),
  ),
  edge(
    'JoinGroup of a static member with the id of a dynamic one',
    ...joined('join-p'),
    join(5, 'join-p', (moment) => ({ memberId: memberOf(moment), groupInstanceId: 'other' })),
  ),
  edge('JoinGroup of a share group that is configured is a group of its own', join(5, 'configured')),
];

const syncCases = [
  edge('SyncGroup of a group without a name', sync('')),
  edge('SyncGroup of an unknown group', sync('unknown-group')),
  edge('SyncGroup of an unknown member', ...joined('sync-a'), sync('sync-a')),
  edge('SyncGroup of an empty member id', ...joined('sync-a2'), sync('sync-a2', { memberId: '' })),
  edge(
    'SyncGroup of a generation to come',
    ...joined('sync-b'),
    sync('sync-b', (moment) => ({ memberId: memberOf(moment), generationId: 7 })),
  ),
  edge(
    'SyncGroup of a negative generation',
    ...joined('sync-c'),
    sync('sync-c', (moment) => ({ memberId: memberOf(moment), generationId: -1 })),
  ),
  edge(
    'SyncGroup of version 5 without a protocol',
    ...joined('sync-d'),
    sync('sync-d', (moment) => ({ memberId: memberOf(moment), protocolType: null, protocolName: null })),
  ),
  edge(
    'SyncGroup of version 5 with another protocol name',
    ...joined('sync-e'),
    sync('sync-e', (moment) => ({ memberId: memberOf(moment), protocolName: 'other' })),
  ),
  edge(
    'SyncGroup of version 5 with another protocol type',
    ...joined('sync-f'),
    sync('sync-f', (moment) => ({ memberId: memberOf(moment), protocolType: 'connect' })),
  ),
  edge(
    'SyncGroup of version 4 needs no protocol',
    ...joined('sync-g'),
    sync('sync-g', (moment) => ({ memberId: memberOf(moment) }), 4),
  ),
  edge('SyncGroup of the leader brings its assignment', ...joined('sync-h'), syncAsLeader('sync-h')),
  edge(
    'SyncGroup of the leader again brings the same assignment',
    ...joined('sync-i'),
    syncAsLeader('sync-i'),
    sync('sync-i', (moment) => ({ memberId: memberOf(moment) })),
  ),
  edge(
    'SyncGroup of the leader without assignments gives everybody an empty one',
    ...joined('sync-j'),
    sync('sync-j', (moment) => ({ memberId: memberOf(moment) })),
  ),
  edge(
    'SyncGroup drops the assignment of a stranger',
    ...joined('sync-k'),
    sync('sync-k', (moment) => ({
      memberId: memberOf(moment),
      assignments: [{ memberId: 'stranger', assignment: Buffer.from('theirs') }],
    })),
  ),
  edge(
    'SyncGroup takes the last of two assignments of a member',
    ...joined('sync-l'),
    sync('sync-l', (moment) => ({
      memberId: memberOf(moment),
      assignments: [
        { memberId: memberOf(moment), assignment: Buffer.from('a') },
        { memberId: memberOf(moment), assignment: Buffer.from('b') },
      ],
    })),
  ),
  edge(
    'SyncGroup with an unknown instance id',
    ...joined('sync-m'),
    sync('sync-m', (moment) => ({ memberId: memberOf(moment), groupInstanceId: 'nobody' })),
  ),
];

const heartbeatCases = [
  edge('Heartbeat of a group without a name', heartbeat('')),
  edge('Heartbeat of an unknown group', heartbeat('unknown-group')),
  edge('Heartbeat of an unknown group of version 0', heartbeat('unknown-group', {}, 0)),
  edge('Heartbeat of an unknown member', ...joined('beat-a'), heartbeat('beat-a')),
  edge(
    'Heartbeat before the sync',
    ...joined('beat-b'),
    heartbeat('beat-b', (moment) => ({ memberId: memberOf(moment) })),
  ),
  edge(
    'Heartbeat of a stable member',
    ...joined('beat-c'),
    syncAsLeader('beat-c'),
    heartbeat('beat-c', (moment) => ({ memberId: memberOf(moment) })),
  ),
  edge(
    'Heartbeat of a former generation',
    ...joined('beat-d'),
    syncAsLeader('beat-d'),
    heartbeat('beat-d', (moment) => ({ memberId: memberOf(moment), generationId: 0 })),
  ),
  edge(
    'Heartbeat of a negative generation',
    ...joined('beat-e'),
    syncAsLeader('beat-e'),
    heartbeat('beat-e', (moment) => ({ memberId: memberOf(moment), generationId: -1 })),
  ),
  edge(
    'Heartbeat with an unknown instance id',
    ...joined('beat-f'),
    syncAsLeader('beat-f'),
    heartbeat('beat-f', (moment) => ({ memberId: memberOf(moment), groupInstanceId: 'nobody' })),
  ),
  edge(
    'Heartbeat of a static member under another member id',
    join(5, 'beat-g', { groupInstanceId: 'one' }),
    heartbeat('beat-g', { memberId: 'stranger', groupInstanceId: 'one' }),
  ),
  edge(
    'Heartbeat of a member that was given an id and did not join',
    join(5, 'beat-h'),
    heartbeat('beat-h', (moment) => ({ memberId: memberOf(moment), generationId: 0 })),
  ),
];

const leaveCases = [
  edge('LeaveGroup of a group without a name', leave('', [{ memberId: 'x' }])),
  edge('LeaveGroup of an unknown group', leave('unknown-group', [{ memberId: 'x' }])),
  edge('LeaveGroup of an unknown group of version 2', leaveAlone('unknown-group', 'x')),
  edge('LeaveGroup of nobody', ...joined('leave-a'), leave('leave-a', [])),
  edge('LeaveGroup of nobody from an unknown group', leave('unknown-group', [])),
  edge('LeaveGroup of an unknown member', ...joined('leave-b'), leave('leave-b', [{ memberId: 'stranger' }])),
  edge('LeaveGroup of an unknown member of version 2', ...joined('leave-c'), leaveAlone('leave-c', 'stranger')),
  edge(
    'LeaveGroup of a member',
    ...joined('leave-d'),
    leave('leave-d', (moment) => [{ memberId: memberOf(moment) }]),
  ),
  edge('LeaveGroup of a member of version 2', ...joined('leave-e'), leaveAlone('leave-e', memberOf)),
  edge(
    'LeaveGroup of a member twice',
    ...joined('leave-f'),
    leave('leave-f', (moment) => [{ memberId: memberOf(moment) }, { memberId: memberOf(moment) }]),
  ),
  edge(
    'LeaveGroup of a member that was given an id and did not join',
    join(5, 'leave-g'),
    leave('leave-g', (moment) => [{ memberId: memberOf(moment) }]),
  ),
  edge(
    'LeaveGroup of a static member by its instance id',
    join(5, 'leave-h', { groupInstanceId: 'one' }),
    leave('leave-h', [{ memberId: '', groupInstanceId: 'one' }]),
  ),
  edge(
    'LeaveGroup of an unknown instance id',
    join(5, 'leave-i', { groupInstanceId: 'one' }),
    leave('leave-i', [{ memberId: '', groupInstanceId: 'two' }]),
  ),
  edge(
    'LeaveGroup of a static member under another member id',
    join(5, 'leave-j', { groupInstanceId: 'one' }),
    leave('leave-j', [{ memberId: 'stranger', groupInstanceId: 'one' }]),
  ),
  edge(
    'LeaveGroup of known and unknown members side by side',
    ...joined('leave-k'),
    leave('leave-k', (moment) => [{ memberId: 'stranger' }, { memberId: memberOf(moment) }]),
  ),
  edge('LeaveGroup of an empty member id', ...joined('leave-l'), leave('leave-l', [{ memberId: '' }])),
];

const describe = (
  version: number,
  groups: readonly string[],
  more: { includeAuthorizedOperations?: boolean } = {},
): Ask => ask(ApiKey.DescribeGroups, version, { groups, ...more });

const describeCases = [
  edge('DescribeGroups of no groups', describe(5, [])),
  edge('DescribeGroups of an unknown group of version 5 shows a dead one', describe(5, ['unknown-group'])),
  edge('DescribeGroups of an unknown group of version 6 says so', describe(6, ['unknown-group'])),
  edge('DescribeGroups of a group without a name', describe(5, [''])),
  edge('DescribeGroups of a group without a name of version 6', describe(6, [''])),
  edge('DescribeGroups of a group that is named twice', describe(5, ['unknown-group', 'unknown-group'])),
  edge('DescribeGroups with operations', describe(5, ['unknown-group'], { includeAuthorizedOperations: true })),
  edge(
    'DescribeGroups with operations of an unknown group of version 6',
    describe(6, ['unknown-group'], { includeAuthorizedOperations: true }),
  ),
  edge('DescribeGroups of a group that waits for its leader', ...joined('describe-a'), describe(5, ['describe-a'])),
  edge(
    'DescribeGroups of a stable group shows the assignment',
    ...joined('describe-b'),
    syncAsLeader('describe-b'),
    describe(5, ['describe-b']),
  ),
  edge(
    'DescribeGroups of a stable group of version 0',
    ...joined('describe-c'),
    syncAsLeader('describe-c'),
    describe(0, ['describe-c']),
  ),
  edge(
    'DescribeGroups of a group whose member left',
    ...joined('describe-d'),
    syncAsLeader('describe-d'),
    leave('describe-d', (moment) => [{ memberId: memberOf(moment) }]),
    describe(5, ['describe-d']),
  ),
  edge('DescribeGroups of a group in which nobody joined', join(5, 'describe-e'), describe(6, ['describe-e'])),
];

/** Only groups that the case knows are compared: others come and go. */
const list = (version: number, body: RequestInput<typeof ApiKey.ListGroups>, ...known: readonly string[]): Ask =>
  ask(ApiKey.ListGroups, version, body, {
    look: ({ errorCode, groups }) => ({ errorCode, groups: groups.filter(({ groupId }) => known.includes(groupId)) }),
  });

const listCases = [
  edge(
    'ListGroups of version 0 lists a stable group',
    ...joined('list-a'),
    syncAsLeader('list-a'),
    list(0, {}, 'list-a'),
  ),
  edge('ListGroups of version 4 tells the state', ...joined('list-b'), syncAsLeader('list-b'), list(4, {}, 'list-b')),
  edge('ListGroups of version 5 tells the type', ...joined('list-c'), syncAsLeader('list-c'), list(5, {}, 'list-c')),
  edge('ListGroups by a state in other letters', list(5, { statesFilter: ['sTaBlE'] }, 'list-a', 'list-b')),
  edge('ListGroups by an unknown state', list(5, { statesFilter: ['Sleepy'] }, 'list-a', 'list-b')),
  edge('ListGroups by an empty state', list(5, { statesFilter: [''] }, 'list-a', 'list-b')),
  edge('ListGroups by a type in other letters', list(5, { typesFilter: ['CLASSIC'] }, 'list-a', 'list-b')),
  edge('ListGroups by a type that the group has not', list(5, { typesFilter: ['share'] }, 'list-a', 'list-b')),
  edge('ListGroups by an unknown type', list(5, { typesFilter: ['nonsense'] }, 'list-a', 'list-b')),
  edge(
    'ListGroups by state and type',
    list(5, { statesFilter: ['Stable', 'Empty'], typesFilter: ['classic'] }, 'list-a', 'list-b'),
  ),
];

const remove = (groupsNames: readonly string[], version = 2): Ask => ask(ApiKey.DeleteGroups, version, { groupsNames });

const deleteCases = [
  edge('DeleteGroups of no groups', remove([])),
  edge('DeleteGroups of an unknown group', remove(['unknown-group'])),
  edge('DeleteGroups of a group without a name', remove([''])),
  edge('DeleteGroups of a group that is named twice', remove(['unknown-group', 'unknown-group'])),
  edge('DeleteGroups of a group with members', ...joined('delete-a'), syncAsLeader('delete-a'), remove(['delete-a'])),
  edge(
    'DeleteGroups of an empty group',
    ...joined('delete-b'),
    syncAsLeader('delete-b'),
    leave('delete-b', (moment) => [{ memberId: memberOf(moment) }]),
    remove(['delete-b']),
    describe(6, ['delete-b']),
  ),
  edge(
    'DeleteGroups of good and bad groups side by side',
    ...joined('delete-c'),
    leave('delete-c', (moment) => [{ memberId: memberOf(moment) }]),
    remove(['delete-c', 'unknown-group', ''], 0),
  ),
];

/** Classic groups: joining, syncing, staying and leaving. */
export const memberCases = [...joinCases, ...syncCases, ...heartbeatCases, ...leaveCases];
/** Classic groups: describing, listing and deleting. */
export const groupCases = [...describeCases, ...listCases, ...deleteCases];

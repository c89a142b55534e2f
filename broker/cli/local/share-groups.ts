import type { GroupObservation } from '../../../operator/core/observed.ts';
import type { GroupStart } from '../../../operator/core/steps.ts';
import { isOperatorError, OperatorError } from '../../../operator/ports/operator-error.ts';
import type { Target } from '../../core/client/network.ts';
import { parseShareOffsetReset } from '../../core/config/duration.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ApiResponses } from '../../core/protocol/messages.ts';
import { check } from './check.ts';
import type { AdminCall } from './copies.ts';

/** What the coordinators of share groups know of them. */
export type SharesSeen = Pick<GroupObservation, 'begun' | 'backlog' | 'backlogs' | 'members' | 'subscriptions'>;

type DescribedOffsets = ApiResponses[typeof ApiKey.DescribeShareGroupOffsets]['groups'][number];

/** The topic of groups: while it is not there no group has ever been. */
const GROUP_TOPIC = '__consumer_offsets';
const GROUP = 0;
/** Versions from which requests have what is needed: several keys, the lag. */
const SINCE = { coordinators: 4, lag: 1 } as const;
/** Timestamps that stand for the ends of a partition. */
const END = { earliest: -2, latest: -1 } as const;
const CONSUMER = -1;

/**
 * What is known of these groups; `active` are those that somebody is in. A coordinator that can't tell leaves it unknown. Nothing is made for
 * groups that nobody has joined, as looking for their coordinators would.
 */
export async function observeShares(
  call: AdminCall,
  groups: readonly string[],
  active: ReadonlySet<string>,
  targetOf: (node: number) => Target,
): Promise<ReadonlyMap<string, SharesSeen>> {
  const seen = new Map<string, SharesSeen>();
  if (groups.length === 0) return seen;
  const about = () => ({ topics: [{ name: GROUP_TOPIC }], allowAutoTopicCreation: false });
  const { topics } = await call(ApiKey.Metadata, about, 'any', 4);
  const none = topics.every(({ errorCode }) => errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  if (none) return new Map(groups.map((groupId) => [groupId, { begun: new Map(), members: 0 }]));
  for (const [node, ids] of await coordinatorsOf(call, groups)) {
    const [offsets, members] = await Promise.all([
      describedOffsets(call, ids, targetOf(node)),
      describedMembers(
        call,
        ids.filter((id) => active.has(id)),
        targetOf(node),
      ),
    ]);
    for (const id of ids)
      seen.set(id, { ...(active.has(id) ? members.get(id) : { members: 0 }), ...progressOf(offsets.get(id)) });
  }
  return seen;
}

/** See `ClusterAdmin.beginGroup`; `coordinator` is the one of the group. */
export async function beginGroup(
  call: AdminCall,
  coordinator: Target,
  groupId: string,
  starts: readonly GroupStart[],
): Promise<void> {
  const offsets = await startOffsets(call, starts);
  // Somebody may have begun since, and gone again: what there is, is never altered.
  const [described] = [...(await describedOffsets(call, [groupId], coordinator, 'or fail')).values()];
  const begun = described === undefined ? new Map<string, Set<number>>() : begunIn(described);
  const open = starts.flatMap((start) => {
    const partitions = start.partitions.filter((one) => begun.get(start.topic)?.has(one) !== true);
    return partitions.length === 0 ? [] : [{ ...start, partitions }];
  });
  if (open.length === 0) return;
  const topics = open.map(({ topic, partitions }) => ({
    topicName: topic,
    partitions: partitions.map((index) => ({
      partitionIndex: index,
      startOffset: offsets.get(`${topic}-${index}`) ?? 0,
    })),
  }));
  const body = await call(ApiKey.AlterShareGroupOffsets, () => ({ groupId, topics }), coordinator);
  if (body.errorCode === ErrorCode.NON_EMPTY_GROUP) return;
  check(body.errorCode, body.errorMessage);
  for (const { topicName, partitions } of body.responses)
    for (const { partitionIndex, errorCode } of partitions) check(errorCode, `${topicName}-${partitionIndex}`);
}

async function coordinatorsOf(
  call: AdminCall,
  groups: readonly string[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  const asked = () => ({ keyType: GROUP, coordinatorKeys: groups });
  const { coordinators } = await call(ApiKey.FindCoordinator, asked, 'any', SINCE.coordinators);
  const byNode = new Map<number, string[]>();
  for (const { key, nodeId, errorCode } of coordinators) {
    if (errorCode === ErrorCode.NONE) byNode.set(nodeId, [...(byNode.get(nodeId) ?? []), key]);
  }
  return byNode;
}

async function describedOffsets(
  call: AdminCall,
  groups: readonly string[],
  target: Target,
  otherwise: 'leave out' | 'or fail' = 'leave out',
): Promise<ReadonlyMap<string, DescribedOffsets>> {
  const asked = () => ({ groups: groups.map((groupId) => ({ groupId, topics: null })) });
  try {
    const body = await call(ApiKey.DescribeShareGroupOffsets, asked, target, SINCE.lag);
    if (otherwise === 'or fail') for (const { errorCode, errorMessage } of body.groups) check(errorCode, errorMessage);
    const known = body.groups.filter(({ errorCode }) => errorCode === ErrorCode.NONE);
    return new Map(known.map((one) => [one.groupId, one]));
  } catch (error) {
    if (otherwise === 'or fail' || !isOperatorError(error)) throw error;
    return new Map();
  }
}

async function describedMembers(
  call: AdminCall,
  groups: readonly string[],
  target: Target,
): Promise<ReadonlyMap<string, Pick<SharesSeen, 'members' | 'subscriptions'>>> {
  if (groups.length === 0) return new Map();
  const asked = () => ({ groupIds: groups, includeAuthorizedOperations: false });
  try {
    const body = await call(ApiKey.ShareGroupDescribe, asked, target);
    const known = body.groups.filter(({ errorCode }) => errorCode === ErrorCode.NONE);
    return new Map(
      known.map(({ groupId, members }) => {
        const names = new Set(members.flatMap(({ subscribedTopicNames }) => subscribedTopicNames));
        return [groupId, { members: members.length, subscriptions: [...names].sort() }];
      }),
    );
  } catch (error) {
    if (!isOperatorError(error)) throw error;
    return new Map();
  }
}

function progressOf(described: DescribedOffsets | undefined): Pick<SharesSeen, 'begun' | 'backlog' | 'backlogs'> {
  if (described === undefined) return {};
  const { topics } = described;
  const backlogs = new Map(
    topics.flatMap(({ topicName, partitions }) =>
      partitions.every(({ lag, errorCode }) => errorCode === ErrorCode.NONE && lag >= 0)
        ? [[topicName, partitions.reduce((sum, { lag }) => sum + lag, 0)] as const]
        : [],
    ),
  );
  const isKnown = topics.length > 0 && backlogs.size === topics.length;
  const backlog = [...backlogs.values()].reduce((sum, one) => sum + one, 0);
  return { begun: begunIn(described), backlogs, ...(isKnown ? { backlog } : {}) };
}

function begunIn({ topics }: DescribedOffsets): Map<string, Set<number>> {
  return new Map(
    topics.map(({ topicName, partitions }) => [topicName, new Set(partitions.map((one) => one.partitionIndex))]),
  );
}

/** An offset to be asked for. */
interface Wanted {
  readonly topic: string;
  readonly partition: number;
  readonly timestamp: number;
}

/** Where to begin, by `topic-partition`. */
async function startOffsets(call: AdminCall, starts: readonly GroupStart[]): Promise<ReadonlyMap<string, number>> {
  const nowMs = Date.now();
  const wanted = starts.flatMap(({ topic, partitions, at }) => {
    const reset = parseShareOffsetReset(at);
    const timestamp = reset.kind === 'by-duration' ? nowMs - reset.durationMs : END[reset.kind];
    return partitions.map((partition): Wanted => ({ topic, partition, timestamp }));
  });
  const found = await offsetsAt(call, wanted);
  // Nothing is as young as that: it begins with what comes next.
  const late = wanted.filter(({ topic, partition }) => (found.get(`${topic}-${partition}`) ?? -1) < 0);
  const ends = await offsetsAt(
    call,
    late.map((one) => ({ ...one, timestamp: END.latest })),
  );
  return new Map([...found, ...ends]);
}

async function offsetsAt(call: AdminCall, wanted: readonly Wanted[]): Promise<ReadonlyMap<string, number>> {
  const offsets = new Map<string, number>();
  if (wanted.length === 0) return offsets;
  const names = [...new Set(wanted.map(({ topic }) => topic))];
  const about = () => ({ topics: names.map((name) => ({ name })), allowAutoTopicCreation: false });
  const { topics } = await call(ApiKey.Metadata, about, 'any', 4);
  const leaders = new Map(
    topics.flatMap(({ name, partitions }) =>
      partitions.map((one) => [`${name ?? ''}-${one.partitionIndex}`, one.leaderId] as const),
    ),
  );
  const byLeader = new Map<number, Wanted[]>();
  for (const one of wanted) {
    const leader = leaders.get(`${one.topic}-${one.partition}`) ?? -1;
    if (leader < 0)
      throw new OperatorError(
        'LEADER_NOT_AVAILABLE',
        `${one.topic}-${one.partition} has no leader that tells its ends`,
      );
    byLeader.set(leader, [...(byLeader.get(leader) ?? []), one]);
  }
  for (const [leader, asked] of byLeader) {
    const body = await call(ApiKey.ListOffsets, () => listing(asked), leader);
    for (const { name, partitions } of body.topics) {
      for (const { partitionIndex, errorCode, offset } of partitions) {
        check(errorCode, `${name}-${partitionIndex}`);
        offsets.set(`${name}-${partitionIndex}`, offset);
      }
    }
  }
  return offsets;
}

function listing(asked: readonly Wanted[]) {
  const names = [...new Set(asked.map(({ topic }) => topic))];
  return {
    replicaId: CONSUMER,
    isolationLevel: 0,
    topics: names.map((name) => ({
      name,
      partitions: asked
        .filter(({ topic }) => topic === name)
        .map(({ partition, timestamp }) => ({ partitionIndex: partition, timestamp })),
    })),
  };
}

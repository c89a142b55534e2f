import type { TopicPartitions } from '../commands.ts';
import { NO_BUGS, type PlantedBugs } from '../planted-bugs.ts';
import { assignEvenly } from './assign-evenly.ts';
import { assignBySubscription } from './assign-by-subscription.ts';

/** Name under which ShareGroupDescribe shows this assignor. */
export const ASSIGNOR_NAME = 'simple';

/** What is to be assigned to whom. */
export interface AssignmentInput {
  /** Every topic of which partitions may be assigned (initialised ones only), with at least one partition each. */
  readonly topics: readonly TopicPartitions[];
  /** Every member with the topics it wants; topics that `topics` does not list are ignored. */
  readonly members: readonly {
    readonly memberId: string;
    readonly topicIds: readonly string[];
    /** What the member has now. */
    readonly current: readonly TopicPartitions[];
  }[];
}

/** Member id → its partitions, topics by id and partitions ascending. Every member of the input is there. */
export type Assignment = ReadonlyMap<string, readonly TopicPartitions[]>;

/** Members and partitions as small numbers, which is all that the two algorithms know. */
export interface AssignmentProblem {
  readonly partitionCount: number;
  /** Per partition the members that may have it, ascending. */
  readonly candidates: readonly (readonly number[])[];
  /** Per member what it has now and may keep, without duplicates. */
  readonly current: readonly (readonly number[])[];
}

/**
 * Kafka's `SimpleAssignor` by its goals, in this order: every partition has a member, members have equally many
 * partitions (sizes differ by at most one when all subscribe to the same topics), and nobody loses what it need not.
 * A partition is shared by several members only when there are more members than partitions. The same input always
 * gives the same result, and a result given back as `current` does not change.
 */
export function assignPartitions(input: AssignmentInput, bugs: PlantedBugs = NO_BUGS): Assignment {
  const members = [...input.members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const topics = [...input.topics].sort((a, b) => (a.topicId < b.topicId ? -1 : 1));
  const places = topics.flatMap(({ topicId, partitions }) =>
    [...partitions].sort((a, b) => a - b).map((partition) => ({ topicId, partition })),
  );
  const placeIndex = new Map(places.map(({ topicId, partition }, index) => [`${topicId}:${partition}`, index]));
  const subscriptions = members.map(({ topicIds }) => new Set(topicIds));
  const candidatesByTopic = new Map(
    topics.map(({ topicId }) => [
      topicId,
      members.flatMap((_member, index) => (subscriptions[index]?.has(topicId) === true ? [index] : [])),
    ]),
  );
  const current = members.map((member, index) => {
    const kept = new Set<number>();
    for (const { topicId, partitions } of member.current) {
      if (subscriptions[index]?.has(topicId) !== true) continue;
      for (const partition of partitions) {
        const place = placeIndex.get(`${topicId}:${partition}`);
        if (place !== undefined) kept.add(place);
      }
    }
    return [...kept].sort((a, b) => a - b);
  });
  const problem: AssignmentProblem = {
    partitionCount: places.length,
    candidates: places.map(({ topicId }) => candidatesByTopic.get(topicId) ?? []),
    current,
  };
  const isEven = problem.candidates.every((candidates) => candidates.length === members.length);
  const solution = isEven ? assignEvenly(problem, bugs) : assignBySubscription(problem, bugs);
  return new Map(members.map(({ memberId }, index) => [memberId, grouped(places, solution[index] ?? [])]));
}

function grouped(
  places: readonly { topicId: string; partition: number }[],
  chosen: readonly number[],
): TopicPartitions[] {
  const topics: { topicId: string; partitions: number[] }[] = [];
  for (const index of [...chosen].sort((a, b) => a - b)) {
    const place = places[index];
    if (place === undefined) continue;
    const last = topics[topics.length - 1];
    if (last?.topicId === place.topicId) last.partitions.push(place.partition);
    else topics.push({ topicId: place.topicId, partitions: [place.partition] });
  }
  return topics;
}

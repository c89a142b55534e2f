import type { BrokerId } from '../base/ids.ts';
import { ZERO_DIRECTORY } from './placement.ts';
import type { PartitionChange, PartitionChangesRecord } from './records.ts';
import { DURABLE_UNCHANGED, type TopicPart } from './topic-table.ts';
import type { PartitionState } from './topic.ts';

/** What an election needs to know beyond the partition. */
export interface ElectionRules {
  /** Whether a broker may lead: registered and not fenced. */
  mayLead(brokerId: number): boolean;
  /** The disk that a broker runs on; null for one that is not registered. */
  diskOf(brokerId: number): string | null;
  /** `unclean.leader.election.enable` of the topic. */
  readonly unclean: boolean;
}

/** Who should lead, and the replica sets under that leader; null lists are unchanged. */
interface Elected {
  readonly leader: number;
  readonly isr: readonly number[] | null;
  readonly elr: readonly number[] | null;
}

/** What a change says of the replicas when it leaves them alone. */
export const SAME_REPLICAS = {
  replicas: null,
  directories: null,
  addingReplicas: null,
  removingReplicas: null,
} as const;

const NOBODY: Elected = { leader: -1, isr: null, elr: null };

/**
 * The change that gives a partition the best leader it can have now, or null when it has it. In this order: the leader
 * it has; the first replica, in assignment order, of the ISR that may lead; with an empty ISR the first of the ELR; with
 * unclean elections on, the first that may lead at all. Each new leader gets a new leader epoch (D5). A replica whose broker came
 * back with another disk has nothing of what it was in sync with (D4): only an unclean election makes it lead.
 */
export function electLeader(partition: PartitionState, rules: ElectionRules): PartitionChange | null {
  if (partition.leader !== -1 && rules.mayLead(partition.leader)) return null;
  const elected = choose(partition, rules);
  if (elected.leader === partition.leader) return null;
  return {
    index: partition.index,
    leader: elected.leader,
    leaderEpoch: partition.leaderEpoch + 1,
    partitionEpoch: partition.partitionEpoch + 1,
    durableFromEpoch: DURABLE_UNCHANGED,
    isr: elected.isr,
    elr: elected.elr,
    lastKnownElr: elected.leader !== -1 && partition.lastKnownElr.length > 0 ? [] : null,
    ...SAME_REPLICAS,
  };
}

function choose(partition: PartitionState, rules: ElectionRules): Elected {
  const able = partition.replicas.filter((id) => rules.mayLead(id));
  const holding = able.filter((id) => holds(partition, id, rules));
  const inSync = holding.find((id) => partition.isr.includes(id));
  if (inSync !== undefined) return { leader: inSync, isr: null, elr: null };
  const eligible = partition.isr.length > 0 ? undefined : holding.find((id) => partition.elr.includes(id));
  if (eligible !== undefined) {
    return { leader: eligible, isr: [eligible], elr: partition.elr.filter((id) => id !== eligible) };
  }
  const unclean = rules.unclean ? able[0] : undefined;
  return unclean === undefined ? NOBODY : { leader: unclean, isr: [unclean], elr: [] };
}

/** Whether a broker runs on the disk that the partition was given to. */
function holds(partition: PartitionState, id: BrokerId, rules: ElectionRules): boolean {
  const directoryId = partition.directories[partition.replicas.indexOf(id)];
  return directoryId === ZERO_DIRECTORY || directoryId === rules.diskOf(id);
}

/**
 * What it means for a partition that a broker is out: it does not lead any more and is not in sync, except as the last
 * of the ISR, which keeps its place (there is nobody to take it). Null when the partition is untouched.
 */
export function dropBroker(partition: PartitionState, brokerId: number): PartitionChange | null {
  const leads = partition.leader === brokerId;
  const others = partition.isr.filter((id) => id !== brokerId);
  const leavesIsr = others.length > 0 && others.length < partition.isr.length;
  if (!leads && !leavesIsr) return null;
  return {
    index: partition.index,
    leader: leads ? -1 : partition.leader,
    leaderEpoch: partition.leaderEpoch + (leads ? 1 : 0),
    partitionEpoch: partition.partitionEpoch + 1,
    durableFromEpoch: DURABLE_UNCHANGED,
    isr: leavesIsr ? others : null,
    elr: null,
    lastKnownElr: null,
    ...SAME_REPLICAS,
  };
}

/** The state of a partition after a change. */
export function changed(partition: PartitionState, change: PartitionChange): PartitionState {
  // Ids are checked where they come in; a change only names ids of this partition.
  return {
    ...partition,
    leader: change.leader as PartitionState['leader'],
    leaderEpoch: change.leaderEpoch as PartitionState['leaderEpoch'],
    partitionEpoch: change.partitionEpoch,
    durableFromEpoch:
      change.durableFromEpoch === DURABLE_UNCHANGED ? partition.durableFromEpoch : change.durableFromEpoch,
    isr: (change.isr ?? partition.isr) as PartitionState['isr'],
    elr: (change.elr ?? partition.elr) as PartitionState['elr'],
    lastKnownElr: (change.lastKnownElr ?? partition.lastKnownElr) as PartitionState['lastKnownElr'],
    replicas: (change.replicas ?? partition.replicas) as PartitionState['replicas'],
    directories: change.directories ?? partition.directories,
    addingReplicas: (change.addingReplicas ?? partition.addingReplicas) as PartitionState['addingReplicas'],
    removingReplicas: (change.removingReplicas ?? partition.removingReplicas) as PartitionState['removingReplicas'],
  };
}

/** Two changes of one partition in a row as one; the second was made against the outcome of the first. */
export function merged(first: PartitionChange | null, second: PartitionChange | null): PartitionChange | null {
  if (first === null) return second;
  if (second === null) return first;
  return {
    ...second,
    durableFromEpoch: second.durableFromEpoch === DURABLE_UNCHANGED ? first.durableFromEpoch : second.durableFromEpoch,
    isr: second.isr ?? first.isr,
    elr: second.elr ?? first.elr,
    lastKnownElr: second.lastKnownElr ?? first.lastKnownElr,
    replicas: second.replicas ?? first.replicas,
    directories: second.directories ?? first.directories,
    addingReplicas: second.addingReplicas ?? first.addingReplicas,
    removingReplicas: second.removingReplicas ?? first.removingReplicas,
  };
}

/**
 * `change`, worked out once for all partitions that agree in leader and lists: it must follow from these, and raise epochs by
 * as much in each.
 */
export function onceForAlike(
  change: (partition: PartitionState) => PartitionChange | null,
): (partition: PartitionState) => PartitionChange | null {
  const known = new Map<readonly number[], { readonly of: PartitionState; readonly change: PartitionChange | null }>();
  return (partition) => {
    const before = known.get(partition.replicas);
    if (before === undefined || !isAlike(before.of, partition)) {
      const wanted = change(partition);
      known.set(partition.replicas, { of: partition, change: wanted });
      return wanted;
    }
    if (before.change === null) return null;
    return {
      index: partition.index,
      leader: before.change.leader,
      leaderEpoch: partition.leaderEpoch + before.change.leaderEpoch - before.of.leaderEpoch,
      partitionEpoch: partition.partitionEpoch + before.change.partitionEpoch - before.of.partitionEpoch,
      durableFromEpoch: before.change.durableFromEpoch,
      isr: before.change.isr,
      elr: before.change.elr,
      lastKnownElr: before.change.lastKnownElr,
      replicas: before.change.replicas,
      directories: before.change.directories,
      addingReplicas: before.change.addingReplicas,
      removingReplicas: before.change.removingReplicas,
    };
  };
}

/** Lists that agree are one, as the table keeps them. */
function isAlike(one: PartitionState, other: PartitionState): boolean {
  return (
    one.leader === other.leader &&
    one.directories === other.directories &&
    one.isr === other.isr &&
    one.elr === other.elr &&
    one.lastKnownElr === other.lastKnownElr
  );
}

/** One record with a change for each partition that `changeIn` of its topic wants to touch; null when there is none. */
export function changesRecord(
  topics: Iterable<TopicPart>,
  changeIn: (topicName: string) => ((partition: PartitionState) => PartitionChange | null) | null,
): PartitionChangesRecord | null {
  const touched: { topicId: string; partitions: PartitionChange[] }[] = [];
  for (const topic of topics) {
    const change = changeIn(topic.name);
    if (change === null) continue;
    const partitions: PartitionChange[] = [];
    for (const partition of topic.partitions) {
      const wanted = change(partition);
      if (wanted !== null) partitions.push(wanted);
    }
    if (partitions.length > 0) touched.push({ topicId: topic.id, partitions });
  }
  return touched.length === 0 ? null : { kind: 'partitionChanges', topics: touched };
}

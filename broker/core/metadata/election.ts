import type { BrokerId } from '../base/ids.ts';
import type { MetadataBugs } from './planted-bugs.ts';
import { DAMAGED_DIRECTORY, ZERO_DIRECTORY } from './directories.ts';
import type { PartitionChange } from './records.ts';
import { DURABLE_UNCHANGED } from './topic-table.ts';
import type { PartitionState } from './topic.ts';

/** What the change of a partition depends on beyond the partition. */
export interface PartitionRules {
  /** Whether a broker may lead: registered, not fenced and not about to stop. */
  mayLead(brokerId: number): boolean;
  /** Whether a broker serves, though it may be about to stop: then it goes on leading until somebody else can. */
  isServing(brokerId: number): boolean;
  /** Whether everything is moved off a broker: as the first replica it gets nothing back that it would only lose again. */
  isDraining(brokerId: number): boolean;
  /** The disk that a broker runs on; null for one that is not registered. */
  diskOf(brokerId: number): string | null;
  /** `weir.version` 3: records can say more of a partition. */
  readonly isReplicating: boolean;
  /** Replicas that leave the ISR may stay eligible (KIP-966). */
  readonly hasElr: boolean;
  /** `min.insync.replicas` of the topic. */
  readonly minIsr: number;
  /** `unclean.leader.election.enable` of the topic. */
  readonly unclean: boolean;
  readonly bugs: MetadataBugs;
}

/** What somebody wants of a partition; what is not named stays. */
export interface PartitionWish {
  readonly isr?: readonly number[];
  /** A broker that leaves the ISR. */
  readonly out?: number;
  /** Whether that broker may lack something that it once had: then it leaves the ELR, too (D4). */
  readonly isOutUnclean?: boolean;
  /** Whether that broker's log ended in bad bytes (D8): it is in the ELR *and* one of the last known ones, until it is in sync. */
  readonly isOutSuspect?: boolean;
  readonly replicas?: readonly number[];
  readonly addingReplicas?: readonly number[];
  readonly removingReplicas?: readonly number[];
  /** Goes with the replicas, in their order. */
  readonly directories?: readonly string[];
  /** `preferred`: the first replica if it can lead and is not drained; `unclean`: anybody rather than nobody, as with `rules.unclean`. */
  readonly election?: 'preferred' | 'unclean';
  /** Who is to lead if it comes to the last known leaders, or to suspect ones: the one with the most (D8). */
  readonly mostComplete?: number;
  /** From which epoch the partition counts as durable, −1 for not at all (D3). */
  readonly durableFromEpoch?: number;
  /** A new leader epoch, whoever leads. */
  readonly isNewEpoch?: boolean;
  /** A change even when nothing else changes. */
  readonly isNoted?: boolean;
}

/** What a change says of the replicas when it leaves them alone. */
export const SAME_REPLICAS = {
  replicas: null,
  directories: null,
  addingReplicas: null,
  removingReplicas: null,
} as const;

/** A partition as it will be. */
interface Draft {
  leader: number;
  replicas: readonly number[];
  directories: readonly string[];
  addingReplicas: readonly number[];
  removingReplicas: readonly number[];
  isr: readonly number[];
  elr: readonly number[];
  lastKnownElr: readonly number[];
}

/**
 * The change that a wish comes to, with the best leader that the partition can have then; null when nothing changes. In this
 * order leads: who leads, as long as it may and is in the ISR; the first replica, in assignment order, of the ISR; who leads and is
 * about to stop; with an empty ISR the first of the ELR that is not suspect, and if all are, who was found to have the most of them (D8); with an empty ELR who was found to have the most, or the only one that has anything; with unclean elections the first that may lead and whose log is not damaged. Each new leader gets a new leader epoch (D5), and so does a partition
 * that loses a replica. While |ISR| is below the least (`minIsr`, or all replicas where they are fewer) who leaves the ISR stays
 * eligible, unless what it has is not known to be whole (KIP-966); without ELRs the last of the ISR stays in it instead.
 */
export function changePartition(
  partition: PartitionState,
  wish: PartitionWish,
  rules: PartitionRules,
): PartitionChange | null {
  const draft = drafted(partition, wish);
  completeReassignment(draft, rules);
  if (draft.isr.length === 0 && !rules.hasElr) draft.isr = partition.isr;
  keepEligible(draft, partition, wish, rules);
  elect(draft, partition, wish, rules);
  if (rules.isReplicating) draft.directories = directoriesOf(draft, partition, rules);
  return changeTo(draft, partition, wish, rules);
}

function drafted(partition: PartitionState, wish: PartitionWish): Draft {
  const replicas = wish.replicas ?? partition.replicas;
  const isr = wish.isr ?? partition.isr;
  return {
    leader: partition.leader,
    replicas,
    directories: wish.directories ?? partition.directories,
    addingReplicas: wish.addingReplicas ?? partition.addingReplicas,
    removingReplicas: wish.removingReplicas ?? partition.removingReplicas,
    // In assignment order, so that the same members are the same list.
    isr: replicas.filter((id) => id !== wish.out && isr.includes(id)),
    elr: partition.elr,
    lastKnownElr: partition.lastKnownElr,
  };
}

/** A reassignment is done when everybody who stays is in sync, so that it never takes the ISR below its least. */
function completeReassignment(draft: Draft, { bugs }: PartitionRules): void {
  const { addingReplicas, removingReplicas, isr } = draft;
  if (addingReplicas.length === 0 && removingReplicas.length === 0) return;
  const staying = draft.replicas.filter((id) => !removingReplicas.includes(id));
  const isDone = bugs.has('drops-below-min-isr')
    ? staying.some((id) => isr.includes(id))
    : staying.every((id) => isr.includes(id));
  if (!isDone) return;
  draft.directories = draft.directories.filter((_, position) => staying.includes(draft.replicas[position] ?? -1));
  draft.replicas = staying;
  draft.isr = isr.filter((id) => staying.includes(id));
  draft.addingReplicas = [];
  draft.removingReplicas = [];
}

/** ELR and last known ELR beside the ISR that is wanted (KIP-966). */
function keepEligible(draft: Draft, partition: PartitionState, wish: PartitionWish, rules: PartitionRules): void {
  const { isr, replicas } = draft;
  if (!rules.hasElr || isr.length >= Math.min(rules.minIsr, replicas.length)) {
    draft.elr = [];
    draft.lastKnownElr = [];
    return;
  }
  const lost = wish.isOutUnclean === true ? wish.out : -1;
  const suspect = wish.isOutSuspect === true ? wish.out : -1;
  const were = replicas.filter((id) => !isr.includes(id) && (has(partition.isr, id) || has(partition.elr, id)));
  draft.elr = were.filter((id) => id !== lost);
  draft.lastKnownElr = replicas.filter(
    (id) =>
      !isr.includes(id) && (has(partition.lastKnownElr, id) || (were.includes(id) && (id === lost || id === suspect))),
  );
}

function elect(draft: Draft, partition: PartitionState, wish: PartitionWish, rules: PartitionRules): void {
  const { isr, elr, replicas } = draft;
  const inSync = (id: number): boolean => isr.includes(id) && rules.mayLead(id) && holds(draft, id, rules);
  const first = replicas[0] ?? -1;
  const last = isr.includes(partition.leader) && rules.isServing(partition.leader) ? partition.leader : undefined;
  const stays = last !== undefined && rules.mayLead(last);
  const isPreferred = wish.election === 'preferred' && inSync(first) && !rules.isDraining(first);
  const clean = isPreferred ? first : stays ? last : (replicas.find(inSync) ?? last);
  if (clean !== undefined) {
    draft.leader = clean;
    return;
  }
  const able = (id: number): boolean => rules.mayLead(id) && holds(draft, id, rules);
  const eligible = isr.length === 0 ? ofElr(draft, wish, able) : undefined;
  if (eligible !== undefined) {
    const others = (ids: readonly number[]): readonly number[] => ids.filter((id) => id !== eligible);
    const lastKnownElr = others(draft.lastKnownElr);
    Object.assign(draft, { leader: eligible, isr: [eligible], elr: others(elr), lastKnownElr });
    if (Math.min(rules.minIsr, replicas.length) <= 1) Object.assign(draft, { elr: [], lastKnownElr: [] });
    return;
  }
  const unclean = lastKnown(draft, wish, rules) ?? anybody(draft, wish, rules) ?? -1;
  if (unclean === -1) draft.leader = -1;
  else Object.assign(draft, { leader: unclean, isr: [unclean], elr: [], lastKnownElr: [] });
}

/** Who is not suspect has everything. Where all are, the only one, or who was found to have the most when all are heard (D8). */
function ofElr(
  { elr, lastKnownElr }: Draft,
  { mostComplete }: PartitionWish,
  able: (id: number) => boolean,
): number | undefined {
  const sure = elr.filter((id) => !lastKnownElr.includes(id));
  if (sure.length > 0) return sure.find(able);
  const chosen = elr.length === 1 ? elr[0] : mostComplete;
  return chosen !== undefined && elr.includes(chosen) && able(chosen) ? chosen : undefined;
}

/**
 * When all that led or could have restarted uncleanly: the one that was found to have the most, which need not be one of them; at
 * once only who has the only log there is.
 */
function lastKnown(draft: Draft, wish: PartitionWish, rules: PartitionRules): number | undefined {
  if (draft.isr.length > 0 || draft.elr.length > 0 || draft.lastKnownElr.length === 0) return undefined;
  const logs = draft.replicas.filter((id) => holds(draft, id, rules));
  const only = logs.length === 1 && draft.lastKnownElr.includes(logs[0] ?? -1) ? logs[0] : undefined;
  const chosen = wish.mostComplete ?? only;
  return chosen !== undefined && rules.mayLead(chosen) && holds(draft, chosen, rules) ? chosen : undefined;
}

function anybody(draft: Draft, wish: PartitionWish, rules: PartitionRules): number | undefined {
  const isAsked = wish.election === 'unclean';
  if (!isAsked && !rules.unclean) return undefined;
  // What is damaged is no log: without another the partition waits for the loss to be accepted (D7).
  const able = draft.replicas.filter((id, at) => rules.mayLead(id) && draft.directories[at] !== DAMAGED_DIRECTORY);
  const known = able.find((id) => draft.lastKnownElr.includes(id) && holds(draft, id, rules));
  // Logs are compared first (D8), unless somebody wants a leader now, or who is to be compared may never come.
  return known === undefined ? able[0] : isAsked || draft.elr.length > 0 ? known : undefined;
}

function holds(draft: Draft, id: number, { diskOf, bugs }: PartitionRules): boolean {
  return bugs.has('keeps-elr-on-empty-disk') || isOnItsDisk(draft, id, diskOf);
}

/** Whether a broker runs on the disk that its replica is known to be on, undamaged (D4, D7). */
export function isOnItsDisk(
  { directories, replicas }: { readonly directories: readonly string[]; readonly replicas: readonly number[] },
  id: number,
  diskOf: (id: number) => string | null,
): boolean {
  const directoryId = directories[replicas.indexOf(id)];
  if (directoryId === ZERO_DIRECTORY) return true;
  return directoryId !== DAMAGED_DIRECTORY && directoryId === diskOf(id);
}

/** Who joins the ISR is on the disk that its broker has now. */
function directoriesOf(draft: Draft, partition: PartitionState, rules: PartitionRules): readonly string[] {
  const { replicas, directories, isr } = draft;
  const ids = replicas.map((id, position) => {
    const before = directories[position] ?? ZERO_DIRECTORY;
    return isr.includes(id) && !has(partition.isr, id) ? (rules.diskOf(id) ?? before) : before;
  });
  return isSame(ids, directories) ? directories : ids;
}

function changeTo(
  draft: Draft,
  partition: PartitionState,
  wish: PartitionWish,
  { bugs }: PartitionRules,
): PartitionChange | null {
  const isMoved = draft.leader !== partition.leader;
  const isLess = partition.replicas.some((id) => !draft.replicas.includes(id));
  const isr = unlessSame(draft.isr, partition.isr);
  const elr = unlessSame(draft.elr, partition.elr);
  const lastKnownElr = unlessSame(draft.lastKnownElr, partition.lastKnownElr);
  const replicas = unlessSame(draft.replicas, partition.replicas);
  const directories = isSame(draft.directories, partition.directories) ? null : draft.directories;
  const addingReplicas = unlessSame(draft.addingReplicas, partition.addingReplicas);
  const removingReplicas = unlessSame(draft.removingReplicas, partition.removingReplicas);
  const lists = [isr, elr, lastKnownElr, replicas, directories, addingReplicas, removingReplicas];
  const { durableFromEpoch = partition.durableFromEpoch, isNoted = false, isNewEpoch = false } = wish;
  const isOther = isMoved || isNoted || isNewEpoch || durableFromEpoch !== partition.durableFromEpoch;
  if (!isOther && lists.every((list) => list === null)) return null;
  const isRaised = (isMoved && !bugs.has('reuses-epoch')) || isLess || isNewEpoch;
  return {
    index: partition.index,
    leader: draft.leader,
    leaderEpoch: partition.leaderEpoch + (isRaised ? 1 : 0),
    partitionEpoch: partition.partitionEpoch + 1,
    durableFromEpoch: wish.durableFromEpoch ?? DURABLE_UNCHANGED,
    isr,
    elr,
    lastKnownElr,
    replicas,
    directories,
    addingReplicas,
    removingReplicas,
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

function has(ids: readonly BrokerId[], id: number): boolean {
  return (ids as readonly number[]).includes(id);
}

function isSame<T>(one: readonly T[], other: readonly T[]): boolean {
  return (
    one === other || (one.length === other.length && one.every((element, position) => element === other[position]))
  );
}

function unlessSame(wanted: readonly number[], before: readonly number[]): readonly number[] | null {
  return isSame(wanted, before) ? null : wanted;
}

import { brokerId } from '../base/ids.ts';
import type { RegisterBrokerCommand } from './commands.ts';
import type { DecisionContext } from './decide.ts';
import { DAMAGED_DIRECTORY, ZERO_DIRECTORY } from './directories.ts';
import { changePartition, type PartitionWish } from './election.ts';
import { changesRecord, isReplicating, onceForAlike, rulesOf, withDirectory } from './partition-changes.ts';
import { NO_METADATA_BUGS } from './planted-bugs.ts';
import type { PartitionChangesRecord } from './records.ts';
import type { PartitionState } from './topic.ts';

/** What is known of a new incarnation beside the partition (D4). */
interface Restart {
  readonly brokerId: number;
  /** (a): what the earlier incarnation had not synced may be lost. */
  readonly isUnclean: boolean;
  /** (b) */
  readonly directoryId: string;
  /** The disk of the earlier incarnation; null for a broker that was not registered. */
  readonly directoryBefore: string | null;
  /** (c): its disk has been in use as lately as the broker was in. */
  readonly isLatest: boolean;
}

/**
 * What the registration of a new incarnation means for partitions (D4, D5): it leads nothing and is in no ISR any more, and stays
 * eligible only where what it has is known to be whole. Others lead, where they can. Null when nothing changes.
 */
export function takeFrom(
  context: DecisionContext,
  command: RegisterBrokerCommand,
  isUnclean: boolean,
): PartitionChangesRecord | null {
  const { image, bugs = NO_METADATA_BUGS } = context;
  if (bugs.has('keeps-stale-leader')) return null;
  const { brokerId: id, directoryId, lastUnfencedEpoch } = command;
  const before = image.broker(brokerId(id));
  const restart: Restart = {
    brokerId: id,
    isUnclean: isUnclean && !bugs.has('keeps-elr-unclean'),
    directoryId: bugs.has('keeps-elr-on-empty-disk') ? (before?.directoryId ?? directoryId) : directoryId,
    directoryBefore: before?.directoryId ?? null,
    isLatest: before !== null && lastUnfencedEpoch >= before.unfencedEpoch,
  };
  const rules = rulesOf(context, { broker: { id, mayLead: false, directoryId } });
  const damaged = byTopic(isReplicating(image) ? command.damaged : []);
  const suspect = byTopic(command.suspect);
  const known = new Map<object, (partition: PartitionState) => ReturnType<typeof changePartition>>();
  return changesRecord(image.partitionsOn(brokerId(id), damaged.size === 0 ? 'held' : 'assigned'), (topic) => {
    const ruling = rules(topic);
    const areDamaged = damaged.get(topic.id);
    const areSuspect = suspect.get(topic.id);
    const change = (partition: PartitionState): ReturnType<typeof changePartition> => {
      if (bugs.has('keeps-stale-isr') && partition.leader !== id) return null;
      const wish = wishOf(partition, restart, areDamaged?.has(partition.index) === true);
      return changePartition(partition, { ...wish, isOutSuspect: areSuspect?.has(partition.index) === true }, ruling);
    };
    if (areDamaged !== undefined || areSuspect !== undefined) return change;
    const alike = known.get(ruling) ?? onceForAlike(change);
    known.set(ruling, alike);
    return alike;
  });
}

function wishOf(partition: PartitionState, restart: Restart, isDamaged: boolean): PartitionWish {
  const { brokerId: id, directoryId, directoryBefore } = restart;
  const at = partition.replicas.indexOf(brokerId(id));
  const kept = partition.directories[at];
  const isHere = kept === directoryId || kept === ZERO_DIRECTORY;
  const isWhole = restart.isLatest && (!restart.isUnclean || partition.durableFromEpoch >= 0);
  const isEligible = isHere && isWhole && !isDamaged;
  const wish = { out: id, isOutUnclean: !isEligible };
  if (isDamaged) return { ...wish, directories: withDirectory(partition, at, DAMAGED_DIRECTORY) };
  // Whole again, as whoever accepted the loss wants it (it is named until then, or until it is in sync); on another disk it is not, nor later.
  if (kept === DAMAGED_DIRECTORY && directoryBefore !== null)
    return { ...wish, directories: withDirectory(partition, at, directoryBefore) };
  return wish;
}

function byTopic(partitions: RegisterBrokerCommand['damaged']): ReadonlyMap<string, ReadonlySet<number>> {
  const topics = new Map<string, Set<number>>();
  for (const { topicId, index } of partitions) {
    const indexes = topics.get(topicId) ?? new Set();
    topics.set(topicId, indexes.add(index));
  }
  return topics;
}

import { brokerId } from '../base/ids.ts';
import type { Settings } from '../config/settings.ts';
import { Pace, type Steps } from '../codec/pace.ts';
import { isOnItsDisk } from './election.ts';
import type { MetadataImage } from './image.ts';
import type { PartitionState } from './topic.ts';

type Lists = Pick<PartitionState, 'replicas' | 'isr' | 'elr' | 'directories'>;

/** What would happen to brokers: they stop and come back with what they have, or with an empty disk. */
export type Absence = 'restart' | 'losing-disk';

const NO_OVERRIDES: ReadonlyMap<string, string> = new Map();

/** Partitions that are named, each with a sentence; of further ones the number is given. */
const NAMED_MAX = 10;

/**
 * Why brokers should not be stopped now, all at once, one sentence each; none when no partition would fall below
 * `min.insync.replicas` or be left without anybody who may lead. Where there are no more replicas than that no waiting would make it
 * better: it is enough that all others are in sync, and a partition with a single replica is no reason. It is one for not losing the disk; so are, wherever there is a replica, fewer than
 * `min.insync.replicas` others that are in sync, or not all of them: whoever is in an ELR, or was in the last one (D4), has what they lack. In
 * steps: the image must not change meanwhile.
 */
export function* restartReasons(
  image: MetadataImage,
  settings: Settings,
  ids: readonly number[],
  absence: Absence = 'restart',
): Steps<readonly string[]> {
  const pace = new Pace();
  const isAny = (list: readonly number[]): boolean => list.some((id) => ids.includes(id));
  const reasonIn = absence === 'restart' ? absentReason : lossReason;
  // A broker that is eligible only, of a partition that has a leader, is away already. Its disk is not.
  const mayMatter = ({ leader, isr, elr }: Pick<PartitionState, 'leader' | 'isr' | 'elr'>): boolean =>
    absence === 'losing-disk' || isAny(isr) || (leader === -1 && isAny(elr));
  let wantedMost = settings.topic(NO_OVERRIDES, 'min.insync.replicas');
  for (const overrides of image.topicOverrides()) {
    if (pace.isDue()) yield;
    wantedMost = Math.max(wantedMost, settings.topic(overrides, 'min.insync.replicas'));
  }
  const [named, asked]: [string[], Question] = [[], { image, wanted: wantedMost, ids }];
  let count = 0;
  for (const { name, partitions } of image.partitionsWith((lists) => reasonIn(lists, asked) !== null)) {
    const wanted = settings.topic(image.configOverrides('topic', name), 'min.insync.replicas');
    for (const partition of partitions) {
      if (pace.isDue()) yield;
      const reason = mayMatter(partition) ? reasonIn(partition, { image, wanted, ids }) : null;
      if (reason === null) continue;
      count += 1;
      if (count <= NAMED_MAX) named.push(`${name}-${partition.index} ${reason}`);
    }
  }
  const more = count - named.length;
  return more === 0 ? named : [...named, `and so it is with ${more} more partition${more === 1 ? '' : 's'}`];
}

interface Question {
  readonly image: MetadataImage;
  /** `min.insync.replicas` */
  readonly wanted: number;
  readonly ids: readonly number[];
}

function absentReason({ replicas, isr, elr }: Lists, { image, wanted, ids }: Question): string | null {
  const isLeft = (id: number): boolean => !ids.includes(id);
  if (replicas.length === 1 || ![...isr, ...elr].some((id) => ids.includes(id))) return null;
  const inSync = isr.filter((id) => isLeft(id) && image.isUnfenced(id));
  if (inSync.length === 0 && !elr.some((id) => isLeft(id) && image.isUnfenced(id)))
    return 'would have no replica left that may lead';
  return tooFew(inSync.length, Math.min(wanted, replicas.length - 1));
}

/**
 * An ELR has members only where fewer than `min.insync.replicas` are in sync, so that nobody asks for it here. Without one the last of
 * an ISR stays in it, whether it is away or has come back with an empty disk (I4, D4 b).
 */
function lossReason(lists: Lists, { image, wanted, ids }: Question): string | null {
  const { replicas, isr } = lists;
  const diskOf = (id: number): string | null => image.broker(brokerId(id))?.directoryId ?? null;
  if (!replicas.some((id) => ids.includes(id))) return null;
  if (replicas.every((id) => ids.includes(id))) return 'has no replica elsewhere';
  const inSync = isr.filter((id) => !ids.includes(id) && image.isUnfenced(id) && isOnItsDisk(lists, id, diskOf));
  const others = replicas.filter((id) => !ids.includes(id)).length;
  return tooFew(inSync.length, Math.min(wanted, others));
}

function tooFew(count: number, needed: number): string | null {
  if (count >= needed) return null;
  return `would have ${count} in-sync replica${count === 1 ? '' : 's'} and needs ${needed} (min.insync.replicas)`;
}

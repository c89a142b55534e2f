import type { Settings } from '../config/settings.ts';
import { Pace, type Steps } from '../codec/pace.ts';
import type { MetadataImage } from './image.ts';
import type { PartitionState } from './topic.ts';

type Lists = Pick<PartitionState, 'replicas' | 'isr' | 'elr'>;

const NO_OVERRIDES: ReadonlyMap<string, string> = new Map();

/** Partitions that are named, each with a sentence; of further ones the number is given. */
const NAMED_MAX = 10;

/**
 * Why brokers should not be stopped now, all at once, one sentence each; none when no partition would fall below
 * `min.insync.replicas` or be left without anybody who may lead. A partition with a single replica is no reason: no waiting
 * would make that better. In steps: the image must not change meanwhile.
 */
export function* restartReasons(
  image: MetadataImage,
  settings: Settings,
  ids: readonly number[],
): Steps<readonly string[]> {
  const pace = new Pace();
  const isAny = (list: readonly number[]): boolean => list.some((id) => ids.includes(id));
  // A broker that is eligible only, of a partition that has a leader, is away already.
  const mayMatter = ({ leader, isr, elr }: Pick<PartitionState, 'leader' | 'isr' | 'elr'>): boolean =>
    isAny(isr) || (leader === -1 && isAny(elr));
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

function reasonIn({ replicas, isr, elr }: Lists, { image, wanted, ids }: Question): string | null {
  const isLeft = (id: number): boolean => !ids.includes(id);
  if (replicas.length === 1 || ![...isr, ...elr].some((id) => ids.includes(id))) return null;
  const inSync = isr.filter((id) => isLeft(id) && image.isUnfenced(id));
  if (inSync.length === 0 && !elr.some((id) => isLeft(id) && image.isUnfenced(id)))
    return 'would have no replica left that may lead';
  const needed = Math.min(wanted, replicas.length);
  if (inSync.length >= needed) return null;
  return `would have ${inSync.length} in-sync replica${inSync.length === 1 ? '' : 's'} and needs ${needed} (min.insync.replicas)`;
}

import type { Settings } from '../config/settings.ts';
import { brokerId } from '../base/ids.ts';
import type { MetadataImage } from './image.ts';
import type { PartitionState } from './topic.ts';

/** Partitions that are named, each with a sentence; of further ones the number is given. */
const NAMED_MAX = 10;

/**
 * Why brokers should not be stopped now, all at once, one sentence each; none when no partition would fall below
 * `min.insync.replicas` or be left without anybody who may lead. A partition with a single replica is no reason: no waiting
 * would make that better.
 */
export function restartReasons(image: MetadataImage, settings: Settings, ids: readonly number[]): readonly string[] {
  const reasons = new Map<string, string>();
  for (const id of ids) {
    for (const which of ['counting', 'leaderless'] as const) {
      for (const { name, partitions } of image.partitionsOn(brokerId(id), which)) {
        const wanted = settings.topic(image.configOverrides('topic', name), 'min.insync.replicas');
        for (const partition of partitions) {
          const reason = reasonIn(partition, { image, wanted, ids });
          if (reason !== null) reasons.set(`${name}-${partition.index}`, reason);
        }
      }
    }
  }
  const named = [...reasons].slice(0, NAMED_MAX).map(([partition, reason]) => `${partition} ${reason}`);
  const more = reasons.size - named.length;
  return more === 0 ? named : [...named, `and so it is with ${more} more partition${more === 1 ? '' : 's'}`];
}

function reasonIn(
  { replicas, isr, elr }: PartitionState,
  { image, wanted, ids }: { readonly image: MetadataImage; readonly wanted: number; readonly ids: readonly number[] },
): string | null {
  const isLeft = (id: number): boolean => !ids.includes(id);
  if (replicas.length === 1 || ![...isr, ...elr].some((id) => ids.includes(id))) return null;
  const inSync = isr.filter((id) => isLeft(id) && image.isUnfenced(id));
  if (inSync.length === 0 && !elr.some((id) => isLeft(id) && image.isUnfenced(id)))
    return 'would have no replica left that may lead';
  const needed = Math.min(wanted, replicas.length);
  if (inSync.length >= needed) return null;
  return `would have ${inSync.length} in-sync replica${inSync.length === 1 ? '' : 's'} and needs ${needed} (min.insync.replicas)`;
}

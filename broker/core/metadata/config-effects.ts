import { Settings } from '../config/settings.ts';
import { durabilityUnder } from './decide-durability.ts';
import type { DecisionContext } from './decide.ts';
import { changePartition, type PartitionRules, type PartitionWish } from './election.ts';
import { changesRecord, onceForAlike, rulesOf } from './partition-changes.ts';
import type { PartitionChangesRecord } from './records.ts';

type Texts = ReadonlyMap<string, string>;

const DURABILITY = 'weir.durability';
/** Settings on which the state of partitions depends. */
const SETTINGS = [DURABILITY, 'min.insync.replicas', 'unclean.leader.election.enable'];

/**
 * What new settings mean for partitions, in the batch that changes them. `weir.durability=replicated`: not durable from here on, under
 * a new leader epoch; `fsync`: a new epoch, in which the leader has all synced and then sends `markDurable` (D3). Where
 * `min.insync.replicas` is reached now the ELR is emptied (KIP-966); where unclean elections are allowed now they are held.
 */
export function effectsOn(
  context: DecisionContext,
  altered: { readonly cluster: Texts | null; readonly topics: ReadonlyMap<string, Texts> },
): PartitionChangesRecord | null {
  const { image, settings: before } = context;
  const { cluster } = altered;
  const isOfAll = cluster !== null && differ(cluster, image.configOverrides('cluster', ''));
  const isSaidOfAll = cluster !== null && differ(cluster, image.configOverrides('cluster', ''), [DURABILITY]);
  const touched = [...altered.topics].filter(([name, texts]) => differ(texts, image.configOverrides('topic', name)));
  if (!isOfAll && touched.length === 0) return null;
  const settings = isOfAll ? new Settings(before.fixed) : before;
  if (isOfAll) settings.setDynamic(new Map(), cluster);
  const overrides = (topic: string): Texts => altered.topics.get(topic) ?? image.configOverrides('topic', topic);
  const rules = rulesOf(context, { settings, overrides });
  const durability = durabilityUnder(image, before);
  const topics = isOfAll ? image.topicStates() : touched.flatMap(([name]) => image.topicByName(name) ?? []);
  const known = new Map<PartitionRules, Map<PartitionWish, ReturnType<typeof onceForAlike>>>();
  return changesRecord(topics, (topic) => {
    const { name } = topic;
    const wanted = settings.topic(overrides(name), 'weir.durability');
    const isSaid = isSaidOfAll || differ(overrides(name), image.configOverrides('topic', name), [DURABILITY]);
    const same = isSaid && wanted === 'replicated' ? SAID_AGAIN : SAME;
    const wish = wanted === durability(name) ? same : wanted === 'fsync' ? TO_FSYNC : TO_REPLICATED;
    const ruling = rules(topic);
    const byWish = known.get(ruling) ?? new Map<PartitionWish, ReturnType<typeof onceForAlike>>();
    known.set(ruling, byWish);
    const alike =
      byWish.get(wish) ??
      onceForAlike((partition) => {
        const isDurable = wish === SAID_AGAIN && partition.durableFromEpoch >= 0;
        return changePartition(partition, isDurable ? TO_REPLICATED : wish, ruling);
      });
    byWish.set(wish, alike);
    return alike;
  });
}

const SAME: PartitionWish = {};
/** `replicated`, as it was in the controllers' own files: partitions that count as durable did so on (D3). */
const SAID_AGAIN: PartitionWish = {};
const TO_FSYNC: PartitionWish = { isNewEpoch: true };
const TO_REPLICATED: PartitionWish = { isNewEpoch: true, durableFromEpoch: -1 };

function differ(one: Texts, other: Texts, names = SETTINGS): boolean {
  return names.some((name) => one.get(name) !== other.get(name));
}

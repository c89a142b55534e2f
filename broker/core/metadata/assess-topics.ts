import { Pace, type Steps } from '../codec/pace.ts';
import type { Settings } from '../config/settings.ts';
import { DAMAGED_DIRECTORY } from './directories.ts';
import type { MetadataImage } from './image.ts';
import type { ListsOfPartition } from './partition-lists.ts';

/** Partitions or topics that are named of each kind at most, whoever asks. */
const EXAMPLES_MAX = 10;

/** How many there are, and some of them, the oldest topics first. */
export interface Some {
  readonly count: number;
  /** At most `EXAMPLES_MAX`: `topic-index`, or names of topics. */
  readonly examples: readonly string[];
}

/** How the partitions of all topics are, those that Weir makes itself included. */
export interface TopicAssessment {
  readonly topicCount: number;
  readonly partitionCount: number;
  /** Partitions without a leader: nobody is served there (Kafka's offline partitions). */
  readonly leaderless: Some;
  /** Of them, those with a damaged log (D7): where no other replica comes back somebody has to accept the loss. */
  readonly damaged: Some;
  /** Partitions with a leader and fewer in sync than `min.insync.replicas`: they take no records that all have to have. */
  readonly underMinIsr: Some;
  /** Partitions with a leader and a replica that is not in sync; replicas that are only being made don't count. */
  readonly underReplicated: Some;
  /** Topics with a partition that has one replica, or no more than `min.insync.replicas`, or will have when its move is done. */
  readonly thin: Some;
}

const NONE: Some = { count: 0, examples: [] };

/** What there is to say where nothing was looked at. */
export const NOTHING_ASSESSED: TopicAssessment = {
  topicCount: 0,
  partitionCount: 0,
  leaderless: NONE,
  damaged: NONE,
  underMinIsr: NONE,
  underReplicated: NONE,
  thin: NONE,
};

/**
 * Looks once at every partition, as numbers: what lists say is found once for those that agree, and only what is named is made. In
 * steps: the image must not change meanwhile. `examplesMax`: names of each kind, capped at `EXAMPLES_MAX`.
 */
export function* assessTopics(image: MetadataImage, settings: Settings, examplesMax: number): Steps<TopicAssessment> {
  const pace = new Pace();
  const namedMax = Math.max(0, Math.min(EXAMPLES_MAX, examplesMax));
  const [leaderless, damaged] = [new Tally(namedMax), new Tally(namedMax)];
  const [underMinIsr, underReplicated, thin] = [new Tally(namedMax), new Tally(namedMax), new Tally(namedMax)];
  const said = image.mapLists(sayingOf);
  let topicCount = 0;
  for (const topic of image.topicStates()) {
    topicCount += 1;
    if (pace.isDue()) yield;
    const minIsr = settings.topic(image.overridesOf(topic), 'min.insync.replicas');
    let fewestCopies = Number.POSITIVE_INFINITY;
    for (let index = 0; index < topic.partitionCount; index += 1) {
      if (pace.isDue()) yield;
      const lists = said[topic.listsNumber(index)];
      if (lists === undefined) continue;
      fewestCopies = Math.min(fewestCopies, lists.copies);
      if (topic.leader(index) === -1) {
        leaderless.add(topic, index);
        if (lists.isDamaged) damaged.add(topic, index);
        continue;
      }
      if (lists.inSync < Math.min(minIsr, lists.replicas)) underMinIsr.add(topic, index);
      if (lists.isLagging) underReplicated.add(topic, index);
    }
    if (fewestCopies <= Math.max(1, minIsr)) thin.add(topic);
  }
  return {
    topicCount,
    partitionCount: image.partitionCount,
    leaderless: leaderless.some,
    damaged: damaged.some,
    underMinIsr: underMinIsr.some,
    underReplicated: underReplicated.some,
    thin: thin.some,
  };
}

/** What the lists of a partition say of it. */
function sayingOf({ replicas, directories, isr, addingReplicas, removingReplicas }: ListsOfPartition) {
  return {
    replicas: replicas.length,
    inSync: isr.length,
    /** When what is under way is done. */
    copies: replicas.length - removingReplicas.length,
    isDamaged: directories.includes(DAMAGED_DIRECTORY),
    isLagging: replicas.some((id) => !isr.includes(id) && !addingReplicas.includes(id)),
  };
}

/** Counts, and names the first ones. */
class Tally {
  readonly #examples: string[] = [];
  readonly #namedMax: number;
  #count = 0;

  constructor(namedMax: number) {
    this.#namedMax = namedMax;
  }

  get some(): Some {
    return { count: this.#count, examples: this.#examples };
  }

  /** A partition, or without an index a topic. */
  add(topic: { readonly name: string }, index?: number): void {
    this.#count += 1;
    if (this.#examples.length >= this.#namedMax) return;
    this.#examples.push(index === undefined ? topic.name : `${topic.name}-${index}`);
  }
}

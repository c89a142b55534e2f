import { type Acknowledged, judgeLog, type Scanned, type Sent } from './history.ts';

/**
 * What clients were told before the power went, and what they asked for without an answer. Partitions are numbered over
 * all topics that ever were: a topic that is created again has new ones.
 */
export type Told = {
  readonly topics: readonly ToldTopic[];
  readonly sent: readonly Sent[];
  readonly acknowledged: readonly Acknowledged[];
  /** By partition: where its log was told to begin, and the furthest place that was asked for. */
  readonly deletions: ReadonlyMap<number, Progress>;
  /** By partition: committed offsets, which only rise. */
  readonly commits: ReadonlyMap<number, Progress>;
  /** Deliveries of share records (as `partition:offset`) and confirmed acceptances, in the order in which they came. */
  readonly shares: readonly { readonly place: string; readonly what: 'delivered' | 'accepted' }[];
};

/** A topic and what was asked of it: whether its creation, and its deletion, were asked for and confirmed. */
export type ToldTopic = {
  readonly name: string;
  readonly id: string;
  readonly firstPartition: number;
  readonly partitions: number;
  readonly created: boolean;
  readonly deletion: 'none' | 'asked' | 'confirmed';
};

/** A number that only rises: the last confirmed one and the last one asked for; −1 before the first. */
export type Progress = { readonly confirmed: number; readonly asked: number };

/** What a broker gives after the power came back. */
export type Found = {
  /** Topic ids by name. */
  readonly topics: ReadonlyMap<string, string>;
  readonly scanned: readonly Scanned[];
  /** By partition. */
  readonly starts: ReadonlyMap<number, number>;
  readonly commits: ReadonlyMap<number, number>;
  /** Error codes of partitions that can't be read, by partition. */
  readonly unreadable: ReadonlyMap<number, number>;
};

/** Every promise that does not hold, one sentence each; at most 50. */
export function judgePower(told: Told, found: Found): readonly string[] {
  const violations = [...judgeTopics(told, found), ...judgeDeletions(told, found), ...judgeCommits(told, found)];
  const living = new Set(found.starts.keys());
  const inTopics = <T extends { readonly partition: number }>(list: readonly T[]): readonly T[] =>
    list.filter(({ partition }) => living.has(partition));
  const log = judgeLog({
    sent: told.sent,
    acknowledged: inTopics(told.acknowledged),
    scanned: found.scanned,
    starts: found.starts,
  });
  violations.push(...log.map(({ rule, record, detail }) => `${rule}: ${record}, ${detail}`));
  violations.push(...judgeShares(told));
  for (const [partition, code] of found.unreadable)
    violations.push(`partition is unreadable: ${partition}, error ${code}`);
  return violations.slice(0, 50);
}

function judgeTopics(told: Told, found: Found): string[] {
  const violations: string[] = [];
  for (const { name, id, created, deletion } of told.topics) {
    const isThere = found.topics.get(name) === id;
    if (created && deletion === 'none' && !isThere) violations.push(`created topic is missing: ${name}`);
    if (deletion === 'confirmed' && isThere) violations.push(`deleted topic is back: ${name}`);
  }
  return violations;
}

function judgeDeletions(told: Told, found: Found): string[] {
  const violations: string[] = [];
  for (const [partition, start] of found.starts) {
    const { confirmed, asked } = told.deletions.get(partition) ?? { confirmed: -1, asked: -1 };
    if (start < confirmed) violations.push(`deleted records are back: ${partition}:${start}, told ${confirmed}`);
    if (start > Math.max(asked, 0))
      violations.push(`records are gone: ${partition} begins at ${start}, asked ${asked}`);
  }
  return violations;
}

function judgeCommits(told: Told, found: Found): string[] {
  const violations: string[] = [];
  for (const [partition, { confirmed, asked }] of told.commits) {
    const at = found.commits.get(partition) ?? -1;
    if (at < confirmed) violations.push(`committed offset is lost: ${partition} is at ${at}, told ${confirmed}`);
    if (at > asked) violations.push(`offset was never committed: ${partition} is at ${at}, asked ${asked}`);
  }
  return violations;
}

function judgeShares({ shares }: Told): string[] {
  const violations: string[] = [];
  const accepted = new Set<string>();
  for (const { place, what } of shares) {
    if (what === 'accepted') accepted.add(place);
    else if (accepted.has(place)) violations.push(`accepted record is delivered again: ${place}`);
  }
  return violations;
}

import { type Acknowledged, judgeLog, type Scanned, type Sent } from './history.ts';

/**
 * What clients were told before the power went, and what they asked for without an answer. Partitions are numbered over
 * all topics that ever were: a topic that is created again has new ones.
 */
export type Told = {
  readonly topics: readonly ToldTopic[];
  readonly sent: readonly Sent[];
  readonly acknowledged: readonly Acknowledged[];
  /** By id: the key of each record of a compacted topic. */
  readonly keys: ReadonlyMap<string, string>;
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
  /** Why commits can't be read, '' when they can. */
  readonly commitsFault: string;
  /** Why a partition can't be read, of those that can't. */
  readonly unreadable: ReadonlyMap<number, string>;
};

/** Every promise that does not hold, one sentence each; at most 50. */
export function judgePower(told: Told, found: Found): readonly string[] {
  const violations = [...judgeTopics(told, found), ...judgeDeletions(told, found), ...judgeCommits(told, found)];
  const compacted = new Set(told.sent.filter(({ id }) => told.keys.has(id)).map(({ partition }) => partition));
  const plain = <T extends { readonly partition: number }>(list: readonly T[]): readonly T[] =>
    list.filter(({ partition }) => !compacted.has(partition));
  const log = judgeLog({
    sent: told.sent,
    acknowledged: plain(told.acknowledged.filter(({ partition }) => found.starts.has(partition))),
    scanned: plain(found.scanned),
    starts: found.starts,
  });
  violations.push(...log.map(({ rule, record, detail }) => `${rule}: ${record}, ${detail}`));
  violations.push(...judgeTables(told, found, compacted));
  violations.push(...judgeShares(told));
  for (const [partition, fault] of found.unreadable) violations.push(`partition is unreadable: ${partition}, ${fault}`);
  return violations.slice(0, 50);
}

/** In a compacted topic the last value of each key is there, and nothing but what was sent, once, at its place. */
function judgeTables(told: Told, found: Found, compacted: ReadonlySet<number>): string[] {
  const violations: string[] = [];
  const sent = new Set(told.sent.map(({ id, partition }) => `${partition} ${id}`));
  const places = new Map<string, string>();
  const last = new Map<string, number>();
  const seen = new Set<string>();
  const keyOf = (id: string, partition: number): string => `${partition} ${told.keys.get(id) ?? ''}`;
  for (const { id, partition, offset } of found.scanned) {
    if (!compacted.has(partition)) continue;
    if (!sent.has(`${partition} ${id}`)) violations.push(`record out of thin air: ${partition}:${offset} ${id}`);
    if (seen.has(id)) violations.push(`record is stored twice: ${partition}:${offset} ${id}`);
    seen.add(id);
    places.set(`${partition}:${offset}`, id);
    last.set(keyOf(id, partition), offset);
  }
  for (const { id, partition, offset } of told.acknowledged) {
    if (!compacted.has(partition) || !found.starts.has(partition)) continue;
    const there = places.get(`${partition}:${offset}`);
    const isSuperseded = there === undefined && (last.get(keyOf(id, partition)) ?? -1) > offset;
    if (there === id || isSuperseded) continue;
    violations.push(`last value of a key is lost: ${partition}:${offset} ${id}, found ${there ?? 'nothing'} there`);
  }
  return violations;
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
  if (found.commitsFault !== '') return [`commits are unreadable: ${found.commitsFault}`];
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

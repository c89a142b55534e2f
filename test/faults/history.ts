/**
 * Judges what clients saw while brokers were killed. A history is what the clients wrote down, plus a final scan of the
 * log; never anything that a server says about itself. Times are milliseconds of one clock.
 */
export type History = {
  /** Records handed to a producer, in the order of each producer. `id` is unique in the whole history. */
  readonly sent: readonly Sent[];
  /** Records whose producer was told that they are stored. */
  readonly acknowledged: readonly Acknowledged[];
  /** Every record of the log at the end, partition by partition in the order of the log. */
  readonly scanned: readonly Scanned[];
  /** Deliveries of a record to a member of a share group. */
  readonly acquired: readonly Acquired[];
  /** Ends of deliveries. */
  readonly finished: readonly Finished[];
  /** When leaderships ended, or may have. Whoever had share records then may own them no more. */
  readonly crashes: readonly Crash[];
  /** Offsets that a group committed: confirmed ones in order, and what the broker gives at the end. */
  readonly committed: readonly Committed[];
  readonly committedAtEnd: readonly Position[];
  /** What the one member of that group was handed, in order; absent where nobody wrote it down. */
  readonly read?: readonly Read[];
  /** First offset of the partitions that begin above 0, because records were deleted. */
  readonly starts?: ReadonlyMap<number, number>;
};

/** Somewhen between two moments, in their order; for a kill they are one. */
export type Crash = { readonly fromMs: number; readonly untilMs: number };

/** A record given to a producer that promises order and no duplicates in each partition. */
export type Sent = {
  readonly id: string;
  readonly producer: string;
  readonly partition: number;
  readonly sequence: number;
};
/** The place at which a record was confirmed. */
export type Acknowledged = { readonly id: string; readonly partition: number; readonly offset: number };
/** A record found in the log. */
export type Scanned = { readonly id: string; readonly partition: number; readonly offset: number };
/** A place in a partition. */
export type Position = { readonly partition: number; readonly offset: number };
/** A record handed to a member at `atMs`, for `lockMs` at most; `id` is what the member found in it, where that is known. */
export type Acquired = Position & {
  readonly member: string;
  readonly atMs: number;
  readonly lockMs: number;
  readonly id?: string;
};
/**
 * The end of a delivery: an acknowledgement sent at `sentMs` and answered at `atMs`. `unknown`: the answer got lost, it
 * may have counted; `refused`: the broker said that the record was no longer the member's.
 */
export type Finished = Position & {
  readonly member: string;
  readonly outcome: 'accepted' | 'released' | 'rejected' | 'refused' | 'unknown';
  readonly sentMs: number;
  readonly atMs: number;
};
/** A commit of a consumer group: sent, and confirmed when `isConfirmed`. */
export type Committed = Position & { readonly isConfirmed: boolean };
/** A record that a member of a group was handed, after so many events of `committed` of its partition. */
export type Read = Position & { readonly id: string; readonly commitCount: number };

/** A history that is judged one partition after the other, so that no more than one of them is in memory. */
export type HistoryByPartition = {
  readonly partitions: Iterable<number>;
  /** What happened in one of them, and all crashes. */
  readonly of: (partition: number) => History;
};

/** What a history may violate. */
export type Rule =
  | 'acknowledged record is lost'
  | 'record is stored twice'
  | 'records are out of order'
  | 'offsets have a gap'
  | 'record out of thin air'
  | 'record has two owners'
  | 'accepted record is delivered again'
  | 'record is never accepted'
  | 'committed offset is lost'
  | 'offset was never committed'
  | 'record is skipped'
  | 'reading begins where nothing was committed';

/** One violation: the rule, the record it is about (`partition:offset id`), and what was seen. */
export type Violation = { readonly rule: Rule; readonly record: string; readonly detail: string };

const VIOLATIONS_MAX = 100;

// An answer that got lost may have been a yes: that such records are finished is asked of the broker (its lag is 0).
const DONE: ReadonlySet<Finished['outcome']> = new Set(['accepted', 'rejected', 'unknown']);
/** The broker said yes, which it does to the owner alone. */
const CONFIRMED: ReadonlySet<Finished['outcome']> = new Set(['accepted', 'released', 'rejected']);

/** Every violation in `history`, at most 100. An empty answer says that all promises were kept as far as clients saw. */
export function judge(history: History): readonly Violation[] {
  return judgeByPartition(byPartition(history));
}

/** The same, one partition after the other: nothing in a history reaches from one into another. */
export function judgeByPartition({ partitions, of }: HistoryByPartition): readonly Violation[] {
  const violations: Violation[] = [];
  for (const partition of partitions) {
    if (violations.length >= VIOLATIONS_MAX) break;
    const history = of(partition);
    const { sent, acknowledged, scanned, starts } = history;
    violations.push(...judgeLog({ sent, acknowledged, scanned, ...(starts === undefined ? {} : { starts }) }));
    violations.push(...judgeShare(history), ...judgeCommits(history), ...judgeReads(history));
  }
  return violations.slice(0, VIOLATIONS_MAX);
}

/** Parts of a history, by partition. */
function byPartition(history: History): HistoryByPartition {
  const lists = {
    sent: grouped(history.sent),
    acknowledged: grouped(history.acknowledged),
    scanned: grouped(history.scanned),
    acquired: grouped(history.acquired),
    finished: grouped(history.finished),
    committed: grouped(history.committed),
    committedAtEnd: grouped(history.committedAtEnd),
    read: grouped(history.read ?? []),
  };
  const partitions = new Set(Object.values(lists).flatMap((list) => [...list.keys()]));
  const of = (partition: number): History => ({
    ...history,
    sent: lists.sent.get(partition) ?? [],
    acknowledged: lists.acknowledged.get(partition) ?? [],
    scanned: lists.scanned.get(partition) ?? [],
    acquired: lists.acquired.get(partition) ?? [],
    finished: lists.finished.get(partition) ?? [],
    committed: lists.committed.get(partition) ?? [],
    committedAtEnd: lists.committedAtEnd.get(partition) ?? [],
    ...(history.read === undefined ? {} : { read: lists.read.get(partition) ?? [] }),
  });
  return { partitions, of };
}

function grouped<T extends { readonly partition: number }>(list: readonly T[]): ReadonlyMap<number, readonly T[]> {
  return Map.groupBy(list, ({ partition }) => partition);
}

const placeOf = ({ partition, offset }: Position): string => `${partition}:${offset}`;
const nameOf = (record: Scanned | Acknowledged): string => `${placeOf(record)} ${record.id}`;

type LogHistory = Pick<History, 'sent' | 'acknowledged' | 'scanned' | 'starts'>;

/** Acknowledged means stored, once, at that place, in order; and nothing else is stored than what was sent. */
export function judgeLog({ sent, acknowledged, scanned, starts = new Map() }: LogHistory): readonly Violation[] {
  const lists = { sent: grouped(sent), acknowledged: grouped(acknowledged), scanned: grouped(scanned) };
  const partitions = new Set(Object.values(lists).flatMap((list) => [...list.keys()]));
  return [...partitions].flatMap((partition) =>
    judgePartitionLog({
      sent: lists.sent.get(partition) ?? [],
      acknowledged: lists.acknowledged.get(partition) ?? [],
      scanned: lists.scanned.get(partition) ?? [],
      start: starts.get(partition) ?? 0,
    }),
  );
}

function judgePartitionLog({
  sent,
  acknowledged,
  scanned,
  start,
}: Omit<LogHistory, 'starts'> & { readonly start: number }): readonly Violation[] {
  const violations: Violation[] = [];
  const sentById = new Map(sent.map((record) => [record.id, record]));
  const found = new Map(scanned.map(({ offset, id }) => [offset, id]));
  const firstById = new Map<string, Scanned>();
  for (const record of scanned) if (!firstById.has(record.id)) firstById.set(record.id, record);
  for (const record of acknowledged) {
    // A duplicate whose place the broker has forgotten.
    if (record.offset === -1 && firstById.has(record.id)) continue;
    const id = found.get(record.offset);
    const isDeleted = record.offset >= 0 && record.offset < start;
    if (id === record.id || isDeleted) continue;
    const detail = `found ${id ?? 'nothing'} there`;
    violations.push({ rule: 'acknowledged record is lost', record: nameOf(record), detail });
  }
  const lastOf = new Map<string, Sent>();
  let expected = start;
  for (const record of scanned) {
    const complain = (rule: Rule, detail: string): unknown => violations.push({ rule, record: nameOf(record), detail });
    const first = firstById.get(record.id) ?? record;
    if (first !== record) complain('record is stored twice', `first at ${placeOf(first)}`);
    if (record.offset !== expected) complain('offsets have a gap', `expected offset ${expected}`);
    expected = record.offset + 1;
    const origin = sentById.get(record.id);
    if (origin === undefined) {
      complain('record out of thin air', 'nobody sent it to this partition');
      continue;
    }
    const last = lastOf.get(origin.producer);
    if (last !== undefined && first === record && origin.sequence < last.sequence)
      complain('records are out of order', `after ${last.id}, which was sent later`);
    if (last === undefined || origin.sequence > last.sequence) lastOf.set(origin.producer, origin);
  }
  return violations;
}

type Span = Acquired & { readonly untilMs: number; readonly isConfirmed: boolean };

/**
 * A share record has one owner at a time, and none after it was accepted; in the end all are accepted. A crash excuses only those of whom
 * nobody said that they still were the owner when they ended it: a yes to an acknowledgement is said of the owner alone, whatever happened
 * since the record was handed out. Nothing is handed out but what is stored, unless it was deleted since.
 */
export function judgeShare(
  history: Pick<History, 'scanned' | 'acquired' | 'finished' | 'crashes' | 'starts'>,
): readonly Violation[] {
  const { scanned, acquired, finished, crashes, starts = new Map() } = history;
  const violations: Violation[] = [];
  const ids = new Map(scanned.map((record) => [placeOf(record), record.id]));
  const name = (place: string): string => `${place} ${ids.get(place) ?? '?'}`;
  const finishedAt = groupByPlace(finished);
  const acquiredAt = groupByPlace(acquired);
  for (const delivery of acquired) {
    const stored = ids.get(placeOf(delivery));
    const isDeleted = delivery.offset < (starts.get(delivery.partition) ?? 0);
    if (isDeleted || (stored !== undefined && (delivery.id ?? stored) === stored)) continue;
    const detail = `${delivery.member} was handed ${delivery.id ?? 'something'} there`;
    violations.push({ rule: 'record out of thin air', record: name(placeOf(delivery)), detail });
  }
  for (const [place, deliveries] of acquiredAt) {
    const ends = finishedAt.get(place) ?? [];
    const spansWith = (excuses: readonly Crash[]): readonly Span[] =>
      deliveries.flatMap((delivery) => spanOf(delivery, ends, excuses)).sort((a, b) => a.atMs - b.atMs);
    const spans = spansWith(crashes);
    const overlaps = [
      ...overlapsOf(spansWith([]).filter(({ isConfirmed }) => isConfirmed)),
      ...overlapsOf(spans).filter((pair) => pair.some(({ isConfirmed }) => !isConfirmed)),
    ];
    for (const [before, span] of overlaps) {
      const detail = `${before.member} from ${before.atMs} to ${before.untilMs}, ${span.member} from ${span.atMs}`;
      violations.push({ rule: 'record has two owners', record: name(place), detail });
    }
    const accepted = ends.filter(({ outcome }) => outcome === 'accepted').toSorted((a, b) => a.atMs - b.atMs)[0];
    const late = accepted === undefined ? undefined : spans.find((span) => span.atMs > accepted.atMs);
    if (accepted !== undefined && late !== undefined) {
      const detail = `accepted by ${accepted.member} at ${accepted.atMs}, delivered to ${late.member} at ${late.atMs}`;
      violations.push({ rule: 'accepted record is delivered again', record: name(place), detail });
    }
  }
  if (acquired.length === 0 && finished.length === 0) return violations;
  for (const record of scanned) {
    const isDone = (finishedAt.get(placeOf(record)) ?? []).some(({ outcome }) => DONE.has(outcome));
    if (!isDone)
      violations.push({ rule: 'record is never accepted', record: nameOf(record), detail: 'no member finished it' });
  }
  return violations;
}

/**
 * A delivery lasts until its member ends it (from when that was sent), its lock runs out or the broker dies. One that
 * the broker refused to end was handed to the application after it was lost: no ownership at all.
 */
function spanOf(delivery: Acquired, ends: readonly Finished[], crashes: readonly Crash[]): readonly Span[] {
  const end = ends.find(({ member, atMs }) => member === delivery.member && atMs >= delivery.atMs);
  if (end?.outcome === 'refused') return [];
  const crash = crashes.find(({ untilMs }) => untilMs >= delivery.atMs);
  const untilMs = Math.min(
    end?.sentMs ?? Number.POSITIVE_INFINITY,
    crash === undefined ? Number.POSITIVE_INFINITY : Math.max(crash.fromMs, delivery.atMs),
    delivery.atMs + delivery.lockMs,
  );
  return [{ ...delivery, untilMs, isConfirmed: end !== undefined && CONFIRMED.has(end.outcome) }];
}

/** Spans of two members of which one begins before the other ends; they are in the order of their beginnings. */
function overlapsOf(spans: readonly Span[]): readonly (readonly [Span, Span])[] {
  return spans.slice(1).flatMap((span, index) => {
    const before = spans[index];
    const isOverlap = before !== undefined && before.member !== span.member && span.atMs < before.untilMs;
    return isOverlap ? [[before, span] as const] : [];
  });
}

function groupByPlace<T extends Position>(events: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const event of events) {
    const place = placeOf(event);
    const group = groups.get(place);
    if (group === undefined) groups.set(place, [event]);
    else group.push(event);
  }
  return groups;
}

/** The position of a group at the end is the last confirmed one, or a later one that was sent without an answer. */
export function judgeCommits({
  committed,
  committedAtEnd,
}: Pick<History, 'committed' | 'committedAtEnd'>): readonly Violation[] {
  const violations: Violation[] = [];
  for (const [partition, commits] of Map.groupBy(committed, (commit) => commit.partition)) {
    const found = committedAtEnd.find((position) => position.partition === partition)?.offset ?? -1;
    const at = commits.findLastIndex(({ isConfirmed }) => isConfirmed);
    const confirmed = commits[at]?.offset ?? -1;
    const possible = new Set([confirmed, ...commits.slice(at + 1).map(({ offset }) => offset)]);
    if (possible.has(found)) continue;
    const rule = found < confirmed ? 'committed offset is lost' : 'offset was never committed';
    violations.push({ rule, record: `${partition}:${found}`, detail: `last confirmed ${confirmed}` });
  }
  return violations;
}

/**
 * What a group's one member reads is what is stored there in the end: nothing that was taken back. It reads offset after offset, or
 * goes back to what was committed: the last confirmed place, or a later one that was sent without an answer. Nothing that
 * is committed in the end was skipped. Of one partition.
 */
function judgeReads(
  history: Pick<History, 'scanned' | 'committed' | 'committedAtEnd' | 'read' | 'starts'>,
): readonly Violation[] {
  const { scanned, committed, committedAtEnd, read, starts = new Map<number, number>() } = history;
  if (read === undefined) return [];
  const violations: Violation[] = [];
  const found = new Map(scanned.map(({ offset, id }) => [offset, id]));
  const partition = read[0]?.partition ?? committedAtEnd[0]?.partition ?? 0;
  const start = starts.get(partition) ?? 0;
  // What is deleted in the end may have been there to be read.
  let expected = Math.min(start, read[0]?.offset ?? start);
  let [confirmed, lastConfirmedAt, at] = [expected, -1, 0];
  for (const record of read) {
    const { offset, id, commitCount } = record;
    for (; at < commitCount; at += 1) {
      if (committed[at]?.isConfirmed !== true) continue;
      confirmed = committed[at]?.offset ?? confirmed;
      lastConfirmedAt = at;
    }
    const stored = found.get(offset);
    if (offset >= start && stored !== id) {
      const detail = `the group was handed ${id} there`;
      violations.push({ rule: 'record out of thin air', record: `${placeOf(record)} ${stored ?? '?'}`, detail });
    }
    if (offset > Math.max(expected, start)) {
      const detail = `the group was handed ${placeOf(record)} in its place`;
      violations.push({ rule: 'record is skipped', record: nameAt(partition, expected, found), detail });
    } else if (offset < expected && offset !== confirmed) {
      const since = committed.slice(lastConfirmedAt + 1, at);
      if (!since.some((one) => one.offset === offset)) {
        const rule = 'reading begins where nothing was committed';
        violations.push({
          rule,
          record: nameOf(record),
          detail: `after offset ${expected - 1}, confirmed ${confirmed}`,
        });
      }
    }
    expected = offset + 1;
  }
  const end = committedAtEnd[0]?.offset ?? -1;
  const last = read.reduce((most, { offset }) => Math.max(most, offset + 1), start);
  if (end > last) {
    const detail = `the group has committed ${end} and was handed nothing from there on`;
    violations.push({ rule: 'record is skipped', record: nameAt(partition, last, found), detail });
  }
  return violations;
}

function nameAt(partition: number, offset: number, found: ReadonlyMap<number, string>): string {
  return `${partition}:${offset} ${found.get(offset) ?? '?'}`;
}

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
  /** When leaderships ended, or may have. Ownership of share records ends there. */
  readonly crashes: readonly Crash[];
  /** Offsets that a group committed: confirmed ones in order, and what the broker gives at the end. */
  readonly committed: readonly Committed[];
  readonly committedAtEnd: readonly Position[];
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
  | 'offset was never committed';

/** One violation: the rule, the record it is about (`partition:offset id`), and what was seen. */
export type Violation = { readonly rule: Rule; readonly record: string; readonly detail: string };

const VIOLATIONS_MAX = 100;

// An answer that got lost may have been a yes: that such records are finished is asked of the broker (its lag is 0).
const DONE: ReadonlySet<Finished['outcome']> = new Set(['accepted', 'rejected', 'unknown']);

/** Every violation in `history`, at most 100. An empty answer says that all promises were kept as far as clients saw. */
export function judge(history: History): readonly Violation[] {
  const violations = [...judgeLog(history), ...judgeShare(history), ...judgeCommits(history)];
  return violations.slice(0, VIOLATIONS_MAX);
}

const placeOf = ({ partition, offset }: Position): string => `${partition}:${offset}`;
const nameOf = (record: Scanned | Acknowledged): string => `${placeOf(record)} ${record.id}`;

/** Acknowledged means stored, once, at that place, in order; and nothing else is stored than what was sent. */
export function judgeLog({
  sent,
  acknowledged,
  scanned,
  starts = new Map(),
}: Pick<History, 'sent' | 'acknowledged' | 'scanned' | 'starts'>): readonly Violation[] {
  const violations: Violation[] = [];
  const sentById = new Map(sent.map((record) => [record.id, record]));
  const atPlace = new Map(scanned.map((record) => [placeOf(record), record]));
  const stored = new Set(scanned.map(({ id }) => id));
  for (const record of acknowledged) {
    // A duplicate whose place the broker has forgotten.
    if (record.offset === -1 && stored.has(record.id)) continue;
    const found = atPlace.get(placeOf(record));
    const isDeleted = record.offset >= 0 && record.offset < (starts.get(record.partition) ?? 0);
    if (found?.id === record.id || isDeleted) continue;
    violations.push({
      rule: 'acknowledged record is lost',
      record: nameOf(record),
      detail: `found ${found?.id ?? 'nothing'} there`,
    });
  }
  const firstById = new Map<string, Scanned>();
  const lastByPartition = new Map<number, Scanned>();
  const lastSequence = new Map<string, Sent>();
  for (const record of scanned) {
    const first = firstById.get(record.id);
    if (first === undefined) firstById.set(record.id, record);
    else
      violations.push({ rule: 'record is stored twice', record: nameOf(record), detail: `first at ${placeOf(first)}` });
    const before = lastByPartition.get(record.partition);
    lastByPartition.set(record.partition, record);
    const expected = before === undefined ? (starts.get(record.partition) ?? 0) : before.offset + 1;
    if (record.offset !== expected) {
      violations.push({ rule: 'offsets have a gap', record: nameOf(record), detail: `expected offset ${expected}` });
    }
    const origin = sentById.get(record.id);
    if (origin === undefined || origin.partition !== record.partition) {
      violations.push({
        rule: 'record out of thin air',
        record: nameOf(record),
        detail: 'nobody sent it to this partition',
      });
      continue;
    }
    const key = `${origin.producer} ${origin.partition}`;
    const last = lastSequence.get(key);
    if (last !== undefined && first === undefined && origin.sequence < last.sequence) {
      violations.push({
        rule: 'records are out of order',
        record: nameOf(record),
        detail: `after ${last.id}, which was sent later`,
      });
    }
    if (last === undefined || origin.sequence > last.sequence) lastSequence.set(key, origin);
  }
  return violations;
}

type Span = Acquired & { readonly untilMs: number };

/**
 * A share record has one owner at a time between crashes, and none after it was accepted; in the end all are accepted. Nothing is handed out
 * but what is stored, unless it was deleted since.
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
    const spans = deliveries.flatMap((delivery) => spanOf(delivery, ends, crashes)).sort((a, b) => a.atMs - b.atMs);
    spans.slice(1).forEach((span, index) => {
      const before = spans[index];
      if (before === undefined || before.member === span.member || span.atMs >= before.untilMs) return;
      const detail = `${before.member} from ${before.atMs} to ${before.untilMs}, ${span.member} from ${span.atMs}`;
      violations.push({ rule: 'record has two owners', record: name(place), detail });
    });
    const accepted = ends.find(({ outcome }) => outcome === 'accepted');
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
  return [{ ...delivery, untilMs }];
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

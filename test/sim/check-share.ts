import {
  deletedTopics,
  type GroupFacts,
  type Holding,
  IN_FLIGHT_MS,
  lastPowerLossMs,
  type Observation,
  placeKey,
  type Seen,
  type TopicFacts,
  wasReplicated,
} from './history.ts';

const recordKey = (one: Holding): string => `${one.group} ${placeKey(one.place)}`;

/** What is known of one record in one group. */
interface RecordState {
  readonly topic: string;
  holder: Seen<'delivered'> | null;
  lastDelivery: Seen<'delivered'> | null;
  /** Delivery count of the last delivery in this life of the leader, 0 before the first. */
  count: number;
  /** Deliveries since the last one that may have been lost on their way. */
  unseenCount: number;
  finished: Seen<'settled'> | null;
}

/**
 * Walks through a history by record. S1: no record has two owners inside a lock; S2: delivery counts rise and keep the
 * limit; S3 and S4: what was accepted or rejected is never delivered again; S8: nobody acknowledges what he does not hold.
 */
class OwnershipCheck {
  readonly problems: string[] = [];
  readonly #records = new Map<string, RecordState>();
  /** Offsets before which records may have been deleted, by partition. */
  readonly #cutBefore = new Map<string, number>();
  /** Until when a topic's leadership may just be changing. */
  readonly #unsureUntilMs = new Map<string, number>();
  readonly #groups: ReadonlyMap<string, GroupFacts>;
  readonly #topics: ReadonlyMap<string, TopicFacts>;

  constructor(groups: ReadonlyMap<string, GroupFacts>, topics: ReadonlyMap<string, TopicFacts>) {
    this.#groups = groups;
    this.#topics = topics;
  }

  take(one: Observation): void {
    switch (one.kind) {
      case 'delivered':
        this.#delivered(one);
        break;
      case 'giving-up':
        this.#record(one).holder = null;
        break;
      case 'settled':
        this.#settled(one);
        break;
      case 'member-gone':
        this.#gone(one);
        break;
      case 'durability':
        // A change of durability begins a new leader epoch, some time before it is confirmed (D3).
        this.#unsureUntilMs.set(one.topic, one.confirmed ? one.atMs + IN_FLIGHT_MS : Number.POSITIVE_INFINITY);
        for (const [key, record] of this.#records)
          if (record.topic === one.topic) this.#records.set(key, fresh(record));
        break;
      case 'cut': {
        const key = `${one.topic}-${one.partition}`;
        this.#cutBefore.set(key, Math.max(this.#cutBefore.get(key) ?? 0, one.beforeOffset));
        break;
      }
      case 'leaders-changed':
        for (const record of this.#records.values()) {
          record.holder = null;
          record.lastDelivery = null;
          record.count = 0;
        }
        break;
      default:
        break;
    }
  }

  /** What a leader handed out may come after its end; its count ends with it all the same. */
  #gone({ member, cause }: Seen<'member-gone'>): void {
    for (const record of this.#records.values()) {
      if (record.holder?.member === member) record.holder = null;
      if (cause === 'node' && record.lastDelivery?.member === member) record.count = 0;
      record.unseenCount += 1;
    }
  }

  #isUnsure({ place, atMs }: Holding & { readonly atMs: number }): boolean {
    return atMs <= (this.#unsureUntilMs.get(place.topic) ?? -1);
  }

  #record(of: Holding): RecordState {
    const key = recordKey(of);
    let record = this.#records.get(key);
    if (record === undefined) {
      record = fresh({ topic: of.place.topic, finished: null });
      this.#records.set(key, record);
    }
    return record;
  }

  #delivered(one: Seen<'delivered'>): void {
    const record = this.#record(one);
    const name = `${recordKey(one)} (${one.value})`;
    const { holder, finished, count } = record;
    if (holder !== null && one.atMs < holder.untilMs) {
      this.problems.push(
        `S1: ${name} went to ${one.member} at ${one.atMs} while ${holder.member} held it until ${holder.untilMs}`,
      );
    }
    if (finished !== null) {
      const rule = finished.verdict === 'accept' ? 'S3' : 'S4';
      this.problems.push(
        `${rule}: ${name} went to ${one.member} after ${finished.member} had said ${finished.verdict}`,
      );
    }
    const limit = this.#groups.get(one.group)?.deliveryLimit ?? Number.POSITIVE_INFINITY;
    if (one.deliveryCount < 1 || one.deliveryCount > limit) {
      this.problems.push(`S2: ${name} was delivered for the ${one.deliveryCount}. time of ${limit}`);
    }
    if (one.deliveryCount <= count) {
      this.problems.push(`S2: ${name} was delivered for the ${one.deliveryCount}. time after the ${count}.`);
    }
    if (this.#isUnsure(one)) return;
    record.holder = one;
    record.lastDelivery = one;
    record.count = one.deliveryCount;
    record.unseenCount = 0;
  }

  /**
   * What lies below the start offset may be acknowledged by anybody (PROTOCOL.md §2.4). So an acknowledgement is wrong for
   * certain only while another member holds the record all the time, or when the lock had ended and nothing else can have
   * finished the record.
   */
  #settled(one: Seen<'settled'>): void {
    const record = this.#record(one);
    const { holder, lastDelivery, finished } = record;
    const name = recordKey(one);
    const isKept = !this.#isUnsure(one) && (this.#topics.get(one.place.topic)?.retentionMs ?? null) === null;
    if (isKept && one.place.offset >= (this.#cutBefore.get(partitionKey(one)) ?? 0)) {
      if (holder !== null && holder.member !== one.member && holder.atMs < one.sentMs && one.atMs < holder.untilMs) {
        this.problems.push(`S8: ${one.member} was let to ${one.verdict} ${name} while ${holder.member} held it`);
      }
      const limit = this.#groups.get(one.group)?.deliveryLimit ?? Number.POSITIVE_INFINITY;
      const isLast = lastDelivery?.member === one.member && lastDelivery.deliveryCount + record.unseenCount < limit;
      if (finished === null && isLast && one.sentMs > lastDelivery.expiredMs) {
        this.problems.push(
          `S8: ${one.member} was let to ${one.verdict} ${name} at ${one.sentMs}, its lock had ended at ${lastDelivery.expiredMs}`,
        );
      }
    }
    if (one.verdict !== 'release') record.finished ??= one;
  }
}

/** A record of which only its end is known. */
function fresh({ topic, finished }: Pick<RecordState, 'topic' | 'finished'>): RecordState {
  return { topic, finished, holder: null, lastDelivery: null, count: 0, unseenCount: 0 };
}

const partitionKey = ({ place }: Holding): string => `${place.topic}-${place.partition}`;

/** S1, S2, S3, S4 and S8. A topic's record counts by its label; groups by id. */
export function checkOwnership(
  history: readonly Observation[],
  groups: ReadonlyMap<string, GroupFacts>,
  topics: ReadonlyMap<string, TopicFacts>,
): string[] {
  const reused = reusedTopics(history, topics);
  const check = new OwnershipCheck(groups, topics);
  for (const one of history) if (!('place' in one) || !reused.has(one.place.topic)) check.take(one);
  return check.problems;
}

/**
 * S6: after everything healed and the groups were drained, each acknowledged record is finished: accepted or rejected,
 * maybe by an acknowledgement whose answer was lost, or delivered as often as the group allows. Each end of a member may
 * have taken along one delivery that nobody saw.
 */
export function checkDrained(
  history: readonly Observation[],
  groups: ReadonlyMap<string, GroupFacts>,
  topics: ReadonlyMap<string, TopicFacts>,
): string[] {
  const excused = new Set([...deletedTopics(history), ...reusedTopics(history, topics)]);
  const sentMs = new Map<string, number>();
  for (const one of history) if (one.kind === 'sent') sentMs.set(one.value, one.atMs);
  const starts = new Map<string, number>();
  for (const one of history)
    if (one.kind === 'scan-bounds') starts.set(`${one.topic}-${one.partition}`, one.startOffset);
  return [...groups].flatMap(([group, facts]) => {
    const fates = new Fates(history, group);
    return history.flatMap((one) => {
      if (one.kind !== 'acknowledged' || !facts.topics.includes(one.place.topic) || excused.has(one.place.topic))
        return [];
      const partition = `${one.place.topic}-${one.place.partition}`;
      const key = placeKey(one.place);
      const from = facts.offsetReset === 'latest' ? (fates.firstOffsets.get(partition) ?? Number.POSITIVE_INFINITY) : 0;
      if (one.place.offset < Math.max(from, starts.get(partition) ?? 0) || fates.finished.has(key)) return [];
      if (fates.deliveriesAtMost(key) >= facts.deliveryLimit) return [];
      // Retention may have taken it; after a crash the log may begin earlier again.
      const { retentionMs } = topics.get(one.place.topic) ?? { retentionMs: null };
      if (retentionMs !== null && (sentMs.get(one.value) ?? 0) < fates.drainedMs - retentionMs) return [];
      return [
        `S6: ${group} never finished ${one.value} at ${key}, delivered ${fates.deliveries.get(key)?.count ?? 0} times`,
      ];
    });
  });
}

/** What became of the records of one group until it was drained. */
class Fates {
  readonly finished = new Set<string>();
  /** The last delivery that was seen of a record: its count, and how many ends of members came before it. */
  readonly deliveries = new Map<string, { readonly count: number; readonly endsBefore: number }>();
  /** Lowest offset delivered, by partition. */
  readonly firstOffsets = new Map<string, number>();
  drainedMs = Number.POSITIVE_INFINITY;
  /** How many members ended, or lost their connection, with an answer maybe on its way. */
  #ends = 0;

  constructor(history: readonly Observation[], group: string) {
    for (const one of history) {
      if ('group' in one && one.group !== group) continue;
      if (one.kind === 'drained') this.drainedMs = Math.min(this.drainedMs, one.atMs);
      const isEnd =
        (one.kind === 'member-gone' && one.cause === 'connection') ||
        (one.kind === 'leaders-changed' && one.cause === 'stop');
      if (isEnd && this.drainedMs === Number.POSITIVE_INFINITY) this.#ends += 1;
      if ((one.kind === 'settled' || one.kind === 'unsettled') && one.verdict !== 'release')
        this.finished.add(placeKey(one.place));
      if (one.kind === 'delivered') this.#delivered(one);
    }
  }

  /** How often a record may have been delivered, unseen deliveries included. */
  deliveriesAtMost(key: string): number {
    const { count, endsBefore } = this.deliveries.get(key) ?? { count: 0, endsBefore: 0 };
    return count + this.#ends - endsBefore;
  }

  #delivered({ place, deliveryCount }: Seen<'delivered'>): void {
    this.deliveries.set(placeKey(place), { count: deliveryCount, endsBefore: this.#ends });
    const partition = `${place.topic}-${place.partition}`;
    this.firstOffsets.set(
      partition,
      Math.min(this.firstOffsets.get(partition) ?? Number.POSITIVE_INFINITY, place.offset),
    );
  }
}

/** Topics where an offset may have held two records: `replicated` ones after a loss of power. */
function reusedTopics(history: readonly Observation[], topics: ReadonlyMap<string, TopicFacts>): ReadonlySet<string> {
  if (lastPowerLossMs(history) === 0) return new Set();
  return new Set([...topics].flatMap(([label, facts]) => (wasReplicated(history, label, facts) ? [label] : [])));
}

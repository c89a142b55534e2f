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
  type Verdict,
  wasReplicated,
} from './history.ts';
import { type EpochRange, LeaderEpochs } from './leader-epochs.ts';

const recordKey = (one: Holding): string => `${one.group} ${placeKey(one.place)}`;

/** What is known of one record in one group. */
interface RecordState {
  readonly topic: string;
  /** Leader epoch of which holder and count are. */
  epoch: number;
  holder: Seen<'delivered'> | null;
  lastDelivery: Seen<'delivered'> | null;
  /** Delivery count of the last delivery in this life of the leader, 0 before the first. */
  count: number;
  /** Deliveries since the last one that may have been lost on their way. */
  unseenCount: number;
  finished: Ended | null;
  /** Its delivery count when somebody was let to give it back: that is kept. */
  released: Ended | null;
}

/** What was kept for whoever leads in this epoch or later. */
interface Ended {
  readonly epoch: number;
  readonly member: string;
  readonly verdict: Verdict;
  readonly count: number;
}

/**
 * Walks through a history by record. S0: whoever does not lead any more hands nothing out; S1: no record has two owners inside a
 * lock, within a leader epoch; S2: delivery counts rise in it, keep the limit, and never fall behind what a release kept; S3 and
 * S4: what was accepted or rejected is never delivered again, by the same leader or a later one; S8: nobody acknowledges what he
 * does not hold; S9: the start never goes back.
 */
class OwnershipCheck {
  readonly problems: string[] = [];
  readonly #records = new Map<string, RecordState>();
  readonly #epochs = new LeaderEpochs();
  /** Start offsets that were told, by group and partition, and the leader epoch of that time. */
  readonly #starts = new Map<string, Start>();
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
        this.#givingUp(one);
        break;
      case 'leads':
        this.#epochs.take(one);
        break;
      case 'progress':
        this.#progress(one);
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
          begin(record, record.epoch);
        }
        break;
      default:
        break;
    }
  }

  #givingUp(one: Seen<'giving-up'>): void {
    const record = this.#record(one);
    if (record.holder?.member === one.member) record.holder = null;
  }

  /** What a leader handed out may come after its end; its count ends with it all the same. */
  #gone({ member, node, cause }: Seen<'member-gone'>): void {
    const isMeant = (one: Seen<'delivered'> | null): boolean =>
      one?.member === member && (node === null || one.node === node);
    for (const record of this.#records.values()) {
      if (isMeant(record.holder)) record.holder = null;
      if (cause === 'node' && isMeant(record.lastDelivery)) record.count = 0;
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
      record = fresh({ topic: of.place.topic, epoch: 0, finished: null, released: null });
      this.#records.set(key, record);
    }
    return record;
  }

  #progress({ atMs, group, topic, partition, startOffset, isHealed }: Seen<'progress'>): void {
    const where = `${topic}-${partition}`;
    const key = `${group} ${where}`;
    const before = this.#starts.get(key) ?? NO_START;
    // A coordinator that was replaced may not know yet of what its successor keeps.
    if (isHealed && startOffset < before.offset)
      this.problems.push(`S9: the start of ${key} goes back from ${before.offset} to ${startOffset}`);
    if (startOffset > before.offset)
      this.#starts.set(key, { offset: startOffset, atMs, epoch: this.#epochs.latest(where) });
  }

  #delivered(one: Seen<'delivered'>): void {
    const name = `${recordKey(one)} (${one.value})`;
    const epochs = this.#epochs.of(partitionKey(one), one.node, one.askedMs, one.atMs);
    if (epochs === null) {
      this.problems.push(`S0: ${name} went to ${one.member} from ${one.node}, which led no more at ${one.askedMs}`);
      return;
    }
    const record = this.#record(one);
    this.#judgeEnded(one, epochs, record);
    const limit = this.#groups.get(one.group)?.deliveryLimit ?? Number.POSITIVE_INFINITY;
    if (one.deliveryCount < 1 || one.deliveryCount > limit) {
      this.problems.push(`S2: ${name} was delivered for the ${one.deliveryCount}. time of ${limit}`);
    }
    // An earlier leader, which has not heard of its end, says nothing of a later one's records.
    if (epochs.highest < record.epoch) return;
    if (epochs.highest > record.epoch) begin(record, epochs.highest);
    if (epochs.lowest < epochs.highest) {
      begin(record, epochs.highest);
      return;
    }
    const { holder, count } = record;
    if (holder !== null && one.atMs < holder.untilMs) {
      this.problems.push(
        `S1: ${name} went to ${one.member} at ${one.atMs} while ${holder.member} held it until ${holder.untilMs}`,
      );
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

  /** What was kept holds for the leader that was told of it, and for every later one. */
  #judgeEnded(one: Seen<'delivered'>, { lowest }: EpochRange, { finished, released }: RecordState): void {
    const name = `${recordKey(one)} (${one.value})`;
    if (finished !== null && lowest >= finished.epoch) {
      const rule = finished.verdict === 'accept' ? 'S3' : 'S4';
      this.problems.push(
        `${rule}: ${name} went to ${one.member} after ${finished.member} had said ${finished.verdict}`,
      );
    }
    if (released !== null && lowest >= released.epoch && one.deliveryCount <= released.count) {
      const was = `${released.member} had given back its ${released.count}.`;
      this.problems.push(`S2: ${name} was delivered for the ${one.deliveryCount}. time after ${was}`);
    }
    const start = this.#starts.get(`${one.group} ${partitionKey(one)}`) ?? NO_START;
    if (one.askedMs > start.atMs && lowest >= start.epoch && one.place.offset < start.offset)
      this.problems.push(`S9: ${name} went to ${one.member} from below the start ${start.offset}`);
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
    // Who does not lead any more may answer about what was finished before.
    const epochs = this.#epochs.of(partitionKey(one), one.node, one.sentMs, one.atMs);
    const isOfRecord = epochs !== null && epochs.lowest === epochs.highest && epochs.highest === record.epoch;
    const isUnsure = !isOfRecord || this.#isUnsure(one);
    const limit = this.#groups.get(one.group)?.deliveryLimit ?? Number.POSITIVE_INFINITY;
    const isKept = !isUnsure && (this.#topics.get(one.place.topic)?.retentionMs ?? null) === null;
    if (isKept && one.place.offset >= (this.#cutBefore.get(partitionKey(one)) ?? 0)) {
      if (holder !== null && holder.member !== one.member && holder.atMs < one.sentMs && one.atMs < holder.untilMs) {
        this.problems.push(`S8: ${one.member} was let to ${one.verdict} ${name} while ${holder.member} held it`);
      }
      const isLast = lastDelivery?.member === one.member && lastDelivery.deliveryCount + record.unseenCount < limit;
      if (finished === null && isLast && one.sentMs > lastDelivery.expiredMs) {
        this.problems.push(
          `S8: ${one.member} was let to ${one.verdict} ${name} at ${one.sentMs}, its lock had ended at ${lastDelivery.expiredMs}`,
        );
      }
    }
    const { member, verdict } = one;
    const epoch = epochs?.highest ?? Number.POSITIVE_INFINITY;
    const isHis = lastDelivery?.member === member && lastDelivery.atMs <= one.sentMs;
    const count = isUnsure || !isHis ? 0 : lastDelivery.deliveryCount;
    // The end of its last lock put it below the start: then whatever is said of it is taken, and nothing is kept of that.
    const isInVain =
      isHis && one.sentMs > lastDelivery.expiredMs && lastDelivery.deliveryCount + record.unseenCount >= limit;
    if (isInVain) return;
    if (verdict !== 'release') record.finished ??= { epoch, member, verdict, count };
    else if (count > 0) record.released = { epoch, member, verdict, count };
  }
}

/** A record of which only what was kept is known. */
function fresh(known: Pick<RecordState, 'topic' | 'epoch' | 'finished' | 'released'>): RecordState {
  const { topic, epoch, finished, released } = known;
  return { topic, epoch, finished, released, holder: null, lastDelivery: null, count: 0, unseenCount: 0 };
}

/** Another leader knows of no owners, and maybe not of the last deliveries. */
function begin(record: RecordState, epoch: number): void {
  record.epoch = epoch;
  record.holder = null;
  record.lastDelivery = null;
  record.count = 0;
}

/** A group's start offset in a partition: when it was told, and which leader epoch was the latest then. */
interface Start {
  readonly offset: number;
  readonly atMs: number;
  readonly epoch: number;
}

const NO_START: Start = { offset: -1, atMs: 0, epoch: 0 };

const partitionKey = ({ place }: Holding): string => `${place.topic}-${place.partition}`;

/** S0, S1, S2, S3, S4, S8 and S9. A topic's record counts by its label; groups by id. */
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
 * S6: after everything healed and the groups were drained, each record that was acknowledged or is there is finished: accepted
 * or rejected, maybe by an acknowledgement whose answer was lost, or delivered as often as the group allows. Each end of a
 * member may have taken along one delivery that nobody saw.
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
    const seen = new Set<string>();
    return history.flatMap((one) => {
      if (one.kind !== 'acknowledged' && one.kind !== 'scanned') return [];
      const key = placeKey(one.place);
      if (!facts.topics.includes(one.place.topic) || excused.has(one.place.topic) || seen.has(key)) return [];
      seen.add(key);
      const partition = `${one.place.topic}-${one.place.partition}`;
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
  readonly deliveries = new Map<
    string,
    { readonly count: number; readonly endsBefore: number; readonly epoch: number }
  >();
  /** Lowest offset delivered, by partition. */
  readonly firstOffsets = new Map<string, number>();
  drainedMs = Number.POSITIVE_INFINITY;
  readonly #epochs = new LeaderEpochs();
  /** How many members ended, or lost their connection, with an answer maybe on its way. */
  #ends = 0;

  constructor(history: readonly Observation[], group: string) {
    for (const one of history) {
      if ('group' in one && one.group !== group) continue;
      if (one.kind === 'leads') this.#epochs.take(one);
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

  #delivered({ place, deliveryCount, node, askedMs, atMs }: Seen<'delivered'>): void {
    const partition = `${place.topic}-${place.partition}`;
    const epoch = this.#epochs.of(partition, node, askedMs, atMs)?.highest ?? -1;
    // A leader that was replaced and has not heard of it does not know how often its successor tried.
    if (epoch >= (this.deliveries.get(placeKey(place))?.epoch ?? -1))
      this.deliveries.set(placeKey(place), { count: deliveryCount, endsBefore: this.#ends, epoch });
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

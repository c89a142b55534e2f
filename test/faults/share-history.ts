import { type Acknowledged, judgeLog, type Position, type Rule, type Scanned, type Violation } from './history.ts';

/**
 * Judges what members of one share group saw while they and brokers came, went and stood still. A history is what clients wrote down, plus
 * a final scan of the log and of the group's dead letters. Times are milliseconds of one clock, the members'.
 */
export interface ShareHistory {
  /** `share.delivery.count.limit`. */
  readonly limit: number;
  /** How much later than it happened a member may have noted something: it had other things to do. */
  readonly slackMs: number;
  /** Records handed to the one producer, in that order. `id` is unique. */
  readonly sent: readonly SentRecord[];
  readonly acknowledged: readonly Acknowledged[];
  /** Every record of the log at the end, when the group was said to have finished everything. */
  readonly stored: readonly Scanned[];
  readonly deliveries: readonly Delivery[];
  /** Ends of connections and sessions: what a member held ended with them, and what was under way to it nobody saw. */
  readonly ends: readonly MemberEnd[];
  /** When something was done to brokers. */
  readonly strikes: readonly Stretch[];
  /** When records were deleted below an offset (DeleteRecords, or retention), in any order. */
  readonly deletions: readonly Deletion[];
  /** When a broker led a partition for certain, as it said itself before and after. */
  readonly lives: readonly Life[];
  readonly letters: readonly Letter[];
}

/** Something that a producer was given at `sentMs`. */
export interface SentRecord {
  readonly id: string;
  readonly partition: number;
  readonly sentMs: number;
}

/** A record that came to a member from the broker `node` at `atMs`; the fetch that brought it left at `askedMs`. */
export interface Delivery extends Position {
  readonly member: string;
  readonly node: number;
  /** What the member found in it. */
  readonly id: string;
  /** Delivery count. */
  readonly count: number;
  readonly askedMs: number;
  readonly atMs: number;
  /** For how long the broker said that it is the member's. */
  readonly lockMs: number;
  /** When the member asked to hold it for a whole lock more, in that order (KIP-1222). */
  readonly renewals: readonly Said[];
  /** null: the member said nothing of it. */
  readonly answer: Answer | null;
}

/** Something that a member said at `sentMs`. */
export interface Said {
  readonly sentMs: number;
  /** When it was told what came of it; `Infinity`: never. */
  readonly atMs: number;
  /** `unknown`: nobody told, it may have counted. */
  readonly outcome: 'done' | 'refused' | 'unknown';
}

/** What a member said of a delivery in the end. */
export interface Answer extends Said {
  readonly verdict: 'accept' | 'release' | 'reject';
}

/** Records of a partition were deleted, all below `before`: asked for at `sentMs`, and told to be done at `atMs`. */
export interface Deletion {
  readonly partition: number;
  readonly before: number;
  readonly sentMs: number;
  readonly atMs: number;
}

/** A member lost its connection to a node, or (null) gave up what it held anywhere. */
export interface MemberEnd {
  readonly member: string;
  readonly node: number | null;
  /** From when on records may have been on their way to it. */
  readonly sinceMs: number;
  readonly atMs: number;
}

/** A time with both ends. */
export interface Stretch {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A broker led a partition in this epoch, in one process, all that time. */
export interface Life extends Stretch {
  readonly node: number;
  readonly partition: number;
  readonly epoch: number;
}

/** A dead letter of the record at a place, as its headers say. */
export interface Letter extends Position {
  readonly count: number;
}

/** What a share group may violate, beside what a log may. */
export type ShareRule =
  | 'record has two owners'
  | 'record is acknowledged by who lost it'
  | 'record is renewed by who lost it'
  | 'deleted record is delivered'
  | 'accepted record is delivered again'
  | 'rejected record is delivered again'
  | 'delivery count is out of bounds'
  | 'delivery count stands still'
  | 'delivery count goes back'
  | 'delivery count skips'
  | 'record is neither accepted nor dead'
  | 'rejected record has no dead letter'
  | 'dead letter of an accepted record'
  | 'dead letter of a living record'
  | 'dead letter of no record'
  | 'dead letter tells another count';

/** One violation: the rule, the record it is about, and what was seen. */
export type ShareViolation = Omit<Violation, 'rule'> & { readonly rule: Rule | ShareRule };

const VIOLATIONS_MAX = 100;
/** A broker that was replaced hands out nothing so long after it (S0: a lease is shorter than a session). */
const LEASE_MS_MAX = 15_000;
/** After a connection ended its broker may not know yet, and give it records. */
const UNHEARD_MS = 1_000;
/** A lock's timer may be late. */
const LATE_MS = 2_000;
/** Clocks of two processes are read in whole milliseconds. */
const ROUNDING_MS = 2;

/** Every violation in `history`, at most 100. An empty answer says that all promises were kept as far as members saw. */
export function judgeShares(history: ShareHistory): readonly ShareViolation[] {
  const { acknowledged, stored, deletions } = history;
  const sent = history.sent.map(({ id, partition }, sequence) => ({ id, partition, sequence, producer: 'producer' }));
  const log = judgeLog({ sent, acknowledged, scanned: stored, starts: startsOf(deletions) });
  return [...log, ...judgeDeliveries(history), ...judgeFates(history)].slice(0, VIOLATIONS_MAX);
}

/** What is known of ownership and counts, while the group is still at work, too. */
export function judgeDeliveries(
  history: Omit<ShareHistory, 'acknowledged' | 'stored' | 'letters'>,
): readonly ShareViolation[] {
  const times = new Times(history);
  const sentMs = new Map(history.sent.map((one) => [one.id, one.sentMs]));
  const violations: ShareViolation[] = [];
  for (const deliveries of byPlace(history.deliveries).values()) {
    if (violations.length >= VIOLATIONS_MAX) break;
    const [first] = deliveries;
    if (first === undefined) continue;
    const record = nameOf(first, first.id);
    const complain = (rule: ShareRule, detail: string): unknown => violations.push({ rule, record, detail });
    for (const { count, member, node } of deliveries)
      if (count < 1 || count > history.limit)
        complain('delivery count is out of bounds', `${count} of ${history.limit}, ${member} from ${node}`);
    const seen = deliveries.map((one) => times.placed(one));
    for (const life of Map.groupBy(seen, (one) => one.life).values())
      judgeLife({ deliveries: life, bornMs: sentMs.get(first.id) ?? 0, times, complain });
    judgeAcrossLives(seen, complain);
    for (const one of seen) if (times.isDeleted(one)) complain('deleted record is delivered', said(one));
  }
  return violations.filter(isFirst);
}

/**
 * How many deliveries happened under a leader that is known for certain, and how many of them after another one of the same record under
 * the same leader: only these are judged by all rules.
 */
export function countJudged(history: TimedHistory & Pick<ShareHistory, 'deliveries'>): {
  readonly placed: number;
  readonly repeated: number;
} {
  const times = new Times(history);
  const lives = history.deliveries.flatMap((one) => {
    const { life } = times.placed(one);
    return life === null ? [] : [`${keyOf(one)} ${life.epoch}`];
  });
  return { placed: lives.length, repeated: lives.length - new Set(lives).size };
}

/** A record may be spoilt in several pairs of deliveries: it is named once for each rule. */
function isFirst(one: ShareViolation, index: number, all: readonly ShareViolation[]): boolean {
  return all.findIndex(({ rule, record }) => rule === one.rule && record === one.record) === index;
}

type Complain = (rule: ShareRule, detail: string) => unknown;

/** A delivery, and in which leadership it happened; null: that is not certain. */
type Placed = Delivery & { readonly life: Life | null };

/** Deliveries of one record in one leadership: counts say in which order they happened. */
function judgeLife({
  deliveries,
  bornMs,
  times,
  complain,
}: {
  readonly deliveries: readonly Placed[];
  readonly bornMs: number;
  readonly times: Times;
  readonly complain: Complain;
}): void {
  const ordered = deliveries.toSorted((a, b) => a.count - b.count || a.atMs - b.atMs);
  const life = ordered[0]?.life ?? null;
  if (life === null) return;
  ordered.forEach((next, index) => {
    const before = ordered.slice(0, index);
    const previous = before.at(-1);
    if (previous !== undefined && previous.count === next.count)
      complain('delivery count stands still', `${said(previous)}, ${said(next)}`);
    else if (previous !== undefined && next.atMs < previous.askedMs)
      complain('delivery count goes back', `${said(next)}, ${said(previous)}`);
    // In the leadership in which a record was sent its first delivery is the first one.
    const fromMs = previous?.askedMs ?? (life.fromMs <= bornMs ? bornMs : null);
    const from = previous?.count ?? 0;
    if (fromMs !== null && next.count > from + 1 && !times.mayBeUnseen(next.node, fromMs, next.atMs))
      complain('delivery count skips', `from ${from}, ${said(next)}`);
    for (const one of before)
      if (one.count < next.count && one.askedMs <= next.atMs) judgePair(one, next, times, complain);
  });
}

/** `next` was acquired after `one` from the same leader. */
function judgePair(one: Placed, next: Placed, times: Times, complain: Complain): void {
  if (isSure(one) && one.answer?.verdict === 'accept')
    complain('accepted record is delivered again', `${said(one)}, ${said(next)}`);
  if (isSure(one) && one.answer?.verdict === 'reject')
    complain('rejected record is delivered again', `${said(one)}, ${said(next)}`);
  if (one.member === next.member) return;
  if (next.atMs < times.ownedUntil(one))
    complain('record has two owners', `${said(one)} until ${times.ownedUntil(one)}, ${said(next)}`);
  // While another holds it, it does not lie below the start: there anything may be said (PROTOCOL.md §2.4).
  const untilMs = Math.min(times.ownedUntil(next), times.deletedFrom(next));
  const isOfLoser = ({ outcome, sentMs, atMs }: Said): boolean =>
    outcome === 'done' && sentMs > next.atMs && atMs < untilMs;
  if (one.answer !== null && isOfLoser(one.answer))
    complain('record is acknowledged by who lost it', `${said(one)}, ${said(next)}`);
  if (one.renewals.some(isOfLoser)) complain('record is renewed by who lost it', `${said(one)}, ${said(next)}`);
}

/** What was kept before it was answered, later leaders know, too. */
function judgeAcrossLives(deliveries: readonly Placed[], complain: Complain): void {
  for (const one of deliveries) {
    const { answer } = one;
    if (answer === null || !isSure(one)) continue;
    for (const later of deliveries) {
      if (later.askedMs <= answer.atMs || !knows(later, one, answer.atMs)) continue;
      if (answer.verdict === 'accept') complain('accepted record is delivered again', `${said(one)}, ${said(later)}`);
      else if (answer.verdict === 'reject')
        complain('rejected record is delivered again', `${said(one)}, ${said(later)}`);
      else if (later.count <= one.count) complain('delivery count goes back', `${said(one)}, ${said(later)}`);
    }
  }
}

/** Whether the leader of `later` must know what that of `one` has kept by `sinceMs`: a leader of before may still believe that it leads. */
function knows(later: Placed, one: Placed, sinceMs: number): boolean {
  if (later.node === one.node || later.askedMs > sinceMs + LEASE_MS_MAX) return true;
  return later.life !== null && one.life !== null && later.life.epoch >= one.life.epoch;
}

/** Whether the answer came while the record was the member's for certain: afterwards it may be fine and mean nothing. */
function isSure(delivery: Delivery): boolean {
  const { answer } = delivery;
  return answer?.outcome === 'done' && answer.atMs <= lockedUntil(delivery);
}

/** Until when its lock lasts at least: a renewal that was told to be done within it begins a new one, after it was sent. */
function lockedUntil({ askedMs, lockMs, renewals }: Delivery): number {
  let untilMs = askedMs + lockMs;
  for (const { outcome, sentMs, atMs } of renewals)
    if (outcome === 'done' && atMs <= untilMs) untilMs = Math.max(untilMs, sentMs + lockMs);
  return untilMs;
}

/** Until when its lock may last: a renewal begins a new one before it is told, if that ever happens. */
function lockedUntilAtMost({ atMs, lockMs, renewals }: Delivery): number {
  const counted = renewals.filter(({ outcome }) => outcome !== 'refused');
  return Math.max(atMs, ...counted.map((one) => Math.min(one.atMs, one.sentMs + LEASE_MS_MAX))) + lockMs;
}

/** The first offset of each partition of which records were deleted. */
function startsOf(deletions: readonly Deletion[]): ReadonlyMap<number, number> {
  const starts = new Map<number, number>();
  for (const { partition, before } of deletions) starts.set(partition, Math.max(before, starts.get(partition) ?? 0));
  return starts;
}

/** In the end every record is accepted, dead or deleted; and the dead, and nobody else, have letters. */
function judgeFates(history: ShareHistory): readonly ShareViolation[] {
  const times = new Times(history);
  const violations: ShareViolation[] = [];
  const deliveriesAt = byPlace(history.deliveries);
  const lettersAt = byPlace(history.letters);
  const starts = startsOf(history.deletions);
  const isDeleted = ({ partition, offset }: Position): boolean => offset < (starts.get(partition) ?? 0);
  const stored = new Map(
    [...history.acknowledged.filter(isDeleted), ...history.stored].map((one) => [keyOf(one), one]),
  );
  for (const delivery of history.deliveries) {
    if (violations.length >= VIOLATIONS_MAX) break;
    const found = stored.get(keyOf(delivery))?.id;
    if (found === delivery.id) continue;
    const detail = `${delivery.member} was handed ${delivery.id} there`;
    violations.push({ rule: 'record out of thin air', record: nameOf(delivery, found ?? '?'), detail });
  }
  for (const [key, [letter]] of lettersAt)
    if (letter !== undefined && !stored.has(key))
      violations.push({ rule: 'dead letter of no record', record: nameOf(letter, '?'), detail: 'nothing is there' });
  for (const [key, one] of stored) {
    if (violations.length >= 2 * VIOLATIONS_MAX) break;
    const record = nameOf(one, one.id);
    const complain = (rule: ShareRule, detail: string): unknown => violations.push({ rule, record, detail });
    const deliveries = deliveriesAt.get(key) ?? [];
    const fate = { deliveries, letters: lettersAt.get(key) ?? [], isDeleted: isDeleted(one) };
    judgeFate(fate, { limit: history.limit, times, complain });
  }
  return violations.filter(isFirst);
}

/** How one record came to members, and to its end; a deleted one may have had none. */
interface Fate {
  readonly deliveries: readonly Delivery[];
  readonly letters: readonly Letter[];
  readonly isDeleted: boolean;
}

/** What became of one record. */
function judgeFate(
  { deliveries, letters, isDeleted }: Fate,
  { limit, times, complain }: { readonly limit: number; readonly times: Times; readonly complain: Complain },
): void {
  const story = deliveries.length === 0 ? 'never delivered' : deliveries.map(said).join(', ');
  const mayHave = (verdict: Answer['verdict']): boolean =>
    deliveries.some(({ answer }) => answer?.verdict === verdict && answer.outcome !== 'refused');
  const sure = (verdict: Answer['verdict']): Delivery | undefined =>
    deliveries.find((one) => one.answer?.verdict === verdict && isSure(one));
  if (letters.length === 0 && !isDeleted && !deliveries.some((one) => times.mayBeAccepted(one)))
    complain('record is neither accepted nor dead', story);
  const rejected = sure('reject');
  if (rejected !== undefined && letters.length === 0 && !isDeleted)
    complain('rejected record has no dead letter', story);
  if (sure('accept') !== undefined && letters.length > 0) complain('dead letter of an accepted record', story);
  if (rejected !== undefined && letters.some(({ count }) => count !== rejected.count))
    complain('dead letter tells another count', `${letters.map(({ count }) => count).join(', ')}: ${story}`);
  if (letters.length === 0 || mayHave('reject')) return;
  // Nobody rejected it: then it was delivered as often as it may be, by the count of its letter and by what was seen.
  const last = deliveries.reduce((most, { count }) => Math.max(most, count), 0);
  const lastMs = deliveries.reduce((latest, { askedMs }) => Math.max(latest, askedMs), 0);
  const isUnseen = times.mayBeUnseen(null, lastMs, Number.POSITIVE_INFINITY);
  if (letters.some(({ count }) => count < limit) || (last < limit && !isUnseen))
    complain('dead letter of a living record', story);
}

type TimedHistory = Pick<ShareHistory, 'slackMs' | 'ends' | 'strikes' | 'lives' | 'deletions'>;

/** What a history says about times. */
class Times {
  readonly #slackMs: number;
  readonly #ends: readonly MemberEnd[];
  readonly #strikes: readonly Stretch[];
  readonly #endsOf: ReadonlyMap<string, readonly MemberEnd[]>;
  readonly #livesAt: ReadonlyMap<string, readonly Life[]>;
  readonly #deletionsOf: ReadonlyMap<number, readonly (Deletion & { readonly epoch: number })[]>;

  constructor({ slackMs, ends, strikes, lives, deletions }: TimedHistory) {
    this.#slackMs = slackMs;
    this.#ends = ends;
    this.#strikes = strikes;
    this.#endsOf = Map.groupBy(ends, ({ member }) => member);
    this.#livesAt = Map.groupBy(lives, ({ node, partition }) => `${node}:${partition}`);
    const known = deletions.map((one) => {
      const before = lives.filter(({ partition, fromMs }) => partition === one.partition && fromMs <= one.atMs);
      return { ...one, epoch: Math.max(-1, ...before.map(({ epoch }) => epoch)) };
    });
    this.#deletionsOf = Map.groupBy(known, ({ partition }) => partition);
  }

  placed(delivery: Delivery): Placed {
    const lives = this.#livesAt.get(`${delivery.node}:${delivery.partition}`) ?? [];
    const life = lives.find(({ fromMs, untilMs }) => fromMs <= delivery.askedMs && delivery.atMs <= untilMs);
    return { ...delivery, life: life ?? null };
  }

  /**
   * Until when the record is the member's at least, while its leader stays: it locked it after it was asked. It ends with what the
   * member says of it, and with its connection.
   */
  ownedUntil(delivery: Delivery): number {
    const { member, node, askedMs, answer } = delivery;
    const fromMs = askedMs - this.#slackMs;
    const ends = (this.#endsOf.get(member) ?? []).filter(
      (end) => (end.node === null || end.node === node) && end.atMs >= fromMs,
    );
    const endedMs = Math.min(...ends.map(({ atMs }) => atMs - this.#slackMs));
    return Math.min(lockedUntil(delivery) - ROUNDING_MS, answer?.sentMs ?? Number.POSITIVE_INFINITY, endedMs);
  }

  /** When somebody first asked to delete it; `Infinity`: nobody did. */
  deletedFrom({ partition, offset }: Position): number {
    const found = (this.#deletionsOf.get(partition) ?? []).filter(({ before }) => offset < before);
    return Math.min(Number.POSITIVE_INFINITY, ...found.map(({ sentMs }) => sentMs));
  }

  /** Whether it was asked for when it was deleted, and its leader knew of that. */
  isDeleted({ partition, offset, askedMs, life }: Placed): boolean {
    const deletions = this.#deletionsOf.get(partition) ?? [];
    return deletions.some(
      ({ before, atMs, epoch }) => offset < before && askedMs > atMs && life !== null && life.epoch >= epoch,
    );
  }

  /** Whether a delivery may have happened between these times that nobody saw, by a broker or (null) any. */
  mayBeUnseen(node: number | null, fromMs: number, untilMs: number): boolean {
    const late = UNHEARD_MS + this.#slackMs;
    const isHere = (one: MemberEnd): boolean => node === null || one.node === null || one.node === node;
    return (
      this.isStruck(fromMs, untilMs) ||
      this.#ends.some((one) => isHere(one) && one.sinceMs <= untilMs && one.atMs + late >= fromMs)
    );
  }

  /** Whether something was done to brokers between these times, or may have had its effect then. */
  isStruck(fromMs: number, untilMs: number): boolean {
    const late = UNHEARD_MS + this.#slackMs;
    return this.#strikes.some((strike) => strike.fromMs <= untilMs && strike.untilMs + late >= fromMs);
  }

  /** Whether this delivery may be what finished the record: an answer long after the lock means nothing. */
  mayBeAccepted(delivery: Delivery): boolean {
    const { answer, atMs } = delivery;
    if (answer?.verdict !== 'accept' || answer.outcome === 'refused') return false;
    if (answer.sentMs <= lockedUntilAtMost(delivery) + LATE_MS + this.#slackMs) return true;
    return this.isStruck(atMs, Math.min(answer.atMs, answer.sentMs + LEASE_MS_MAX));
  }
}

const keyOf = ({ partition, offset }: Position): string => `${partition}:${offset}`;
const nameOf = (place: Position, id: string): string => `${keyOf(place)} ${id}`;

/** A delivery in words. */
function said({ member, node, count, askedMs, atMs, renewals, answer }: Delivery): string {
  const had = `${member} had it from ${node} for the ${count}. time at ${round(askedMs)} to ${round(atMs)}`;
  const what = [had, ...renewals.map((one) => `renews at ${round(one.sentMs)} (${heard(one)})`)].join(', ');
  if (answer === null) return what;
  return `${what} and ${answer.verdict}s at ${round(answer.sentMs)} (${heard(answer)})`;
}

const heard = ({ outcome, atMs }: Said): string => `${outcome} at ${round(atMs)}`;

const round = (ms: number): string => ms.toFixed(1);

function byPlace<T extends Position>(list: readonly T[]): ReadonlyMap<string, readonly T[]> {
  return Map.groupBy(list, keyOf);
}

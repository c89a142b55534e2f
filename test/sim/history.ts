/** Where a record stands. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** What clients saw, in the order of time; times are one clock's milliseconds. Checkers read nothing else. */
export type Observation =
  | { readonly kind: 'sent'; readonly atMs: number; readonly value: string }
  | { readonly kind: 'acknowledged'; readonly atMs: number; readonly value: string; readonly place: Place }
  /** A share group's member got the record and holds it until `untilMs` at the least. */
  | { readonly kind: 'delivered'; readonly atMs: number; readonly value: string; readonly place: Place; readonly member: string; readonly untilMs: number; readonly deliveryCount: number }
  /** The member began to give it up: accept, release, reject or close was sent. */
  | { readonly kind: 'giving-up'; readonly atMs: number; readonly place: Place; readonly member: string }
  /** The broker confirmed an accept. */
  | { readonly kind: 'accepted'; readonly atMs: number; readonly place: Place; readonly member: string }
  /** The member is gone: its locks end whenever the broker notices. */
  | { readonly kind: 'member-gone'; readonly atMs: number; readonly member: string }
  /** Leaderships ended, and locks with them (S0). */
  | { readonly kind: 'leaders-changed'; readonly atMs: number }
  /** One record of the final scan. */
  | { readonly kind: 'scanned'; readonly atMs: number; readonly value: string; readonly place: Place }
  | { readonly kind: 'scan-bounds'; readonly atMs: number; readonly topic: string; readonly partition: number; readonly startOffset: number; readonly endOffset: number };

const keyOf = (place: Place): string => `${place.topic}-${place.partition}@${place.offset}`;

/** L1: every acknowledged record is read at its offset; L2: nothing is read that was never sent; L4: offsets are dense. */
export function checkLog(history: readonly Observation[]): string[] {
  const problems: string[] = [];
  const sent = new Set<string>();
  const scanned = new Map<string, string>();
  const counts = new Map<string, number>();
  for (const one of history) {
    if (one.kind === 'sent') sent.add(one.value);
    if (one.kind !== 'scanned') continue;
    const key = keyOf(one.place);
    const before = scanned.get(key);
    if (before !== undefined && before !== one.value) problems.push(`L4: ${key} holds both ${before} and ${one.value}`);
    if (before !== undefined) problems.push(`L4: ${key} was read twice`);
    scanned.set(key, one.value);
    const partition = `${one.place.topic}-${one.place.partition}`;
    counts.set(partition, (counts.get(partition) ?? 0) + 1);
    if (!sent.has(one.value)) problems.push(`L2: ${key} holds ${one.value}, which nobody sent`);
  }
  for (const one of history) {
    if (one.kind === 'acknowledged') {
      const found = scanned.get(keyOf(one.place));
      if (found !== one.value) problems.push(`L1: ${one.value} was acknowledged at ${keyOf(one.place)}, where ${found ?? 'nothing'} is`);
    }
    if (one.kind === 'scan-bounds') {
      const count = counts.get(`${one.topic}-${one.partition}`) ?? 0;
      if (count !== one.endOffset - one.startOffset) {
        problems.push(`L4: ${one.topic}-${one.partition} has ${count} records between ${one.startOffset} and ${one.endOffset}`);
      }
    }
  }
  return problems;
}

interface Holding {
  readonly member: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** S1: no record has two owners inside a lock; S3: an accepted record is never delivered again. */
export function checkOwnership(history: readonly Observation[]): string[] {
  const problems: string[] = [];
  const holders = new Map<string, Holding>();
  const accepted = new Map<string, string>();
  for (const one of history) {
    switch (one.kind) {
      case 'delivered': {
        const key = keyOf(one.place);
        const holder = holders.get(key);
        if (holder !== undefined && one.atMs < holder.untilMs) {
          problems.push(`S1: ${key} (${one.value}) went to ${one.member} at ${one.atMs} while ${holder.member} held it until ${holder.untilMs}`);
        }
        const acceptor = accepted.get(key);
        if (acceptor !== undefined) problems.push(`S3: ${key} (${one.value}) went to ${one.member} after ${acceptor} had accepted it`);
        holders.set(key, { member: one.member, fromMs: one.atMs, untilMs: one.untilMs });
        break;
      }
      case 'giving-up':
        holders.delete(keyOf(one.place));
        break;
      case 'accepted':
        accepted.set(keyOf(one.place), one.member);
        break;
      case 'member-gone':
        for (const [key, holder] of holders) if (holder.member === one.member) holders.delete(key);
        break;
      case 'leaders-changed':
        holders.clear();
        break;
      default:
        break;
    }
  }
  return problems;
}

/** S6: after everything healed, each acknowledged record was accepted by somebody. */
export function checkDrained(history: readonly Observation[]): string[] {
  const accepted = new Set<string>();
  for (const one of history) if (one.kind === 'accepted') accepted.add(keyOf(one.place));
  return history.flatMap((one) =>
    one.kind === 'acknowledged' && !accepted.has(keyOf(one.place)) ? [`S6: ${one.value} at ${keyOf(one.place)} was never accepted`] : [],
  );
}

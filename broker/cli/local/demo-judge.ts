/** A line that the producer has an acknowledgement for. */
export interface PutLine {
  readonly value: string;
  readonly partition: number;
  readonly offset: number;
}

/** What a member told about one record, in the order in which it told it. */
export interface MemberEvent {
  readonly member: string;
  readonly event: 'delivered' | 'working' | 'acknowledging' | 'acknowledged' | 'not-acknowledged';
  readonly partition: number;
  readonly offset: number;
  readonly value?: string;
}

/** The whole history of a demonstration, as its clients saw it. */
export interface DemoHistory {
  readonly lines: readonly PutLine[];
  /** Events in the order in which they were read. */
  readonly events: readonly MemberEvent[];
  /** The member that was killed. */
  readonly killed: string;
  /** Records that the group has not finished, as the broker says at the end; −1: it does not say. */
  readonly lag: number;
}

/** The verdict: no problem means that every line was acknowledged exactly once. */
export interface DemoVerdict {
  readonly problems: readonly string[];
  /** Lines that the killed member held and others got again. */
  readonly redelivered: readonly string[];
}

/**
 * Judges a history by what clients saw alone. A line is acknowledged once when exactly one member has the broker's word
 * for it. If the killed member was asking for that word when it died, its line counts if nobody got it again and the
 * group has nothing left. Only lines that the killed member held may come twice.
 */
export function judgeDemo(history: DemoHistory): DemoVerdict {
  const problems: string[] = [];
  const redelivered: string[] = [];
  const places = new Map<string, PutLine>();
  for (const line of history.lines) {
    const place = placeOf(line);
    const other = places.get(place);
    if (other !== undefined) problems.push(`${show(line)} and ${show(other)} have the same offset`);
    places.set(place, line);
  }
  const byPlace = new Map<string, MemberEvent[]>();
  for (const event of history.events) {
    const list = byPlace.get(placeOf(event)) ?? [];
    list.push(event);
    byPlace.set(placeOf(event), list);
  }
  for (const place of byPlace.keys()) if (!places.has(place)) problems.push(`${place} was delivered and never put`);
  for (const [place, line] of places) {
    const result = judgeLine(line, byPlace.get(place) ?? [], history);
    if (result.problem !== null) problems.push(result.problem);
    if (result.redelivered) redelivered.push(line.value);
  }
  if (history.lag > 0) problems.push(`the broker still counts ${history.lag} records that the group has not finished`);
  return { problems, redelivered };
}

function judgeLine(
  line: PutLine,
  events: readonly MemberEvent[],
  history: DemoHistory,
): { readonly problem: string | null; readonly redelivered: boolean } {
  const deliveries = events.filter((one) => one.event === 'delivered');
  const confirmed = events.filter((one) => one.event === 'acknowledged');
  const redelivered = deliveries.length > 1;
  const wrong = (text: string): { readonly problem: string; readonly redelivered: boolean } => ({
    problem: `${show(line)} ${text}`,
    redelivered,
  });
  if (deliveries.length === 0) return wrong('was never delivered');
  const changed = deliveries.find((one) => one.value !== line.value);
  if (changed !== undefined) return wrong(`was delivered as ${JSON.stringify(changed.value)}`);
  const first = deliveries[0]?.member;
  if (redelivered && first !== history.killed) return wrong(`was delivered twice, though ${first} lived`);
  if (deliveries.length > 2) return wrong(`was delivered ${deliveries.length} times`);
  if (confirmed.length > 1) return wrong(`was acknowledged ${confirmed.length} times`);
  if (redelivered && confirmed[0]?.member === history.killed)
    return wrong('was delivered again after it was acknowledged');
  if (confirmed.length === 1) return { problem: null, redelivered };
  const inDoubt = events.at(-1)?.event === 'acknowledging' && first === history.killed && !redelivered;
  return inDoubt && history.lag === 0 ? { problem: null, redelivered } : wrong('was not acknowledged');
}

function placeOf(one: { readonly partition: number; readonly offset: number }): string {
  return `partition ${one.partition} offset ${one.offset}`;
}

function show(line: PutLine): string {
  return `${JSON.stringify(line.value)} (${placeOf(line)})`;
}

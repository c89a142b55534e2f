import {
  deletedTopics,
  lastPowerLossMs,
  type Observation,
  type Place,
  placeKey,
  promiseOf,
  type Seen,
  type TopicFacts,
  wasReplicated,
} from './history.ts';

/** The final scan, looked up by place. */
class Scan {
  readonly values = new Map<string, string>();
  readonly bounds = new Map<string, Seen<'scan-bounds'>>();
  readonly offsets = new Map<string, number[]>();
  readonly problems: string[] = [];
  /** Keys of what was sent, by value, and the last offset of each key of a partition. */
  readonly #keys = new Map<string, string | null>();
  readonly #last = new Map<string, number>();

  constructor(history: readonly Observation[]) {
    for (const one of history) if (one.kind === 'sent') this.#keys.set(one.value, one.key);
    for (const one of history) {
      if (one.kind === 'scanned') this.#take(one);
      if (one.kind === 'scan-bounds') this.bounds.set(`${one.topic}-${one.partition}`, one);
    }
  }

  /** Whether a later record of the key of `value` is there. */
  isSuperseded(place: Place, value: string): boolean {
    return (this.#last.get(this.#keyOf(place, value)) ?? -1) > place.offset;
  }

  #keyOf({ topic, partition }: Place, value: string): string {
    return `${topic}-${partition} ${this.#keys.get(value) ?? `of ${value} alone`}`;
  }

  #take({ place, value }: Seen<'scanned'>): void {
    this.#last.set(this.#keyOf(place, value), place.offset);
    const key = placeKey(place);
    const before = this.values.get(key);
    if (before !== undefined && before !== value) this.problems.push(`L4: ${key} holds both ${before} and ${value}`);
    if (before !== undefined) this.problems.push(`L4: ${key} was read twice`);
    this.values.set(key, value);
    const partition = `${place.topic}-${place.partition}`;
    const offsets = this.offsets.get(partition);
    if (offsets === undefined) this.offsets.set(partition, [place.offset]);
    else offsets.push(place.offset);
  }
}

/**
 * L1: every acknowledged record, and everything that a consumer read, is at its offset, or in a compacted topic a later one
 * of its key; L2: nothing is there that was
 * never sent, or certainly not stored; L3: an idempotent producer's records are there once and in order; L4: offsets are
 * dense, but there; L5: the log starts where DeleteRecords left it. `topics` by label.
 */
export function checkLog(history: readonly Observation[], topics: ReadonlyMap<string, TopicFacts>): string[] {
  const scan = new Scan(history);
  return [
    ...scan.problems,
    ...checkOrigin(history),
    ...checkKept(history, topics, scan),
    ...checkOrder(history),
    ...checkDense(scan, topics),
    ...checkStart(history, topics, scan),
  ];
}

function checkOrigin(history: readonly Observation[]): string[] {
  const sent = new Set<string>();
  const refused = new Set<string>();
  for (const one of history) {
    if (one.kind === 'sent') sent.add(one.value);
    if (one.kind === 'refused') refused.add(one.value);
  }
  const problems: string[] = [];
  for (const one of history) {
    if (one.kind !== 'scanned' && one.kind !== 'read' && one.kind !== 'delivered') continue;
    if (!sent.has(one.value)) problems.push(`L2: ${placeKey(one.place)} holds ${one.value}, which nobody sent`);
    if (refused.has(one.value)) {
      problems.push(`L2: ${placeKey(one.place)} holds ${one.value}, which its producer was told was not stored`);
    }
  }
  return problems;
}

/** What clients were told about a place has to stay true. */
function checkKept(history: readonly Observation[], topics: ReadonlyMap<string, TopicFacts>, scan: Scan): string[] {
  const gone = deletedTopics(history);
  const powerLossMs = lastPowerLossMs(history);
  const promises = new Map([...topics].map(([topic, facts]) => [topic, promiseOf(history, topic, facts)]));
  const problems: string[] = [];
  for (const one of history) {
    if (one.kind !== 'acknowledged' && one.kind !== 'read' && one.kind !== 'delivered') continue;
    const { place, value, atMs } = one;
    const facts = topics.get(place.topic);
    if (facts === undefined || gone.has(place.topic)) continue;
    const found = scan.values.get(placeKey(place));
    if (found === value) continue;
    if (atMs <= powerLossMs && promises.get(place.topic)?.(atMs) !== true) continue;
    if (facts.isCompacted && found === undefined && scan.isSuperseded(place, value)) continue;
    const bounds = scan.bounds.get(`${place.topic}-${place.partition}`);
    if (bounds !== undefined && found === undefined && place.offset < bounds.startOffset) continue;
    problems.push(`L1: ${value} was ${one.kind} at ${placeKey(place)}, where ${found ?? 'nothing'} is`);
  }
  return problems;
}

/** The acknowledged records of a `replicated` partition that power took are its last ones. */
function checkOrder(history: readonly Observation[]): string[] {
  const sent = new Map<string, Seen<'sent'>>();
  for (const one of history) if (one.kind === 'sent' && one.sequence >= 0) sent.set(one.value, one);
  const last = new Map<string, number>();
  const places = new Map<string, string>();
  const problems: string[] = [];
  for (const one of history) {
    const origin = one.kind === 'scanned' ? sent.get(one.value) : undefined;
    if (one.kind !== 'scanned' || origin === undefined) continue;
    const key = placeKey(one.place);
    const before = places.get(one.value);
    if (before !== undefined) problems.push(`L3: ${one.value} of an idempotent producer is at ${before} and at ${key}`);
    places.set(one.value, key);
    const stream = `${origin.producer} ${one.place.topic}-${one.place.partition}`;
    const previous = last.get(stream) ?? -1;
    if (origin.sequence <= previous)
      problems.push(`L3: ${one.value} at ${key} stands behind record ${previous} of its producer`);
    last.set(stream, Math.max(previous, origin.sequence));
  }
  return problems;
}

function checkDense(scan: Scan, topics: ReadonlyMap<string, TopicFacts>): string[] {
  return [...scan.bounds].flatMap(([partition, { topic, startOffset, endOffset }]) => {
    if (topics.get(topic)?.isCompacted === true) return [];
    // Retention may have moved the start while the scan went on.
    const offsets = scan.offsets.get(partition) ?? [];
    const count = offsets.filter((offset) => offset >= startOffset && offset < endOffset).length;
    return count === endOffset - startOffset
      ? []
      : [`L4: ${partition} has ${count} records between ${startOffset} and ${endOffset}`];
  });
}

/** The start is where confirmed DeleteRecords and retention may have put it: not before, not beyond. */
function checkStart(history: readonly Observation[], topics: ReadonlyMap<string, TopicFacts>, scan: Scan): string[] {
  const gone = deletedTopics(history);
  const powerLossMs = lastPowerLossMs(history);
  const asked = new Map<string, number>();
  const confirmed = new Map<string, number>();
  for (const one of history) {
    if (one.kind !== 'cut' || gone.has(one.topic)) continue;
    const marks = one.confirmed ? confirmed : asked;
    const key = `${one.topic}-${one.partition}`;
    marks.set(key, Math.max(marks.get(key) ?? 0, one.beforeOffset));
  }
  const problems: string[] = [];
  for (const [partition, { topic, startOffset, atMs }] of scan.bounds) {
    const facts = topics.get(topic);
    if (facts === undefined || gone.has(topic)) continue;
    const least = confirmed.get(partition) ?? 0;
    const excused = powerLossMs > 0 && wasReplicated(history, topic, facts);
    if (startOffset < least && !excused)
      problems.push(`L5: ${partition} starts at ${startOffset} though records before ${least} were deleted`);
    const most = Math.max(least, asked.get(partition) ?? 0);
    if (facts.retentionMs === null && startOffset > most)
      problems.push(`L5: ${partition} starts at ${startOffset}, nobody deleted records beyond ${most}`);
    if (facts.retentionMs !== null)
      problems.push(...checkAge(history, partition, { startOffset, most, youngMs: atMs - facts.retentionMs }));
  }
  return problems;
}

/** Retention drops nothing that was written less than its time ago. */
function checkAge(
  history: readonly Observation[],
  partition: string,
  bounds: { readonly startOffset: number; readonly most: number; readonly youngMs: number },
): string[] {
  const sentMs = new Map<string, number>();
  for (const one of history) if (one.kind === 'sent') sentMs.set(one.value, one.atMs);
  return history.flatMap((one) => {
    if (one.kind !== 'acknowledged' || `${one.place.topic}-${one.place.partition}` !== partition) return [];
    const { offset } = one.place;
    const young = (sentMs.get(one.value) ?? 0) > bounds.youngMs;
    if (!young || offset >= bounds.startOffset || offset < bounds.most) return [];
    return [`L5: ${one.value} at ${placeKey(one.place)} was dropped before its time`];
  });
}

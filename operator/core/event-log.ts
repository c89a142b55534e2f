/** How many events are told, and how much is remembered of them. Times in ms. */
export interface EventLimits {
  /** About one object at once, and how long until it may be one more. */
  readonly burst: number;
  readonly refillMs: number;
  /** The same text about the same object is told again after this, with how often it happened. */
  readonly repeatMs: number;
  /** After so long without it a text is new again. */
  readonly forgetMs: number;
  readonly objectsMax: number;
  readonly textsMax: number;
}

/** API servers keep events for an hour. */
export const EVENT_LIMITS: EventLimits = {
  burst: 25,
  refillMs: 60_000,
  repeatMs: 60_000,
  forgetMs: 3_600_000,
  objectsMax: 1_000,
  textsMax: 50,
};

/** An event to be written: how often it happened, and since when. */
export interface Told {
  readonly count: number;
  readonly firstMs: number;
}

interface Text {
  count: number;
  firstMs: number;
  lastMs: number;
  writtenMs: number;
}

interface Subject {
  tokens: number;
  refilledMs: number;
  /** The one that happened last comes last. */
  readonly texts: Map<string, Text>;
}

/**
 * Which events are written. Invariants: **T1** of one object at most `burst` at once and one every `refillMs` from then on; **T2** a text
 * that repeats is written at most every `repeatMs`, with its count; **T3** at most `objectsMax` objects with `textsMax` texts each are
 * remembered, those that happened last.
 */
export class EventLog {
  readonly #limits: EventLimits;
  readonly #subjects = new Map<string, Subject>();

  constructor(limits: EventLimits = EVENT_LIMITS) {
    this.#limits = limits;
  }

  /** Texts that are remembered. */
  get count(): number {
    let count = 0;
    for (const { texts } of this.#subjects.values()) count += texts.size;
    return count;
  }

  /** Something happened to an object; null: it is not written now. */
  happened(object: string, text: string, nowMs: number): Told | null {
    const { burst, refillMs, repeatMs, forgetMs, objectsMax, textsMax } = this.#limits;
    const subject = this.#subjects.get(object) ?? { tokens: burst, refilledMs: nowMs, texts: new Map<string, Text>() };
    moveLast(this.#subjects, object, subject, objectsMax);
    const known = subject.texts.get(text);
    const isKnown = known !== undefined && nowMs - known.lastMs < forgetMs;
    const one = isKnown ? known : { count: 0, firstMs: nowMs, lastMs: nowMs, writtenMs: Number.NEGATIVE_INFINITY };
    moveLast(subject.texts, text, one, textsMax);
    one.count += 1;
    one.lastMs = nowMs;
    const refilled = Math.floor((nowMs - subject.refilledMs) / refillMs);
    if (refilled > 0) {
      subject.tokens = Math.min(burst, subject.tokens + refilled);
      subject.refilledMs += refilled * refillMs;
    }
    if (nowMs - one.writtenMs < repeatMs || subject.tokens === 0) return null;
    subject.tokens -= 1;
    one.writtenMs = nowMs;
    return { count: one.count, firstMs: one.firstMs };
  }
}

/** Puts an entry at the end of a map, and takes the first away when there are too many. */
function moveLast<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.delete(key);
  map.set(key, value);
  const [first] = map.keys();
  if (map.size > max && first !== undefined) map.delete(first);
}

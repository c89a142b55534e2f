/** What a client did or saw of one share-partition; times in ms of one clock, offsets half-open. */
export type ShareEvent =
  | { readonly kind: 'produced'; readonly start: number; readonly end: number }
  | {
      readonly kind: 'delivered';
      readonly atMs: number;
      readonly member: string;
      readonly ranges: readonly { readonly start: number; readonly end: number; readonly deliveryCount: number }[];
      readonly lockMs: number;
      readonly limit: number;
    }
  /** An acknowledgement was sent; `answered` follows, or never. */
  | {
      readonly kind: 'sent';
      readonly atMs: number;
      readonly ticket: number;
      readonly member: string;
      readonly verdicts: readonly Verdict[];
    }
  | { readonly kind: 'answered'; readonly ticket: number; readonly errorCode: number }
  | { readonly kind: 'session-ended'; readonly member: string }
  /** The leader is gone: nobody owns anything, counts may fall back to what was persisted. */
  | { readonly kind: 'leader-changed' }
  /** Retention took the records below `end`: nobody misses them. */
  | { readonly kind: 'trimmed'; readonly end: number }
  /** Everything that could be delivered was delivered and accepted. */
  | { readonly kind: 'drained' };

/** One type for the offsets [start, end): 0 gap, 1 accept, 2 release, 3 reject, 4 renew. */
export interface Verdict {
  readonly start: number;
  readonly end: number;
  readonly type: number;
}

interface Record {
  owner: string;
  /** The lock holds at least until then. */
  untilMs: number;
  /** It holds no longer than until then: later than `untilMs` while a renewal is not answered. */
  perhapsUntilMs: number;
  /** Deliveries as the last one told; 0 when unknown. */
  deliveryCount: number;
  /** An acknowledgement that ends it was answered with success. */
  finished: boolean;
  /** Tickets of acknowledgements that may have ended it: not answered, or failed in a way that they may have been kept. */
  readonly perhapsFinishedBy: Set<number>;
  /** Tickets sent by its owner within the lock, with the delivery count of then. */
  readonly sentWhileOwned: Map<number, number>;
  lockMs: number;
  /** It was delivered as often as it may be, or the log does not have it any more. */
  exhausted: boolean;
}

const INVALID_RECORD_STATE = 121;
const INVALID_REQUEST = 42;
const RENEW = 4;
const ENDS: ReadonlySet<number> = new Set([0, 1, 3]);

/**
 * Judges a history of one share-partition by the invariants S1–S9 and S13 (PROTOCOL §4.3) from the clients' side alone:
 * it never looks into a broker. `findings` names each violation with its record.
 */
class ShareHistoryChecker {
  readonly findings: string[] = [];
  readonly #records = new Map<number, Record>();
  readonly #sent = new Map<number, Extract<ShareEvent, { kind: 'sent' }>>();
  /** Epoch of leadership in which a record's count was last seen. */
  #counted = new Set<number>();

  take(event: ShareEvent): void {
    switch (event.kind) {
      case 'produced':
        for (let offset = event.start; offset < event.end; offset += 1) this.#records.set(offset, fresh());
        break;
      case 'delivered':
        this.#delivered(event);
        break;
      case 'sent':
        this.#onSent(event);
        break;
      case 'answered':
        this.#answered(event.ticket, event.errorCode);
        break;
      case 'session-ended':
        for (const record of this.#records.values()) if (record.owner === event.member) record.owner = '';
        break;
      case 'leader-changed':
        for (const record of this.#records.values()) record.owner = '';
        this.#counted = new Set();
        break;
      case 'trimmed':
        for (const [offset, record] of this.#records) if (offset < event.end) record.exhausted = true;
        break;
      default:
        this.#drained();
    }
  }

  #say(rule: string, offset: number, sentence: string): void {
    this.findings.push(`${rule}: record ${offset} ${sentence}`);
  }

  #delivered({ atMs, member, ranges, lockMs, limit }: Extract<ShareEvent, { kind: 'delivered' }>): void {
    let previousEnd = -1;
    for (const { start, end, deliveryCount } of ranges) {
      if (start < previousEnd || end <= start)
        this.#say('S13', start, 'is in a range that does not follow the one before');
      previousEnd = end;
      for (let offset = start; offset < end; offset += 1) {
        const record = this.#records.get(offset);
        if (record === undefined) {
          this.#say('L2', offset, 'was never produced');
          continue;
        }
        if (record.finished) this.#say('S3', offset, `was finished and is delivered again to ${member}`);
        if (record.owner !== '' && atMs < record.untilMs) {
          this.#say('S1', offset, `is delivered to ${member} while ${record.owner} owns it`);
        }
        const expected = this.#counted.has(offset) ? record.deliveryCount + 1 : deliveryCount;
        if (deliveryCount !== expected || deliveryCount < 1) {
          this.#say('S2', offset, `is delivered with count ${deliveryCount} after ${record.deliveryCount}`);
        }
        if (deliveryCount > limit)
          this.#say('S2', offset, `is delivered ${deliveryCount} times, past the limit of ${limit}`);
        this.#counted.add(offset);
        record.owner = member;
        record.untilMs = atMs + lockMs;
        record.perhapsUntilMs = record.untilMs;
        record.lockMs = lockMs;
        record.deliveryCount = deliveryCount;
        record.exhausted ||= deliveryCount >= limit;
      }
    }
  }

  #onSent(event: Extract<ShareEvent, { kind: 'sent' }>): void {
    this.#sent.set(event.ticket, event);
    this.#forEach(event, (record, type) => {
      if (record.owner !== event.member || event.atMs >= record.perhapsUntilMs) return;
      if (type === RENEW) record.perhapsUntilMs = Math.max(record.perhapsUntilMs, event.atMs + record.lockMs);
      record.sentWhileOwned.set(event.ticket, record.deliveryCount);
      if (ENDS.has(type)) record.perhapsFinishedBy.add(event.ticket);
    });
  }

  #answered(ticket: number, errorCode: number): void {
    const event = this.#sent.get(ticket);
    if (event === undefined) return;
    this.#sent.delete(ticket);
    if (errorCode !== 0) {
      const excluded = errorCode === INVALID_RECORD_STATE || errorCode === INVALID_REQUEST;
      if (excluded) this.#forEach(event, (record) => record.perhapsFinishedBy.delete(ticket));
      return;
    }
    this.#forEach(event, (record, type, offset) => {
      const delivery = record.sentWhileOwned.get(ticket);
      const gone = record.finished || record.exhausted || this.#perhapsGone(record);
      if (delivery === undefined && !gone)
        this.#say('S8', offset, `is acknowledged by ${event.member} which does not own it`);
      record.sentWhileOwned.delete(ticket);
      if (delivery === undefined) return;
      if (ENDS.has(type)) record.finished = true;
      if (record.owner !== event.member || record.deliveryCount !== delivery) return;
      if (type === RENEW) record.untilMs = Math.max(record.untilMs, event.atMs + record.lockMs);
      else record.owner = '';
    });
  }

  /** Whether it may lie below the start by an acknowledgement whose fate nobody was told. */
  #perhapsGone(record: Record): boolean {
    return record.perhapsFinishedBy.size > 0 && record.owner === '';
  }

  #forEach(
    event: Extract<ShareEvent, { kind: 'sent' }>,
    visit: (record: Record, type: number, offset: number) => void,
  ): void {
    for (const { start, end, type } of event.verdicts) {
      for (let offset = start; offset < end; offset += 1) {
        const record = this.#records.get(offset);
        if (record !== undefined) visit(record, type, offset);
      }
    }
  }

  /** S6: nothing is left that was neither finished nor tried as often as it may be. */
  #drained(): void {
    for (const [offset, record] of this.#records) {
      if (record.finished || record.exhausted || record.perhapsFinishedBy.size > 0) continue;
      this.#say('S6', offset, 'was never finished and is not delivered any more');
    }
  }
}

function fresh(): Record {
  return {
    owner: '',
    untilMs: 0,
    perhapsUntilMs: 0,
    deliveryCount: 0,
    finished: false,
    perhapsFinishedBy: new Set(),
    sentWhileOwned: new Map(),
    lockMs: 0,
    exhausted: false,
  };
}

/** Judges a whole history. */
export function judgeShareHistory(events: readonly ShareEvent[]): readonly string[] {
  const checker = new ShareHistoryChecker();
  for (const event of events) checker.take(event);
  return checker.findings;
}

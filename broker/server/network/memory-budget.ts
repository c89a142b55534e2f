import { ApiKey } from '../../core/protocol/apis.ts';

/** Requests and answers have half of the budget each, so that neither can keep the other from going on. */
const PARTS = 2;
/** What one request may hold while memory is short, as a part of the half for requests. */
const SHARE_PART = 32;
/** What incomplete requests that neither produce nor fetch may hold besides (B1), as a part of the half for requests. */
const RESERVE_PART = 8;
/** A connection that holds less of an incomplete request than this is read if the request is no Produce or Fetch. */
const RESERVED_BYTES = 65_536;
/** What may come in when the requests' half is used up, as a part of it; who brings no more than this is always let. */
const LATE_PART = 8;
const LATE_BYTES_MIN = 4096;
/** The largest part of the free memory that one answer may take, and what it may take in any case. */
const ANSWER_PART = 4;
const ANSWER_BYTES_MIN = 65_536;
/** Requests within their share that are read to their end, however short memory is. Of larger ones it is one. */
const FINISHERS_MAX = 8;
/** Who is read although memory is short must bring its whole request, or so much, in this time. */
const FINISHER_STALL_MS = 2000;
const FINISHER_PACE_BYTES = 65_536;
/** When the memory is used up, a peer that stalls for so long is cut off: it takes nothing of its answers, or sends too little. */
export const PRESSED_STALL_MS = 2000;

/** What one connection holds of the node's memory, in bytes. Only `MemoryBudget` writes it. */
export class Holding {
  /** The request that is arriving: what is there, what is missing, and whether it neither produces nor fetches. */
  received = 0;
  missing = 0;
  reserved = false;
  /** Requests that are complete and not answered, and how many of them have not been started. */
  pending = 0;
  waiting = 0;
  /** Part of received and pending that came when the memory for requests was used up. */
  late = 0;
  /** A broker asks here: what replication needs is never waited for (B1). */
  isBrokers = false;
  /** The last request was a Produce. */
  produces = false;
  /** Answers that the peer has not taken. */
  unsent = 0;
  /** Bytes received in all: how a stalled request is told from one that moves. */
  receivedTotal = 0;
}

/** A connection as the budget sees it. */
export interface MemoryUser {
  readonly holding: Holding;
  /** There is room that was not there before: look again whether to read and whether to start a request. */
  onRoom(): void;
  /** Closes the connection, whose request stopped arriving while others wait for memory. */
  evict(): void;
}

/** Memory for answers that are being gathered. Sizes in bytes. */
export interface AnswerMemory {
  /** Takes up to `wanted` for one answer; less when memory is short, but never less than 64 KiB (or what is wanted). */
  grant(wanted: number): number;
  /** Gives back what `grant` gave: the answer was handed to its connection, or is not sent. */
  release(granted: number): void;
  /** What `grant` would give at most at this moment. */
  answerBytesMax(): number;
}

/**
 * The node's one memory budget (`queued.max.request.bytes`): bytes of requests that are arriving or pending, and of answers
 * that are being gathered or were not taken by their peer. It never refuses bytes that are there; it decides who is read on
 * and which request is started. DESIGN.md of this folder has the rules and why nobody waits for ever.
 */
export class MemoryBudget implements AnswerMemory {
  readonly limitBytes: number;
  readonly #requestBytesMax: number;
  readonly #answerBytesMax: number;
  readonly #shareBytes: number;
  readonly #reserveBytes: number;
  readonly #lateBytesMax: number;
  readonly #waitingMax: number;
  readonly #defer: (callback: () => void) => void;
  readonly #onShort: (kind: 'requests' | 'answers') => void;
  /** Connections that are not read, or whose next Fetch is not started, for want of memory. */
  readonly #blocked = new Set<MemoryUser>();
  readonly #finishers = new Map<MemoryUser, { sinceMs: number; receivedTotal: number; readonly large: boolean }>();
  #received = 0;
  #reserved = 0;
  #pending = 0;
  #late = 0;
  #unsent = 0;
  #gathering = 0;
  #waiting = 0;
  #reviewPlanned = false;
  #reviewing = false;
  /** Times a connection was not read, or a Fetch not started, and connections closed, for want of memory. */
  #pauses = 0;
  #evictions = 0;

  constructor(options: {
    /** Bytes in all. */
    readonly limitBytes: number;
    /** `queued.max.requests`. */
    readonly waitingMax: number;
    /** Runs a callback later in the same turn. */
    readonly defer: (callback: () => void) => void;
    /** Somebody has to wait for memory. */
    readonly onShort: (kind: 'requests' | 'answers') => void;
  }) {
    this.limitBytes = options.limitBytes;
    this.#requestBytesMax = Math.floor(options.limitBytes / PARTS);
    this.#answerBytesMax = options.limitBytes - this.#requestBytesMax;
    this.#shareBytes = Math.floor(this.#requestBytesMax / SHARE_PART);
    this.#reserveBytes = Math.floor(this.#requestBytesMax / RESERVE_PART);
    this.#lateBytesMax = Math.floor(this.#requestBytesMax / LATE_PART);
    this.#waitingMax = options.waitingMax;
    this.#defer = options.defer;
    this.#onShort = options.onShort;
  }

  /** What is held by kind, in bytes, and how often somebody had to wait or go. */
  get figures(): {
    readonly requestBytes: number;
    readonly answerBytes: number;
    readonly waitingRequests: number;
    readonly blocked: number;
    readonly pauses: number;
    readonly evictions: number;
  } {
    return {
      requestBytes: this.#requestBytes + this.#reserved,
      answerBytes: this.#answerBytes,
      waitingRequests: this.#waiting,
      blocked: this.#blocked.size,
      pauses: this.#pauses,
      evictions: this.#evictions,
    };
  }

  /** Whether somebody waits for memory, so that those who hold it must be watched closely. */
  get isPressed(): boolean {
    return this.#blocked.size > 0 || this.#finishers.size > 0 || !this.mayAnswer();
  }

  get #requestBytes(): number {
    return this.#received + this.#pending;
  }

  get #answerBytes(): number {
    return this.#unsent + this.#gathering;
  }

  /**
   * Bytes that were read of a connection. False when there is no memory for what it brings, so that it must be closed: what
   * comes is known only when it was read, and ten thousand idle connections may begin at once.
   */
  arrived(user: MemoryUser, bytes: number): boolean {
    const { holding } = user;
    holding.receivedTotal += bytes;
    if (holding.isBrokers || !this.isExhausted || this.#finishers.has(user)) return true;
    holding.late += bytes;
    this.#late += bytes;
    if (holding.late <= LATE_BYTES_MIN || this.#late <= this.#lateBytesMax) return true;
    this.#evictions += 1;
    return false;
  }

  /** The request that arrives at a connection; all zero when none does. */
  setReceived(
    user: MemoryUser,
    frame: { readonly bytes: number; readonly missing: number; readonly apiKey: number },
  ): void {
    const { holding } = user;
    if (holding.reserved) this.#reserved -= holding.received;
    else this.#received -= holding.received;
    const before = holding.received;
    holding.received = frame.bytes;
    holding.missing = frame.missing;
    holding.reserved = frame.apiKey !== ApiKey.Produce && frame.apiKey !== ApiKey.Fetch;
    if (holding.reserved) this.#reserved += frame.bytes;
    else this.#received += frame.bytes;
    if (frame.bytes === 0) this.#finishers.delete(user);
    if (frame.bytes < before) this.#review();
  }

  /** Requests of a connection that are complete and not answered. */
  setPending(user: MemoryUser, bytes: number, waiting: number): void {
    const { holding } = user;
    const less = bytes < holding.pending || waiting < holding.waiting;
    this.#pending += bytes - holding.pending;
    this.#waiting += waiting - holding.waiting;
    holding.pending = bytes;
    holding.waiting = waiting;
    this.#settleLate(holding);
    if (less) this.#review();
  }

  /** Answers of a connection that its peer has not taken. */
  setUnsent(user: MemoryUser, bytes: number): void {
    const { holding } = user;
    const less = bytes < holding.unsent;
    this.#unsent += bytes - holding.unsent;
    holding.unsent = bytes;
    if (less) this.#review();
  }

  /** The connection is gone and holds nothing more. */
  forget(user: MemoryUser): void {
    this.setReceived(user, { bytes: 0, missing: 0, apiKey: -1 });
    this.setPending(user, 0, 0);
    this.setUnsent(user, 0);
    this.#finishers.delete(user);
    this.#blocked.delete(user);
  }

  /** Whether a connection may be read on; if not it is told by `onRoom` when that may have changed. */
  mayRead(user: MemoryUser): boolean {
    if (this.#hasRoom(user)) return true;
    this.#block(user, 'requests');
    return false;
  }

  /** Whether a Fetch may be started; if not, `user` is told by `onRoom` when that may have changed. */
  mayStartFetch(user: MemoryUser): boolean {
    if (user.holding.isBrokers || this.mayAnswer()) return true;
    this.#block(user, 'answers');
    return false;
  }

  /** Whether there is memory for another answer. */
  mayAnswer(): boolean {
    return this.#answerBytes < this.#answerBytesMax;
  }

  grant(wanted: number): number {
    const granted = Math.min(wanted, this.answerBytesMax());
    this.#gathering += granted;
    return granted;
  }

  release(granted: number): void {
    this.#gathering -= granted;
    if (granted > 0) this.#review();
  }

  answerBytesMax(): number {
    const free = this.#answerBytesMax - this.#answerBytes;
    return Math.max(ANSWER_BYTES_MIN, Math.floor(free / ANSWER_PART));
  }

  /** Called every now and then: who was let finish and does not is closed, so that the next one can. */
  tick(nowMs: number): void {
    for (const [user, finisher] of [...this.#finishers]) {
      const { receivedTotal } = user.holding;
      if (finisher.sinceMs < 0 || receivedTotal - finisher.receivedTotal >= FINISHER_PACE_BYTES) {
        finisher.sinceMs = nowMs;
        finisher.receivedTotal = receivedTotal;
      } else if (nowMs - finisher.sinceMs >= FINISHER_STALL_MS && this.#blocked.size > 0) {
        this.#finishers.delete(user);
        this.#evictions += 1;
        user.evict();
      }
    }
  }

  #block(user: MemoryUser, kind: 'requests' | 'answers'): void {
    if (this.#blocked.has(user)) return;
    this.#blocked.add(user);
    // Who was blocked before and still is waits for the next review.
    if (this.#reviewing) return;
    this.#pauses += 1;
    this.#onShort(kind);
    this.#review();
  }

  #settleLate(holding: Holding): void {
    if (holding.late === 0 || holding.received > 0 || holding.pending > 0) return;
    this.#late -= holding.late;
    holding.late = 0;
  }

  #hasRoom(user: MemoryUser): boolean {
    const { holding } = user;
    if (holding.isBrokers) return true;
    if (holding.waiting > 0 && this.#waiting >= this.#waitingMax) return false;
    if (this.#finishers.has(user)) return true;
    // Who produced will most likely produce again, and may wait (B1).
    if (holding.received === 0) return !(holding.produces && this.isExhausted);
    if (holding.reserved) {
      // What keeps members alive and records acknowledged is small: it has memory of its own (B1).
      return holding.received + holding.missing <= RESERVED_BYTES || this.#reserved < this.#reserveBytes;
    }
    if (this.isExhausted) return false;
    return !this.#isTight || holding.received < this.#shareBytes;
  }

  /** Half of the memory for requests is used: nobody goes past its share but one at a time. */
  get #isTight(): boolean {
    return this.#requestBytes >= this.#requestBytesMax / 2;
  }

  /** The memory for requests is used up. */
  get isExhausted(): boolean {
    return this.#requestBytes >= this.#requestBytesMax;
  }

  /** Looks again, once a turn, who may go on. */
  #review(): void {
    if (this.#reviewPlanned || this.#blocked.size === 0) return;
    this.#reviewPlanned = true;
    this.#defer(() => {
      this.#reviewPlanned = false;
      this.#chooseFinishers();
      const blocked = [...this.#blocked];
      this.#blocked.clear();
      this.#reviewing = true;
      for (const user of blocked) user.onRoom();
      this.#reviewing = false;
    });
  }

  /** Whoever lacks least is read to its end: so memory is given back even when incomplete requests hold all of it. */
  #chooseFinishers(): void {
    let large = 0;
    let small = 0;
    for (const finisher of this.#finishers.values()) {
      if (finisher.large) large += 1;
      else small += 1;
    }
    const next = [...this.#blocked]
      .filter(({ holding }) => holding.received > 0 && holding.missing > 0)
      .sort((a, b) => a.holding.missing - b.holding.missing);
    for (const user of next) {
      if (this.#hasRoom(user)) continue;
      const isLarge = user.holding.received + user.holding.missing > this.#shareBytes;
      if (isLarge ? large > 0 : small >= FINISHERS_MAX) continue;
      if (isLarge) large += 1;
      else small += 1;
      this.#finishers.set(user, { sinceMs: -1, receivedTotal: user.holding.receivedTotal, large: isLarge });
    }
  }
}

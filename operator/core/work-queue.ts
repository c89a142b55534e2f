import { type Backoff, backoffMs } from './backoff.ts';
import { assert } from '../../broker/core/base/assert.ts';
import { type Deadline, Deadlines } from '../../broker/core/base/deadlines.ts';

/** Why a key is to be worked on; the higher, the sooner. */
export const PRIORITY = {
  /** Nothing happened: a look now and then. */
  resync: 0,
  /** Something around it changed. */
  event: 1,
  /** Somebody changed the manifest. */
  user: 2,
} as const;

/** One of `PRIORITY`. */
export type Priority = (typeof PRIORITY)[keyof typeof PRIORITY];

/** How the work on a key ended. `againInMs`: look again then, null: only when it is added. `chance` is in [0, 1). */
export type WorkResult =
  | { readonly kind: 'ok'; readonly againInMs: number | null }
  | { readonly kind: 'failed'; readonly chance: number };

interface Entry {
  readonly key: string;
  readonly timer: Deadline<string>;
  state: 'waiting' | 'delayed' | 'running';
  priority: Priority;
  /** Since when it is waiting, monotonic ms. */
  sinceMs: number;
  /** How often in a row the work failed. */
  failures: number;
  /** The highest priority with which it was added while it was running. */
  again: Priority | null;
}

/** So much sooner a key came if it has a priority one higher: resyncs are put off under load, not forgotten. */
const PRIORITY_WORTH_MS = 30_000;

/**
 * Keys to be worked on, each once however often it was added, and by one worker at a time. What comes while a key is worked on
 * is worked on afterwards. A key that failed is put off, twice as long each time; until then only a user's change brings it
 * forward. Invariants: **W1** no key is taken twice before it is done; **W2** a key that was added is taken after that, or
 * refused; **W3** at most `keysMax` keys, running and put off ones included.
 */
export class WorkQueue {
  readonly #backoff: Backoff;
  readonly #keysMax: number;
  readonly #entries = new Map<string, Entry>();
  /** Waiting entries by priority, the oldest first. */
  readonly #waiting: readonly Map<string, Entry>[] = Object.values(PRIORITY).map(() => new Map<string, Entry>());
  readonly #delayed = new Deadlines<string>();

  constructor({ backoff, keysMax }: { readonly backoff: Backoff; readonly keysMax: number }) {
    this.#backoff = backoff;
    this.#keysMax = keysMax;
  }

  /** Keys that are waiting, put off or worked on. */
  get count(): number {
    return this.#entries.size;
  }

  /** False: there are `keysMax` keys, this one has to be added again later. */
  add(key: string, priority: Priority, nowMs: number): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      if (this.#entries.size >= this.#keysMax) return false;
      const timer = this.#delayed.create(key);
      const fresh: Entry = { key, timer, state: 'waiting', priority, sinceMs: nowMs, failures: 0, again: null };
      this.#entries.set(key, fresh);
      this.#wait(fresh, priority, nowMs);
    } else if (entry.state === 'running') entry.again = higher(entry.again, priority);
    else if (entry.state === 'waiting') this.#wait(entry, higher(entry.priority, priority), entry.sinceMs);
    else if (entry.failures === 0 || priority === PRIORITY.user) this.#wait(entry, priority, nowMs);
    return true;
  }

  /** A key to work on until `done`, null when there is none now. */
  take(nowMs: number): string | null {
    for (let due = this.#delayed.takeDue(nowMs); due !== null; due = this.#delayed.takeDue(nowMs)) {
      const entry = this.#entries.get(due.payload);
      if (entry?.state === 'delayed') this.#wait(entry, PRIORITY.resync, nowMs);
    }
    let first: Entry | null = null;
    for (const waiting of this.#waiting) {
      const [head] = waiting.values();
      if (head !== undefined && (first === null || rankOf(head) <= rankOf(first))) first = head;
    }
    if (first === null) return null;
    this.#waiting[first.priority]?.delete(first.key);
    first.state = 'running';
    return first.key;
  }

  /** The work on a key that was taken is over. */
  done(key: string, result: WorkResult, nowMs: number): void {
    const entry = this.#entries.get(key);
    assert(entry?.state === 'running', `W1: ${key} is done and was not taken`);
    const { again } = entry;
    entry.again = null;
    entry.failures = result.kind === 'ok' ? 0 : entry.failures + 1;
    if (again !== null && (result.kind === 'ok' || again === PRIORITY.user)) this.#wait(entry, again, nowMs);
    else if (result.kind === 'failed')
      this.#delay(entry, nowMs + backoffMs(this.#backoff, entry.failures, result.chance));
    else if (result.againInMs !== null) this.#delay(entry, nowMs + result.againInMs);
    else this.#entries.delete(key);
  }

  /** When `take` may have a key again that was put off; `Infinity`: not unless one is added. */
  nextMs(): number {
    return this.#delayed.nextMs();
  }

  #wait(entry: Entry, priority: Priority, sinceMs: number): void {
    if (entry.state === 'waiting' && entry.priority !== priority) this.#waiting[entry.priority]?.delete(entry.key);
    this.#delayed.cancel(entry.timer);
    entry.state = 'waiting';
    entry.priority = priority;
    entry.sinceMs = sinceMs;
    this.#waiting[priority]?.set(entry.key, entry);
  }

  #delay(entry: Entry, untilMs: number): void {
    entry.state = 'delayed';
    this.#delayed.set(entry.timer, untilMs);
  }
}

const higher = (a: Priority | null, b: Priority): Priority => (a === null || b > a ? b : a);

const rankOf = ({ sinceMs, priority }: Entry): number => sinceMs - priority * PRIORITY_WORTH_MS;

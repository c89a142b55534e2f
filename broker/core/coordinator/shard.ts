/** One record of a coordinator's topic, as bytes; `value` null is a tombstone. */
export interface CoordinatorRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

/** The two times of one decision. Deadlines are monotonic; the wall clock only stamps records (F6). */
export interface Now {
  /** Monotonic milliseconds. */
  readonly monotonicMs: number;
  /** Milliseconds since 1970. */
  readonly wallMs: number;
}

/** Names the caller who waits for a reply; given by the host, unique within the life of a shard. */
export type Ticket = number;

/** The ticket of commands that nobody waits for. Replying to it does nothing. */
export const NO_TICKET: Ticket = 0;

/**
 * Where a shard puts what it decided. All records of one decision are appended as one batch, in order. Replies and
 * effects leave only after every record that the decision could have seen, its own included, is committed; so no answer
 * and no effect rests on state that can still be lost.
 */
export interface Outbox<R, E> {
  /** Appends one record. It is replayed into the shard *before this returns*: state changes only through `replay`. */
  append(record: CoordinatorRecord): void;
  /** Answers the caller behind `ticket`: maybe an earlier command's, that was kept waiting. At most once per ticket. */
  reply(ticket: Ticket, response: R): void;
  /** Work for the world outside (a call to another coordinator); its result comes back as a command. */
  effect(effect: E): void;
}

/**
 * One partition of a coordinator's topic as a state machine (C commands, R responses, E effects). It holds *durable
 * state*, changed by `replay` alone, and *soft state* (waiting tickets, sessions, timers) that a successor rebuilds.
 * Nothing is rolled back: when an append fails or leadership goes, the shard is dropped and loaded again from its log.
 */
export interface CoordinatorShard<C, R, E> {
  /**
   * Applies one record, of the log while loading, of its own decisions afterwards. Unknown record types are skipped. May
   * throw a `DecodeError` for a record of the log that can't be read: the load ends with it.
   */
  replay(record: CoordinatorRecord, offset: number): void;
  /** Called once, after the whole log was replayed and before the first command: full durations run again (F6). */
  loaded(now: Now, out: Outbox<R, E>): void;
  /** Carries out one command. May reply now, later, or (as `NO_TICKET`) never. */
  decide(command: C, ticket: Ticket, now: Now, out: Outbox<R, E>): void;
  /** Monotonic time at which `onTime` wants to be called, in ms; `Infinity` when no timer runs. */
  nextDeadlineMs(): number;
  /** Fires the timers that are due. Calling it early is harmless. */
  onTime(now: Now, out: Outbox<R, E>): void;
  /** One deterministic line per group of state, for test scripts. */
  describe(): string;
}

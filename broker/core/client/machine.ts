/** What happened to a client machine. Commands of each machine come on top of these. */
export type ClientInput =
  | { readonly kind: 'dialed'; readonly connectionId: number }
  /** `code` is the errno name or `TIMEOUT`. */
  | { readonly kind: 'dial-failed'; readonly connectionId: number; readonly code: string }
  /** The bytes are copied by the machine: the caller may reuse them. */
  | { readonly kind: 'received'; readonly connectionId: number; readonly bytes: Uint8Array }
  | { readonly kind: 'closed'; readonly connectionId: number; readonly reason: string }
  /** Answer to `decompress`; null: malformed or over its size limit. */
  | { readonly kind: 'decompressed'; readonly jobId: number; readonly bytes: Uint8Array | null }
  /** The time of `nextWakeMs` has come. */
  | { readonly kind: 'wake' };

/** What a client machine wants done, in this order; nothing here waits for durability. */
export type ClientEffect =
  | {
      readonly kind: 'dial';
      readonly connectionId: number;
      readonly host: string;
      readonly port: number;
      readonly timeoutMs: number;
    }
  | { readonly kind: 'send'; readonly connectionId: number; readonly chunks: readonly Uint8Array[] }
  /** No `closed` input is needed after this, and a late one does no harm. */
  | { readonly kind: 'close'; readonly connectionId: number }
  | {
      readonly kind: 'decompress';
      readonly jobId: number;
      readonly codec: 1 | 2 | 3 | 4;
      readonly bytes: Uint8Array;
      readonly sizeMax: number;
    };

/**
 * A Kafka client without sockets, clock or randomness of its own: bytes, time and commands in, effects and events out.
 * One driver serves every machine, in production and in the simulator.
 */
export interface ClientMachine<Command, Event> {
  /** Takes one input at a monotonic time (ms, never going back) and appends what follows from it to `out`. */
  step(input: ClientInput | Command, nowMs: number, out: (ClientEffect | Event)[]): void;
  /** When to send `wake` at the latest, in monotonic ms; Infinity: not needed. Changes with every step. */
  nextWakeMs(): number;
  /** One line for test scripts; the same state always gives the same line. */
  describe(): string;
}

/** Where a broker listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What every machine is made with. */
export interface ClientOptions {
  /** Brokers to ask first, at least one. */
  readonly bootstrap: readonly Address[];
  readonly clientId: string;
  /** Jitter of back-offs and the choice of brokers. */
  readonly random: { below(bound: number): number };
  /** How long one request may take, dialing included; default 30,000 ms. */
  readonly requestTimeoutMs?: number;
  /**
   * A broker that owes an answer and has said nothing for so long, ms, may be gone without a word: another one is asked for metadata, and an
   * idempotent producer or a share consumer leaves it once there is another leader. Longer than a fetch waits; absent: only the request times
   * out.
   */
  readonly silenceMs?: number;
  /** First pause before trying again; doubles up to `retryBackoffMaxMs`. Defaults 50 and 1,000 ms. */
  readonly retryBackoffMs?: number;
  readonly retryBackoffMaxMs?: number;
}

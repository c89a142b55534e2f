import type { ApiResponses, RequestInput, WireKey } from '../protocol/messages.ts';

/** How a request ended. */
export type CallOutcome<K extends WireKey> =
  | { readonly ok: true; readonly body: ApiResponses[K]; readonly version: number }
  /** `code` is a Kafka error code; `sent`: the broker may have carried it out all the same. */
  | { readonly ok: false; readonly code: number; readonly reason: string; readonly sent: boolean };

/** A request that a machine makes. */
export interface Call<K extends WireKey> {
  readonly key: K;
  /** Builds the body for the version that both sides speak. */
  readonly body: (version: number) => RequestInput<K>;
  /** No response will come (Produce with acks=0): done as soon as it is sent. */
  readonly silent?: boolean;
  /** At least this version; a broker without it is UNSUPPORTED_VERSION. */
  readonly minVersion?: number;
  /** Added to the request timeout, for requests that wait at the broker. */
  readonly extraTimeMs?: number;
  readonly done: (outcome: CallOutcome<K>) => void;
}

/** A call with its type forgotten, as connections queue it: everything in it fits together by construction. */
export interface QueuedCall {
  readonly key: WireKey;
  readonly minVersion: number;
  readonly silent: boolean;
  /** Monotonic ms at which it is given up. */
  readonly deadlineMs: number;
  readonly encode: (version: number, correlationId: number, clientId: string) => Uint8Array[];
  readonly succeed: (version: number, frame: Uint8Array) => boolean;
  /** Answers a silent call. */
  readonly sent: (version: number) => void;
  readonly fail: (code: number, reason: string, sent: boolean) => void;
}

import type { AuthorizationNeed } from './api/row.ts';

/** Who asked, through what. Lives as long as its connection. */
export interface ConnectionContext {
  /** Unique within this process, growing. */
  readonly connectionId: number;
  /** `User:ANONYMOUS` until the listener authenticates. */
  readonly principal: string;
  readonly listener: string;
  readonly address: string;
  /** Which node of the cluster has shown to be at the other end; absent where nobody has to show it. */
  readonly node?: number;
  /** Calls `listener` once when the connection is gone (share sessions end with it); returns how to unsubscribe. */
  onClose(listener: () => void): () => void;
  /** Another broker introduced itself on the listener of brokers: it is not made to wait for memory (B1). */
  admitBroker(): void;
  /** Closes the connection without an answer; the reason is logged. */
  disconnect(reason: string): void;
}

/** One request being served. */
export interface RequestContext {
  readonly connection: ConnectionContext;
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  /** Monotonic time at which the request was complete, in milliseconds. */
  readonly receivedMs: number;
  /** Whether the principal may do this; for requests that are answered resource by resource. */
  allowed(need: AuthorizationNeed): boolean;
}

import type { ApiRequests, ResponseInput, WireKey } from '../../core/protocol/messages.ts';
import type { Parts } from '../parts.ts';
import type { RequestContext } from '../request-context.ts';

/** What a request wants to do to one resource; the authoriser answers per need. */
export interface AuthorizationNeed {
  readonly operation:
    | 'read'
    | 'write'
    | 'create'
    | 'delete'
    | 'alter'
    | 'describe'
    | 'cluster-action'
    | 'describe-configs'
    | 'alter-configs'
    | 'idempotent-write';
  readonly resourceType: 'topic' | 'group' | 'cluster' | 'transactional-id';
  readonly resourceName: string;
}

/** What brokers may do to each other, and clients may not (B2). */
export const CLUSTER_ACTION: AuthorizationNeed = {
  operation: 'cluster-action',
  resourceType: 'cluster',
  resourceName: 'kafka-cluster',
};

/** Which budget a request is charged to. */
export type QuotaKind = 'none' | 'request' | 'produce' | 'fetch' | 'controller-mutation';

/** What a handler answers. Dispatch fills in the throttle time; fields with defaults may be left out. */
export type Answer<K extends WireKey> = Omit<ResponseInput<K>, 'throttleTimeMs'>;

/**
 * One Kafka API (one row, one file). Dispatch parses, authorises, applies quotas, times and counts around the handler;
 * so security and observability change rows and dispatch, never handlers. `S` is what the handler needs of the server.
 */
export interface ApiRow<K extends WireKey, S> {
  readonly key: K;
  /** Versions served, both inclusive; within the protocol's valid range. */
  readonly versions: { readonly min: number; readonly max: number };
  /** Client requests arrive on any client listener; `replication` rows only from node identities (B2). */
  readonly listener: 'client' | 'replication';
  readonly quota: QuotaKind;
  /** How a large request is cut, by the first of these whose list has elements. Without it a request is served as a whole. */
  readonly parts?: readonly Parts[];
  /** Every resource that this request touches, taken from the request. Handlers ask `context.allowed(need)` for partial refusals. */
  authorize(request: ApiRequests[K]): readonly AuthorizationNeed[];
  /** Answers exactly once through `reply`, now or later; `null` sends nothing (acks=0). */
  handle(
    server: S,
    request: ApiRequests[K],
    context: RequestContext,
    reply: (response: Answer<K> | null) => void,
  ): void;
}

import type { AuthorizationNeed } from './api/row.ts';
import type { ConnectionContext } from './request-context.ts';

/** Decides what a principal may do. Dispatch asks it for every need of every row. */
export interface Authorizer {
  allows(connection: ConnectionContext, need: AuthorizationNeed): boolean;
}

/** The authoriser of a cluster without declared security: everybody may do everything. */
export const allowAll: Authorizer = { allows: () => true };

/** Charges requests to budgets. */
export interface Quotas {
  /** Milliseconds for which the client is asked to hold back, told in `throttleTimeMs` and enforced by muting the connection. */
  throttleMs(connection: ConnectionContext, clientId: string | null, kind: string, bytes: number): number;
}

/** No quota is declared: nobody is throttled. */
export const unlimited: Quotas = { throttleMs: () => 0 };

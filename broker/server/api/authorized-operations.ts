import type { RequestContext } from '../request-context.ts';
import type { AuthorizationNeed } from './row.ts';

/** Kafka's numbers of ACL operations. */
const OPERATION_CODE = {
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  'cluster-action': 9,
  'describe-configs': 10,
  'alter-configs': 11,
  'idempotent-write': 12,
} as const satisfies Record<AuthorizationNeed['operation'], number>;

/** Operations that exist on each kind of resource. */
const OPERATIONS = {
  topic: ['read', 'write', 'create', 'delete', 'alter', 'describe', 'describe-configs', 'alter-configs'],
  group: ['read', 'delete', 'describe', 'describe-configs', 'alter-configs'],
  cluster: ['create', 'alter', 'describe', 'cluster-action', 'describe-configs', 'alter-configs', 'idempotent-write'],
} as const satisfies Record<string, readonly AuthorizationNeed['operation'][]>;

/** The answer when a client did not ask for its operations. */
export const OPERATIONS_NOT_ASKED = -2_147_483_648;

/** What the principal may do to a resource, as the bit field of KIP-430: bit n is the operation with number n. */
export function authorizedOperations(
  context: RequestContext,
  resourceType: keyof typeof OPERATIONS,
  resourceName: string,
): number {
  let bits = 0;
  for (const operation of OPERATIONS[resourceType]) {
    if (context.allowed({ operation, resourceType, resourceName })) bits |= 1 << OPERATION_CODE[operation];
  }
  return bits;
}

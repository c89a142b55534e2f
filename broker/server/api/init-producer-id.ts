import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { ProducerIds } from '../producer-ids.ts';
import type { ApiRow } from './row.ts';

/** What InitProducerId draws from. */
export interface InitProducerIdServices {
  readonly producerIds: ProducerIds;
}

/** InitProducerId of idempotent producers (KIP-98, KIP-360). A transactional id is refused: there is no coordinator for it. */
export const row: ApiRow<typeof ApiKey.InitProducerId, InitProducerIdServices> = {
  key: ApiKey.InitProducerId,
  versions: { min: 0, max: 5 },
  listener: 'client',
  quota: 'request',
  authorize: (request) =>
    request.transactionalId === null
      ? [{ operation: 'idempotent-write', resourceType: 'cluster', resourceName: 'kafka-cluster' }]
      : [{ operation: 'write', resourceType: 'transactional-id', resourceName: request.transactionalId }],
  handle(server, request, _context, reply) {
    if (request.transactionalId !== null) {
      const errorCode = request.transactionalId === '' ? ErrorCode.INVALID_REQUEST : ErrorCode.UNSUPPORTED_VERSION;
      reply({ errorCode, producerId: -1, producerEpoch: -1 });
      return;
    }
    if ((request.producerId === -1) !== (request.producerEpoch === -1)) {
      reply({ errorCode: ErrorCode.INVALID_REQUEST, producerId: -1, producerEpoch: -1 });
      return;
    }
    // An idempotent producer that asks again (KIP-360) gets a new id: nothing ties it to the old one.
    server.producerIds.next((errorCode, producerId) => {
      reply({ errorCode, producerId, producerEpoch: errorCode === ErrorCode.NONE ? 0 : -1 });
    });
  },
};

import { ApiKey } from '../../core/protocol/apis.ts';
import type { MetadataClient } from '../metadata-client.ts';
import { ALTER_CLUSTER, NOT_ALLOWED } from './change-voters.ts';
import { CHANGE_TIMEOUT_MS } from './metadata-timeout.ts';
import type { ApiRow } from './row.ts';

/** What UnregisterBroker works with. */
export interface UnregisterBrokerServices {
  readonly metadata: MetadataClient;
}

/** UnregisterBroker (KIP-631): forgets a broker that is gone for good. */
export const row: ApiRow<typeof ApiKey.UnregisterBroker, UnregisterBrokerServices> = {
  key: ApiKey.UnregisterBroker,
  versions: { min: 0, max: 0 },
  listener: 'client',
  quota: 'request',
  authorize: () => [ALTER_CLUSTER],
  handle({ metadata }, { brokerId }, context, reply) {
    if (!context.allowed(ALTER_CLUSTER)) {
      reply(NOT_ALLOWED);
      return;
    }
    metadata.submit({ kind: 'unregisterBroker', brokerId }, CHANGE_TIMEOUT_MS, ({ errorCode, errorMessage }) =>
      reply({ errorCode, errorMessage }),
    );
  },
};

import { ApiKey } from '../../core/protocol/apis.ts';
import type { MetadataClient } from '../metadata-client.ts';
import { ALTER_CLUSTER, NOT_ALLOWED } from './change-voters.ts';
import { CHANGE_TIMEOUT_MS } from './metadata-timeout.ts';
import type { ApiRow } from './row.ts';

/** What UnregisterController works with. */
export interface UnregisterControllerServices {
  readonly metadata: MetadataClient;
}

/** UnregisterController (KIP-1312): forgets a controller that is gone for good. */
export const row: ApiRow<typeof ApiKey.UnregisterController, UnregisterControllerServices> = {
  key: ApiKey.UnregisterController,
  versions: { min: 0, max: 0 },
  listener: 'client',
  quota: 'request',
  authorize: () => [ALTER_CLUSTER],
  handle({ metadata }, { controllerId }, context, reply) {
    if (!context.allowed(ALTER_CLUSTER)) {
      reply(NOT_ALLOWED);
      return;
    }
    metadata.submit({ kind: 'unregisterController', controllerId }, CHANGE_TIMEOUT_MS, ({ errorCode, errorMessage }) =>
      reply({ errorCode, errorMessage }),
    );
  },
};

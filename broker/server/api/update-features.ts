import type { UpgradeType } from '../../core/metadata/commands.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { MetadataClient } from '../metadata-client.ts';
import { ALTER_CLUSTER, NOT_ALLOWED, type ChangeAnswer } from './change-voters.ts';
import { controllerTimeoutMs } from './metadata-timeout.ts';
import type { ApiRow } from './row.ts';

/** What UpdateFeatures works with. */
export interface UpdateFeaturesServices {
  readonly metadata: MetadataClient;
}

/** By the number that requests name them with. */
const UPGRADE_TYPES: Readonly<Record<number, UpgradeType>> = {
  1: 'upgrade',
  2: 'safe-downgrade',
  3: 'unsafe-downgrade',
};

/** UpdateFeatures (KIP-584, KIP-1022): all levels are changed, or none. */
export const row: ApiRow<typeof ApiKey.UpdateFeatures, UpdateFeaturesServices> = {
  key: ApiKey.UpdateFeatures,
  versions: { min: 0, max: 2 },
  listener: 'client',
  quota: 'request',
  authorize: () => [ALTER_CLUSTER],
  handle({ metadata }, request, context, reply) {
    const refuse = (answer: ChangeAnswer): void => reply({ ...answer, results: [] });
    if (!context.allowed(ALTER_CLUSTER)) {
      refuse(NOT_ALLOWED);
      return;
    }
    const updates = [];
    const names = new Set<string>();
    for (const { feature, maxVersionLevel: level, allowDowngrade, upgradeType: number } of request.featureUpdates) {
      const upgradeType = context.apiVersion === 0 && allowDowngrade ? 'safe-downgrade' : UPGRADE_TYPES[number];
      if (upgradeType === undefined || names.has(feature)) {
        const reason =
          upgradeType === undefined ? 'The controller does not support the given upgrade type.' : 'It is named twice.';
        const errorMessage = sentence(`Invalid update version ${level} for feature ${feature}. ${reason}`);
        refuse({ errorCode: ErrorCode.INVALID_UPDATE_VERSION, errorMessage });
        return;
      }
      names.add(feature);
      updates.push({ name: feature, level, upgradeType });
    }
    const command = { kind: 'updateFeatures', updates, validateOnly: request.validateOnly } as const;
    metadata.submit(command, controllerTimeoutMs(request.timeoutMs), ({ errorCode, errorMessage }) => {
      if (errorCode === ErrorCode.INVALID_UPDATE_VERSION)
        refuse({ errorCode, errorMessage: sentence(errorMessage ?? '') });
      else if (errorCode !== ErrorCode.NONE) refuse({ errorCode, errorMessage });
      else reply({ errorCode, errorMessage, results: [...names].map((feature) => ({ feature, ...DONE })) });
    });
  },
};

const DONE: ChangeAnswer = { errorCode: ErrorCode.NONE, errorMessage: null };

function sentence(message: string): string {
  return `The update failed for all features since the following feature had an error: ${message}`;
}

import type { FeatureObservation } from '../../../operator/core/observed.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode, isRetriable } from '../../core/protocol/errors.ts';
import { check } from './check.ts';
import type { AdminCall } from './copies.ts';

const WEIR_VERSION = 'weir.version';
/** UpdateFeatures' number for a way up. */
const UPGRADE = 1;
const REQUEST_TIMEOUT_MS = 10_000;
/** First versions with what is asked: which features there are, and that nothing is changed. */
const SINCE = { features: 3, validateOnly: 1 } as const;
const ASKER = { clientSoftwareName: 'weir-operator', clientSoftwareVersion: '1', clusterId: null, nodeId: -1 } as const;

/** See `AdminObservation.features`; null while no controller can tell. The active controller knows what every registered node can do. */
export async function observeFeatures(call: AdminCall): Promise<FeatureObservation | null> {
  const { supportedFeatures, finalizedFeatures } = await call(ApiKey.ApiVersions, () => ASKER, 'any', SINCE.features);
  const level = finalizedFeatures.find(({ name }) => name === WEIR_VERSION)?.maxVersionLevel ?? 0;
  const most = supportedFeatures.find(({ name }) => name === WEIR_VERSION)?.maxVersion ?? level;
  for (let next = most; next > level; next -= 1) {
    const { errorCode, errorMessage } = await update(call, next, true);
    if (errorCode === ErrorCode.NONE) return { level, next };
    if (isRetriable(errorCode)) return null;
    // Not all nodes can.
    if (errorCode !== ErrorCode.INVALID_UPDATE_VERSION) check(errorCode, errorMessage);
  }
  return { level, next: level };
}

/** See `ClusterAdmin.raiseFeature`. */
export async function raiseFeature(call: AdminCall, level: number): Promise<void> {
  const { errorCode, errorMessage } = await update(call, level, false);
  check(errorCode, errorMessage);
}

function update(call: AdminCall, level: number, validateOnly: boolean) {
  const one = { feature: WEIR_VERSION, maxVersionLevel: level, upgradeType: UPGRADE };
  const body = () => ({ timeoutMs: REQUEST_TIMEOUT_MS, featureUpdates: [one], validateOnly });
  return call(ApiKey.UpdateFeatures, body, 'any', SINCE.validateOnly);
}

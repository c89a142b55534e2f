import type { FeatureObservation } from '../../../operator/core/observed.ts';
import { FEATURE_NEEDS, WEIR_VERSION } from '../../core/metadata/features.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode, isRetriable } from '../../core/protocol/errors.ts';
import { check } from './check.ts';
import type { AdminCall } from './copies.ts';

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

/**
 * See `ClusterAdmin.raiseFeature`. What a new cluster of that level has, dead letters of share groups for one, comes with it, all in one
 * request: an upgraded cluster would not have it else until somebody asks for each, and nobody would.
 */
export async function raiseFeature(call: AdminCall, level: number): Promise<void> {
  const { errorCode, errorMessage } = await update(call, level, false, await broughtBy(call, level));
  check(errorCode, errorMessage);
}

/** Levels of other features that need no more than this `weir.version`, are known to the broker that answers, and not in force yet. */
async function broughtBy(call: AdminCall, weirVersion: number): Promise<readonly FeatureLevel[]> {
  const { supportedFeatures, finalizedFeatures } = await call(ApiKey.ApiVersions, () => ASKER, 'any', SINCE.features);
  const known = new Map(supportedFeatures.map(({ name, maxVersion }) => [name, maxVersion]));
  const inForce = new Map(finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel]));
  return FEATURE_NEEDS.filter((need) => need.weirVersion <= weirVersion)
    .filter(({ name, from }) => from <= (known.get(name) ?? 0) && from > (inForce.get(name) ?? 0))
    .map(({ name, from }) => ({ name, level: from }));
}

interface FeatureLevel {
  readonly name: string;
  readonly level: number;
}

function update(call: AdminCall, weirVersion: number, validateOnly: boolean, more: readonly FeatureLevel[] = []) {
  const all = [{ name: WEIR_VERSION, level: weirVersion }, ...more];
  const featureUpdates = all.map(({ name, level }) => ({
    feature: name,
    maxVersionLevel: level,
    upgradeType: UPGRADE,
  }));
  const body = () => ({ timeoutMs: REQUEST_TIMEOUT_MS, featureUpdates, validateOnly });
  return call(ApiKey.UpdateFeatures, body, 'any', SINCE.validateOnly);
}

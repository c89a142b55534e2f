import { ApiKey, apiByKey } from '../protocol/apis.ts';
import type { WireKey } from '../protocol/messages.ts';

/** First and last version of an API, both inclusive. */
export interface Versions {
  readonly min: number;
  readonly max: number;
}

/** APIs where the newest version needs more than these clients do. */
const LIMITS = new Map<number, Versions>([
  // From 13 on topics go by id; a name cannot be mistaken by a person who typed it.
  [ApiKey.Produce, { min: 3, max: 12 }],
  [ApiKey.InitProducerId, { min: 0, max: 5 }],
  [ApiKey.Fetch, { min: 4, max: 12 }],
  [ApiKey.FindCoordinator, { min: 0, max: 3 }],
  [ApiKey.ListOffsets, { min: 1, max: 9 }],
]);

/** Versions of an API that these clients speak; all that there are for who needs more than plain clients do. */
export function clientVersions(key: WireKey, minVersion = 0): Versions {
  const limit = LIMITS.get(key);
  if (limit !== undefined && minVersion <= limit.max) return limit;
  const api = apiByKey(key);
  if (api === undefined) return { min: 0, max: -1 };
  return { min: api.minVersion, max: api.latestVersionUnstable ? api.maxVersion - 1 : api.maxVersion };
}

/**
 * The newest version from `minVersion` on that both sides speak, or null. `broker` is absent when the broker does not have the
 * API.
 */
export function chooseVersion(key: WireKey, broker: Versions | undefined, minVersion = 0): number | null {
  if (broker === undefined) return null;
  const own = clientVersions(key, minVersion);
  const version = Math.min(own.max, broker.max);
  return version < Math.max(own.min, broker.min, minVersion) ? null : version;
}

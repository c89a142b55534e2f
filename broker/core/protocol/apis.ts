import { ApiKey, apiTable } from './api-table.generated.ts';

export { ApiKey };

/** One API of the protocol: what exists, not what is served. */
export interface ApiDescription {
  readonly key: number;
  /** Kafka's name without `Request`. */
  readonly name: string;
  /** First valid version. */
  readonly minVersion: number;
  /** Last valid version; −1 for an API that was removed. */
  readonly maxVersion: number;
  /** First version with compact lengths and tagged fields; null when none has them. */
  readonly flexibleFrom: number | null;
  /** The last version may still change and is not advertised. */
  readonly latestVersionUnstable: boolean;
  /** Kinds of listeners that serve it; none for a removed API. */
  readonly listeners: readonly ('broker' | 'controller')[];
}

/** Every API key that Kafka 4.4 has given out, in the order of keys. */
export const apis: readonly ApiDescription[] = apiTable;

/** The API of a key; undefined for a key that was never given out. */
export function apiByKey(key: number): ApiDescription | undefined {
  return apis[key];
}

/** Whether a version of an API exists; whether it is served is the server's to say. */
export function isValidVersion(key: number, version: number): boolean {
  const api = apiByKey(key);
  return api !== undefined && version >= api.minVersion && version <= api.maxVersion;
}

/** Whether a request of this version has flexible encoding; also for versions that do not exist yet. */
export function isFlexible(api: ApiDescription, version: number): boolean {
  return api.flexibleFrom !== null && version >= api.flexibleFrom;
}

/** The versions of one API that a server answers, both inclusive. */
export interface ServedVersions {
  readonly key: number;
  readonly min: number;
  readonly max: number;
}

/**
 * What ApiVersions tells clients of the APIs that are served, by ascending key: unstable versions are kept back, and Produce claims
 * to begin at 0, since librdkafka takes a broker without the old versions for one without Produce (KAFKA-18659). Requests of
 * those versions are refused all the same.
 */
export function advertisedVersions(served: readonly ServedVersions[]): ServedVersions[] {
  return served
    .map(({ key, min, max }) => {
      const api = apiByKey(key);
      const stableMax = api === undefined || !api.latestVersionUnstable ? max : Math.min(max, api.maxVersion - 1);
      return { key, min: key === ApiKey.Produce ? 0 : min, max: stableMax };
    })
    .toSorted((a, b) => a.key - b.key);
}

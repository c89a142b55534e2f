import type { Settings } from '../../core/config/settings.ts';

/** How much, and for how long, a fetch from a leader may ask; sizes in bytes. */
export interface FetchLimits {
  readonly partitionMaxBytes: number;
  readonly responseMaxBytes: number;
  readonly minBytes: number;
  readonly maxWaitMs: number;
  /** The longest pause after a request that failed. */
  readonly backoffMs: number;
}

/** The limits that the settings give now. */
export function fetchLimits(settings: Settings): FetchLimits {
  return {
    partitionMaxBytes: settings.broker('replica.fetch.max.bytes'),
    responseMaxBytes: settings.broker('replica.fetch.response.max.bytes'),
    minBytes: settings.broker('replica.fetch.min.bytes'),
    maxWaitMs: settings.broker('replica.fetch.wait.max.ms'),
    backoffMs: settings.broker('replica.fetch.backoff.ms'),
  };
}

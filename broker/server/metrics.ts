import type { MetricSample, MetricSource } from '../ports/metrics.ts';

/** Plain numbers of one API; raised on the hot path, read at a scrape. */
export interface ApiStats {
  requests: number;
  /** Requests that were refused before or by their handler's parsing (bad bytes, unauthorised). */
  refused: number;
  bytesIn: number;
  bytesOut: number;
  totalMs: number;
  maxMs: number;
  inFlight: number;
}

/** Fresh zeroed statistics of one API. */
export const createApiStats = (): ApiStats => ({
  requests: 0,
  refused: 0,
  bytesIn: 0,
  bytesOut: 0,
  totalMs: 0,
  maxMs: 0,
  inFlight: 0,
});

/** The sources of one node, in the order in which they were added. */
export class MetricRegistry {
  readonly #sources: MetricSource[] = [];

  add(source: MetricSource): void {
    this.#sources.push(source);
  }

  /** Everything at this moment. */
  collect(): MetricSample[] {
    const samples: MetricSample[] = [];
    for (const source of this.#sources) source((sample) => samples.push(sample));
    return samples;
  }
}

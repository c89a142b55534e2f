/** One figure at one moment, as a scrape sees it. */
export interface MetricSample {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: Readonly<Record<string, string>>;
  /** Of a histogram: the sum of all that was observed. */
  readonly value: number;
  /** Of a histogram: how many were at most each bound, which ascend, and above the one before; one count more for all that were above. */
  readonly buckets?: { readonly bounds: readonly number[]; readonly counts: readonly number[] };
}

/** Gives samples when scraped. Parts of the server, and what is outside of it, register one each. */
export type MetricSource = (emit: (sample: MetricSample) => void) => void;

/** One figure at one moment, as a scrape sees it. */
export interface MetricSample {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Gives samples when scraped. Parts of the server, and what is outside of it, register one each. */
export type MetricSource = (emit: (sample: MetricSample) => void) => void;

import type { Counter, Gauge, Histogram, MetricValueWithName } from 'prom-client';
import type { MetricSample } from '../../ports/metrics.ts';

/** The content type of `renderMetrics`. */
export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Samples in Prometheus' text format. Built at each scrape: counting itself is done in plain numbers (hot path). */
export async function renderMetrics(samples: readonly MetricSample[]): Promise<string> {
  // Loaded by the first scrape: it costs 10 MB and, on a busy machine, 70 ms, which a node that nobody scrapes can keep.
  const { prometheus } = await import('./library.ts');
  const registry = new prometheus.Registry();
  const metrics = new Map<string, Counter | Gauge>();
  const histograms = new Map<string, HistogramValues>();
  for (const sample of samples) {
    if (sample.type === 'histogram') {
      const { name, help } = sample;
      let values = histograms.get(name);
      if (values === undefined) {
        const shown = new prometheus.Gauge({ name, help, registers: [registry] });
        values = await showHistogram(shown, new prometheus.Histogram({ name, help, registers: [] }));
        histograms.set(name, values);
      }
      values.push(...histogramValues(sample));
      continue;
    }
    let metric = metrics.get(sample.name);
    if (metric === undefined) {
      const options = {
        name: sample.name,
        help: sample.help,
        labelNames: Object.keys(sample.labels),
        registers: [registry],
      };
      metric = sample.type === 'counter' ? new prometheus.Counter(options) : new prometheus.Gauge(options);
      metrics.set(sample.name, metric);
    }
    metric.inc({ ...sample.labels }, sample.value);
  }
  return registry.metrics();
}

type HistogramValues = MetricValueWithName<string>[];

/** A metric that shows as a histogram what was counted elsewhere: histograms of the library count for themselves alone. */
async function showHistogram(shown: Gauge, empty: Histogram): Promise<HistogramValues> {
  const values: HistogramValues = [];
  const shape = await empty.get();
  shown.get = async () => ({ ...shape, values });
  return values;
}

function histogramValues({ name, labels, value, buckets }: MetricSample): HistogramValues {
  const { bounds = [], counts = [] } = buckets ?? {};
  const all: HistogramValues = [];
  let count = 0;
  for (const [index, each] of counts.entries()) {
    count += each;
    all.push({ metricName: `${name}_bucket`, labels: { ...labels, le: bounds[index] ?? '+Inf' }, value: count });
  }
  return [...all, { metricName: `${name}_sum`, labels, value }, { metricName: `${name}_count`, labels, value: count }];
}

import { LOOK_SECONDS } from '../../../operator/controllers/stats.ts';
import type { Operator } from '../../../operator/main.ts';
import type { MetricSample, MetricSource } from '../../ports/metrics.ts';

type Labels = MetricSample['labels'];

/** Statuses that conditions have. */
const STATUSES = ['True', 'False', 'Unknown'];

/** What an operator does and what it knows. Labels are kinds, codes and types of conditions, never names of objects. */
export function operatorMetrics(operator: Operator, wallMs: () => number, monotonicMs: () => number): MetricSource {
  const { stats } = operator;
  return (emit) => {
    const gauge = (name: string, help: string, value: number, labels: Labels = {}): void =>
      emit({ name: `weir_operator_${name}`, help, type: 'gauge', labels, value });
    const counter = (name: string, help: string, value: number, labels: Labels = {}): void =>
      emit({ name: `weir_operator_${name}`, help, type: 'counter', labels, value });
    const { count, stuck, longestMs } = stats.underWay();
    gauge('leader', 'Whether this operator holds the Lease', operator.isLeading() ? 1 : 0);
    for (const [state, places] of Object.entries(operator.places()))
      gauge('namespaces', 'Namespaces by whether they are read; all of them are one where none is named', places, {
        state,
      });
    gauge('queue_depth', 'Clusters that wait to be looked at, now or later, or are looked at', operator.queued());
    for (const [what, value] of operator.remembered())
      gauge('remembered', 'What is remembered between looks, by what it is for', value, { what });
    gauge('reconcile_in_progress', 'Clusters that are looked at', count);
    gauge('reconcile_stuck', 'Clusters that have been looked at for more than five minutes', stuck);
    gauge('reconcile_longest_seconds', 'How long the longest look under way is', longestMs / 1000);
    const looks = stats.durations.reduce((sum, each) => sum + each, 0);
    counter('reconcile_total', 'Looks at Clusters', looks);
    counter('reconcile_steady_state_total', 'Looks that found nothing to do', stats.steady);
    emit({
      name: 'weir_operator_reconcile_duration_seconds',
      help: 'How long looks took',
      type: 'histogram',
      labels: {},
      value: stats.durationSeconds,
      buckets: { bounds: LOOK_SECONDS, counts: stats.durations },
    });
    for (const [code, value] of stats.errors.entries())
      counter('reconcile_errors_total', 'Looks and steps that failed, by code', value, { code });
    for (const [step, value] of stats.steps.entries())
      counter('steps_total', 'Steps that were carried out, by kind', value, { step });
    for (const [reason, value] of stats.scalings.entries())
      counter('scalings_total', 'Brokers that came, or began to go, for the load', value, { reason });
    for (const [name, value] of stats.calls.entries()) {
      const [verb = '', code = 'other'] = name.split(' ');
      counter('api_requests_total', 'Calls of the Kubernetes API, by verb and code', value, { verb, code });
    }
    if (stats.lastSuccessMs !== null) {
      const atMs = wallMs() - (monotonicMs() - stats.lastSuccessMs);
      gauge('last_success_timestamp_seconds', 'When a look succeeded last', atMs / 1000);
    }
    for (const { kind, type, status, count: objects } of conditionsOf(operator))
      gauge('conditions', 'Objects by what is the case with them', objects, { kind, type, status });
    const memory = process.memoryUsage();
    const cpu = process.cpuUsage();
    const own = (type: 'gauge' | 'counter', name: string, help: string, value: number): void =>
      emit({ name, help, type, labels: {}, value });
    own('counter', 'process_cpu_seconds_total', 'Processor time, user and system', (cpu.user + cpu.system) / 1e6);
    own('gauge', 'process_resident_memory_bytes', 'Resident memory', memory.rss);
    own(
      'gauge',
      'process_start_time_seconds',
      'Start of the process since the epoch',
      wallMs() / 1000 - process.uptime(),
    );
    own('gauge', 'nodejs_heap_size_used_bytes', 'Heap in use', memory.heapUsed);
  };
}

interface ConditionCount {
  readonly kind: string;
  readonly type: string;
  readonly status: string;
  readonly count: number;
}

/** Types of conditions beyond so many are `other`: others than the operator may have written some. */
const TYPES_MAX = 32;

function conditionsOf(operator: Operator): readonly ConditionCount[] {
  const counts = new Map<string, number>();
  const types = new Set<string>();
  for (const { kind, type, status } of operator.conditions()) {
    if (types.size < TYPES_MAX) types.add(type);
    const known = types.has(type) ? type : 'other';
    const name = [kind, known, STATUSES.includes(status) ? status : 'Unknown'].join(' ');
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => {
    const [kind = '', type = '', status = ''] = name.split(' ');
    return { kind, type, status, count };
  });
}

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { MetricSource } from '../../ports/metrics.ts';
import type { EventLoop } from '../loop/event-loop.ts';

const NANOSECONDS_PER_SECOND = 1e9;

/** Memory, processor time and the health of this isolate's event loop. */
export function processMetrics(loop: EventLoop): MetricSource {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const startSeconds = Date.now() / 1000 - process.uptime();
  return (emit) => {
    const memory = process.memoryUsage();
    const cpu = process.cpuUsage();
    const gauge = (name: string, help: string, value: number): void =>
      emit({ name, help, type: 'gauge', labels: {}, value });
    const counter = (name: string, help: string, value: number): void =>
      emit({ name, help, type: 'counter', labels: {}, value });
    counter('process_cpu_seconds_total', 'Processor time, user and system', (cpu.user + cpu.system) / 1e6);
    gauge('process_resident_memory_bytes', 'Resident memory', memory.rss);
    gauge('process_start_time_seconds', 'Start of the process since the epoch', startSeconds);
    gauge('nodejs_heap_size_used_bytes', 'Heap of the data isolate in use', memory.heapUsed);
    gauge('nodejs_external_memory_bytes', 'Memory of buffers outside of the heap', memory.external);
    gauge(
      'weir_loop_lag_seconds',
      'Largest delay of the event loop since the last scrape',
      delay.max / NANOSECONDS_PER_SECOND,
    );
    gauge(
      'weir_loop_lag_p99_seconds',
      '99th percentile of the delay of the event loop since the last scrape',
      delay.percentile(99) / NANOSECONDS_PER_SECOND,
    );
    counter('weir_loop_turns_total', 'Turns of the event loop', loop.stats.turns);
    counter('weir_loop_inputs_total', 'Inputs that the turns served', loop.stats.inputs);
    counter('weir_loop_busy_seconds_total', 'Time spent in turns', loop.stats.busyMs / 1000);
    gauge('weir_loop_longest_turn_seconds', 'Longest turn since the last scrape', loop.stats.longestTurnMs / 1000);
    delay.reset();
    loop.stats.longestTurnMs = 0;
  };
}

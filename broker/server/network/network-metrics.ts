import type { MetricSource } from '../../ports/metrics.ts';
import type { MemoryBudget } from './memory-budget.ts';

/** What became of connections, counted since the start. */
export interface NetworkCounts {
  accepted: number;
  /** Closed at once, by the limit that was reached. */
  readonly refused: Map<string, number>;
  /** Closed by the broker later, by the setting or the kind of reason. */
  readonly closed: Map<string, number>;
}

/** Limits over which a connection is refused and reasons for which one is closed: present in a scrape from the start. */
const REFUSED_BY = ['max.connections.per.ip', 'max.connections.per.ip.overrides', 'socket.listen.backlog.size'];
const CLOSED_BY = [
  'protocol',
  'connections.max.idle.ms',
  'queued.max.request.bytes',
  'weir.request.receive.timeout.ms',
  'weir.response.send.timeout.ms',
];

/** Connections open, waiting, accepted, refused and closed, and the memory budget. */
export function networkMetrics(
  counts: NetworkCounts,
  connections: { readonly open: number; readonly waiting: number },
  memory: MemoryBudget,
): MetricSource {
  return (emit) => {
    const gauge = (name: string, help: string, value: number, labels: Readonly<Record<string, string>> = {}): void =>
      emit({ name, help, type: 'gauge', labels, value });
    const counter = (name: string, help: string, value: number, labels: Readonly<Record<string, string>> = {}): void =>
      emit({ name, help, type: 'counter', labels, value });
    gauge('kafka_server_socket_server_metrics_connection_count', 'Open client connections', connections.open);
    gauge('weir_connections_waiting', 'Connections that wait for max.connections or the rate', connections.waiting);
    counter('weir_connections_accepted_total', 'Client connections accepted', counts.accepted);
    for (const limit of new Set([...REFUSED_BY, ...counts.refused.keys()])) {
      const help = 'Client connections refused because a limit was reached';
      counter('weir_connections_refused_total', help, counts.refused.get(limit) ?? 0, { limit });
    }
    for (const reason of new Set([...CLOSED_BY, ...counts.closed.keys()])) {
      const help = 'Client connections closed by the broker, by setting or reason';
      counter('weir_connections_closed_total', help, counts.closed.get(reason) ?? 0, { reason });
    }
    const { requestBytes, answerBytes, waitingRequests, blocked, pauses, evictions } = memory.figures;
    const used = requestBytes + answerBytes;
    gauge('kafka_network_socketserver_memorypoolused', 'Bytes of queued.max.request.bytes in use', used);
    const free = Math.max(0, memory.limitBytes - used);
    gauge('kafka_network_socketserver_memorypoolavailable', 'Bytes of queued.max.request.bytes that are free', free);
    const help = 'Bytes of queued.max.request.bytes in use, by what they hold';
    gauge('weir_memory_held_bytes', help, requestBytes, { by: 'requests' });
    gauge('weir_memory_held_bytes', help, answerBytes, { by: 'answers' });
    gauge('kafka_network_requestchannel_requestqueuesize', 'Requests that have not been started', waitingRequests);
    gauge('weir_memory_blocked_connections', 'Connections that wait for memory', blocked);
    counter('weir_memory_pauses_total', 'Times that a connection had to wait for memory', pauses);
    counter('weir_memory_evictions_total', 'Connections closed because others waited for their memory', evictions);
  };
}

import type { BrokerView, MetadataView, PartitionView } from '../../core/metadata/view.ts';

/** A broker's address on the listener that a client used. */
export interface BrokerAddress {
  readonly broker: BrokerView;
  readonly host: string;
  readonly port: number;
}

/** Live brokers that have an address on `listener`, sorted by id; fenced ones only when asked for. */
export function brokersOn(view: MetadataView, listener: string, includeFenced = false): BrokerAddress[] {
  const found: BrokerAddress[] = [];
  for (const broker of view.brokers()) {
    if (broker.fenced && !includeFenced) continue;
    const endpoint = broker.endpoints.find((one) => one.listener === listener);
    if (endpoint !== undefined) found.push({ broker, host: endpoint.host, port: endpoint.port });
  }
  return found;
}

/** Replicas whose broker is not live. */
export function offlineReplicas(view: MetadataView, partition: PartitionView): number[] {
  return partition.replicas.filter((id) => view.broker(id)?.fenced !== false);
}

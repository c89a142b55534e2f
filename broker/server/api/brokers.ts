import type { BrokerId } from '../../core/base/ids.ts';
import type { BrokerView, MetadataView, PartitionView, TopicView } from '../../core/metadata/view.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { Partitions } from '../partitions/partition.ts';

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

/** What clients are told of a partition's leadership. */
export interface Leadership {
  readonly errorCode: number;
  readonly leader: number;
  /** Replicas whose broker is not live, or whose log is damaged. */
  readonly offlineReplicas: readonly number[];
}

/** Who leads a partition: nobody while this node would and its log is damaged (D7). */
export function leadershipOf(
  server: { readonly metadata: { readonly view: MetadataView }; readonly partitions: Partitions },
  topic: TopicView,
  partition: PartitionView,
): Leadership {
  const { view } = server.metadata;
  const { leader } = partition;
  const led = server.partitions.byId(topic.id, partition.index);
  const isDamaged = led?.leader === leader && led.status(-1) === ErrorCode.KAFKA_STORAGE_ERROR;
  const offline = (id: BrokerId): boolean => view.broker(id)?.fenced !== false || (isDamaged && id === leader);
  const hasLeader = leader !== -1 && !isDamaged;
  return {
    errorCode: hasLeader ? ErrorCode.NONE : ErrorCode.LEADER_NOT_AVAILABLE,
    leader: hasLeader ? leader : -1,
    offlineReplicas: partition.replicas.filter(offline),
  };
}

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

/**
 * The broker that clients take for the controller: the active one when it is among the live brokers, else any, since all of
 * them pass changes on; −1 when there is none.
 */
export function controllerOn(view: MetadataView, listener: string): number {
  const brokers = brokersOn(view, listener);
  return brokers.some(({ broker }) => broker.id === view.controllerId)
    ? view.controllerId
    : (brokers[0]?.broker.id ?? -1);
}

/** What clients are told of a partition, under the names that Metadata and DescribeTopicPartitions share. */
export interface PartitionAnswer {
  readonly errorCode: number;
  readonly partitionIndex: number;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly replicaNodes: readonly number[];
  readonly isrNodes: readonly number[];
  /** Replicas whose broker is not live, or whose log is damaged. */
  readonly offlineReplicas: readonly number[];
}

/** A partition as clients are told of it: nobody leads it while this node would and its log is damaged (D7). */
export function describePartition(
  server: { readonly metadata: { readonly view: MetadataView }; readonly partitions: Partitions },
  topic: Pick<TopicView, 'id'>,
  partition: PartitionView,
): PartitionAnswer {
  const { view } = server.metadata;
  const { leader } = partition;
  const led = server.partitions.byId(topic.id, partition.index);
  const isDamaged = led?.leader === leader && led.status(-1) === ErrorCode.KAFKA_STORAGE_ERROR;
  const offline = (id: BrokerId): boolean => view.broker(id)?.fenced !== false || (isDamaged && id === leader);
  const hasLeader = leader !== -1 && !isDamaged;
  return {
    errorCode: hasLeader ? ErrorCode.NONE : ErrorCode.LEADER_NOT_AVAILABLE,
    partitionIndex: partition.index,
    leaderId: hasLeader ? leader : -1,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: partition.replicas,
    isrNodes: partition.isr,
    offlineReplicas: partition.replicas.filter(offline),
  };
}

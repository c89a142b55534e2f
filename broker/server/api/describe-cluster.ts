import { brokerId } from '../../core/base/ids.ts';
import type { MetadataView } from '../../core/metadata/view.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { MetadataClient } from '../metadata-client.ts';
import { authorizedOperations, OPERATIONS_NOT_ASKED } from './authorized-operations.ts';
import { brokersOn, controllerOn } from './brokers.ts';
import { ALTER_CLUSTER, NOT_ALLOWED } from './change-voters.ts';
import type { ApiRow } from './row.ts';

/** What DescribeCluster tells of. */
export interface DescribeClusterServices {
  readonly metadata: MetadataClient;
}

/** `endpointType` of a request that wants brokers (KIP-919); 2 wants controllers. */
const BROKERS = 1;
const CONTROLLERS = 2;

/**
 * DescribeCluster (KIP-700, KIP-919, KIP-1073). Unlike Kafka's, any broker tells of controllers too: nodes that are both
 * are reached at the listener that the client used, others speak no Kafka and are named with their control plane's address.
 */
export const row: ApiRow<typeof ApiKey.DescribeCluster, DescribeClusterServices> = {
  key: ApiKey.DescribeCluster,
  versions: { min: 0, max: 2 },
  listener: 'client',
  quota: 'request',
  authorize: ({ endpointType }) => (endpointType === CONTROLLERS ? [ALTER_CLUSTER] : []),
  handle(server, request, context, reply) {
    const { view } = server.metadata;
    const { listener } = context.connection;
    const refused = { clusterId: '', brokers: [] };
    const ofControllers = request.endpointType === CONTROLLERS;
    if (request.endpointType !== BROKERS && !ofControllers) {
      reply({ ...refused, errorCode: ErrorCode.UNSUPPORTED_ENDPOINT_TYPE, errorMessage: 'endpoint types are 1 and 2' });
      return;
    }
    if (ofControllers && !context.allowed(ALTER_CLUSTER)) {
      reply({ ...refused, ...NOT_ALLOWED });
      return;
    }
    const nodes = ofControllers
      ? controllersOn(view, listener)
      : brokersOn(view, listener, request.includeFencedBrokers).map(({ broker, ...address }) => ({
          brokerId: broker.id,
          ...address,
          rack: broker.rack,
          isFenced: broker.fenced,
        }));
    reply({
      errorCode: ErrorCode.NONE,
      endpointType: request.endpointType,
      clusterId: view.clusterId,
      controllerId: ofControllers ? view.controllerId : controllerOn(view, listener),
      brokers: nodes,
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
        ? authorizedOperations(context, 'cluster', 'kafka-cluster')
        : OPERATIONS_NOT_ASKED,
    });
  },
};

/** Registered controllers, and the active one, which need not register while it is alone; sorted by id. */
function controllersOn(view: MetadataView, listener: string) {
  const addresses = new Map(view.controllers().map(({ id, host, port }) => [id, { host, port }]));
  for (const { broker, host, port } of brokersOn(view, listener, true)) {
    if (addresses.has(broker.id) || broker.id === view.controllerId) addresses.set(broker.id, { host, port });
  }
  return [...addresses.keys()]
    .sort((a, b) => a - b)
    .map((id) => ({
      brokerId: id,
      host: addresses.get(id)?.host ?? '',
      port: addresses.get(id)?.port ?? -1,
      rack: view.broker(brokerId(id))?.rack ?? null,
      isFenced: false,
    }));
}

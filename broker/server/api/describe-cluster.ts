import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { MetadataClient } from '../metadata-client.ts';
import { authorizedOperations, OPERATIONS_NOT_ASKED } from './authorized-operations.ts';
import { brokersOn } from './brokers.ts';
import type { ApiRow } from './row.ts';

/** What DescribeCluster tells of. */
export interface DescribeClusterServices {
  readonly metadata: MetadataClient;
}

/** `endpointType` of a request that wants brokers (KIP-919); 2 wants controllers. */
const BROKERS = 1;
const CONTROLLERS = 2;

/** DescribeCluster (KIP-700, KIP-919, KIP-1073). */
export const row: ApiRow<typeof ApiKey.DescribeCluster, DescribeClusterServices> = {
  key: ApiKey.DescribeCluster,
  versions: { min: 0, max: 2 },
  listener: 'client',
  quota: 'request',
  authorize: () => [],
  handle(server, request, context, reply) {
    const { view } = server.metadata;
    const refused = { clusterId: '', brokers: [] };
    if (request.endpointType === CONTROLLERS) {
      reply({
        ...refused,
        errorCode: ErrorCode.MISMATCHED_ENDPOINT_TYPE,
        errorMessage: 'controllers were asked for; this listener is a broker',
      });
      return;
    }
    if (request.endpointType !== BROKERS) {
      reply({ ...refused, errorCode: ErrorCode.UNSUPPORTED_ENDPOINT_TYPE, errorMessage: 'endpoint types are 1 and 2' });
      return;
    }
    reply({
      errorCode: ErrorCode.NONE,
      endpointType: request.endpointType,
      clusterId: view.clusterId,
      controllerId: view.controllerId,
      brokers: brokersOn(view, context.connection.listener, request.includeFencedBrokers).map((one) => ({
        brokerId: one.broker.id,
        host: one.host,
        port: one.port,
        rack: one.broker.rack,
        isFenced: one.broker.fenced,
      })),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
        ? authorizedOperations(context, 'cluster', 'kafka-cluster')
        : OPERATIONS_NOT_ASKED,
    });
  },
};

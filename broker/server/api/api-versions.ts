import { ApiKey, advertisedVersions, type ServedVersions } from '../../core/protocol/apis.ts';
import { SUPPORTED_FEATURES } from '../../core/metadata/features.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { MetadataView } from '../../core/metadata/view.ts';
import { BROKER_SOFTWARE } from '../peers/peer.ts';
import { type ApiRow, CLUSTER_ACTION } from './row.ts';

/** What ApiVersions tells of. */
export interface ApiVersionsServices {
  readonly nodeId: number;
  readonly metadata: { readonly view: MetadataView };
  /** Versions of the rows that clients may use. */
  readonly servedVersions: readonly ServedVersions[];
  /** Those of all rows, for brokers on `brokerListener`. */
  readonly brokerVersions: readonly ServedVersions[];
  readonly brokerListener: string;
}

/** Software names and versions by KIP-511. */
const SOFTWARE_TEXT = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

/** ApiVersions (KIP-35, KIP-511, KIP-584, KIP-1242). */
export const row: ApiRow<typeof ApiKey.ApiVersions, ApiVersionsServices> = {
  key: ApiKey.ApiVersions,
  versions: { min: 0, max: 5 },
  listener: 'client',
  quota: 'request',
  authorize: () => [],
  handle(server, request, context, reply) {
    const refused = { apiKeys: [] };
    if (context.apiVersion < 0) {
      reply({ ...describe(server, 0, server.servedVersions), errorCode: ErrorCode.UNSUPPORTED_VERSION });
      return;
    }
    if (
      context.apiVersion >= 3 &&
      !(SOFTWARE_TEXT.test(request.clientSoftwareName) && SOFTWARE_TEXT.test(request.clientSoftwareVersion))
    ) {
      reply({ ...refused, errorCode: ErrorCode.INVALID_REQUEST });
      return;
    }
    const { clusterId, nodeId } = request;
    const otherCluster = clusterId !== null && clusterId !== server.metadata.view.clusterId;
    if (context.apiVersion >= 5 && (otherCluster || (nodeId !== -1 && nodeId !== server.nodeId))) {
      // The address now belongs to another node (KIP-1242): the client has to start again from its bootstrap list.
      reply({ ...refused, errorCode: ErrorCode.REBOOTSTRAP_REQUIRED });
      return;
    }
    const isBroker =
      request.clientSoftwareName === BROKER_SOFTWARE && context.connection.listener === server.brokerListener;
    if (isBroker && context.allowed(CLUSTER_ACTION)) context.connection.admitBroker();
    const served = isBroker ? server.brokerVersions : server.servedVersions;
    reply({ ...describe(server, context.apiVersion, served), errorCode: ErrorCode.NONE });
  },
};

function describe(server: ApiVersionsServices, version: number, served: readonly ServedVersions[]) {
  const { view } = server.metadata;
  const finalized = [...view.features()].map(([name, level]) => ({
    name,
    maxVersionLevel: level,
    minVersionLevel: level,
  }));
  const supported = SUPPORTED_FEATURES.map(({ name, min, max }) => ({ name, minVersion: min, maxVersion: max }));
  return {
    apiKeys: advertisedVersions(served).map(({ key, min, max }) => ({
      apiKey: key,
      minVersion: min,
      maxVersion: max,
    })),
    // A range that begins at 0 can't be read by clients below version 4 (KAFKA-17011).
    supportedFeatures: supported.filter((feature) => version >= 4 || feature.minVersion > 0),
    finalizedFeaturesEpoch: view.offset,
    finalizedFeatures: finalized,
  };
}

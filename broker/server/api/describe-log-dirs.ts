import type { Settings } from '../../core/config/settings.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { Disk } from '../../ports/disk.ts';
import type { Partition, Partitions } from '../partitions/partition.ts';
import type { ApiRow } from './row.ts';

/** What DescribeLogDirs measures. */
export interface DescribeLogDirsServices {
  readonly partitions: Partitions;
  readonly settings: Settings;
  readonly ports: { readonly disk: Disk };
}

/** DescribeLogDirs (KIP-113, KIP-827): the node's one data directory and the sizes of the partitions in it. */
export const row: ApiRow<typeof ApiKey.DescribeLogDirs, DescribeLogDirsServices> = {
  key: ApiKey.DescribeLogDirs,
  versions: { min: 1, max: 5 },
  listener: 'client',
  quota: 'request',
  authorize: () => [{ operation: 'describe', resourceType: 'cluster', resourceName: 'kafka-cluster' }],
  handle(server, request, context, reply) {
    if (!context.allowed({ operation: 'describe', resourceType: 'cluster', resourceName: 'kafka-cluster' })) {
      reply({ errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, results: [] });
      return;
    }
    const logDir = server.settings.broker('log.dirs');
    const wanted = request.topics === null ? null : new Map(request.topics.map((one) => [one.topic, one.partitions]));
    const topics = sizes(server.partitions, wanted);
    server.ports.disk.space(logDir, (failure, space) => {
      const result = { errorCode: failure === null ? ErrorCode.NONE : ErrorCode.KAFKA_STORAGE_ERROR, logDir, topics };
      reply({
        errorCode: ErrorCode.NONE,
        results: [{ ...result, totalBytes: space?.totalBytes ?? -1, usableBytes: space?.usableBytes ?? -1 }],
      });
    });
  },
};

function sizes(partitions: Partitions, wanted: ReadonlyMap<string, readonly number[]> | null) {
  const topics = new Map<string, ReturnType<typeof describe>[]>();
  for (const partition of partitions.all()) {
    const indices = wanted === null ? null : wanted.get(partition.topicName);
    if (indices === undefined) continue;
    // An empty list of partitions asks for all of the topic.
    if (indices !== null && indices.length > 0 && !indices.includes(partition.index)) continue;
    const known = topics.get(partition.topicName);
    if (known === undefined) topics.set(partition.topicName, [describe(partition)]);
    else known.push(describe(partition));
  }
  return [...topics].map(([name, list]) => ({ name, partitions: list }));
}

const describe = (partition: Partition) => ({
  partitionIndex: partition.index,
  partitionSize: partition.sizeInBytes,
  offsetLag: 0,
  isFutureKey: false,
});

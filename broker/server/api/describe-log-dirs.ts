import type { Settings } from '../../core/config/settings.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { Disk } from '../../ports/disk.ts';
import type { PartitionLog } from '../logs/partition-log.ts';
import type { ApiRow } from './row.ts';

/** What DescribeLogDirs measures. */
export interface DescribeLogDirsServices {
  readonly partitions: { replicas(): readonly PartitionLog[] };
  readonly settings: Settings;
  readonly ports: { readonly disk: Disk };
}

/** DescribeLogDirs (KIP-113, KIP-827): the node's one data directory and the sizes of the partitions in it. */
export const row: ApiRow<typeof ApiKey.DescribeLogDirs, DescribeLogDirsServices> = {
  key: ApiKey.DescribeLogDirs,
  versions: { min: 1, max: 5 },
  listener: 'client',
  quota: 'request',
  parts: [{ of: ['topics', 'partitions'], into: ['results', 'topics', 'partitions'] }],
  authorize: () => [{ operation: 'describe', resourceType: 'cluster', resourceName: 'kafka-cluster' }],
  handle(server, request, context, reply) {
    if (!context.allowed({ operation: 'describe', resourceType: 'cluster', resourceName: 'kafka-cluster' })) {
      reply({ errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, results: [] });
      return;
    }
    const logDir = server.settings.broker('log.dirs');
    const wanted = request.topics === null ? null : indicesByTopic(request.topics);
    const topics = sizes(server.partitions.replicas(), wanted);
    server.ports.disk.space(logDir, (failure, space) => {
      const result = { errorCode: failure === null ? ErrorCode.NONE : ErrorCode.KAFKA_STORAGE_ERROR, logDir, topics };
      reply({
        errorCode: ErrorCode.NONE,
        results: [{ ...result, totalBytes: space?.totalBytes ?? -1, usableBytes: space?.usableBytes ?? -1 }],
      });
    });
  },
};

/** A topic that is named twice is asked for all the partitions that are named. */
function indicesByTopic(
  topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): ReadonlyMap<string, ReadonlySet<number>> {
  const found = new Map<string, Set<number>>();
  for (const { topic, partitions } of topics) {
    found.set(topic, new Set([...(found.get(topic) ?? []), ...partitions]));
  }
  return found;
}

function sizes(replicas: readonly PartitionLog[], wanted: ReadonlyMap<string, ReadonlySet<number>> | null) {
  const topics = new Map<string, ReturnType<typeof describe>[]>();
  for (const log of replicas) {
    const indices = wanted === null ? null : wanted.get(log.topic);
    if (indices === undefined) continue;
    if (indices !== null && !indices.has(log.partition)) continue;
    // The answer has no error for one partition; Kafka leaves out what lies in a directory that failed.
    if (log.state === 'damaged') continue;
    const known = topics.get(log.topic);
    if (known === undefined) topics.set(log.topic, [describe(log)]);
    else known.push(describe(log));
  }
  return [...topics].map(([name, list]) => ({ name, partitions: list }));
}

const describe = (log: PartitionLog) => ({
  partitionIndex: log.partition,
  partitionSize: log.sizeInBytes,
  // How far the end lies below the high watermark: in a replica that is in its place, never.
  offsetLag: 0,
  isFutureKey: false,
});

import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import { type Gathered, gather } from '../gather.ts';
import type { Timers } from '../../ports/clock.ts';
import type { RequestContext } from '../request-context.ts';
import { findPartition, type PartitionServices } from '../partitions/lookup.ts';
import type { ApiRow } from './row.ts';

interface Result {
  readonly partitionIndex: number;
  readonly lowWatermark: number;
  readonly errorCode: number;
}

/** What DeleteRecords needs: it waits for followers, but not for ever. */
interface DeleteServices extends PartitionServices {
  readonly ports: { readonly timers: Timers };
}

/** DeleteRecords (KIP-107): answered after the new log start is synced (D9), and all live followers have it. */
export const row: ApiRow<typeof ApiKey.DeleteRecords, DeleteServices> = {
  key: ApiKey.DeleteRecords,
  versions: { min: 0, max: 2 },
  listener: 'client',
  quota: 'request',
  parts: [{ of: ['topics', 'partitions'], into: ['topics', 'partitions'] }],
  authorize: (request) =>
    request.topics.map((topic) => ({ operation: 'delete', resourceType: 'topic', resourceName: topic.name })),
  handle(server, request, context, reply) {
    // A partition that is named twice is cut where it is asked last.
    const topics = new Map<string, Map<number, number>>();
    for (const { name, partitions } of request.topics) {
      for (const { partitionIndex, offset } of partitions) {
        const known = topics.get(name) ?? new Map<number, number>();
        topics.set(name, known.set(partitionIndex, offset));
      }
    }
    const work = [...topics].flatMap(([topic, partitions]) =>
      [...partitions].map(
        ([partitionIndex, offset]): Gathered<Result> =>
          (done) =>
            remove(server, context, { topic, partitionIndex, offset, timeoutMs: request.timeoutMs }, done),
      ),
    );
    gather(work, (results) => {
      let next = 0;
      reply({
        topics: [...topics].map(([name, partitions]) => {
          const answers = results.slice(next, next + partitions.size);
          next += partitions.size;
          return { name, partitions: answers };
        }),
      });
    });
  },
};

function remove(
  server: DeleteServices,
  context: RequestContext,
  asked: {
    readonly topic: string;
    readonly partitionIndex: number;
    readonly offset: number;
    readonly timeoutMs: number;
  },
  done: (result: Result) => void,
): void {
  const { partitionIndex } = asked;
  if (!context.allowed({ operation: 'delete', resourceType: 'topic', resourceName: asked.topic })) {
    done({ partitionIndex, lowWatermark: -1, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED });
    return;
  }
  const found = findPartition(server, { name: asked.topic, topicId: '', byId: false }, partitionIndex);
  if (found.partition === null) {
    done({ partitionIndex, lowWatermark: -1, errorCode: found.errorCode });
    return;
  }
  if (server.metadata.view.topicByName(asked.topic)?.internal === true) {
    // Coordinators trim these themselves; anybody else would take their state away.
    done({ partitionIndex, lowWatermark: -1, errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION });
    return;
  }
  let isOpen = true;
  const settle = (outcome: { readonly lowWatermark: number; readonly errorCode: number }): void => {
    if (!isOpen) return;
    isOpen = false;
    timer.cancel();
    done({ partitionIndex, ...outcome });
  };
  // The records are gone here; followers lose theirs when they come back.
  const timer = server.ports.timers.after(Math.max(0, asked.timeoutMs), () =>
    settle({ lowWatermark: -1, errorCode: ErrorCode.REQUEST_TIMED_OUT }),
  );
  found.partition.deleteRecords(asked.offset, settle);
}

import { topicId as asTopicId } from '../../core/base/ids.ts';
import type { MetadataView } from '../../core/metadata/view.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { RequestContext } from '../request-context.ts';
import { brokersOn } from './brokers.ts';

/** A leader as share responses name it. */
export interface LeaderIdAndEpoch {
  readonly leaderId: number;
  readonly leaderEpoch: number;
}

/** What Apache Kafka sends where there is nothing to say, as if a node 0 led: clients look only where an error tells them to. */
const NO_LEADER: LeaderIdAndEpoch = { leaderId: 0, leaderEpoch: 0 };

/**
 * Collects, while a response is built, the leaders that its errors point to and their addresses on the listener that
 * the client used, so that it can go there without asking for metadata first (KIP-951).
 */
export class LeaderHints {
  readonly #view: MetadataView;
  readonly #listener: string;
  readonly #leaders = new Set<number>();

  constructor(view: MetadataView, context: RequestContext) {
    this.#view = view;
    this.#listener = context.connection.listener;
  }

  /** Who leads the partition, when one of the codes says that this node does not. */
  leader(topicId: string, partition: number, ...errorCodes: readonly number[]): LeaderIdAndEpoch {
    const elsewhere = (code: number): boolean =>
      code === ErrorCode.NOT_LEADER_OR_FOLLOWER || code === ErrorCode.FENCED_LEADER_EPOCH;
    const known = errorCodes.some(elsewhere)
      ? this.#view.topicById(asTopicId(topicId))?.partition(partition)
      : undefined;
    if (known === undefined) return NO_LEADER;
    if (known.leader >= 0) this.#leaders.add(known.leader);
    return { leaderId: known.leader, leaderEpoch: known.leaderEpoch };
  }

  /** Addresses of the leaders that were named, sorted by id. */
  endpoints(): { nodeId: number; host: string; port: number; rack: string | null }[] {
    if (this.#leaders.size === 0) return [];
    return brokersOn(this.#view, this.#listener)
      .filter(({ broker }) => this.#leaders.has(broker.id))
      .map(({ broker, host, port }) => ({ nodeId: broker.id, host, port, rack: broker.rack }));
  }
}

/** What a member is told in words of acknowledgements that don't count; null where the code says it all. */
export function verdictMessage(errorCode: number): string | null {
  return errorCode === ErrorCode.INVALID_RECORD_STATE ? 'Not all of these records are held by this member.' : null;
}

/** Puts partitions under their topics, both in the order in which they came. */
export function byTopicId<P>(
  partitions: readonly { readonly topicId: string; readonly response: P }[],
): { topicId: string; partitions: P[] }[] {
  const topics = new Map<string, { topicId: string; partitions: P[] }>();
  for (const { topicId, response } of partitions) {
    const topic = topics.get(topicId);
    if (topic === undefined) topics.set(topicId, { topicId, partitions: [response] });
    else topic.partitions.push(response);
  }
  return [...topics.values()];
}

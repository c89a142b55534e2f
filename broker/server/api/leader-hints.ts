import { topicId as asTopicId } from '../../core/base/ids.ts';
import type { MetadataView } from '../../core/metadata/view.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { RequestContext } from '../request-context.ts';
import { brokersOn } from './brokers.ts';

/** A leader as responses name it. */
export interface LeaderIdAndEpoch {
  readonly leaderId: number;
  readonly leaderEpoch: number;
}

const isElsewhere = (errorCode: number): boolean =>
  errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER || errorCode === ErrorCode.FENCED_LEADER_EPOCH;

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

  /** Who leads the partition (−1: nobody), when one of the codes tells the client to look there; null when none does, or it is gone. */
  leader(topicId: string, partition: number, ...errorCodes: readonly number[]): LeaderIdAndEpoch | null {
    if (!errorCodes.some(isElsewhere)) return null;
    const known = this.#view.topicById(asTopicId(topicId))?.partition(partition);
    if (known === undefined) return null;
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

import { ErrorCode } from '../../core/protocol/errors.ts';
import type { MetadataClient } from '../metadata-client.ts';

/** Kinds of coordinators, by the numbers of FindCoordinator. */
export const COORDINATOR_TYPE = { group: 0, transaction: 1, share: 2 } as const;

/** Where a coordinator is; node id −1 with an error. */
export interface FoundCoordinator {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

/** The part of a coordinator host that tells where a key lives. */
export interface KeyedTopic {
  readonly topicName: string;
  ensureTopic(done: (errorCode: number) => void): void;
  partitionFor(key: string): number | null;
}

/** Finds the broker that coordinates a group or the share state of a share-partition. */
export class CoordinatorFinder {
  private readonly metadata: MetadataClient;
  private readonly groups: KeyedTopic;
  private readonly share: KeyedTopic;

  constructor(metadata: MetadataClient, topics: { readonly groups: KeyedTopic; readonly share: KeyedTopic }) {
    this.metadata = metadata;
    this.groups = topics.groups;
    this.share = topics.share;
  }

  /** The address is the one of `listener`, on which the client asked. The coordinator's topic is created if need be. */
  find(
    asked: { readonly type: number; readonly key: string; readonly listener: string },
    done: (found: FoundCoordinator) => void,
  ): void {
    switch (asked.type) {
      case COORDINATOR_TYPE.group:
        this.findIn(this.groups, asked, done);
        break;
      case COORDINATOR_TYPE.share:
        if (isSharePartitionKey(asked.key)) this.findIn(this.share, asked, done);
        else done(failed(ErrorCode.INVALID_REQUEST, 'a share coordinator key is groupId:topicId:partition'));
        break;
      case COORDINATOR_TYPE.transaction:
        done(failed(ErrorCode.UNSUPPORTED_VERSION, 'transactions are not served'));
        break;
      default:
        done(failed(ErrorCode.INVALID_REQUEST, `unknown coordinator type ${asked.type}`));
    }
  }

  private findIn(
    topic: KeyedTopic,
    asked: { readonly key: string; readonly listener: string },
    done: (found: FoundCoordinator) => void,
  ): void {
    topic.ensureTopic((errorCode) => {
      const index = topic.partitionFor(asked.key);
      if (errorCode !== ErrorCode.NONE || index === null) done(failed(ErrorCode.COORDINATOR_NOT_AVAILABLE, null));
      else done(this.leaderOf(topic.topicName, index, asked.listener));
    });
  }

  private leaderOf(topicName: string, index: number, listener: string): FoundCoordinator {
    const { view } = this.metadata;
    const leader = view.topicByName(topicName)?.partition(index)?.leader ?? -1;
    const broker = leader === -1 ? null : view.broker(leader);
    const endpoint = broker?.endpoints.find((one) => one.listener === listener);
    if (broker === null || broker.fenced || endpoint === undefined)
      return failed(ErrorCode.COORDINATOR_NOT_AVAILABLE, null);
    return {
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      nodeId: broker.id,
      host: endpoint.host,
      port: endpoint.port,
    };
  }
}

/**
 * Whether this is `groupId:topicId:partition`. Read from the right, since group ids may contain colons (KAFKA-20183).
 */
export function isSharePartitionKey(key: string): boolean {
  return /^.+:[A-Za-z0-9_-]{22}:(0|[1-9]\d{0,9})$/s.test(key);
}

function failed(errorCode: number, errorMessage: string | null): FoundCoordinator {
  return { errorCode, errorMessage, nodeId: -1, host: '', port: -1 };
}

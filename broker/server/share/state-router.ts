import { brokerId, topicId as asTopicId } from '../../core/base/ids.ts';
import { ApiKey } from '../../core/protocol/apis.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { RequestInput } from '../../core/protocol/messages.ts';
import { keyText } from '../../core/share/state-records.ts';
import { gather } from '../gather.ts';
import type { MetadataClient } from '../metadata-client.ts';
import type { Peers } from '../peers/peers.ts';
import type { ShareCoordinator } from './coordinator.ts';
import type { ShareStateRequests } from './state-requests.ts';

/** The requests 83 to 87, each answered once by partition, in the order of the request. */
export type ShareStateApi = Pick<ShareStateRequests, 'initialize' | 'read' | 'write' | 'remove' | 'readSummary'>;

/** What the router needs of its node. */
export interface StateRouterDeps {
  readonly nodeId: number;
  readonly metadata: Pick<MetadataClient, 'view'>;
  readonly coordinator: Pick<ShareCoordinator, 'topicName' | 'partitionFor' | 'ensureTopic'>;
  /** The share coordinator of this node. */
  readonly local: ShareStateApi;
  readonly peers: Pick<Peers, 'call'>;
}

const KEYS = {
  initialize: ApiKey.InitializeShareGroupState,
  read: ApiKey.ReadShareGroupState,
  write: ApiKey.WriteShareGroupState,
  remove: ApiKey.DeleteShareGroupState,
  readSummary: ApiKey.ReadShareGroupStateSummary,
} as const;

/** WriteShareGroupState and ReadShareGroupStateSummary know of finished records from this version on (KIP-1226). */
const COUNTING_VERSION = 1;

/** What the five requests have in common. */
interface Asked {
  readonly groupId: string;
  readonly topics: readonly {
    readonly topicId: string;
    readonly partitions: readonly { readonly partition: number }[];
  }[];
}

interface Verdict {
  readonly partition: number;
  readonly errorCode: number;
}

interface Answered {
  readonly results: readonly { readonly topicId: string; readonly partitions: readonly Verdict[] }[];
}

type Ask = (request: Asked, reply: (response: Answered) => void) => void;

/** Fields of any of the answers for a partition about which nothing is known. */
const NOTHING_KNOWN = {
  errorMessage: null,
  stateEpoch: 0,
  leaderEpoch: -1,
  startOffset: -1,
  deliveryCompleteCount: -1,
  stateBatches: [],
};

/**
 * Brings requests about share state to the coordinators of their keys: the leaders of their partitions of
 * `__share_group_state`, looked up anew for each request. A coordinator that can't be reached is COORDINATOR_NOT_AVAILABLE.
 * Nothing is repeated here: leaders of share-partitions and group coordinators know how long it makes sense to ask again.
 */
export class ShareStateRouter implements ShareStateApi {
  readonly #deps: StateRouterDeps;

  constructor(deps: StateRouterDeps) {
    this.#deps = deps;
  }

  readonly initialize: ShareStateApi['initialize'] = this.#routed('initialize');
  readonly read: ShareStateApi['read'] = this.#routed('read');
  readonly write: ShareStateApi['write'] = this.#routed('write');
  readonly remove: ShareStateApi['remove'] = this.#routed('remove');
  readonly readSummary: ShareStateApi['readSummary'] = this.#routed('readSummary');

  /** The one place where the types of the five are forgotten: a request leaves as it came, and so do the answers to it. */
  #routed<M extends keyof typeof KEYS>(method: M): ShareStateApi[M] {
    const route: Ask = (request, reply) => {
      const { coordinator } = this.#deps;
      if (coordinator.partitionFor('') === null) coordinator.ensureTopic(() => this.#ask(method, request, reply));
      else this.#ask(method, request, reply);
    };
    return route as unknown as ShareStateApi[M];
  }

  /** Asks all coordinators of a request's keys and puts their answers together in its order. */
  #ask(method: keyof typeof KEYS, request: Asked, reply: (response: Answered) => void): void {
    const work = [...this.#byCoordinator(request)].map(([node, part]) => (settle: (one: Answered) => void): void => {
      this.#send(method, node, part, settle);
    });
    gather(work, (responses) => {
      const answers = new Map<string, Verdict>();
      for (const { results } of responses)
        for (const { topicId, partitions } of results)
          for (const one of partitions) answers.set(`${topicId}:${one.partition}`, one);
      const results = request.topics.map(({ topicId, partitions }) => ({
        topicId,
        partitions: partitions.map(({ partition }) => answers.get(`${topicId}:${partition}`) ?? unreached(partition)),
      }));
      reply({ results });
    });
  }

  /** The request by the node that has to answer; −1 for what nobody leads now. */
  #byCoordinator(request: Asked): Map<number, Asked> {
    const { coordinator, metadata } = this.#deps;
    const topic = metadata.view.topicByName(coordinator.topicName);
    const nodeOf = (topicId: string, partition: number): number => {
      const index = coordinator.partitionFor(keyText({ groupId: request.groupId, topicId, partition }));
      return index === null ? -1 : (topic?.partition(index)?.leader ?? -1);
    };
    const nodes = new Set(
      request.topics.flatMap(({ topicId, partitions }) =>
        partitions.map(({ partition }) => nodeOf(topicId, partition)),
      ),
    );
    return new Map(
      [...nodes].map((node) => [
        node,
        nodes.size === 1 ? request : filtered(request, (topicId, partition) => nodeOf(topicId, partition) === node),
      ]),
    );
  }

  #send(method: keyof typeof KEYS, node: number, request: Asked, done: (response: Answered) => void): void {
    const { local, nodeId, peers } = this.#deps;
    const fail = (): void =>
      done({
        results: request.topics.map(({ topicId, partitions }) => ({
          topicId,
          partitions: partitions.map(({ partition }) => unreached(partition)),
        })),
      });
    if (node === nodeId) (local[method] as unknown as Ask).call(local, request, done);
    else if (node === -1) fail();
    else {
      peers.call(brokerId(node), {
        key: KEYS[method],
        minVersion: method === 'write' || method === 'readSummary' ? COUNTING_VERSION : 0,
        body: () => request as RequestInput<(typeof KEYS)[typeof method]>,
        done: (outcome) => {
          if (outcome.ok) done(this.#asSeenHere(outcome.body));
          else fail();
        },
      });
    }
  }

  /** A coordinator that does not know a partition which this node knows is behind with its metadata. */
  #asSeenHere(response: Answered): Answered {
    const { view } = this.#deps.metadata;
    const results = response.results.map(({ topicId, partitions }) => {
      const topic = view.topicById(asTopicId(topicId));
      const judged = partitions.map((one) =>
        one.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION && topic?.partition(one.partition) !== undefined
          ? unreached(one.partition)
          : one,
      );
      return { topicId, partitions: judged };
    });
    return { results };
  }
}

function unreached(partition: number): Verdict {
  return { ...NOTHING_KNOWN, partition, errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE };
}

/** The request about some of its partitions. */
function filtered(request: Asked, isMeant: (topicId: string, partition: number) => boolean): Asked {
  const topics = request.topics.flatMap((topic) => {
    const partitions = topic.partitions.filter(({ partition }) => isMeant(topic.topicId, partition));
    return partitions.length === 0 ? [] : [{ ...topic, partitions }];
  });
  return { ...request, topics };
}
